"""Reads rows out of the recorder, in the units that the cloud expects, as the series of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Final, Literal

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant

from ..vendors.wattics import Measure
from .model import HOUR_S, ParameterConfig, utc
from .plan import Sample, Series

type Column = Literal["mean", "sum", "state"]

_COLUMNS: Final[Mapping[Measure, Column]] = {
    Measure.CHANGE: "sum",
    Measure.SUM: "sum",
    Measure.MEAN: "mean",
    Measure.STATE: "state",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parameter whose rows are read; `before` is where and how long the row before them is, if it may be used."""

    parameter: ParameterConfig
    statistic_id: str
    before: tuple[int, int] | None
    is_oldest: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, how long the rows in it are, and the units to read them in, by the class of the unit."""

    start_s: int
    end_s: int
    row_s: int
    units: Mapping[str, str]


def read_series(
    hass: HomeAssistant, wanted: Sequence[Wanted], stretch: Stretch, *, starts_at_zero: bool
) -> dict[str, Series]:
    """Read the series of all parameters; runs in the recorder's executor."""
    columns = {_COLUMNS[each.parameter.measure] for each in wanted}
    # The row before is mostly next to the first one, and is read with it.
    adjacent = (stretch.start_s - stretch.row_s, stretch.row_s)
    from_s = adjacent[0] if any(each.before == adjacent for each in wanted) else stretch.start_s
    rows = _rows(hass, {each.statistic_id for each in wanted}, replace(stretch, start_s=from_s), columns)
    series: dict[str, Series] = {}
    for each in wanted:
        column = _COLUMNS[each.parameter.measure]
        samples = tuple(
            Sample(int(row["start"]), value)
            for row in rows.get(each.statistic_id, ())
            if (value := row.get(column)) is not None and isfinite(value)
        )
        earlier = [sample.value for sample in samples[:1] if sample.start_s < stretch.start_s]
        before = None
        if each.before == adjacent:
            before = next(iter(earlier), None)
        elif each.before is not None:
            # It lies far back, or in the other table: that costs one more short read.
            before = _sum_before(hass, each.statistic_id, each.before, stretch.units)
        series[each.parameter.name] = Series(
            samples[len(earlier) :],
            before,
            starts_at_zero,
            each.is_oldest,
            each.statistic_id,
            None if each.before is None else sum(each.before),
        )
    return series


def _sum_before(
    hass: HomeAssistant, statistic_id: str, before: tuple[int, int], units: Mapping[str, str]
) -> float | None:
    start_s, row_s = before
    stretch = Stretch(start_s, start_s + row_s, row_s, units)
    sums = [row["sum"] for row in _rows(hass, {statistic_id}, stretch, {"sum"}).get(statistic_id, ())]
    return sums[-1] if sums and sums[-1] is not None and isfinite(sums[-1]) else None


def _rows(hass: HomeAssistant, statistic_ids: set[str], stretch: Stretch, columns: set[Column]) -> Mapping[str, Any]:
    period: Literal["hour", "5minute"] = "hour" if stretch.row_s == HOUR_S else "5minute"
    return statistics_during_period(
        hass, utc(stretch.start_s), utc(stretch.end_s), statistic_ids, period, dict(stretch.units), set(columns)
    )
