"""The steps of the flow that a source adds: which devices, what their fields mean, and how much history."""

import asyncio
from itertools import islice
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import CarbonTrackClient, Device
from .aiowattbridge.carbontrack.units import PowerUnit
from .aiowattbridge.errors import WattbridgeError
from .const import CONF_DEVICES, CONF_GRID_FIELD, CONF_HISTORY_DAYS, CONF_POWER_UNIT
from .errors import error_key
from .selectors import choice
from .vendors import CARBONTRACK, short_session
from .vendors.carbontrack import GRID_FIELDS, GridPreview, async_grid_preview, async_learn_interval_s

# A distributor's account may hold thousands of devices: above this many a search comes before the list.
LIST_LIMIT = 200
HIT_LIMIT = 100
LOOK_UPS_AT_ONCE = 4
USUAL_INTERVAL_S = 300
DEFAULT_HISTORY_DAYS = 400
LONGEST_HISTORY_DAYS = 3650

CONF_DEVICE_ID = "device_id"
CONF_REFERENCE = "reference"
CONF_ADDRESS = "address"
CONF_PHONE = "phone"
CONF_SEARCH_MORE = "search_more"
# Home Assistant translates options by keys in lower case.
UNITS = tuple(unit.name.lower() for unit in PowerUnit)
SEARCH_FIELDS = (CONF_DEVICE_ID, CONF_REFERENCE, CONF_ADDRESS, CONF_PHONE)
SEARCH_SCHEMA = vol.Schema({vol.Optional(field): TextSelector() for field in SEARCH_FIELDS})


def _number(lowest: int, highest: int, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement=unit)
    )


