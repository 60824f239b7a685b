"""Adding a stream to a Wattics account: its id and kind, which statistic fills which parameter, and from when on."""

from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.const import CONF_TIME_ZONE
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.wattics import LastPacket
from .const import CONF_INTERVAL_MIN, CONF_KIND, CONF_PARAMETERS, CONF_STREAM_ID
from .forwarding import StreamConfig, begin
from .forwarding.plan import PlanState
from .local_time import local_time
from .sending_steps import SendingSteps
from .stream_form import (
    ELECTRICITY_SCHEMA,
    STREAM_SCHEMA,
    VALUE_SCHEMA,
    Choices,
    async_choice_errors,
    async_parameters,
    electricity_choices,
    shown_choices,
    value_choices,
    zone_in,
)
from .vendors import short_session
from .vendors.wattics import Kind, connect, is_stream_taken


class StreamFlow(SendingSteps):
    """One stream of one account."""

    _last: LastPacket | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the stream's id and its kind."""
        errors: dict[str, str] = {}
        schema = STREAM_SCHEMA
        if user_input is not None:
            stream_id = user_input[CONF_STREAM_ID].strip()
            self._data = {CONF_STREAM_ID: stream_id, CONF_KIND: user_input[CONF_KIND]}
            errors = await self._async_check_stream(stream_id)
            if not errors:
                return await self._async_step_parameters()
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(step_id="user", data_schema=schema, errors=errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose other statistics for a stream; its id, kind and start stay."""
        self._data = dict(self._get_reconfigure_subentry().data)
        return await self._async_step_parameters()

    async def _async_step_parameters(self) -> SubentryFlowResult:
        if self._data[CONF_KIND] == Kind.ELECTRICITY:
            return await self.async_step_electricity()
        return await self.async_step_value()

    async def async_step_electricity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose a statistic for each of the electrical parameters one has."""
        chosen = {} if user_input is None else electricity_choices(user_input)
        return await self._async_step_choices("electricity", ELECTRICITY_SCHEMA, user_input, chosen)

    async def async_step_value(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the one statistic of a single-value stream, and what is taken from it."""
        chosen = {} if user_input is None else value_choices(user_input)
        return await self._async_step_choices("value", VALUE_SCHEMA, user_input, chosen)

    async def _async_step_choices(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None, chosen: Choices
    ) -> SubentryFlowResult:
        """Show a form of statistics until they fit their parameters."""
        errors: dict[str, str] = {}
        placeholders = self._placeholders()
        if user_input is not None:
            interval_min, zone = int(user_input[CONF_INTERVAL_MIN]), zone_in(user_input)
            errors, details = await async_choice_errors(self.hass, chosen, interval_min)
            if zone is not None and await dt_util.async_get_time_zone(zone) is None:
                # A field of a section cannot show an error of its own.
                errors["base"] = "time_zone_unknown"
            if not errors:
                self._data[CONF_INTERVAL_MIN] = interval_min
                self._data[CONF_PARAMETERS] = await async_parameters(self.hass, chosen)
                self._keep_zone(zone)
                return await self._async_after_choices()
            placeholders |= details
        suggested = user_input or shown_choices(self.hass, self._data)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={"time_zone": self.hass.config.time_zone} | placeholders,
        )

    def _keep_zone(self, zone: str | None) -> None:
        """Note the site's zone only where it is not Home Assistant's: so it moves with a home that moves."""
        self._data.pop(CONF_TIME_ZONE, None)
        if zone is not None:
            self._data[CONF_TIME_ZONE] = zone

    async def _async_after_choices(self) -> SubentryFlowResult:
        if self.source != SOURCE_RECONFIGURE:
            return await self.async_step_start()
        # The account's update listener takes the change up: a reload would stop its other streams.
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), data=self._data, title=self._data[CONF_STREAM_ID]
        )

    @override
    def _placeholders(self) -> dict[str, str]:
        """Name the stream, and up to where the cloud has it."""
        filled_until = local_time(None if self._last is None else self._last.timestamp)
        return {"stream": self._data[CONF_STREAM_ID], "filled_until": filled_until}

    @override
    def _beginning(self) -> tuple[StreamConfig, PlanState]:
        """Begin as the stream will: at its start, but never before what the cloud already has."""
        config = StreamConfig.from_data(self._data)
        return config, begin(config, self._last, dt_util.utcnow().timestamp()).state

    @override
    def _finish(self) -> SubentryFlowResult:
        """Create the stream."""
        stream_id = self._data[CONF_STREAM_ID]
        if is_stream_taken(self.hass, stream_id):
            # Another flow was quicker; within this account Home Assistant would notice, across accounts not.
            return self.async_abort(reason="already_configured")
        return self.async_create_entry(title=stream_id, data=self._data, unique_id=stream_id)

    async def _async_check_stream(self, stream_id: str) -> dict[str, str]:
        """Refuse an id that has a stream already, and ask the cloud up to when the stream is filled."""
        if not stream_id:
            return {CONF_STREAM_ID: "stream_id_empty"}
        if is_stream_taken(self.hass, stream_id):
            return {CONF_STREAM_ID: "stream_taken"}
        pause = await self._async_pause()
        async with short_session(self.hass) as session:
            client = connect(session, self._get_entry().data, pause)
            try:
                self._last = await client.last_packet(stream_id)
                # Once more over the connection that is open now: that is how long each packet will take.
                with self._measured():
                    await client.last_packet(stream_id)
            except WattbridgeError as err:
                return self._failed(err)
        return {}
