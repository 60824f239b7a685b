"""What each hour held when it was passed, so that a later correction is seen: pure, and small enough for years.

The last 35 days are kept by the hour, in rings of 12 bytes an hour. What is older is added up by the UTC month: the
total, and a second total in which every hour has a weight of its own, so that two corrections that cancel each other
out are seen as well. Both are floats that are compared with a tolerance; a hash would take noise for a change.
"""

from array import array
from collections.abc import Callable, Container, Iterator, Sequence
from math import inf, isnan, nan
from typing import Final
from zlib import crc32

from homeassistant.const import UnitOfEnergy
from homeassistant.util.unit_conversion import EnergyConverter

from ..vendors.wattics import Kind, Measure
from .model import HOUR_S, StreamConfig
from .months import Month, month_of
from .plan import ENERGY_KWH, Step
from .revisions import Revisions

WINDOW_HOURS: Final = 35 * 24
# An hour that nothing is known of, and one that was passed without data.
UNKNOWN: Final = nan
HOLE: Final = inf

_DIGITS: Final = 6


def digest_of(config: StreamConfig, step: Step, factors: Container[str]) -> int:
    """Return a small digest of what a step holds beside energy; zero stands for one that is not known."""
    if config.is_hourly_energy or step.values is None:
        return 1
    others = [name for name in step.values if name not in factors]
    if not others:
        return 1
    return crc32(";".join(f"{name}={step.values[name]:.{_DIGITS}g}" for name in sorted(others)).encode()) | 1


def energy_factors(config: StreamConfig) -> dict[str, float]:
    """Say which parameters of a Wattics stream are energy, and how many Wh one of their units is."""
    factors: dict[str, float] = {}
    for parameter in config.parameters:
        if parameter.measure is not Measure.CHANGE:
            continue
        if config.kind is not Kind.VALUE:
            factors[parameter.name] = 1.0
        elif parameter.unit in EnergyConverter.VALID_UNITS:
            factors[parameter.name] = EnergyConverter.convert(1.0, parameter.unit, UnitOfEnergy.WATT_HOUR)
    return factors


