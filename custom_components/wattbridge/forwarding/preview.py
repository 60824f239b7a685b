"""A look at what a stream would send by now, read and planned as it will be when it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from homeassistant.core import HomeAssistant

from .hours import UPLOAD_HOURS
from .model import StreamConfig, utc
from .plan import PlanState
from .source import StreamSource
from .walk import Tally, closed_steps
from .wire import async_zone_of, stamp_s, text_of, units_of


@dataclass(frozen=True, slots=True)
class StreamPreview:
    """What would be sent by now.

    `rows` are packets or hours; `hourly_rows` those of them that stand for an hour though the stream's intervals are
    shorter. `holes` are the first stretches without a value after the first row, and `holes_count` all of their
    intervals. `first` and `last` are the times of the first and the last row as they will be said to the cloud, and
    `first_packet` is what will be sent first, to the letter. `resets` counts the values left out because a series
    fell; `changes` is what each parameter rises by in all, in its unit on the wire; `missing` in how many hours after
    the first row each was the reason, or one of the reasons, that the hour is left out.
    """

    rows: int = 0
    hourly_rows: int = 0
    holes: tuple[tuple[datetime, datetime], ...] = ()
    holes_count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    first_packet: str = ""
    resets: int = 0
    changes: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)


async def async_preview_stream(hass: HomeAssistant, config: StreamConfig, state: PlanState) -> StreamPreview:
    """Plan all that is closed by now from a state on, and send nothing of it; raises SourceError."""
    tally = Tally(config)
    async for step in closed_steps(StreamSource(hass, config, units_of(config)), config, state):
        tally.count(step)
    zone = await async_zone_of(config)
    return StreamPreview(
        rows=tally.rows,
        hourly_rows=tally.hourly_rows,
        holes=tuple((utc(start_s), utc(end_s)) for start_s, end_s in tally.holes),
        holes_count=tally.holes_count,
        first=utc(stamp_s(config, tally.firsts[0])) if tally.firsts else None,
        last=None if tally.last is None else utc(stamp_s(config, tally.last)),
        first_packet=text_of(config, tally.firsts, zone) if tally.firsts else "",
        resets=tally.resets,
        changes=dict(tally.changes),
        missing=dict(tally.missing),
    )


def estimate_s(preview: StreamPreview, config: StreamConfig, round_trip_s: float) -> float:
    """Estimate how long (s) the sending takes: packets go one after another, hours in files."""
    requests = ceil(preview.rows / UPLOAD_HOURS) if config.is_hourly_energy else preview.rows
    return requests * round_trip_s
