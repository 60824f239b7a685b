"""Pure: rows of all parameters of a stream become ordered steps, each a packet (or an hour of energy) or a hole.

A packet carries the values of one period and is stamped with the period's end. What is missing is left out, never
invented: a period without any value is a hole. Energy goes through the stream's own accumulators, because the cloud
subtracts successive readings and the recorder's running sum may be shifted by corrections and by history that is put
in front.

An hour of energy is the sum of several statistics, each with its sign: one that lacks a row makes the hour a hole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, NamedTuple

from ..vendors.wattics import Measure
from .model import HOUR_S, ParameterConfig, Problem, SourceError, StreamConfig

ENERGY_KWH: Final = "energy_kwh"
# Signs and sums of floats leave noise far below a microwatt-hour.
_KWH_DIGITS: Final = 9
# Sums are floats that were converted between units: a fall that is this small beside them is rounding, no reset.
_NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Series:
    """The rows of one parameter, oldest first: when each starts, and the one column that is taken from it.

    For a change, the values are sums, and `before` is the sum of the row before them, which ends at `before_end_s`.
    `starts_at_zero`: without such a row the first sum counts from zero, as it does in the recorder's own hours;
    otherwise it only gives a base to count from. `is_oldest`: there is no row before these at all, not even one that
    was not read.
    """

    starts_s: Sequence[int]
    values: Sequence[float]
    before: float | None = None
    starts_at_zero: bool = False
    is_oldest: bool = False
    statistic_id: str = ""
    before_end_s: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read for the time from `start_s` to `end_s`; the first period with a row begins at `first_s`.

    `interval_s`: how long the periods are, which may be longer than the stream's own where only hours are left.
    """

    start_s: int
    first_s: int
    end_s: int
    series: Mapping[str, Series]
    interval_s: int


class PlanState(NamedTuple):
    """All that a plan carries from one period to the next: it is what the cursor stores.

    `accumulators_wh` by parameter; `last_sums` by source, for the day when the row before is purged or lost, and
    `last_rows_s`, when the rows of these sums start. A start without a sum: somebody else counted so far.
    `uncounted_firsts`: the sources whose very first hour only gave a sum to count from.
    """

    position_s: int
    accumulators_wh: Mapping[str, float] = {}
    last_sums: Mapping[str, float] = {}
    last_rows_s: Mapping[str, int] = {}
    uncounted_firsts: frozenset[str] = frozenset()


class Step(NamedTuple):
    """One packet (`values` by wire name) or one hole (no values), and the state after it.

    `changes`: what each parameter that is a change rose by, in its unit on the wire, and what was therefore delivered
    by this packet or, for a cumulative reading that had to be left out, will be by the next one. `resets` names the
    parameters that were left out because their series fell; `missing` those without which an hour is none.
    """

    start_s: int
    end_s: int
    values: Mapping[str, float] | None
    after: PlanState
    resets: tuple[str, ...] = ()
    changes: Mapping[str, float] = {}
    missing: tuple[str, ...] = ()


def plan(config: StreamConfig, state: PlanState, batch: Batch) -> Iterator[Step]:
    """Turn what was read into steps, one packet or one run of empty periods at a time, without a gap between them.

    Raises SourceError before the first step where the history that the state counts on is gone.
    """
    are_kept, are_hours = config.row_s == HOUR_S, batch.interval_s >= HOUR_S
    walks = [
        _Walk(p, batch.series[p.name], state, are_kept=are_kept) for p in config.parameters if p.name in batch.series
    ]
    found = _hour if config.is_hourly_energy else _packet
    # A run of periods that lack the same: from where on, and the state before what was taken in it.
    hole_from_s, lacking = batch.start_s, tuple(p.name for p in config.parameters) if config.is_hourly_energy else ()
    for start_s in range(batch.first_s, batch.end_s, batch.interval_s):
        end_s = start_s + batch.interval_s
        before, took, fell = state, False, False
        for walk in walks:
            walk.take(end_s)
            took |= walk.took
            fell |= walk.fell
        if took:
            state = _after(state, end_s, walks, are_hours=are_hours)
        values, missing = found(walks)
        resets = tuple(walk.parameter.name for walk in walks if walk.fell) if fell else ()
        if values or resets or missing != lacking:
            if hole_from_s < start_s:
                yield _hole(hole_from_s, start_s, before, lacking)
            # The first period may have begun before the batch: that part of it was sent with a shorter interval.
            hole_from_s, lacking = max(start_s, batch.start_s), missing
        if values or resets:
            yield Step(hole_from_s, end_s, values or None, state, resets, _changes(walks), missing)
            hole_from_s = end_s
    if hole_from_s < batch.end_s:
        yield _hole(hole_from_s, batch.end_s, state, lacking)