class StreamLedger:
    """The ledger of one stream.

    `from_s`: the first hour that was passed as a whole; `position_s`: up to where steps were noted, which may be less
    than the cursor has after a crash; `unknown_to_s`: what lies before was passed before the ledger began. Hours are
    numbered since the epoch. `difference_wh` is what the reconciliation of `reconciled_s` could not explain,
    and `accepted_wh` a difference that somebody has seen and does not want to hear of again.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Know nothing; `on_change` is called whenever there is something new to save."""
        self.from_s: int | None = None
        self.position_s: int | None = None
        self.unknown_to_s = 0
        self.has_data = False
        self.source_mark = 0
        self.months: dict[int, Month] = {}
        self.revisions = Revisions()
        self.reconciled_s: int | None = None
        self.difference_wh: float | None = None
        self.accepted_wh: float | None = None
        self.on_change = on_change
        self._energies_wh = array("d", [UNKNOWN]) * WINDOW_HOURS
        self._digests = array("I", [0]) * WINDOW_HOURS
        self._end = 0
        self._config: StreamConfig | None = None
        self._factors: dict[str, float] = {}

    @property
    def window(self) -> range:
        """The hours that are kept one by one."""
        first = max(self._end - WINDOW_HOURS, (self.from_s or 0) // HOUR_S)
        return range(min(first, self._end), self._end)

    @property
    def whole_to_s(self) -> int:
        """The end of the last hour that was passed as a whole."""
        return (self.position_s or 0) // HOUR_S * HOUR_S

    def energy_wh(self, hour: int) -> float:
        """Return what an hour held, HOLE, or UNKNOWN."""
        return self._energies_wh[hour % WINDOW_HOURS] if hour in self.window else UNKNOWN

    def digest(self, hour: int) -> int:
        """Return the digest of an hour; zero where it is not known."""
        return self._digests[hour % WINDOW_HOURS] if hour in self.window else 0

    def follow(self, config: StreamConfig, begun_s: int, position_s: int) -> None:
        """Take up a stream that began there and has its cursor here; other series than before are no correction.

        What the cursor passed since the ledger was saved, or before there was one, is unknown.
        """
        mark = crc32(repr((config.stream_id, config.parameters)).encode())
        if self.source_mark not in {0, mark}:
            self.begin_at(position_s)
        elif self.position_s is None:
            self.begin_at(begun_s)
        if self.position_s is not None and position_s > self.position_s:
            if not self.has_data:
                self.unknown_to_s, self.has_data = position_s, True
            else:
                self._go_on_from(position_s)
                self._reach((position_s - 1) // HOUR_S, UNKNOWN)
            self._end = max(self._end, -(-position_s // HOUR_S))
            self.position_s = position_s
        if self.source_mark != mark:
            self.source_mark = mark
            self.on_change()

    def begin_at(self, position_s: int) -> None:
        """Forget everything, and begin there: what lies before is of no interest."""
        self.clear()
        self.from_s, self.position_s = -(-position_s // HOUR_S) * HOUR_S, position_s
        self._end = position_s // HOUR_S

    def note(self, step: Step, config: StreamConfig) -> None:
        """Note a step with data, whose class is known now; the parts of an hour add up."""
        is_whole = step.end_s - step.start_s >= HOUR_S
        self._go_on_from(step.start_s, is_whole=is_whole)
        hour = (step.end_s - 1) // HOUR_S
        self._reach(hour, UNKNOWN)
        self._follow_config(config)
        energy_wh = energy_of(config, step, self._factors)
        if is_whole:
            self._set(hour, energy_wh, digest_of(config, step, self._factors))
        else:
            # The recorder's own hour does not tell what rose before and after a fall; and the first short row of all
            # only gave a sum to count from.
            energy_wh = UNKNOWN if step.resets or not self.has_data else energy_wh
            before_wh = self._energies_wh[hour % WINDOW_HOURS] if step.start_s % HOUR_S else 0.0
            self._set(hour, energy_wh if before_wh == HOLE else before_wh + energy_wh, 0)
        self.position_s, self.has_data = step.end_s, True
        self.on_change()

    def note_all(self, steps: Sequence[Step], config: StreamConfig) -> None:
        """Note steps with data that follow each other; where they go on with hours, as mostly, there is a short way."""
        first, slot = self._end, self._end % WINDOW_HOURS
        is_next = steps[0].start_s == self.position_s == first * HOUR_S
        are_hours = config.interval_s == HOUR_S and steps[-1].end_s == (first + len(steps)) * HOUR_S
        if not (is_next and are_hours) or slot + len(steps) > WINDOW_HOURS:
            for step in steps:
                self.note(step, config)
            return
        self._follow_config(config)
        taken = slice(slot, slot + len(steps))
        for number, energy_wh in enumerate(self._energies_wh[taken], first - WINDOW_HOURS):
            self._fold(number, energy_wh)
        self._energies_wh[taken] = array("d", [energy_of(config, step, self._factors) for step in steps])
        self._digests[taken] = array("I", [digest_of(config, step, self._factors) for step in steps])
        self._end, self.position_s, self.has_data = first + len(steps), steps[-1].end_s, True
        self.on_change()

    def note_refused(self, step: Step, config: StreamConfig) -> None:
        """Note a step that the cloud refuses for good: what its meters rose by goes to Wattics with the next packet."""
        self.note(step, config)
        if config.is_hourly_energy:
            hour = step.start_s // HOUR_S
            self.revisions.refuse(hour, self.energy_wh(hour))

    def note_hole(self, step: Step) -> None:
        """Note a stretch that was passed without data."""
        self._go_on_from(step.start_s)
        first, last = -(-step.start_s // HOUR_S), (step.end_s - 1) // HOUR_S
        self._reach(last, HOLE)
        for hour in range(max(first, last + 1 - WINDOW_HOURS), last + 1):
            self._set(hour, HOLE, 0)
        if step.resets and step.end_s - step.start_s < HOUR_S:
            self._set(last, UNKNOWN, 0)
        self.position_s = step.end_s
        self.on_change()

    def put(self, hour: int, energy_wh: float, digest: int) -> None:
        """Correct an hour of the window."""
        if hour in self.window:
            self._set(hour, energy_wh, digest)
            self.on_change()

    def put_month(self, number: int, month: Month) -> None:
        """Correct a month."""
        self.months[number] = month
        self.on_change()

    def totals(self, to_s: int) -> dict[int, Month]:
        """Return the totals of all months up to a time, those of the window's hours among them."""
        totals = {number: Month(m.rows, m.energy_wh, m.weighted_wh, m.digests) for number, m in self.months.items()}
        for hour in self.window:
            energy_wh = self.energy_wh(hour)
            if hour < to_s // HOUR_S and energy_wh != HOLE and not isnan(energy_wh):
                totals.setdefault(month_of(hour), Month()).add(hour, energy_wh, self.digest(hour))
        return totals

    def clear(self) -> None:
        """Forget everything: the stream begins anew."""
        self.from_s = self.position_s = None
        self.unknown_to_s, self.has_data = 0, False
        self.months.clear()
        self.revisions.clear()
        self._end = 0
        self._fill(UNKNOWN)
        self.on_change()

    def restore(self, energies_wh: bytes, digests: bytes, end: int) -> None:
        """Take over rings that were saved; raises ValueError for any that do not fit."""
        energies, numbers = array("d"), array("I")
        energies.frombytes(energies_wh)
        numbers.frombytes(digests)
        if len(energies) != WINDOW_HOURS or len(numbers) != WINDOW_HOURS:
            raise ValueError("a ledger of another size")
        self._energies_wh, self._digests, self._end = energies, numbers, end

    def rings(self) -> tuple[bytes, bytes, int]:
        """Return copies of the rings, and the number of the hour after their last one."""
        return self._energies_wh.tobytes(), self._digests.tobytes(), self._end

    def _follow_config(self, config: StreamConfig) -> None:
        if config is not self._config:
            self._config, self._factors = config, energy_factors(config)

    def _go_on_from(self, start_s: int, *, is_whole: bool = False) -> None:
        """Begin, or leave in doubt what lies between the last step and this one if it does not follow."""
        if self.position_s is not None and start_s < (self._end - WINDOW_HOURS) * HOUR_S:
            self.clear()
        if self.position_s is None:
            self.from_s = -(-start_s // HOUR_S) * HOUR_S if is_whole else (start_s // HOUR_S + 1) * HOUR_S
            self._end = start_s // HOUR_S
        elif start_s != self.position_s:
            for epoch_s in (self.position_s, start_s):
                if epoch_s % HOUR_S and epoch_s // HOUR_S in self.window:
                    self._set(epoch_s // HOUR_S, UNKNOWN, 0)

    def _reach(self, hour: int, filler: float) -> None:
        """Move the window on so that it ends with an hour, and fold what leaves it into the months."""
        if hour < self._end:
            return
        for leaving in self._leaving(hour + 1):
            self._fold(leaving, self._energies_wh[leaving % WINDOW_HOURS])
        for skipped in range(self._end, hour + 1 - WINDOW_HOURS if filler != HOLE else self._end):
            self._fold(skipped, filler)
        for new in range(max(self._end, hour + 1 - WINDOW_HOURS), hour + 1):
            self._set(new, filler, 0)
        self._end = hour + 1

    def _leaving(self, end: int) -> Iterator[int]:
        """Yield the hours that leave the window when it ends then."""
        yield from range(self.window.start, min(self._end, end - WINDOW_HOURS))

    def _fold(self, hour: int, energy_wh: float) -> None:
        if energy_wh == HOLE or hour < (self.from_s or 0) // HOUR_S:
            return
        number = month_of(hour)
        if (month := self.months.get(number)) is None:
            month = self.months[number] = Month()
        if isnan(energy_wh):
            month.unknown += 1
        else:
            month.add(hour, energy_wh, self._digests[hour % WINDOW_HOURS])

    def _set(self, hour: int, energy_wh: float, digest: int) -> None:
        self._energies_wh[hour % WINDOW_HOURS] = energy_wh
        self._digests[hour % WINDOW_HOURS] = digest

    def _fill(self, energy_wh: float) -> None:
        for slot in range(WINDOW_HOURS):
            self._set(slot, energy_wh, 0)


def energy_of(config: StreamConfig, step: Step, factors: dict[str, float]) -> float:
    """Return the energy (Wh) of a step: for WattCarbon its signed value, for Wattics what its meters rose by."""
    if config.is_hourly_energy:
        return (step.values or {}).get(ENERGY_KWH, 0.0) * 1000.0
    energy_wh = 0.0
    for name, factor in factors.items():
        if (change := step.changes.get(name)) is not None:
            energy_wh += change * factor
    return energy_wh
