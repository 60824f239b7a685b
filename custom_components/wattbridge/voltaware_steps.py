"""The steps that a Voltaware account adds to the flow: which meters, and a word on homes that produce energy."""

import asyncio
from contextlib import suppress
from itertools import islice
from typing import Any, override

import aiohttp
import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector, TextSelector

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.voltaware import VoltawareClient
from .const import CONF_DEVICES, CONF_FOLLOW_NEW_DEVICES, LARGE_ACCOUNT
from .errors import error_key
from .selectors import devices_choice
from .source_steps import CONF_SEARCH_MORE, HIT_LIMIT, PREVIEW_S, SourceSteps
from .vendors import VOLTAWARE, flow_session
from .vendors.voltaware import meter_name

CONF_PART_OF_ID = "part_of_id"
METER_SEARCH_SCHEMA = vol.Schema({vol.Optional(CONF_PART_OF_ID): TextSelector()})
# The note on homes that produce energy is a courtesy: a repair says so later of every meter.
MOST_HOMES_ASKED = 20
ASKED_AT_ONCE = 4


class MeterSteps(SourceSteps):
    """Choosing a Voltaware account's meters, of which the cloud lists no more than the ids."""

    _meter_ids: list[str]
    _hits: list[str]
    _producing: list[str]
    # One for the whole flow: the vendor wants a token used until it expires, and counts who asks for more.
    _client: VoltawareClient
    _session: aiohttp.ClientSession | None = None

    @callback
    @override
    def async_remove(self) -> None:
        """Let the session go with the flow."""
        self._detach()
        super().async_remove()

    def _detach(self) -> None:
        if self._session is not None:
            self._session.detach()
        self._session = None

    async def async_list_meters(self, data: dict[str, Any]) -> dict[str, str]:
        """Fetch the ids of the account's meters, which verifies the login too; returns the form's errors."""
        self._data = data
        self._detach()
        self._session = flow_session(self.hass)
        self._client = VOLTAWARE.connect(self._session, data)
        try:
            self._meter_ids = await self._client.device_ids()
        except WattbridgeError as err:
            return {"base": error_key(err)}
        self._is_large = len(self._meter_ids) > LARGE_ACCOUNT
        self._hits = [] if self._is_large else self._meter_ids
        self._chosen = list(self._known_devices())
        return {}

    async def async_begin_meters(self) -> ConfigFlowResult:
        """Show the list of meters; a large account is searched first."""
        if self._is_large:
            return await self.async_step_meter_search()
        if not self._offered(self._meter_ids):
            return self.async_abort(reason="no_devices")
        return await self.async_step_meters()

    async def async_step_meter_search(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Find meters in a large account by a part of their id."""
        errors: dict[str, str] = {}
        schema = METER_SEARCH_SCHEMA
        if user_input is not None:
            part = user_input.get(CONF_PART_OF_ID, "").strip()
            hits = list(islice((found for found in self._meter_ids if part in found), HIT_LIMIT)) if part else []
            if hits:
                self._hits = hits
                return await self.async_step_meters()
            errors["base"] = "nothing_found" if part else "nothing_asked"
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="meter_search",
            data_schema=schema,
            errors=errors,
            description_placeholders={"count": str(len(self._meter_ids)), "limit": str(HIT_LIMIT)},
        )

    async def async_step_meters(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the meters that become part of this Home Assistant."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._chosen = user_input[CONF_DEVICES]
            if error := self._choice_error(self._chosen):
                errors[CONF_DEVICES] = error
            elif user_input.get(CONF_SEARCH_MORE):
                return await self.async_step_meter_search()
            else:
                return await self._async_after_meters()
        return self.async_show_form(
            step_id="meters",
            data_schema=self.add_suggested_values_to_schema(
                self._meters_schema(), user_input or {CONF_DEVICES: self._suggested(self._meter_ids)}
            ),
            errors=errors,
            description_placeholders={"count": str(len(self._meter_ids))},
        )

    async def async_step_producing_homes(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that the vendor's service is not made for some of these homes; the user goes on or leaves."""
        if user_input is not None:
            return self._finish_meters()
        homes = "\n".join(f"- {self._meter_name(device_id)}" for device_id in self._producing)
        return self.async_show_form(
            step_id="producing_homes", data_schema=vol.Schema({}), description_placeholders={"homes": homes}
        )

    async def _async_after_meters(self) -> ConfigFlowResult:
        known = self._known_devices()
        asked = [device_id for device_id in self._chosen if device_id not in known][:MOST_HOMES_ASKED]
        self._producing = await _async_producing(self._client, asked)
        return await self.async_step_producing_homes() if self._producing else self._finish_meters()

    def _finish_meters(self) -> ConfigFlowResult:
        """Complete the account; where all meters were wanted, those that appear later are wanted too."""
        names = {device_id: self._meter_name(device_id) for device_id in self._chosen}
        self._keep_devices({device_id: {"name": name} for device_id, name in names.items()}, self._meter_ids)
        title = names[self._chosen[0]] if len(self._chosen) == 1 else VOLTAWARE.name
        if self.source == SOURCE_RECONFIGURE:
            return self.async_finish(title, self._data)
        wants_all = not self._is_large and set(self._chosen) >= set(self._meter_ids)
        return self.async_finish(title, self._data, {CONF_FOLLOW_NEW_DEVICES: wants_all})

    def _meters_schema(self) -> vol.Schema:
        labels = {device_id: self._meter_name(device_id) for device_id in self._offered(self._hits)}
        schema = vol.Schema({vol.Required(CONF_DEVICES, default=[]): devices_choice(labels, multiple=True)})
        return schema.extend({vol.Optional(CONF_SEARCH_MORE): BooleanSelector()}) if self._is_large else schema

    def _meter_name(self, device_id: str) -> str:
        """Name a meter: the cloud knows no names, and the user can give one in Home Assistant."""
        name: str = self._known_devices().get(device_id, {}).get("name") or meter_name(device_id)
        return name


async def _async_producing(client: VoltawareClient, device_ids: list[str]) -> list[str]:
    """Tell which of the homes produce energy, as far as the vendor was told and tells us."""
    at_once = asyncio.Semaphore(ASKED_AT_ONCE)

    async def produces(device_id: str) -> bool:
        async with at_once:
            with suppress(WattbridgeError):
                details = await client.property_details(device_id)
                return details is not None and details.produces_energy is True
        return False

    try:
        async with asyncio.timeout(PREVIEW_S):
            answers = await asyncio.gather(*(produces(device_id) for device_id in device_ids))
    except TimeoutError:
        return []
    return [device_id for device_id, is_producing in zip(device_ids, answers, strict=True) if is_producing]
