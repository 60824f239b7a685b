"""The steps of the flow that a source adds: which devices, what their fields mean, and how much history."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.helpers.selector import BooleanSelector, TextSelector
from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import CarbonTrackClient, Device
from .aiowattbridge.carbontrack.units import DEFAULT_UNIT
from .aiowattbridge.errors import WattbridgeError
from .const import CONF_DEVICES, CONF_FOLLOW_NEW_DEVICES, CONF_GRID_FIELD, LARGE_ACCOUNT
from .errors import error_key
from .reading_form import (
    USUAL_KEYS,
    as_options,
    default_grid_field,
    errors_of,
    offered_series,
    preview,
    readings_schema,
)
from .selectors import devices_choice
from .source_steps import CONF_SEARCH_MORE, HIT_LIMIT, SourceSteps, device_label
from .vendors import CARBONTRACK, short_session
from .vendors.carbontrack import USUAL_INTERVAL_S, LastDay, async_last_days

CONF_DEVICE_ID = "device_id"
CONF_REFERENCE = "reference"
CONF_ADDRESS = "address"
CONF_PHONE = "phone"
SEARCH_FIELDS = (CONF_DEVICE_ID, CONF_REFERENCE, CONF_ADDRESS, CONF_PHONE)
SEARCH_SCHEMA = vol.Schema({vol.Optional(field): TextSelector() for field in SEARCH_FIELDS})


class DeviceSteps(SourceSteps):
    """Choosing a carbonTRACK account's devices, and settling what their readings mean."""

    _found: dict[str, Device]
    _days: Mapping[str, LastDay]
    _previewed: str

    async def async_list_devices(self, data: dict[str, Any]) -> dict[str, str]:
        """Fetch the list of devices of the account, unless it is a large one; returns the form's errors."""
        self._data = data
        try:
            devices = await self._async_fetch(LARGE_ACCOUNT + 1, {})
        except WattbridgeError as err:
            return {"base": error_key(err)}
        self._is_large = len(devices) > LARGE_ACCOUNT
        self._found = {} if self._is_large else devices
        self._chosen = list(self._known_devices())
        return {}

    async def async_begin_devices(self) -> ConfigFlowResult:
        """Show the list of devices; a large account is searched first."""
        if self._is_large:
            return await self.async_step_search()
        if not self._offered(self._found):
            return self.async_abort(reason="no_devices")
        return await self.async_step_devices()

    async def async_step_search(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Find devices in a large account."""
        errors: dict[str, str] = {}
        schema = SEARCH_SCHEMA
        if user_input is not None:
            wanted = {key: text for key, value in user_input.items() if (text := value.strip())}
            try:
                found = await self._async_search(wanted) if wanted else {}
            except WattbridgeError as err:
                errors["base"] = error_key(err)
            else:
                if found:
                    kept = {key: device for key, device in self._found.items() if key in self._chosen}
                    self._found = kept | found
                    return await self.async_step_devices()
                errors["base"] = "nothing_found" if wanted else "nothing_asked"
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="search",
            data_schema=schema,
            errors=errors,
            description_placeholders={"vendor": CARBONTRACK.name, "limit": str(HIT_LIMIT)},
        )

    async def async_step_devices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the devices that become part of this Home Assistant."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._chosen = user_input[CONF_DEVICES]
            if error := self._choice_error(self._chosen):
                errors[CONF_DEVICES] = error
            elif user_input.get(CONF_SEARCH_MORE):
                return await self.async_step_search()
            else:
                try:
                    await self._async_look_at_chosen()
                except WattbridgeError as err:
                    errors["base"] = error_key(err)
                else:
                    # What the readings mean was settled once, and is an option since.
                    is_known = self.source == SOURCE_RECONFIGURE
                    return self._finish_devices() if is_known else await self.async_step_readings()
        return self.async_show_form(
            step_id="devices",
            data_schema=self.add_suggested_values_to_schema(
                self._devices_schema(), user_input or {CONF_DEVICES: self._suggested(self._found)}
            ),
            errors=errors,
            description_placeholders={"vendor": CARBONTRACK.name, "count": str(len(self._found))},
        )

    async def async_step_readings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Settle what the fields mean and how far back the history is wanted."""
        errors: dict[str, str] = {}
        values: dict[str, Any] = {
            CONF_GRID_FIELD: default_grid_field(self._days[self._previewed]),
            CONF_FOLLOW_NEW_DEVICES: set(self._chosen) >= set(self._found),
        }
        if user_input is not None:
            errors, values = errors_of(user_input), user_input
            if not errors:
                return self._finish_devices(as_options(user_input))
        schema = readings_schema(offered_series([*self._days.values()], USUAL_KEYS), with_follow=not self._is_large)
        return self.async_show_form(
            step_id="readings",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders=preview(self._name(self._previewed), self._days[self._previewed], DEFAULT_UNIT),
        )

    def _finish_devices(self, options: Mapping[str, Any] | None = None) -> ConfigFlowResult:
        known = self._known_devices()
        intervals_s = {device_id: day.interval_s or USUAL_INTERVAL_S for device_id, day in self._days.items()}
        intervals_s |= {device_id: device["interval_s"] for device_id, device in known.items()}
        devices = {
            device_id: {"name": self._name(device_id), "interval_s": intervals_s[device_id]}
            for device_id in self._chosen
        }
        self._keep_devices(devices, self._found)
        title = self._name(self._chosen[0]) if len(self._chosen) == 1 else CARBONTRACK.name
        return self.async_finish(title, self._data, options)

    async def _async_fetch(self, limit: int, query: dict[str, Any]) -> dict[str, Device]:
        async with short_session(self.hass) as session:
            return await _async_devices(CARBONTRACK.connect(session, self._data), limit, query)

    async def _async_search(self, wanted: dict[str, str]) -> dict[str, Device]:
        """Look for devices by their id or reference, and by what is known of the customer they belong to."""
        if CONF_DEVICE_ID in wanted:
            return await self._async_fetch(HIT_LIMIT, {"device_id": wanted[CONF_DEVICE_ID]})
        async with short_session(self.hass) as session:
            client = CARBONTRACK.connect(session, self._data)
            found: dict[str, Device] = {}
            customers = client.customers(
                reference=wanted.get(CONF_REFERENCE), phone=wanted.get(CONF_PHONE), address=wanted.get(CONF_ADDRESS)
            )
            async for customer in customers:
                for device_id in islice(customer.devices, HIT_LIMIT - len(found)):
                    found |= await _async_devices(client, 1, {"device_id": device_id})
                if len(found) >= HIT_LIMIT:
                    break
            return found

    async def _async_look_at_chosen(self) -> None:
        """Look at the last day of each device that is new: how far apart its records are, and what is in them."""
        new = [device_id for device_id in self._chosen if device_id not in self._known_devices()]
        async with short_session(self.hass) as session:
            self._days = await async_last_days(CARBONTRACK.connect(session, self._data), new, dt_util.utcnow())
        # Rather one that has something to show.
        self._previewed = next((device_id for device_id, day in self._days.items() if day.last), self._chosen[0])

    def _devices_schema(self) -> vol.Schema:
        labels = {device_id: device_label(device_id, self._name(device_id)) for device_id in self._offered(self._found)}
        schema = vol.Schema({vol.Required(CONF_DEVICES, default=[]): devices_choice(labels, multiple=True)})
        return schema.extend({vol.Optional(CONF_SEARCH_MORE): BooleanSelector()}) if self._is_large else schema

    def _name(self, device_id: str) -> str:
        device = self._found.get(device_id)
        known = self._known_devices().get(device_id, {})
        name: str = (device.name if device else None) or known.get("name") or device_id
        return name


async def _async_devices(client: CarbonTrackClient, limit: int, query: dict[str, Any]) -> dict[str, Device]:
    """Read at most `limit` devices."""
    found: dict[str, Device] = {}
    async for device in client.devices(**query):
        found[device.device_id] = device
        if len(found) >= limit:
            break
    return found