def _packet(walks: list[_Walk]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Make the values of a packet of what there is."""
    return {walk.parameter.name: walk.value for walk in walks if walk.value is not None}, ()


def _hour(walks: list[_Walk]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Add up an hour's energy, or name what it lacks; an hour in which a sum fell lacks nothing and has no energy."""
    missing = tuple(walk.parameter.name for walk in walks if walk.value is None and not walk.fell)
    energies_kwh = [walk.parameter.sign * walk.value for walk in walks if walk.value is not None]
    if not energies_kwh or len(energies_kwh) < len(walks):
        return {}, missing
    # Plus zero, so that there is no minus zero.
    return {ENERGY_KWH: round(sum(energies_kwh), _KWH_DIGITS) + 0.0}, ()


def _changes(walks: list[_Walk]) -> dict[str, float]:
    return {walk.parameter.name: walk.change for walk in walks if walk.change is not None}


def _hole(start_s: int, end_s: int, state: PlanState, missing: tuple[str, ...]) -> Step:
    return Step(start_s, end_s, None, state._replace(position_s=end_s), missing=missing)


def _after(state: PlanState, end_s: int, walks: list[_Walk], *, are_hours: bool) -> PlanState:
    accumulators_wh = {**state.accumulators_wh}
    last_sums = {**state.last_sums}
    last_rows_s = {**state.last_rows_s}
    uncounted_firsts = state.uncounted_firsts
    for walk in walks:
        if walk.is_cumulative:
            accumulators_wh[walk.parameter.name] = walk.accumulator_wh
        if walk.is_known and walk.base is not None:
            last_sums[walk.parameter.source] = walk.base
            if walk.last_row_s is not None:
                last_rows_s[walk.parameter.source] = walk.last_row_s
        if are_hours and walk.had_no_base:
            # A look back, which goes by hours, must not count it either.
            uncounted_firsts |= {walk.parameter.source}
    return PlanState(end_s, accumulators_wh, last_sums, last_rows_s, uncounted_firsts)


class _Walk:
    """Goes through the rows of one parameter, period by period."""

    def __init__(self, parameter: ParameterConfig, series: Series, state: PlanState, *, are_kept: bool) -> None:
        """Begin before the first row; `are_kept`: the recorder never drops rows of the length the stream reads."""
        self.parameter = parameter
        self.is_cumulative = parameter.is_cumulative
        self.accumulator_wh = state.accumulators_wh.get(parameter.name, 0.0)
        self.base: float | None = None
        # Whether the base is the sum of a row, and when the last row that was taken starts.
        self.is_known = series.before is not None
        self.last_row_s: int | None = None
        # Of the period that was taken last: its value, what is delivered with it, and what became of its rows.
        self.value: float | None = None
        self.change: float | None = None
        self.fell = self.took = self.had_no_base = False
        self._starts_s, self._values = series.starts_s, series.values
        self._next = 0
        if parameter.measure is Measure.CHANGE:
            self.base = _base(parameter, series, state, are_kept=are_kept)

    def take(self, end_s: int) -> None:
        """Take the rows of the period that ends then."""
        first = number = self._next
        starts_s, most = self._starts_s, len(self._starts_s)
        while number < most and starts_s[number] < end_s:
            number += 1
        self._next = number
        self.took, self.fell, self.had_no_base = number > first, False, False
        self.value = self.change = None
        if number == first:
            return
        self.last_row_s, self.is_known = starts_s[number - 1], True
        rows = self._values[first:number]
        match self.parameter.measure:
            case Measure.CHANGE:
                self._take_change(rows)
            case Measure.MEAN:
                # The rows of a period are equally long, so this is the mean over time.
                self.value = _tidy(sum(rows) / len(rows))
            case Measure.SUM | Measure.STATE:
                self.value = _tidy(rows[-1])

    def _take_change(self, sums: Sequence[float]) -> None:
        parameter, change, counted = self.parameter, 0.0, 0
        self.had_no_base = self.base is None
        for total in sums:
            if self.base is not None:
                rise = total - self.base
                counted += 1
                if rise >= 0 or parameter.may_fall:
                    change += rise
                elif _is_fall(total, self.base):
                    self.fell = True
            self.base = total
        if not counted:
            return
        self.accumulator_wh += change
        if not self.fell:
            self.value = _tidy(self.accumulator_wh if self.is_cumulative else change)
        if self.is_cumulative or not self.fell:
            self.change = change


def _base(parameter: ParameterConfig, series: Series, state: PlanState, *, are_kept: bool) -> float | None:
    """Find the sum to count from, so that nothing counts twice; None where the first row only gives it.

    Raises SourceError where the rows that the state counts on are gone, and the new ones do not go on from them.
    """
    source, before = parameter.source, series.before
    kept, last_row_s = state.last_sums.get(source), state.last_rows_s.get(source)
    was_counted = last_row_s is not None and series.before_end_s is not None and series.before_end_s <= last_row_s
    if before is not None and not was_counted:
        return before
    if kept is None:
        # The recorder's own sums begin with nothing. Those of others may bring along what was counted before.
        may_count = series.starts_at_zero and source not in state.uncounted_firsts
        from_zero = may_count and (last_row_s is None or (series.is_oldest and ":" not in source))
        return 0.0 if from_zero else None
    if series.values and (was_counted or series.is_oldest):
        replaced = are_kept and series.is_oldest and last_row_s is not None
        if replaced or _is_fall(series.values[0], kept):
            raise SourceError(Problem.DATABASE_NEW, series.statistic_id or source)
    return kept if before is None or parameter.may_fall else max(kept, before)


def _is_fall(total: float, base: float) -> bool:
    return total - base < -_NOISE * max(abs(total), abs(base))


def _tidy(value: float) -> float | None:
    """Drop the digits that are only the noise of floats; what is no number is missing."""
    return float(f"{value:.12g}") if isfinite(value) else None
