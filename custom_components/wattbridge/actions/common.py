"""What the actions share: their refusals, the times that they are given, and the devices that they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from ..aiowattbridge.errors import CredentialsError
from ..const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from ..data import SourceRuntime, WattbridgeConfigEntry
from ..errors import translated_errors
from ..local_time import local_time
from ..vendors import Vendor

ATTR_END: Final = "end"
ATTR_START: Final = "start"


def action_refused(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for a wish that cannot be met."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


def utc_time(value: Any) -> datetime:
    """Read a time in UTC; one without an offset is local, and a date alone is its midnight."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        return dt_util.as_utc(cv.datetime(value))
    except OverflowError:
        raise vol.Invalid(f"Not a time that there is: {value}") from None


def past_period(start: datetime, end: datetime | None) -> tuple[datetime, datetime]:
    """Return a period up to its end, or at most up to now; raises ServiceValidationError where nothing is left."""
    now = dt_util.utcnow()
    if end is not None and start >= end:
        raise action_refused("range_empty", start=local_time(start), end=local_time(end))
    if start >= now:
        raise action_refused("range_in_future", start=local_time(start))
    return start, now if end is None else min(end, now)


def home_deg(hass: HomeAssistant) -> tuple[float, float]:
    """Return where Home Assistant is at home, as latitude and longitude; refuses if nobody has told it."""
    if not hass.config.latitude and not hass.config.longitude:
        raise action_refused("home_not_set")
    return hass.config.latitude, hass.config.longitude


@dataclass(frozen=True, slots=True)
class AccountDevice[R: SourceRuntime]:
    """A device of a loaded account, by the vendor's id."""

    entry: WattbridgeConfigEntry
    runtime: R
    device_id: str

    @property
    def name(self) -> str:
        """Return how the account calls it."""
        name: str = self.entry.data[CONF_DEVICES][self.device_id]["name"]
        return name


def device_of_vendor[R: SourceRuntime](
    hass: HomeAssistant, given: str, vendor: Vendor[Any], runtime_type: type[R]
) -> AccountDevice[R]:
    """Find one of a vendor's devices, whichever account it belongs to; raises ServiceValidationError without it."""
    device_id = vendors_id(hass, given, vendor.key)
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if entry.data[CONF_VENDOR] == vendor.key and device_id in entry.data[CONF_DEVICES]:
            loaded = async_get_config_entry(hass, DOMAIN, entry.entry_id)
            if isinstance(loaded.runtime_data, runtime_type):
                return AccountDevice(loaded, loaded.runtime_data, device_id)
    raise action_refused("device_unknown", device=device_name(hass, given), vendor=vendor.name)


def vendors_id(hass: HomeAssistant, given: str, vendor_key: str) -> str:
    """Return the vendor's id of a device that may have been chosen from Home Assistant's own."""
    device, prefix = dr.async_get(hass).async_get(given), f"{vendor_key}_"
    own = () if device is None else (name for domain, name in device.identifiers if domain == DOMAIN)
    return next((name.removeprefix(prefix) for name in own if name.startswith(prefix)), given)


def device_name(hass: HomeAssistant, given: str) -> str:
    """Return how a device is called, for a message."""
    device = dr.async_get(hass).async_get(given)
    return given if device is None else device.name_by_user or device.name or given


@contextmanager
def cloud_errors(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Iterator[None]:
    """Turn the library's errors into those of an action; refused credentials are asked for as well."""
    with translated_errors():
        try:
            yield
        except CredentialsError:
            entry.async_start_reauth(hass)
            raise
