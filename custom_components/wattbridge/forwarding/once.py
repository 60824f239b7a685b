"""Forwarding that an action asks for: looking ahead, and sending to a stream that nobody owns."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..aiowattbridge.wattics import Outcome, Sender
from .engine import REJECTIONS_IN_A_ROW, StreamEngine
from .model import ForwardCounts, StreamConfig, utc
from .plan import PlanState, Step, plan
from .source import StreamSource
from .wire import packet_of, units_of


async def _closed_steps(
    source: StreamSource, config: StreamConfig, state: PlanState, end_s: float
) -> AsyncIterator[Step]:
    """Plan what is closed now, up to a time."""
    while True:
        reading = await source.read(state.position_s, dt_util.utcnow().timestamp())
        if reading.batch is None:
            return
        for step in plan(config, state, reading.batch):
            if step.end_s > end_s:
                return
            yield step
            state = step.after


async def async_preview(engine: StreamEngine, end_s: float) -> ForwardCounts:
    """Count what a stream would send up to a time, without sending it."""
    return await _async_count(engine.source, engine.config, engine.state, end_s)


async def async_preview_once(
    hass: HomeAssistant, config: StreamConfig, state: PlanState, end_s: float
) -> ForwardCounts:
    """Count what `async_send_once` would send."""
    return await _async_count(StreamSource(hass, config, units_of(config)), config, state, end_s)


async def _async_count(source: StreamSource, config: StreamConfig, state: PlanState, end_s: float) -> ForwardCounts:
    counts = ForwardCounts(filled_until=utc(state.position_s) if state.position_s else None)
    async for step in _closed_steps(source, config, state, end_s):
        if step.values is not None:
            counts.planned += 1
            counts.note_packet(utc(step.end_s))
        elif counts.first is not None:
            counts.holes += (step.end_s - step.start_s) // config.interval_s
    return counts


async def async_send_once(
    hass: HomeAssistant, sender: Sender, config: StreamConfig, state: PlanState, end_s: float, counts: ForwardCounts
) -> None:
    """Send what is closed up to a time, counting into `counts`; stop where the cloud refuses more than one packet."""
    in_a_row = 0
    async for step in _closed_steps(StreamSource(hass, config, units_of(config)), config, state, end_s):
        if step.values is None:
            if counts.first is not None:
                counts.holes += (step.end_s - step.start_s) // config.interval_s
        else:
            receipt = await sender.deliver(packet_of(config, step, dt_util.get_default_time_zone()))
            counts.repeated += receipt.repeated
            if receipt.outcome is Outcome.REJECTED:
                counts.rejected += 1
                in_a_row += 1
                if not counts.accepted or in_a_row == REJECTIONS_IN_A_ROW:
                    return
                continue
            in_a_row = 0
            counts.accepted += 1
            counts.confirmed += receipt.outcome is Outcome.CONFIRMED
            counts.note_packet(receipt.packet.timestamp)
        counts.filled_until = utc(step.end_s)
