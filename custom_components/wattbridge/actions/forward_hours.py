"""`forward_to_wattcarbon`: whole hours are uploaded now, through a series' own engine or by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..aiowattbridge.errors import RejectedError
from ..chosen_statistics import async_describe, source_of
from ..const import (
    CONF_ROLE,
    CONF_SEND_REVISIONS,
    CONF_SOURCE,
    CONF_START,
    CONF_START_AT,
    CONF_STATISTICS,
    CONF_TARGET,
    CONF_TARGET_ID,
)
from ..forwarding import ForwardCounts, StreamConfig, StreamEngine
from ..forwarding.account import HourWay
from ..forwarding.courier import answer_of
from ..forwarding.hour_counts import HourCounts
from ..forwarding.model import HOUR_S
from ..forwarding.once_hours import async_upload_once
from ..local_time import local_time
from ..vendors import WATTCARBON
from ..vendors.wattcarbon import Role, Target, is_target_taken
from ..vendors.wattics import Start
from .common import ATTR_END, ATTR_START, action_refused, past_period, utc_time
from .forward import ATTR_STATISTIC_ID, async_fill
from .sinks import ATTR_DRY_RUN, DRY_RUN_FIELD, Sink, at_work, failure, sink_of

ATTR_ASSET_ID: Final = "asset_id"
ATTR_METER_ID: Final = "meter_id"
ATTR_STATISTICS: Final = CONF_STATISTICS
_TARGETS: Final = {ATTR_ASSET_ID: Target.ASSET, ATTR_METER_ID: Target.METER}

STATISTICS: Final = vol.All(
    cv.ensure_list,
    [vol.Schema({vol.Required(ATTR_STATISTIC_ID): cv.string, vol.Required(CONF_ROLE): vol.Coerce(Role)})],
    vol.Length(min=1),
)
FORWARD_HOURS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_ASSET_ID): cv.string,
        vol.Optional(ATTR_METER_ID): cv.string,
        vol.Optional(ATTR_STATISTICS): STATISTICS,
        vol.Optional(ATTR_START): utc_time,
        vol.Optional(ATTR_END): utc_time,
        **DRY_RUN_FIELD,
    }
)


async def async_forward_hours(call: ServiceCall) -> ServiceResponse:
    """Fill an asset or a meter up to a time, and answer with what that came to."""
    hass, data = call.hass, call.data
    sink = sink_of(hass, data[ATTR_CONFIG_ENTRY_ID], WATTCARBON)
    target, target_id = _target(data)
    if ATTR_START in data:
        past_period(data[ATTR_START], data.get(ATTR_END))
    engine = _engine(sink, target, target_id)
    async with at_work(hass, sink, target_id):
        if engine is not None:
            return _hours_of(await async_fill(hass, engine, data, "hours_before_cursor"))
        if is_target_taken(hass, target_id, target):
            raise action_refused("target_elsewhere", target=target_id)
        return await _async_ad_hoc(hass, sink, target, target_id, data)


def _target(data: Mapping[str, Any]) -> tuple[Target, str]:
    """Return what is filled; raises ServiceValidationError for nothing and for two things."""
    given = [(target, data[name]) for name, target in _TARGETS.items() if name in data]
    if len(given) != 1:
        raise action_refused("target_not_named")
    return given[0]


def _engine(sink: Sink, target: Target, target_id: str) -> StreamEngine | None:
    engines = sink.forwarder.streams.values()
    return next((one for one in engines if (one.config.kind, one.config.stream_id) == (target, target_id)), None)


def _hours_of(counts: ForwardCounts) -> dict[str, Any]:
    """Write what an engine counted: its hours by their starts, as the cloud knows them."""
    found = counts.as_dict()
    starts = {name: _start_of(getattr(counts, name)) for name in ("first", "last")}
    return {name: found[name] for name in ("accepted", "rejected", "planned", "holes", "filled_until")} | starts


def _start_of(end: datetime | None) -> str | None:
    return None if end is None else dt_util.utc_from_timestamp(end.timestamp() - HOUR_S).isoformat()


async def _async_ad_hoc(
    hass: HomeAssistant, sink: Sink, target: Target, target_id: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Upload the hours of a period to an asset or a meter that no series fills."""
    if ATTR_STATISTICS not in data or ATTR_START not in data:
        raise action_refused("hours_needed", target=target_id)
    way = sink.forwarder.account.way
    if not isinstance(way, HourWay):
        raise TypeError("an account of WattCarbon takes hours")
    config = await async_series_config(hass, target, target_id, data[ATTR_STATISTICS], data[ATTR_START])
    end_s = (data.get(ATTR_END) or dt_util.utcnow()).timestamp()
    counts = HourCounts(config.first_s, config.first_s)
    try:
        await async_upload_once(hass, way, config, end_s, counts, dry_run=data[ATTR_DRY_RUN])
    except RejectedError as err:
        raise failure(
            "upload_refused",
            target=target_id,
            reason=answer_of(err.status, err.answer),
            filled_until=local_time(counts.filled_until),
        ) from err
    return counts.as_dict()


async def async_series_config(
    hass: HomeAssistant, target: Target, target_id: str, statistics: list[dict[str, Any]], start: datetime | None
) -> StreamConfig:
    """Describe a series that is not set up; raises ServiceValidationError for statistics that do not make one."""
    named = [one[ATTR_STATISTIC_ID] for one in statistics]
    described = await async_describe(hass, named)
    for statistic in named:
        if statistic not in described:
            raise action_refused("no_such_statistic", statistic=statistic)
        if named.count(statistic) > 1:
            raise action_refused("statistic_twice", statistic=statistic)
    for one in statistics:
        if (one[CONF_ROLE] is Role.METERED) is not (target is Target.METER):
            raise action_refused("role_unfit", role=one[CONF_ROLE], target=target_id)
    return StreamConfig.from_series_data(
        {
            CONF_TARGET: target,
            CONF_TARGET_ID: target_id,
            CONF_START: Start.BEGINNING if start is None else Start.DATE,
            CONF_START_AT: None if start is None else start.isoformat(),
            CONF_STATISTICS: [
                {CONF_SOURCE: source_of(hass, one[ATTR_STATISTIC_ID]), CONF_ROLE: one[CONF_ROLE]} for one in statistics
            ],
            CONF_SEND_REVISIONS: False,
        }
    )
