"""Voltaware's reports: the days of a month or a week, the disaggregation, and the carbon footprint.

The page says that the figures by day are in Wh; its own sample has 13.70671 beside a disaggregation of 13706.82 Wh for
the same month, so those are kWh. Each report decides by its two totals; what is shown here is always Wh.
"""

from dataclasses import dataclass, replace
from datetime import date
from math import log
from typing import Annotated, Final

from pydantic import AliasChoices, Field

from ..fields import NoneIsEmpty, Number
from .results import Disaggregation, without_residue

_KILO: Final = 1000.0


def _either(name: str) -> AliasChoices:
    """Name a field that is called after the month in one report and after the week in the other."""
    return AliasChoices(*(name.format(period) for period in ("month", "week")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day's consumption in Wh."""

    day: date
    total_wh: Annotated[Number, Field(alias="total_consumption")] = None
    is_weekend: Annotated[bool | None, Field(alias="weekend")] = None

    def times(self, factor: float) -> Day:
        """Return the day with its figure in another unit."""
        return replace(self, total_wh=_times(self.total_wh, factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayByDay:
    """A period's days, in Wh."""

    days_without_consumption: int | None = None
    week_days_wh: Annotated[Number, Field(alias="total_consumed_on_week_days")] = None
    weekend_days_wh: Annotated[Number, Field(alias="total_consumed_on_weekend_days")] = None
    total_wh: Annotated[Number, Field(validation_alias=_either("total_{}_consumption"))] = None
    average_day_wh: Annotated[Number, Field(validation_alias=_either("average_{}_consumption"))] = None
    highest_day: Annotated[Day | None, Field(validation_alias=_either("max_{}_consumption"))] = None
    lowest_day: Annotated[Day | None, Field(validation_alias=_either("min_{}_consumption"))] = None
    days: Annotated[tuple[Day, ...], NoneIsEmpty] = ()

    def times(self, factor: float) -> DayByDay:
        """Return the days with their figures in another unit."""
        return replace(
            self,
            week_days_wh=_times(self.week_days_wh, factor),
            weekend_days_wh=_times(self.weekend_days_wh, factor),
            total_wh=_times(self.total_wh, factor),
            average_day_wh=_times(self.average_day_wh, factor),
            highest_day=self.highest_day and self.highest_day.times(factor),
            lowest_day=self.lowest_day and self.lowest_day.times(factor),
            days=tuple(day.times(factor) for day in self.days),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CarbonFootprint:
    """What the consumption stands for: CO2 in kg, and the number of trees that would take it up."""

    co2_kg: Annotated[Number, Field(alias="kgco2")] = None
    trees: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A monthly or weekly report ("Reports").

    `wh_per_unit` says what the vendor's figures by day were in: 1000 for kWh, 1 for Wh.
    """

    day_by_day: DayByDay | None
    disaggregation: Disaggregation | None
    carbon_footprint: CarbonFootprint | None
    version: int | None
    wh_per_unit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReport:
    """A report as it arrives, the figures by day in a unit of its own."""

    day_by_day: Annotated[DayByDay | None, Field(alias="day_by_day_metrics")] = None
    disaggregation: Annotated[Disaggregation | None, Field(alias="disaggregation_metrics")] = None
    carbon_footprint: CarbonFootprint | None = None
    version: int | None = None

    def in_wh(self) -> Report:
        """Return the report with the figures by day in Wh."""
        days, parts = self.day_by_day, self.disaggregation
        factor = wh_per_unit(None if days is None else days.total_wh, None if parts is None else parts.total_wh)
        return Report(
            day_by_day=days and days.times(factor),
            disaggregation=parts,
            carbon_footprint=self.carbon_footprint,
            version=self.version,
            wh_per_unit=factor,
        )


def wh_per_unit(day_by_day_total: float | None, disaggregation_wh: float | None) -> float:
    """Return how many Wh the unit of the figures by day has: the power of 1000 nearest to the ratio of the two totals.

    It is kWh where there is nothing to compare with.
    """
    if not day_by_day_total or not disaggregation_wh or day_by_day_total < 0 or disaggregation_wh < 0:
        return _KILO
    return float(_KILO ** round(log(disaggregation_wh / day_by_day_total, _KILO)))


def _times(energy: float | None, factor: float) -> float | None:
    """Change a figure's unit; a missing one stays missing."""
    # Rounded to what the vendor writes, so that changing the unit adds no digits of its own.
    return None if energy is None else without_residue(round(energy * factor, 6))
