"""Pure: rows of all parameters of a stream become ordered steps, each a packet or a hole.

A packet carries the values of one period and is stamped with the period's end. What is missing is left out, never
invented: a period without any value is a hole. Energy goes through the stream's own accumulators, because the cloud
subtracts successive readings and the recorder's running sum may be shifted by corrections and by history that is put
in front.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from ..vendors.wattics import Measure
from .model import ParameterConfig, StreamConfig

# Sums are floats that were converted between units: a fall that is this small beside them is rounding, no reset.
_NOISE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a statistic: when it starts, and the one column that is taken from it."""

    start_s: int
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The rows of one parameter, oldest first.

    For a change, the samples are sums, and `before` is the sum of the row before them. `starts_at_zero`: without such
    a row the first sum counts from zero, as it does in the recorder's own hours; otherwise it only gives a base to
    count from.
    """

    samples: tuple[Sample, ...]
    before: float | None = None
    starts_at_zero: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read for the time from `start_s` to `end_s`; the first period with a row begins at `first_s`."""

    start_s: int
    first_s: int
    end_s: int
    series: Mapping[str, Series]


@dataclass(frozen=True, slots=True)
class PlanState:
    """All that a plan carries from one period to the next: it is what the cursor stores.

    `accumulators_wh` by parameter; `last_sums` by source, for the day when the row before is purged.
    """

    position_s: int
    accumulators_wh: Mapping[str, float] = field(default_factory=dict)
    last_sums: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One packet (`values` by wire name) or one hole (no values), and the state after it.

    `resets` names the parameters that were left out because their series fell.
    """

    start_s: int
    end_s: int
    values: Mapping[str, float] | None
    after: PlanState
    resets: tuple[str, ...] = ()


def plan(config: StreamConfig, state: PlanState, batch: Batch) -> Iterator[Step]:
    """Turn what was read into steps, one packet or one run of empty periods at a time, without a gap between them."""
    walks = [_Walk(p, batch.series[p.name], state) for p in config.parameters if p.name in batch.series]
    hole_from_s = batch.start_s
    for start_s in range(batch.first_s, batch.end_s, config.interval_s):
        end_s = start_s + config.interval_s
        found = [(walk.parameter.name, walk.take(end_s)) for walk in walks]
        values = {name: value for name, value in found if value is not None}
        resets = tuple(walk.parameter.name for walk in walks if walk.fell)
        if any(walk.took for walk in walks):
            before, state = state, _after(state, end_s, walks)
            if values or resets:
                if hole_from_s < start_s:
                    yield _hole(hole_from_s, start_s, before)
                # The first period may have begun before the batch: that part of it was sent with a shorter interval.
                yield Step(max(start_s, batch.start_s), end_s, values or None, state, resets)
                hole_from_s = end_s
    if hole_from_s < batch.end_s:
        yield _hole(hole_from_s, batch.end_s, state)


def _hole(start_s: int, end_s: int, state: PlanState) -> Step:
    return Step(start_s, end_s, None, PlanState(end_s, state.accumulators_wh, state.last_sums))


def _after(state: PlanState, end_s: int, walks: list[_Walk]) -> PlanState:
    accumulators_wh = {**state.accumulators_wh}
    last_sums = {**state.last_sums}
    for walk in walks:
        if walk.parameter.is_cumulative:
            accumulators_wh[walk.parameter.name] = walk.accumulator_wh
        if walk.base is not None:
            last_sums[walk.parameter.source] = walk.base
    return PlanState(end_s, accumulators_wh, last_sums)


class _Walk:
    """Goes through the rows of one parameter, period by period."""

    def __init__(self, parameter: ParameterConfig, series: Series, state: PlanState) -> None:
        """Begin before the first row."""
        self.parameter = parameter
        self.accumulator_wh = state.accumulators_wh.get(parameter.name, 0.0)
        self.base: float | None = None
        self.fell = self.took = False
        self._samples = series.samples
        self._next = 0
        if parameter.measure is Measure.CHANGE:
            self.base = series.before
            if self.base is None:
                self.base = state.last_sums.get(parameter.source, 0.0 if series.starts_at_zero else None)

    def take(self, end_s: int) -> float | None:
        """Return the parameter's value for the period that ends then, None where there is none."""
        first = self._next
        while self._next < len(self._samples) and self._samples[self._next].start_s < end_s:
            self._next += 1
        rows = [sample.value for sample in self._samples[first : self._next]]
        self.took, self.fell = bool(rows), False
        if not rows:
            return None
        match self.parameter.measure:
            case Measure.CHANGE:
                return self._take_change(rows)
            case Measure.MEAN:
                # The rows of a period are equally long, so this is the mean over time.
                return _tidy(sum(rows) / len(rows))
            case Measure.SUM | Measure.STATE:
                return _tidy(rows[-1])

    def _take_change(self, sums: list[float]) -> float | None:
        risen, counted = 0.0, 0
        for total in sums:
            if self.base is not None:
                change = total - self.base
                counted += 1
                if change >= 0:
                    risen += change
                elif change < -_NOISE * max(abs(total), abs(self.base)):
                    self.fell = True
            self.base = total
        self.accumulator_wh += risen
        if self.fell or not counted:
            return None
        return _tidy(self.accumulator_wh if self.parameter.is_cumulative else risen)


def _tidy(value: float) -> float | None:
    """Drop the digits that are only the noise of floats; what is no number is missing."""
    return float(f"{value:.12g}") if isfinite(value) else None
