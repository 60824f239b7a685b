"""Voltaware's reports: the days of a month or a week, the disaggregation, and the carbon footprint.

The page says that the figures by day are in Wh; its own sample has 13.70671 beside a disaggregation of 13706.82 Wh for
the same month, so those are kWh. Each report decides by its two totals; what is shown here is always Wh.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum, sqrt
from typing import Annotated, Final

from pydantic import AliasChoices, BeforeValidator, Field

from ..fields import NoneIsEmpty, Number
from .results import Disaggregation, LocalDay, without_residue

_WH: Final = 1.0
_KWH: Final = 1000.0
# By ratio half-way between the two units: what lies above is nearer to kWh.
_MIDDLE: Final = sqrt(_WH * _KWH)


def _either(name: str) -> AliasChoices:
    """Name a field that is called after the month in one report and after the week in the other."""
    return AliasChoices(*(name.format(period) for period in ("month", "week")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day's consumption in Wh."""

    day: LocalDay
    total_wh: Annotated[Number, Field(alias="total_consumption")] = None
    is_weekend: Annotated[bool | None, Field(alias="weekend")] = None

    def times(self, factor: float) -> Day:
        """Return the day with its figure in another unit."""
        return replace(self, total_wh=_times(self.total_wh, factor))


def _no_day(value: object) -> object:
    """Take a highest or lowest day that has no date for none: there was no consumption at all."""
    return None if isinstance(value, Mapping) and value.get("day") is None else value


_ExtremeDay = Annotated[Day | None, BeforeValidator(_no_day)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayByDay:
    """A period's days by the device's clocks, in Wh; `average_day_wh` is what the vendor calls the period's average."""

    days_without_consumption: int | None = None
    week_days_wh: Annotated[Number, Field(alias="total_consumed_on_week_days")] = None
    weekend_days_wh: Annotated[Number, Field(alias="total_consumed_on_weekend_days")] = None
    total_wh: Annotated[Number, Field(validation_alias=_either("total_{}_consumption"))] = None
    average_day_wh: Annotated[Number, Field(validation_alias=_either("average_{}_consumption"))] = None
    highest_day: Annotated[_ExtremeDay, Field(validation_alias=_either("max_{}_consumption"))] = None
    lowest_day: Annotated[_ExtremeDay, Field(validation_alias=_either("min_{}_consumption"))] = None
    days: Annotated[tuple[Day, ...], NoneIsEmpty] = ()

    def known_total(self) -> float | None:
        """Return the total in the unit of the figures, that of the days where the vendor says none."""
        figures = [day.total_wh for day in self.days if day.total_wh is not None]
        return fsum(figures) if self.total_wh is None and figures else self.total_wh

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
    """A monthly or weekly report, all energies in Wh ("Reports").

    `wh_per_unit` says what was decided of the vendor's figures by day: that they were in kWh (1000) or in Wh (1).
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
        factor = wh_per_unit(None if days is None else days.known_total(), None if parts is None else parts.total_wh)
        return Report(
            day_by_day=days and days.times(factor),
            disaggregation=parts,
            carbon_footprint=self.carbon_footprint,
            version=self.version,
            wh_per_unit=factor,
        )


def wh_per_unit(day_by_day_total: float | None, disaggregation_wh: float | None) -> float:
    """Return how many Wh the unit of the figures by day has: 1 or 1000, whichever is nearer to the totals' ratio.

    It is kWh where there is nothing to compare with.
    """
    if not day_by_day_total or not disaggregation_wh or disaggregation_wh < 0:
        return _KWH
    return _KWH if disaggregation_wh > day_by_day_total * _MIDDLE else _WH


def _times(energy: float | None, factor: float) -> float | None:
    """Change a figure's unit; a missing one stays missing."""
    # Rounded to what the vendor writes, so that changing the unit adds no digits of its own.
    return None if energy is None else without_residue(round(energy * factor, 6))
