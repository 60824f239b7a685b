"""`forward_to_wattics`: a period of statistics is sent now, through a stream's own engine or by hand.

A stream that is set up is filled by `async_fill`, also where it is one of the other cloud.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..aiowattbridge.wattics import ELECTRICITY_PARAMETERS, AnotherSenderError, OrderError
from ..chosen_statistics import async_describe, has_mean, source_of
from ..const import CONF_STATISTICS
from ..forwarding import (
    ForwardCounts,
    Forwarder,
    StreamConfig,
    StreamEngine,
    async_preview,
    async_preview_once,
    async_send_once,
    begin,
)
from ..forwarding.model import HOUR_S, ParameterConfig, utc
from ..forwarding.reconcile import HeldError
from ..local_time import local_time
from ..vendors import WATTICS
from ..vendors.wattics import Kind, Measure, Start, is_stream_taken
from .common import ATTR_END, ATTR_START, action_refused, utc_time
from .sinks import ATTR_DRY_RUN, ATTR_STREAM_ID, DRY_RUN_FIELD, TIMEOUT_S, at_work, sink_of

ATTR_PARAMETER: Final = "parameter"
ATTR_STATISTIC_ID: Final = "statistic_id"

VALUE: Final = "value"
PARAMETERS: Final = (*(parameter.name for parameter in ELECTRICITY_PARAMETERS), VALUE)

FORWARD_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_STREAM_ID): cv.string,
        vol.Optional(ATTR_STATISTIC_ID): cv.string,
        vol.Optional(ATTR_PARAMETER, default="pC_1"): vol.In(PARAMETERS),
        vol.Optional(ATTR_START): utc_time,
        vol.Optional(ATTR_END): utc_time,
        **DRY_RUN_FIELD,
    }
)


async def async_forward(call: ServiceCall) -> ServiceResponse:
    """Fill a stream up to a time, and answer with what that came to."""
    hass = call.hass
    sink = sink_of(hass, call.data[ATTR_CONFIG_ENTRY_ID], WATTICS)
    stream_id = call.data[ATTR_STREAM_ID]
    start = call.data.get(ATTR_START)
    end = call.data.get(ATTR_END) or dt_util.utcnow()
    if start is not None and start >= end:
        raise action_refused("period_empty", stream=stream_id)
    engine = _engine(sink.forwarder, stream_id)
    async with at_work(hass, sink, stream_id):
        if engine is not None:
            counts = await async_fill(hass, engine, call.data, "start_before_cursor")
        else:
            counts = await _async_ad_hoc(hass, sink.forwarder, call.data, start, end)
    return dict(counts.as_dict())


def _engine(forwarder: Forwarder, stream_id: str) -> StreamEngine | None:
    return next((engine for engine in forwarder.streams.values() if engine.config.stream_id == stream_id), None)


async def async_fill(
    hass: HomeAssistant, engine: StreamEngine, data: Mapping[str, Any], too_early: str
) -> ForwardCounts:
    """Let a stream's own engine work up to a time: nothing may overtake it, and nothing goes back behind its cursor.

    `too_early` is the key of what is said where somebody wants that.
    """
    filled_until = engine.status.filled_until
    facts = {"stream": engine.config.stream_id, "filled_until": local_time(filled_until)}
    sources = {parameter.source for parameter in engine.config.parameters}
    for statistic in _named(data):
        if not sources & {statistic, source_of(hass, statistic)}:
            raise action_refused("other_statistic", statistic=statistic, **facts)
    start, end = data.get(ATTR_START), data.get(ATTR_END) or dt_util.utcnow()
    if start is not None and filled_until is not None and start < filled_until:
        raise action_refused(too_early, **facts)
    if data[ATTR_DRY_RUN]:
        return await async_preview(engine, end.timestamp())
    return await engine.async_deliver_until(end, TIMEOUT_S)


def _named(data: Mapping[str, Any]) -> list[str]:
    """List the statistics that a call names."""
    own = data.get(ATTR_STATISTIC_ID)
    return ([] if own is None else [own]) + [one[ATTR_STATISTIC_ID] for one in data.get(CONF_STATISTICS, ())]


async def _async_ad_hoc(
    hass: HomeAssistant, forwarder: Forwarder, data: dict[str, Any], start: datetime | None, end: datetime
) -> ForwardCounts:
    """Send the hours of a statistic to a stream that nobody fills."""
    stream_id, statistic = data[ATTR_STREAM_ID], data.get(ATTR_STATISTIC_ID)
    if is_stream_taken(hass, stream_id):
        raise action_refused("stream_elsewhere", stream=stream_id)
    if statistic is None:
        raise action_refused("statistic_needed", stream=stream_id)
    measure = await async_measure(hass, statistic, data[ATTR_PARAMETER])
    parameter = ParameterConfig(data[ATTR_PARAMETER], source_of(hass, statistic), measure)
    kind = Kind.VALUE if parameter.name == VALUE else Kind.ELECTRICITY
    config = StreamConfig(stream_id, kind, HOUR_S, Start.DATE, start, (parameter,))
    counts = ForwardCounts()
    return await _async_send(hass, forwarder, config, end.timestamp(), counts, dry_run=data[ATTR_DRY_RUN])


async def _async_send(
    hass: HomeAssistant,
    forwarder: Forwarder,
    config: StreamConfig,
    end_s: float,
    counts: ForwardCounts,
    *,
    dry_run: bool,
) -> ForwardCounts:
    """Send what is newer than the cloud's last packet; raises ServiceValidationError if the wish begins before it."""
    filled_until: datetime | None = None
    try:
        last = await forwarder.sender.last_packet(config.stream_id)
        filled_until = None if last is None else last.timestamp
        if config.start_at is not None and filled_until is not None and _first_packet(config) <= filled_until:
            raise action_refused("not_newer", stream=config.stream_id, filled_until=local_time(filled_until))
        state = begin(config, last, dt_util.utcnow().timestamp()).state
        if dry_run:
            return await async_preview_once(hass, config, state, end_s)
        await async_send_once(hass, forwarder.sender, config, state, end_s, counts)
    except (OrderError, HeldError, AnotherSenderError) as err:
        filled_until = counts.filled_until or filled_until
        raise action_refused("not_newer", stream=config.stream_id, filled_until=local_time(filled_until)) from err
    return counts


def _first_packet(config: StreamConfig) -> datetime:
    return utc(config.first_s + config.interval_s)


async def async_measure(hass: HomeAssistant, statistic: str, parameter: str) -> Measure:
    """Choose what is taken from the rows of a statistic; raises ServiceValidationError where there is no such thing."""
    described = await async_describe(hass, [statistic])
    if statistic not in described:
        raise action_refused("no_such_statistic", statistic=statistic)
    if parameter.startswith("pC_"):
        return Measure.CHANGE
    return Measure.MEAN if parameter != VALUE or has_mean(described[statistic]) else Measure.CHANGE
