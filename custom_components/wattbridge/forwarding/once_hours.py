"""Uploading hours to an asset or a meter that no series fills, because an action asks for it."""

from collections.abc import Sequence
from contextlib import aclosing

from homeassistant.core import HomeAssistant

from ..aiowattbridge.wattcarbon import BATCH_ROWS
from ..vendors.wattcarbon import Target
from .account import HourWay
from .hour_counts import HourCounts
from .model import StreamConfig, utc
from .plan import ENERGY_KWH, PlanState, Step
from .source import StreamSource
from .walk import closed_steps
from .wire import hour_of, units_of


async def async_upload_once(
    hass: HomeAssistant, way: HourWay, config: StreamConfig, end_s: float, counts: HourCounts, *, dry_run: bool
) -> None:
    """Upload the whole hours that are closed up to a time, or only count them; in order, counting into `counts`.

    Raises SourceError, and WattbridgeError for the first file that is not taken.
    """
    source = StreamSource(hass, config, units_of(config))
    steps: list[Step] = []
    to_s = counts.from_s
    async with aclosing(closed_steps(source, config, PlanState(config.first_s), end_s)) as closed:
        async for step in closed:
            to_s = step.end_s
            if step.values is None:
                continue
            counts.note_hour(step.start_s)
            steps.append(step)
            if len(steps) == BATCH_ROWS:
                await _carry(way, config, steps, counts, dry_run=dry_run)
                steps.clear()
    if steps:
        await _carry(way, config, steps, counts, dry_run=dry_run)
    counts.end(to_s)
    if not dry_run:
        counts.filled_until = utc(counts.to_s)


async def _carry(
    way: HourWay, config: StreamConfig, steps: Sequence[Step], counts: HourCounts, *, dry_run: bool
) -> None:
    """Upload one file in its turn: streams that are set up share the account."""
    if dry_run:
        counts.planned += len(steps)
    else:
        async with way.turns.turn(len(steps)):
            upload = way.client.upload_intervals if config.kind is Target.METER else way.client.upload
            async with aclosing(upload(config.stream_id, [hour_of(step) for step in steps])) as receipts:
                async for receipt in receipts:
                    counts.accepted += receipt.rows
        counts.filled_until = utc(steps[-1].end_s)
    counts.energy_kwh += sum((step.values or {})[ENERGY_KWH] for step in steps)
