"""Adding a stream to a Wattics account: its id and kind, which statistic fills which parameter, and from when on."""

from datetime import date, datetime, time
from typing import Any

import voluptuous as vol
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    DateSelector,
    StatisticSelector,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import CredentialsError, WattbridgeError
from .const import (
    CONF_INTERVAL_MIN,
    CONF_KIND,
    CONF_PARAMETERS,
    CONF_START,
    CONF_START_AT,
    CONF_STREAM_ID,
)
from .errors import error_key
from .selectors import choice
from .vendors import WATTICS, short_session
from .vendors.wattics import (
    GROUPS,
    HOURLY_MIN,
    INTERVALS_MIN,
    Group,
    Kind,
    Measure,
    Start,
    is_stream_taken,
    parameters_of,
)

CONF_MEASURE = "measure"
CONF_START_DATE = "start_date"
CONF_STATISTIC = "statistic"
VALUE = "value"

type Choices = dict[str, tuple[str, Measure, str | None]]
"""By parameter: the statistic, what is taken from it, and the unit class it must have."""


INTERVAL = choice(tuple(str(interval) for interval in INTERVALS_MIN), "interval")
STREAM_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STREAM_ID): TextSelector(),
        vol.Required(CONF_KIND, default=Kind.ELECTRICITY.value): choice(tuple(Kind), "kind"),
    }
)
ELECTRICITY_SCHEMA = vol.Schema(
    {vol.Required(CONF_INTERVAL_MIN, default=str(HOURLY_MIN)): INTERVAL}
    | {
        vol.Required(group.key): section(
            vol.Schema({vol.Optional(name): StatisticSelector() for name in parameters_of(group)}),
            {"collapsed": group is not GROUPS[0]},
        )
        for group in GROUPS
    }
)
VALUE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STATISTIC): StatisticSelector(),
        vol.Required(CONF_MEASURE, default=Measure.MEAN.value): choice(tuple(Measure), "measure"),
        vol.Required(CONF_INTERVAL_MIN, default=str(HOURLY_MIN)): INTERVAL,
    }
)
START_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_START, default=Start.NOW.value): choice(tuple(Start), "start"),
        vol.Optional(CONF_START_DATE): DateSelector(),
    }
)


