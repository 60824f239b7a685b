"""What hours must add up to, worked out from published hundredths with exact fractions and nobody else's code."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Reading:
    """The end of a reading (unix s) and its energy in hundredth-Wh."""

    end_s: int
    energy_cwh: int


def hourly_energy_wh(
    readings: Sequence[Reading], usual_interval_s: int, start: datetime, end: datetime
) -> dict[datetime, float]:
    """Cut ordered readings at the hours, by time, and add up the hours that begin in [start, end).

    A reading covers the time since the one before it, or the usual interval where that was more than an hour ago.
    """
    hours: dict[int, Fraction] = {}
    previous_s: int | None = None
    for reading in readings:
        length_s = usual_interval_s
        if previous_s is not None and reading.end_s - previous_s <= HOUR_S:
            length_s = reading.end_s - previous_s
        previous_s = reading.end_s
        begin_s = reading.end_s - length_s
        at_s = begin_s
        while at_s < reading.end_s:
            hour = at_s // HOUR_S
            until_s = min((hour + 1) * HOUR_S, reading.end_s)
            hours[hour] = hours.get(hour, Fraction(0)) + Fraction(reading.energy_cwh * (until_s - at_s), length_s)
            at_s = until_s
    low, high = start.timestamp(), end.timestamp()
    return {
        datetime.fromtimestamp(hour * HOUR_S, UTC): float(energy / 100)
        for hour, energy in sorted(hours.items())
        if low <= hour * HOUR_S < high
    }
