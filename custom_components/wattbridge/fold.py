"""Pure: readings of a device become hourly energy. No Home Assistant in here.

A reading tells what happened since the one before it, so it covers a span of time, and a span that crosses a full hour
is split by time. An hour without any reading is not in the result: missing is never zero. The same readings give the
same hours to the last bit, in whatever order and from whatever window of time they were fetched; a window has to be
wider than the hours that are wanted by `MARGIN_S` on both sides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Final

from .aiowattbridge.carbontrack.units import PowerUnit, energy_wh, intervals

HOUR_S: Final = 3600
# No reading covers more than an hour.
MARGIN_S: Final = 3600
# Energies are kept in kilowatt-hours to the microwatt-hour: finer than any meter, coarser than the noise of floats.
DECIMALS: Final = 9
WH_PER_KWH: Final = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """One record of a device: when its interval ended (aware), and a value in the unit of the account."""

    end: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """A reading with the time it covers, in epoch seconds, and its energy."""

    start_s: float
    end_s: float
    energy_wh: float

    def share_wh(self, start_s: float, end_s: float) -> float:
        """Return how much of the energy belongs to a stretch of time."""
        covered_s = min(self.end_s, end_s) - max(self.start_s, start_s)
        return self.energy_wh * covered_s / (self.end_s - self.start_s) if covered_s > 0 else 0.0


def spans(readings: Iterable[Reading], unit: PowerUnit, usual_interval_s: float) -> Iterator[Span]:
    """Give every reading that has a value the time it covers, oldest first."""
    by_time = {reading.end: reading.value for reading in readings}
    times = sorted(by_time)
    for end, interval_s in zip(times, intervals(times, usual_interval_s), strict=True):
        value = by_time[end]
        if value is not None:
            end_s = end.timestamp()
            yield Span(end_s - interval_s, end_s, energy_wh(value, unit, interval_s))


def hourly_kwh(readings: Iterable[Reading], unit: PowerUnit, usual_interval_s: float) -> dict[int, float]:
    """Return the energy of every UTC hour (by its start in epoch seconds) that a reading touches."""
    parts: dict[int, list[float]] = {}
    for span in spans(readings, unit, usual_interval_s):
        hour_s = int(span.start_s // HOUR_S) * HOUR_S
        # A reading stamped exactly on the hour belongs to the hour before.
        while hour_s < span.end_s:
            share_wh = span.energy_wh
            if hour_s > span.start_s or hour_s + HOUR_S < span.end_s:
                share_wh = span.share_wh(hour_s, hour_s + HOUR_S)
            parts.setdefault(hour_s, []).append(share_wh)
            hour_s += HOUR_S
    return {hour_s: round(fsum(wh) / WH_PER_KWH, DECIMALS) for hour_s, wh in parts.items()}


def within(hours: Mapping[int, float], start_s: int, end_s: int) -> dict[int, float]:
    """Keep the hours that start in a stretch of time."""
    return {hour_s: kwh for hour_s, kwh in hours.items() if start_s <= hour_s < end_s}


def energy_between_kwh(
    readings: Iterable[Reading], unit: PowerUnit, usual_interval_s: float, start_s: float, end_s: float
) -> float | None:
    """Return the energy of a stretch of time, a local day say; None where no reading touches it."""
    shares = [
        span.share_wh(start_s, end_s)
        for span in spans(readings, unit, usual_interval_s)
        if span.end_s > start_s and span.start_s < end_s
    ]
    return round(fsum(shares) / WH_PER_KWH, DECIMALS) if shares else None
