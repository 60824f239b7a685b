"""`resend`: what a stream has passed goes out again, where its cloud takes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

from ..forwarding import Problem, async_preview_once
from ..forwarding.plan import PlanState
from ..forwarding.resend import async_resend
from ..local_time import local_time
from .common import ATTR_END, ATTR_START, action_refused, past_period, utc_time
from .sinks import ATTR_DRY_RUN, DRY_RUN_FIELD, STREAM_FIELDS, TIMEOUT_S, Stream, at_work, stream_of

# With any other problem of its stream, nothing is sent again.
_HARMLESS: Final = (None, Problem.REJECTED, Problem.CANNOT_CONNECT)

RESEND_SCHEMA = vol.Schema(
    {
        **STREAM_FIELDS,
        vol.Required(ATTR_START): utc_time,
        vol.Optional(ATTR_END): utc_time,
        **DRY_RUN_FIELD,
    }
)


async def async_resend_period(call: ServiceCall) -> ServiceResponse:
    """Send a period of a stream once more, and answer with what that came to."""
    hass, dry_run = call.hass, call.data[ATTR_DRY_RUN]
    stream = stream_of(hass, call.data)
    start, end = past_period(call.data[ATTR_START], call.data.get(ATTR_END))
    if stream.engine.is_paused:
        raise action_refused("stream_paused", stream=stream.stream_id)
    if stream.engine.problem not in _HARMLESS:
        # What is read now might not be what was sent, or nobody knows how far the stream has come.
        raise stream.failure(f"stream_held_{stream.engine.problem}")
    if stream.engine.config.is_hourly_energy:
        return await _async_resend_hours(hass, stream, start, end, dry_run=dry_run)
    async with at_work(hass, stream.sink, stream.stream_id):
        return dict(await _async_resend_packets(stream, start, end, dry_run=dry_run))


async def _async_resend_hours(
    hass: HomeAssistant, stream: Stream, start: datetime, end: datetime, *, dry_run: bool
) -> dict[str, Any]:
    """Upload hours again: that replaces what is there, and brings what was refused."""
    filled_until = stream.engine.status.filled_until
    if filled_until is None or start >= filled_until:
        raise action_refused("nothing_sent_yet", stream=stream.stream_id, filled_until=local_time(filled_until))
    async with at_work(hass, stream.sink, stream.stream_id):
        counts = await async_resend(stream.engine, start.timestamp(), end.timestamp(), dry_run=dry_run)
    if counts is None:
        raise action_refused("series_not_whole", stream=stream.stream_id, start=local_time(start))
    return counts.as_dict()


async def _async_resend_packets(stream: Stream, start: datetime, end: datetime, *, dry_run: bool) -> Mapping[str, Any]:
    """Send packets again that were refused: that is possible as long as nothing newer was taken."""
    engine = stream.engine
    filled_until = engine.status.filled_until
    if filled_until is not None and start < filled_until:
        raise action_refused("resend_older", stream=stream.stream_id, filled_until=local_time(filled_until))
    is_waiting = engine.cursor is not None and engine.state.position_s > engine.moving.state.position_s
    if engine.problem is None and not is_waiting:
        raise action_refused("nothing_refused", stream=stream.stream_id, filled_until=local_time(filled_until))
    if dry_run:
        place = PlanState(engine.config.first_s) if engine.cursor is None else engine.cursor.state
        return (await async_preview_once(engine.hass, engine.config, place, end.timestamp())).as_dict()
    if engine.problem is None:
        # The refused one is the last: begin again where the cloud has taken everything.
        await engine.async_reconfigure(engine.config)
    return (await engine.async_deliver_until(end, TIMEOUT_S)).as_dict()