class StreamFlow(ConfigSubentryFlow):
    """One stream of one account."""

    _stream: dict[str, Any]
    _filled_until: str

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the stream's id and its kind."""
        errors: dict[str, str] = {}
        schema = STREAM_SCHEMA
        if user_input is not None:
            stream_id = user_input[CONF_STREAM_ID].strip()
            self._stream = {CONF_STREAM_ID: stream_id, CONF_KIND: user_input[CONF_KIND]}
            errors = await self._async_check_stream(stream_id)
            if not errors:
                return await self._async_step_parameters()
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(step_id="user", data_schema=schema, errors=errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose other statistics for a stream; its id, kind and start stay."""
        self._stream = dict(self._get_reconfigure_subentry().data)
        return await self._async_step_parameters()

    async def _async_step_parameters(self) -> SubentryFlowResult:
        if self._stream[CONF_KIND] == Kind.ELECTRICITY:
            return await self.async_step_electricity()
        return await self.async_step_value()

    async def async_step_electricity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose a statistic for each of the electrical parameters one has."""
        chosen: Choices = {}
        if user_input is not None:
            for group in GROUPS:
                chosen |= _chosen_in(group, user_input[group.key])
        return await self._async_step_choices("electricity", ELECTRICITY_SCHEMA, user_input, chosen)

    async def async_step_value(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the one statistic of a single-value stream, and what is taken from it."""
        chosen: Choices = {}
        if user_input is not None:
            chosen = {VALUE: (user_input[CONF_STATISTIC], Measure(user_input[CONF_MEASURE]), None)}
        return await self._async_step_choices("value", VALUE_SCHEMA, user_input, chosen)

    async def _async_step_choices(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None, chosen: Choices
    ) -> SubentryFlowResult:
        """Show a form of statistics until they fit their parameters."""
        errors: dict[str, str] = {}
        placeholders = {"stream": self._stream[CONF_STREAM_ID]}
        if user_input is not None:
            interval_min = int(user_input[CONF_INTERVAL_MIN])
            errors, details = await self._async_check_choices(chosen, interval_min)
            if not errors:
                self._stream[CONF_INTERVAL_MIN] = interval_min
                self._stream[CONF_PARAMETERS] = self._parameters(chosen)
                return await self._async_after_choices()
            placeholders |= details
        suggested = user_input or self._current_choices()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_after_choices(self) -> SubentryFlowResult:
        if self.source != SOURCE_RECONFIGURE:
            return await self.async_step_start()
        # The account's update listener takes the change up: a reload would stop its other streams.
        return self.async_update_and_abort(
            self._get_entry(), self._get_reconfigure_subentry(), data=self._stream, title=self._stream[CONF_STREAM_ID]
        )

    async def async_step_start(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask from when on the stream is filled, and create it."""
        errors: dict[str, str] = {}
        schema = START_SCHEMA
        if user_input is not None:
            start = Start(user_input[CONF_START])
            if start is Start.DATE and CONF_START_DATE not in user_input:
                errors[CONF_START_DATE] = "date_missing"
            else:
                self._stream |= {CONF_START: start.value, CONF_START_AT: _start_at(start, user_input)}
                stream_id = self._stream[CONF_STREAM_ID]
                if is_stream_taken(self.hass, stream_id):
                    # Another flow was quicker; within this account Home Assistant would notice, across accounts not.
                    return self.async_abort(reason="already_configured")
                return self.async_create_entry(title=stream_id, data=self._stream, unique_id=stream_id)
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="start",
            data_schema=schema,
            errors=errors,
            description_placeholders={"stream": self._stream[CONF_STREAM_ID], "filled_until": self._filled_until},
        )

    async def _async_check_stream(self, stream_id: str) -> dict[str, str]:
        """Refuse an id that has a stream already, and ask the cloud up to when the stream is filled."""
        if not stream_id:
            return {CONF_STREAM_ID: "stream_id_empty"}
        if is_stream_taken(self.hass, stream_id):
            return {CONF_STREAM_ID: "stream_taken"}
        async with short_session(self.hass) as session:
            try:
                last = await WATTICS.connect(session, self._get_entry().data).last_packet(stream_id)
            except WattbridgeError as err:
                if isinstance(err, CredentialsError):
                    self._get_entry().async_start_reauth(self.hass)
                return {"base": error_key(err)}
        self._filled_until = "–" if last is None else dt_util.as_local(last.timestamp).isoformat(" ", "minutes")
        return {}

    async def _async_check_choices(self, chosen: Choices, interval_min: int) -> tuple[dict[str, str], dict[str, str]]:
        """Compare every chosen statistic with what its parameter needs; returns errors and what their texts name."""
        if not chosen:
            return {"base": "no_parameter"}, {}
        listed = await async_list_statistic_ids(self.hass, {statistic for statistic, _, _ in chosen.values()})
        known = {row["statistic_id"]: row for row in listed}
        for parameter, (statistic, measure, unit_class) in chosen.items():
            details = {"parameter": parameter, "statistic": statistic, "accepted": unit_class or measure}
            row = known.get(statistic)
            if row is None:
                return {"base": "statistic_unknown"}, details
            if unit_class is not None and row["unit_class"] != unit_class:
                return {"base": "wrong_unit"}, details
            has_mean = row["mean_type"] != StatisticMeanType.NONE
            if not (has_mean if measure is Measure.MEAN else row["has_sum"]):
                return {"base": "measure_missing"}, details | {"accepted": measure}
            if ":" in statistic and interval_min < HOURLY_MIN:
                return {"base": "only_hourly"}, details
        return {}, {}

    def _parameters(self, chosen: Choices) -> dict[str, dict[str, str]]:
        """Hold entities by their registry id, which survives a rename, and external statistics by their own id."""
        registry = er.async_get(self.hass)

        def source(statistic: str) -> str:
            entity = registry.async_get(statistic)
            return entity.id if entity else statistic

        return {
            parameter: {"source": source(statistic), "measure": measure.value}
            for parameter, (statistic, measure, _) in chosen.items()
        }

    def _current_choices(self) -> dict[str, Any]:
        """Return what a stream has now in the shape of the form."""
        if CONF_PARAMETERS not in self._stream:
            return {}
        registry = er.async_get(self.hass)
        statistics = {}
        for parameter, settings in self._stream[CONF_PARAMETERS].items():
            entity = registry.async_get(settings["source"])
            statistics[parameter] = entity.entity_id if entity else settings["source"]
        interval = {CONF_INTERVAL_MIN: str(self._stream[CONF_INTERVAL_MIN])}
        if VALUE in statistics:
            measure = self._stream[CONF_PARAMETERS][VALUE]["measure"]
            return {CONF_STATISTIC: statistics[VALUE], CONF_MEASURE: measure} | interval
        return interval | {
            group.key: {name: statistics[name] for name in parameters_of(group) if name in statistics}
            for group in GROUPS
        }


def _chosen_in(group: Group, values: dict[str, str]) -> Choices:
    return {name: (statistic, group.measure, group.unit_class) for name, statistic in values.items() if statistic}


def _start_at(start: Start, user_input: dict[str, Any]) -> str | None:
    """Fix the start in time: now, or the first moment of a local day."""
    if start is Start.BEGINNING:
        return None
    if start is Start.NOW:
        return dt_util.utcnow().isoformat()
    day = date.fromisoformat(user_input[CONF_START_DATE])
    return datetime.combine(day, time.min, dt_util.get_default_time_zone()).isoformat()