class DeviceSteps(ConfigFlow):
    """Choosing a carbonTRACK account's devices; `async_finish` gets the complete entry data."""

    _data: dict[str, Any]
    _found: dict[str, Device]
    _is_large: bool
    _chosen: list[str]
    _previewed: str
    _intervals_s: dict[str, int]
    _preview: GridPreview

    def async_finish(self, title: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Create or update the config entry."""
        raise NotImplementedError

    async def async_list_devices(self, data: dict[str, Any]) -> dict[str, str]:
        """Fetch the list of devices of the account, unless it is a large one; returns the form's errors."""
        self._data = data
        try:
            devices = await self._async_fetch(LIST_LIMIT + 1, {})
        except WattbridgeError as err:
            return {"base": error_key(err)}
        self._is_large = len(devices) > LIST_LIMIT
        self._found = {} if self._is_large else devices
        self._chosen = list(self._known_devices())
        return {}

    async def async_begin_devices(self) -> ConfigFlowResult:
        """Show the list of devices; a large account is searched first."""
        if self._is_large:
            return await self.async_step_search()
        if not self._found:
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
            if not self._chosen:
                errors["base"] = "no_device_chosen"
            elif self._taken(self._chosen):
                errors["base"] = "device_taken"
            elif user_input.get(CONF_SEARCH_MORE):
                return await self.async_step_search()
            else:
                try:
                    await self._async_look_at_chosen()
                except WattbridgeError as err:
                    errors["base"] = error_key(err)
                else:
                    return await self.async_step_readings()
        return self.async_show_form(
            step_id="devices",
            data_schema=self.add_suggested_values_to_schema(
                self._devices_schema(), user_input or {CONF_DEVICES: self._suggested()}
            ),
            errors=errors,
            description_placeholders={"vendor": CARBONTRACK.name, "count": str(len(self._found))},
        )

    async def async_step_readings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Settle what the fields mean and how far back the history is wanted."""
        if user_input is not None:
            self._data |= {
                CONF_DEVICES: {
                    device_id: {"name": self._name(device_id), "interval_s": self._intervals_s[device_id]}
                    for device_id in self._chosen
                },
                CONF_GRID_FIELD: user_input[CONF_GRID_FIELD],
                CONF_POWER_UNIT: PowerUnit[user_input[CONF_POWER_UNIT].upper()].value,
                CONF_HISTORY_DAYS: int(user_input[CONF_HISTORY_DAYS]),
            }
            return self.async_finish(self._title(), self._data)
        return self.async_show_form(
            step_id="readings",
            data_schema=self.add_suggested_values_to_schema(self._readings_schema(), self._readings()),
            description_placeholders={
                "device": self._name(self._previewed),
                "power_usage": _kwh(self._preview.power_usage_kwh),
                "power_usage_net": _kwh(self._preview.power_usage_net_kwh),
            },
        )

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
        """Learn each device's usual interval, and what the two candidates for the grid say."""
        at_once = asyncio.Semaphore(LOOK_UPS_AT_ONCE)
        now = dt_util.utcnow()
        known = self._known_devices()

        async def learn(client: CarbonTrackClient, device_id: str) -> tuple[str, int]:
            if device_id in known:
                return device_id, known[device_id]["interval_s"]
            async with at_once:
                return device_id, await async_learn_interval_s(client, device_id, now) or USUAL_INTERVAL_S

        async with short_session(self.hass) as session:
            client = CARBONTRACK.connect(session, self._data)
            self._intervals_s = dict(await asyncio.gather(*(learn(client, device_id) for device_id in self._chosen)))
            # A device that has vanished from the account can still be kept; the cloud knows nothing of it.
            device_id = next((chosen for chosen in self._chosen if chosen in self._found), self._chosen[0])
            interval_s = self._intervals_s[device_id]
            self._previewed = device_id
            self._preview = await async_grid_preview(client, device_id, now, interval_s, PowerUnit.WH)

    def _known_devices(self) -> dict[str, Any]:
        """Return the devices that the account being reconfigured has already."""
        if self.source != SOURCE_RECONFIGURE:
            return {}
        devices: dict[str, Any] = self._get_reconfigure_entry().data[CONF_DEVICES]
        return devices

    def _suggested(self) -> list[str]:
        """Suggest what was chosen so far, or the only one there is."""
        return self._chosen or (list(self._found) if len(self._found) == 1 else [])

    def _taken(self, chosen: list[str]) -> bool:
        """Tell whether another account has one of the devices: a series has one source."""
        own = self._get_reconfigure_entry().entry_id if self.source == SOURCE_RECONFIGURE else None
        others = [entry for entry in self._async_current_entries() if entry.entry_id != own]
        return any(device_id in entry.data.get(CONF_DEVICES, {}) for entry in others for device_id in chosen)

    def _devices_schema(self) -> vol.Schema:
        """Offer what was found and what was chosen before: searches add up, and nothing is dropped unasked."""
        offered = dict.fromkeys([*self._chosen, *self._known_devices(), *self._found])
        options = [SelectOptionDict(value=device_id, label=self._label(device_id)) for device_id in offered]
        selector = SelectSelector(
            SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN)
        )
        schema = vol.Schema({vol.Required(CONF_DEVICES, default=[]): selector})
        return schema.extend({vol.Optional(CONF_SEARCH_MORE): BooleanSelector()}) if self._is_large else schema

    def _readings_schema(self) -> vol.Schema:
        net = self._preview.power_usage_net_kwh is not None
        return vol.Schema(
            {
                vol.Required(CONF_GRID_FIELD, default=GRID_FIELDS[0 if net else 1]): choice(GRID_FIELDS, "grid_field"),
                vol.Required(CONF_POWER_UNIT, default=UNITS[0]): choice(UNITS, "power_unit"),
                vol.Required(CONF_HISTORY_DAYS, default=DEFAULT_HISTORY_DAYS): _number(1, LONGEST_HISTORY_DAYS, "d"),
            }
        )

    def _readings(self) -> dict[str, Any]:
        """Return what an account that is reconfigured has now."""
        if CONF_POWER_UNIT not in self._data:
            return {}
        return {**self._data, CONF_POWER_UNIT: PowerUnit(self._data[CONF_POWER_UNIT]).name.lower()}

    def _name(self, device_id: str) -> str:
        device = self._found.get(device_id)
        known = self._known_devices().get(device_id, {})
        name: str = (device.name if device else None) or known.get("name") or device_id
        return name

    def _label(self, device_id: str) -> str:
        name = self._name(device_id)
        return name if name == device_id else f"{name} ({device_id})"

    def _title(self) -> str:
        """Name the account by its device: a login may be somebody's e-mail address, and titles get into logs."""
        return self._name(self._chosen[0]) if len(self._chosen) == 1 else CARBONTRACK.name


async def _async_devices(client: CarbonTrackClient, limit: int, query: dict[str, Any]) -> dict[str, Device]:
    """Read at most `limit` devices."""
    found: dict[str, Device] = {}
    async for device in client.devices(**query):
        found[device.device_id] = device
        if len(found) >= limit:
            break
    return found


def _kwh(energy_kwh: float | None) -> str:
    return "–" if energy_kwh is None else f"{energy_kwh:.2f} kWh"
