"""Rows of a series: a time, an energy, and where in time a row of a series may begin.

Energy is in kWh and a `Decimal`, so that what is sent is to the digit what was given. It is positive for what was
generated, supplied, saved or delivered as useful heat, and negative for additional consumption. What is not known is
left out: it is never zero. Times are aware, kept in UTC, and mark the start of a row's period.
"""

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, time, timedelta, tzinfo
from decimal import Context, Decimal
from typing import Final

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time()

# No series has numbers beyond these; without a bound, a single one could be written as a line of a million digits.
_LARGEST_EXPONENT: Final = 12
_MOST_DECIMALS: Final = 30
# Enough for every digit of a sum of more rows than there will ever be.
_EXACT: Final = Context(prec=_LARGEST_EXPONENT + _MOST_DECIMALS + 20)


@dataclass(frozen=True, slots=True)
class IntervalEnergy:
    """The energy (kWh) of the interval that begins at `start`, an aware time in whole seconds; it is kept in UTC.

    Raises ValueError for a naive time, for fractions of a second, and for an energy that is no finite Decimal.
    """

    start: datetime
    energy_kwh: Decimal

    def __post_init__(self) -> None:
        """Check the row, and move its time to UTC."""
        object.__setattr__(self, "start", _checked_start(self.start))
        object.__setattr__(self, "energy_kwh", _checked_energy(self.energy_kwh))


@dataclass(frozen=True, slots=True)
class HourlyEnergy(IntervalEnergy):
    """The energy (kWh) of one hour of an asset; the hour is one of UTC, which is checked when it is uploaded."""


@dataclass(frozen=True, slots=True)
class Bill(IntervalEnergy):
    """The energy (kWh) of one bill of a meter, from the bill's start to the start of the next one.

    The columns of this upload are not documented; with the two that are, a bill has no end of its own.
    """


def _checked_start(start: object) -> datetime:
    """Return a time in UTC."""
    if not isinstance(start, datetime) or start.utcoffset() is None:
        raise ValueError("start: has to be a time with an offset from UTC")
    if start.microsecond:
        raise ValueError("start: has to be in whole seconds")
    # At the very ends of the calendar neither an offset can be taken off nor an interval added.
    if start.year in (MINYEAR, MAXYEAR):
        raise ValueError("start: is out of range")
    return start.astimezone(UTC)


def _checked_energy(energy_kwh: object) -> Decimal:
    """Return an energy that can be written plainly, with minus zero as zero."""
    if not isinstance(energy_kwh, Decimal) or not energy_kwh.is_finite():
        raise ValueError("energy_kwh: has to be a finite Decimal")
    exponent = energy_kwh.as_tuple().exponent
    if not isinstance(exponent, int) or energy_kwh.adjusted() > _LARGEST_EXPONENT or exponent < -_MOST_DECIMALS:
        most = f"{_LARGEST_EXPONENT + 1} digits before the point and {_MOST_DECIMALS} after it"
        raise ValueError(f"energy_kwh: has to have at most {most}")
    return energy_kwh.copy_abs() if energy_kwh.is_zero() else energy_kwh


def add_kwh(total_kwh: Decimal, energy_kwh: Decimal) -> Decimal:
    """Add to a total without rounding, whatever the caller's decimal context is."""
    return _EXACT.add(total_kwh, energy_kwh)


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of time without rows: from `start` to `end`, which does not belong to it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the rows of a series may begin: every `interval`, counted from midnight in `zone`.

    An interval is a day, an hour or an even part of an hour; days are those of the zone, with 23 or 25 hours at times.
    """

    interval: timedelta
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        """Refuse an interval that the cloud does not take; raises ValueError."""
        is_part = timedelta() < self.interval <= _HOUR and not _HOUR % self.interval and not self.interval.microseconds
        if not is_part and self.interval != _DAY:
            raise ValueError("interval: has to be a day, an hour or an even part of an hour in whole seconds")

    def holds(self, start: datetime) -> bool:
        """Tell whether a row may begin at this time."""
        local = start.astimezone(self.zone)
        if self.interval == _DAY:
            return start == self._day_start(local)
        return not timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond) % self.interval

    def __str__(self) -> str:
        """Say where a row has to begin."""
        if self.interval == _DAY:
            return f"midnight in {self.zone}"
        return "a full hour" if self.interval == _HOUR else f"a whole multiple of {self.interval} past the hour"

    def after(self, start: datetime) -> datetime:
        """Return the start of the next row, which is the end of this one, in UTC."""
        if self.interval == _DAY:
            return self._day_start(start.astimezone(self.zone) + _DAY)
        return start + self.interval

    def _day_start(self, local: datetime) -> datetime:
        """Return the first instant of a local day, also of one whose midnight is skipped or comes twice."""
        return datetime.combine(local.date(), _MIDNIGHT, self.zone).astimezone(UTC)


HOURS: Final = Grid(_HOUR)
"""The hours of UTC: what assets have."""
