"""`import_history` and `clear_statistics`: the series that we write, by hand."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from sqlalchemy.exc import SQLAlchemyError

from .. import statistics
from ..const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from ..data import SourceRuntime, WattbridgeConfigEntry
from ..history import HistoryImporter
from ..progress import ImportCounts
from ..series import async_series_book
from ..statistics import WriteLostError
from ..vendors import CARBONTRACK, VOLTAWARE
from .common import ATTR_END, ATTR_START, action_refused, cloud_errors, device_name, past_period, utc_time, vendors_id

ATTR_CONFIRM: Final = "confirm"
ATTR_STATISTIC_IDS: Final = "statistic_ids"

OUR_IDS: Final = tuple(f"{DOMAIN}:{vendor.key}_" for vendor in (CARBONTRACK, VOLTAWARE))

IMPORT_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string], vol.Length(min=1)),
        vol.Required(ATTR_START): utc_time,
        vol.Optional(ATTR_END): utc_time,
    }
)
CLEAR_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_STATISTIC_IDS): vol.All(cv.ensure_list, [cv.string], vol.Length(min=1)),
        vol.Required(ATTR_CONFIRM): cv.string,
    }
)


async def async_import(call: ServiceCall) -> ServiceResponse:
    """Fetch a period from the cloud once more, and answer with what it came to, as it was read back."""
    hass = call.hass
    entry = async_get_config_entry(hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    if not isinstance(entry.runtime_data, SourceRuntime):
        raise action_refused("not_a_source", account=entry.title)
    device_ids = _chosen(hass, entry, call.data.get(ATTR_DEVICE_ID))
    start, end = past_period(call.data[ATTR_START], call.data.get(ATTR_END))
    history, counts = entry.runtime_data.history, dict[str, ImportCounts]()
    for device_id in device_ids:
        try:
            with cloud_errors(hass, entry):
                counts[device_id] = await history.async_import(device_id, start, end)
        except (WriteLostError, SQLAlchemyError) as err:
            raise _failure("not_kept", device=_name(entry, device_id)) from err
        found = counts[device_id]
        if found.refused and not found.new + found.changed + found.same:
            # Nothing at all was kept: that is no result.
            raise _failure("not_kept", device=_name(entry, device_id))
    devices: dict[str, Any] = {device_id: asdict(one) for device_id, one in counts.items()}
    total = asdict(sum(counts.values(), ImportCounts()))
    return {"start": start.isoformat(), "end": end.isoformat(), "total": total, "devices": devices}


def _name(entry: WattbridgeConfigEntry, device_id: str) -> str:
    name: str = entry.data[CONF_DEVICES][device_id]["name"]
    return name


def _chosen(hass: HomeAssistant, entry: WattbridgeConfigEntry, given: Iterable[str] | None) -> list[str]:
    """Return the vendor's ids of the chosen devices, of all without a choice; each once."""
    known = entry.data[CONF_DEVICES]
    if given is None:
        return list(known)
    found = {one: vendors_id(hass, one, entry.data[CONF_VENDOR]) for one in given}
    for one, device_id in found.items():
        if device_id not in known:
            raise action_refused("device_elsewhere", device=device_name(hass, one), account=entry.title)
    return list(dict.fromkeys(found.values()))


async def async_clear(call: ServiceCall) -> ServiceResponse:
    """Delete series of ours, and say which of them an account will fill again."""
    hass = call.hass
    statistic_ids: list[str] = list(dict.fromkeys(call.data[ATTR_STATISTIC_IDS]))
    _check_confirmation(statistic_ids, call.data[ATTR_CONFIRM].strip())
    await _async_check_ours(hass, statistic_ids)
    importers = {statistic_id: _importer_of(hass, statistic_id) for statistic_id in statistic_ids}
    # Those of an account that is not loaded now are expected, too: they are filled again when it is.
    again = [one for one in statistic_ids if async_series_book(hass).is_expected(one)]
    try:
        for importer in dict.fromkeys(importers.values()):
            its_own = [one for one, writer in importers.items() if writer is importer]
            if importer is None:
                await statistics.async_clear(hass, its_own)
            else:
                await importer.async_clear(its_own)
    except (WriteLostError, SQLAlchemyError) as err:
        raise _failure("not_cleared", statistics=", ".join(statistic_ids)) from err
    return {"deleted": [*statistic_ids], "imported_again": [*again]}


def _check_confirmation(statistic_ids: list[str], confirmation: str) -> None:
    """Refuse to delete what was not named: one by its id, several by how many there are."""
    wanted = statistic_ids[0] if len(statistic_ids) == 1 else str(len(statistic_ids))
    if confirmation != wanted:
        raise action_refused("not_confirmed", field=ATTR_CONFIRM, wanted=wanted)


async def _async_check_ours(hass: HomeAssistant, statistic_ids: list[str]) -> None:
    """Refuse what is somebody else's, and what is not there."""
    for statistic_id in statistic_ids:
        if not statistic_id.startswith(OUR_IDS):
            raise action_refused("not_our_statistic", field=ATTR_STATISTIC_IDS, statistic=statistic_id)
    stored = {listed["statistic_id"] for listed in await async_list_statistic_ids(hass, set(statistic_ids))}
    for statistic_id in statistic_ids:
        if statistic_id not in stored:
            raise action_refused("no_such_statistic", statistic=statistic_id)


def _importer_of(hass: HomeAssistant, statistic_id: str) -> HistoryImporter | None:
    """Return who writes a series, if its account is loaded."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        runtime = entry.runtime_data
        if isinstance(runtime, SourceRuntime) and runtime.history.device_of(statistic_id) is not None:
            return runtime.history
    return None


def _failure(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)
