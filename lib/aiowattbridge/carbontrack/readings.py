"""Measurements with the time that each covers, and so with energies and powers; in the order of their times.

The cloud's order is not documented. So a period is asked for in windows, each of which is put in order as a whole:
memory stays that of a window, and a year costs about as many requests as it has pages.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .models import Measurement
from .units import APPARENT_FIELDS, POWER_FIELDS, PowerUnit, covered_s, energy_wh, learn_interval_s, power_w

# Two thousand 5-minute records, some 3 MB.
_WINDOW: Final = timedelta(days=7)
# How far before a lone record others are looked for, to learn how far apart they usually are.
_LEARNING: Final = timedelta(days=1)
# How far back the newest record is looked for; the cloud is asked for each stretch once.
_LOOK_BACK: Final = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=30),
    timedelta(days=90),
    timedelta(days=365),
)

type Ask = Callable[[datetime, datetime], AsyncGenerator[Measurement]]
"""Asks the cloud for a device's records between two times, both included."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A measurement, how many seconds up to its time it covers, and the unit of its power figures.

    `interval_s` is None where neither the caller nor the device's records tell it.
    """

    measurement: Measurement
    interval_s: float | None
    unit: PowerUnit

    def energy_wh(self, field: str) -> float | None:
        """Return the energy of the interval in Wh from one of `POWER_FIELDS`; None if it is missing or unknown."""
        return self._energy(field, POWER_FIELDS)

    def power_w(self, field: str) -> float | None:
        """Return the average power in W from one of `POWER_FIELDS`; None if it is missing or unknown."""
        return self._power(field, POWER_FIELDS)

    def apparent_energy_vah(self, field: str) -> float | None:
        """Return the volt-ampere-hours of the interval from one of `APPARENT_FIELDS`; None if missing or unknown."""
        return self._energy(field, APPARENT_FIELDS)

    def apparent_power_va(self, field: str) -> float | None:
        """Return the average apparent power in VA from one of `APPARENT_FIELDS`; None if it is missing or unknown."""
        return self._power(field, APPARENT_FIELDS)

    def _energy(self, field: str, fields: frozenset[str]) -> float | None:
        """Take a figure as energy; one that is power needs the interval."""
        value = self._value(field, fields)
        if value is None or (self.interval_s is None and not self.unit.is_energy):
            return None
        return energy_wh(value, self.unit, self.interval_s or 0.0)

    def _power(self, field: str, fields: frozenset[str]) -> float | None:
        """Take a figure as power; one that is energy needs the interval."""
        value = self._value(field, fields)
        if value is None or (self.interval_s is None and self.unit.is_energy):
            return None
        return power_w(value, self.unit, self.interval_s or 0.0)

    def _value(self, field: str, fields: frozenset[str]) -> float | None:
        """Return a figure; raises ValueError for a field that is none of these."""
        if field not in fields:
            raise ValueError(f"field must be one of {', '.join(sorted(fields))}")
        value: float | None = getattr(self.measurement, field)
        return value


async def read(
    ask: Ask, start: datetime, end: datetime, unit: PowerUnit, usual_interval_s: float | None
) -> AsyncGenerator[Reading]:
    """Yield the readings of a period, oldest first.

    A usual interval that is not given is learned from the first window with records: their median step. Where that
    window has but one record, the day before it is asked for as well.
    """
    usual_s, before, has_asked = usual_interval_s, None, False
    async with aclosing(_windows(ask, start, end)) as windows:
        async for records in windows:
            if usual_s is None:
                usual_s = learn_interval_s(record.recorded_at for record in records)
            if usual_s is None and not has_asked:
                has_asked = True
                usual_s = await _learn_before(ask, records[0].recorded_at)
            for record in records:
                yield Reading(record, covered_s(before, record.recorded_at, usual_s), unit)
                before = record.recorded_at


async def read_latest(ask: Ask, now: datetime, unit: PowerUnit, usual_interval_s: float | None) -> Reading | None:
    """Return the newest reading of the last year, looking back further and further; None if there is none."""
    until = now
    for window in _LOOK_BACK:
        newest: Measurement | None = None
        async with aclosing(ask(now - window, until)) as records:
            async for record in records:
                if newest is None or record.recorded_at > newest.recorded_at:
                    newest = record
        if newest is not None:
            latest = Reading(newest, usual_interval_s, unit)
            # What it covers depends on the record before it, which may lie in the next window.
            async with aclosing(
                read(ask, newest.recorded_at - _LEARNING, newest.recorded_at, unit, usual_interval_s)
            ) as readings:
                async for reading in readings:
                    latest = reading
            return latest
        until = now - window
    return None


async def _windows(ask: Ask, start: datetime, end: datetime) -> AsyncGenerator[list[Measurement]]:
    """Yield the records of one window after another, each in order, none of them empty."""
    last: datetime | None = None
    while True:
        until = start + _WINDOW if end - start > _WINDOW else end
        async with aclosing(ask(start, until)) as found:
            # A record on the seam comes with both windows.
            by_time = {each.recorded_at: each async for each in found if last is None or each.recorded_at > last}
        if by_time:
            yield [by_time[time] for time in sorted(by_time)]
            last = max(by_time)
        if until >= end:
            return
        start = until


async def _learn_before(ask: Ask, time: datetime) -> float | None:
    """Learn the usual interval from the day up to a record."""
    async with aclosing(ask(time - _LEARNING, time)) as records:
        return learn_interval_s(sorted([record.recorded_at async for record in records]))
