"""Forwarding that an action asks for: looking ahead, and sending to a stream that nobody owns."""

from homeassistant.core import HomeAssistant

from ..aiowattbridge.wattics import Outcome, Sender
from .courier import REJECTIONS_IN_A_ROW
from .engine import StreamEngine
from .model import StreamConfig, utc
from .plan import PlanState
from .source import StreamSource
from .status import ForwardCounts
from .walk import Tally, closed_steps
from .wire import async_zone_of, packet_of, units_of


async def async_preview(engine: StreamEngine, end_s: float) -> ForwardCounts:
    """Count what a stream would send up to a time, without sending it."""
    return await _async_count(engine.source, engine.config, place_of(engine), end_s)


def place_of(engine: StreamEngine) -> PlanState:
    """Return where a stream goes on; one that has no place yet, as while the cloud is away, at its beginning."""
    return PlanState(engine.config.first_s) if engine.cursor is None else engine.state


async def async_preview_once(
    hass: HomeAssistant, config: StreamConfig, state: PlanState, end_s: float
) -> ForwardCounts:
    """Count what `async_send_once` would send."""
    return await _async_count(StreamSource(hass, config, units_of(config)), config, state, end_s)


async def _async_count(source: StreamSource, config: StreamConfig, state: PlanState, end_s: float) -> ForwardCounts:
    tally = Tally(config)
    async for step in closed_steps(source, config, state, end_s):
        tally.count(step)
    counts = ForwardCounts(
        planned=tally.rows,
        holes=tally.holes_count,
        filled_until=utc(state.position_s) if state.position_s else None,
    )
    for step in (*tally.firsts[:1], *([] if tally.last is None else [tally.last])):
        counts.note_packet(utc(step.end_s))
    return counts


async def async_send_once(
    hass: HomeAssistant, sender: Sender, config: StreamConfig, state: PlanState, end_s: float, counts: ForwardCounts
) -> None:
    """Send what is closed up to a time, counting into `counts`; stop where the cloud refuses more than one packet."""
    in_a_row = 0
    zone = await async_zone_of(config)
    async for step in closed_steps(StreamSource(hass, config, units_of(config)), config, state, end_s):
        if step.values is None:
            if counts.first is not None:
                counts.holes += (step.end_s - step.start_s) // config.interval_s
        else:
            receipt = await sender.deliver(packet_of(config, step, zone))
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
