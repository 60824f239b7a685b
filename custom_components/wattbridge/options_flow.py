"""What may be changed later in an account that we read from.

A change of what carbonTRACK's figures mean makes the stored statistics wrong, which then have to be built anew: such a
change is made only after the user has read what it does.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector
from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import CarbonTrackClient
from .aiowattbridge.carbontrack.units import LONGEST_INTERVAL_S
from .aiowattbridge.errors import WattbridgeError
from .const import CONF_DEVICES, CONF_FOLLOW_NEW_DEVICES, CONF_INTERVALS_S, CONF_STATISTICS, LARGE_ACCOUNT
from .data import CarbonTrackRuntime
from .reading_form import as_form, as_options, errors_of, number, offered_series, preview, readings_schema
from .rebuild import DeviceSeries, StoredFigures, async_rebuild_texts, async_stored_figures, series_to_rebuild
from .selectors import devices_choice
from .source_steps import PREVIEW_S, device_label
from .vendors import CARBONTRACK, short_session
from .vendors.carbontrack import NOTHING_REPORTED, AccountSettings, LastDay, async_last_days, settings_of

CONF_DEVICE: Final = "device"
CONF_INTERVAL_S: Final = "interval_s"
CONF_CONFIRM: Final = "confirm"
# Up to so many devices each has a field of its own; of more, one at a time is chosen.
MOST_INTERVAL_FIELDS: Final = 10
# So many devices are looked at for the preview, and for the channels that they report.
MOST_PREVIEWED: Final = 4

VOLTAWARE_SCHEMA = vol.Schema({vol.Required(CONF_FOLLOW_NEW_DEVICES, default=False): BooleanSelector()})
REBUILD_SCHEMA = vol.Schema({vol.Required(CONF_CONFIRM, default=False): BooleanSelector()})
INTERVAL = number(1, int(LONGEST_INTERVAL_S), "s")
INTERVAL_SCHEMA = vol.Schema({vol.Required(CONF_INTERVAL_S): INTERVAL})


class VoltawareOptions(OptionsFlowWithReload):
    """The options of a Voltaware account."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin."""
        return await self.async_step_voltaware()

    async def async_step_voltaware(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether meters that appear are added."""
        options = self.config_entry.options
        if user_input is not None:
            return self.async_create_entry(data={**options, **user_input})
        return self.async_show_form(
            step_id="voltaware",
            data_schema=self.add_suggested_values_to_schema(VOLTAWARE_SCHEMA, options),
            description_placeholders={"limit": str(LARGE_ACCOUNT)},
        )


class CarbonTrackOptions(OptionsFlowWithReload):
    """The options of a carbonTRACK account."""

    _days: Mapping[str, LastDay]
    _stored: StoredFigures
    _values: Mapping[str, Any]
    _intervals_s: dict[str, int]
    _asked_device_id: str

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Look at what is settled now, and at what the devices report."""
        account = self._settled()
        self._values = as_form(self.config_entry.options)
        self._intervals_s = dict(account.intervals_s)
        self._days = {}
        self._stored = await async_stored_figures(self.hass, self.config_entry)
        # The options can be changed without figures beside them, too: the cloud may be down.
        with suppress(WattbridgeError, TimeoutError):
            async with asyncio.timeout(PREVIEW_S), self._client() as client:
                self._days = await async_last_days(client, list(account.names)[:MOST_PREVIEWED], dt_util.utcnow())
        return await self.async_step_carbontrack()

    async def async_step_carbontrack(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything that may be changed."""
        errors: dict[str, str] = {}
        if user_input is not None:
            intervals_s = user_input.pop(CONF_INTERVALS_S, {})
            asked = user_input.pop(CONF_DEVICE, None)
            self._values = user_input
            self._intervals_s |= {key: int(intervals_s[label]) for key, label in self._labels().items() if intervals_s}
            errors = errors_of(user_input)
            if not errors and asked is not None:
                self._asked_device_id = asked
                return await self.async_step_interval()
            if not errors:
                return await self.async_step_rebuild() if self._to_rebuild() else self._save()
        return self.async_show_form(
            step_id="carbontrack",
            data_schema=self.add_suggested_values_to_schema(self._schema(), self._suggestions()),
            errors=errors,
            description_placeholders=self._preview() | {"limit": str(LARGE_ACCOUNT)},
        )

    async def async_step_interval(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the interval of one of many devices, and go back to the others."""
        device_id = self._asked_device_id
        if user_input is not None:
            self._intervals_s[device_id] = int(user_input[CONF_INTERVAL_S])
            return await self.async_step_carbontrack()
        return self.async_show_form(
            step_id="interval",
            data_schema=self.add_suggested_values_to_schema(
                INTERVAL_SCHEMA, {CONF_INTERVAL_S: self._intervals_s[device_id]}
            ),
            description_placeholders={
                "device": self._labels()[device_id],
                "learned": str(self.config_entry.data[CONF_DEVICES][device_id]["interval_s"]),
            },
        )

    async def async_step_rebuild(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what the change does to the statistics, and make it only if the user wants that."""
        if user_input is not None:
            return self._save() if user_input[CONF_CONFIRM] else await self.async_step_carbontrack()
        texts = await async_rebuild_texts(self.hass, self._wanted(), self._to_rebuild())
        return self.async_show_form(
            step_id="rebuild",
            data_schema=REBUILD_SCHEMA,
            description_placeholders=texts,
        )

    def _to_rebuild(self) -> list[DeviceSeries]:
        return series_to_rebuild(self._settled(), self._wanted(), self._stored)

    def _save(self) -> ConfigFlowResult:
        return self.async_create_entry(data=self._options())

    def _options(self) -> dict[str, Any]:
        """Return what the options are to be; an interval that was learned is none of them."""
        learned = {
            device_id: device["interval_s"] for device_id, device in self.config_entry.data[CONF_DEVICES].items()
        }
        changed = {key: interval_s for key, interval_s in self._intervals_s.items() if interval_s != learned[key]}
        kept = {key: value for key, value in self.config_entry.options.items() if key != CONF_INTERVALS_S}
        return {**kept, **as_options(self._values), **({CONF_INTERVALS_S: changed} if changed else {})}

    def _settled(self) -> AccountSettings:
        return settings_of(self.config_entry.data, self.config_entry.options)

    def _wanted(self) -> AccountSettings:
        return settings_of(self.config_entry.data, self._options())

    def _labels(self) -> dict[str, str]:
        return {device_id: device_label(device_id, name) for device_id, name in self._settled().names.items()}

    def _schema(self) -> vol.Schema:
        chosen = self._settled().series
        offered = offered_series([*self._days.values()], [*self._values[CONF_STATISTICS], *(one.key for one in chosen)])
        schema = readings_schema(offered, with_follow=True)
        labels = self._labels()
        if len(labels) > MOST_INTERVAL_FIELDS:
            return schema.extend({vol.Optional(CONF_DEVICE): devices_choice(labels, multiple=False)})
        # These fields have no texts: what they are called is what the devices are called.
        fields = vol.Schema({vol.Required(label): INTERVAL for label in labels.values()})
        return schema.extend({vol.Required(CONF_INTERVALS_S): section(fields, {"collapsed": True})})

    def _suggestions(self) -> dict[str, Any]:
        intervals_s = {label: self._intervals_s[device_id] for device_id, label in self._labels().items()}
        return {**self._values, CONF_INTERVALS_S: intervals_s}

    def _preview(self) -> dict[str, str]:
        """Show the figures of a device that has some, in the unit of today."""
        account = self._settled()
        device_id = next((device_id for device_id, day in self._days.items() if day.last), None)
        if device_id is None:
            return preview("–", NOTHING_REPORTED, account.unit)
        return preview(account.names[device_id], self._days[device_id], account.unit)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[CarbonTrackClient]:
        """Ask with the account's own client, which is signed in, if it is loaded."""
        entry = self.config_entry
        runtime = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
        if isinstance(runtime, CarbonTrackRuntime):
            yield runtime.client
            return
        async with short_session(self.hass) as session:
            yield CARBONTRACK.connect(session, entry.data)
