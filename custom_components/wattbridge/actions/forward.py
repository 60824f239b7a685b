"""`forward_to_wattics`: a period of statistics is sent now, through a stream's own engine or by hand."""

import asyncio
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from ..aiowattbridge.errors import CredentialsError
from ..aiowattbridge.wattics import ELECTRICITY_PARAMETERS, AnotherSenderError, OrderError
from ..const import CONF_STREAM_ID, DOMAIN
from ..data import SinkRuntime
from ..errors import translated_errors
from ..forwarding import (
    ForwardCounts,
    Forwarder,
    SourceError,
    StreamConfig,
    StreamEngine,
    async_preview,
    async_preview_once,
    async_send_once,
    begin,
)
from ..forwarding.model import HOUR_S, ParameterConfig, utc
from ..forwarding.reconcile import HeldError
from ..vendors.wattics import Kind, Measure, Start, is_stream_taken
from .common import ATTR_END, ATTR_START, action_refused, shown, utc_time

TIMEOUT_S: Final = 900.0

ATTR_DRY_RUN: Final = "dry_run"
ATTR_PARAMETER: Final = "parameter"
ATTR_STATISTIC_ID: Final = "statistic_id"
ATTR_STREAM_ID: Final = CONF_STREAM_ID

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
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)


async def async_forward(call: ServiceCall) -> ServiceResponse:
    """Fill a stream up to a time, and answer with what that came to."""
    hass = call.hass
    forwarder = _forwarder(hass, call.data[ATTR_CONFIG_ENTRY_ID])
    stream_id = call.data[ATTR_STREAM_ID]
    start = call.data.get(ATTR_START)
    end = call.data.get(ATTR_END) or dt_util.utcnow()
    if start is not None and start >= end:
        raise action_refused("period_empty", stream=stream_id)
    try:
        engine = _engine(forwarder, stream_id)
        if engine is not None:
            counts = await _async_configured(hass, engine, call.data, start, end)
        else:
            counts = await _async_ad_hoc(hass, forwarder, call.data, start, end)
    except SourceError as err:
        raise action_refused("series_unusable", stream=stream_id, statistic=err.statistic, problem=err.problem) from err
    return dict(counts.as_dict())


def _forwarder(hass: HomeAssistant, entry_id: str) -> Forwarder:
    """Return the way out of an account; raises ServiceValidationError for an account that is only read."""
    entry = async_get_config_entry(hass, DOMAIN, entry_id)
    if not isinstance(entry.runtime_data, SinkRuntime):
        raise action_refused("not_a_sink", account=entry.title)
    return entry.runtime_data.forwarder


def _engine(forwarder: Forwarder, stream_id: str) -> StreamEngine | None:
    return next((engine for engine in forwarder.streams.values() if engine.config.stream_id == stream_id), None)


async def _async_configured(
    hass: HomeAssistant, engine: StreamEngine, data: dict[str, Any], start: datetime | None, end: datetime
) -> ForwardCounts:
    """Let a stream's own engine work up to a time: nothing may overtake it, and nothing goes back behind its cursor."""
    filled_until = engine.status.filled_until
    facts = {"stream": engine.config.stream_id, "filled_until": shown(filled_until)}
    if (statistic := data.get(ATTR_STATISTIC_ID)) is not None:
        registry = er.async_get(hass)
        sources = {parameter.source for parameter in engine.config.parameters}
        if not sources & {statistic, _source(registry, statistic)}:
            raise action_refused("other_statistic", statistic=statistic, **facts)
    if start is not None and filled_until is not None and start < filled_until:
        raise action_refused("start_before_cursor", **facts)
    if data[ATTR_DRY_RUN]:
        return await async_preview(engine, end.timestamp())
    return await engine.async_deliver_until(end, TIMEOUT_S)


def _source(registry: er.EntityRegistry, statistic: str) -> str:
    """Return how a statistic is held: an entity by its registry id."""
    entity = registry.async_get(statistic)
    return entity.id if entity else statistic


async def _async_ad_hoc(
    hass: HomeAssistant, forwarder: Forwarder, data: dict[str, Any], start: datetime | None, end: datetime
) -> ForwardCounts:
    """Send the hours of a statistic to a stream that nobody fills."""
    stream_id, statistic = data[ATTR_STREAM_ID], data.get(ATTR_STATISTIC_ID)
    if is_stream_taken(hass, stream_id):
        raise action_refused("stream_elsewhere", stream=stream_id)
    if statistic is None:
        raise action_refused("statistic_needed", stream=stream_id)
    measure = await _async_measure(hass, statistic, data[ATTR_PARAMETER])
    parameter = ParameterConfig(data[ATTR_PARAMETER], _source(er.async_get(hass), statistic), measure)
    kind = Kind.VALUE if parameter.name == VALUE else Kind.ELECTRICITY
    config = StreamConfig(stream_id, kind, HOUR_S, Start.DATE, start, (parameter,))
    counts = ForwardCounts()
    try:
        with translated_errors():
            async with asyncio.timeout(TIMEOUT_S):
                return await _async_send(hass, forwarder, config, end.timestamp(), counts, dry_run=data[ATTR_DRY_RUN])
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="stream_not_done",
            translation_placeholders={"stream": stream_id, "filled_until": shown(counts.filled_until)},
        ) from err


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
            raise action_refused("not_newer", stream=config.stream_id, filled_until=shown(filled_until))
        state = begin(config, last, dt_util.utcnow().timestamp()).state
        if dry_run:
            return await async_preview_once(hass, config, state, end_s)
        await async_send_once(hass, forwarder.sender, config, state, end_s, counts)
    except CredentialsError:
        forwarder.account.entry.async_start_reauth(hass)
        raise
    except (OrderError, HeldError, AnotherSenderError) as err:
        filled_until = counts.filled_until or filled_until
        raise action_refused("not_newer", stream=config.stream_id, filled_until=shown(filled_until)) from err
    return counts


def _first_packet(config: StreamConfig) -> datetime:
    return utc(config.first_s + config.interval_s)


async def _async_measure(hass: HomeAssistant, statistic: str, parameter: str) -> Measure:
    """Choose what is taken from the rows of a statistic; raises ServiceValidationError where there is no such thing."""
    listed = await async_list_statistic_ids(hass, {statistic})
    if not listed:
        raise action_refused("no_such_statistic", statistic=statistic)
    if parameter.startswith("pC_"):
        return Measure.CHANGE
    has_mean = listed[0]["mean_type"] != StatisticMeanType.NONE
    return Measure.MEAN if has_mean or parameter != VALUE else Measure.CHANGE
