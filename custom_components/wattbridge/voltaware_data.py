"""What is known of a Voltaware meter: its newest results, and what it says of itself. Energies are in Wh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class DayFigure:
    """One local day's consumption."""

    day: date
    energy_wh: float


@dataclass(frozen=True, slots=True)
class CycleFigure:
    """One run of an appliance; aware UTC times."""

    key: str
    start: datetime
    end: datetime
    energy_wh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A month's or a week's results; both days are included, by the device's clocks. None: the vendor does not say.

    `appliances_wh` is by the vendor's keys, an open list; `days_wh` is what the report says day by day.
    """

    first_day: date
    last_day: date
    total_wh: float | None = None
    appliances_wh: Mapping[str, float] = field(default_factory=dict)
    disconnection_percent: float | None = None
    days_without_consumption: int | None = None
    week_days_wh: float | None = None
    weekend_days_wh: float | None = None
    average_day_wh: float | None = None
    highest_day: DayFigure | None = None
    lowest_day: DayFigure | None = None
    days_wh: Mapping[date, float] = field(default_factory=dict)
    co2_kg: float | None = None
    trees: float | None = None
    cycles: Sequence[CycleFigure] = ()


@dataclass(frozen=True, slots=True)
class MonthDisagreement:
    """Two of the vendor's own figures of a month that should be the same: the month's, and what it is made of."""

    first_day: date
    series: str
    between: str
    month_wh: float
    other_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSnapshot:
    """A meter as it is known now.

    `is_registered`: it has sent something. `is_current`: what it says of itself was read lately. `produces_energy`:
    what the vendor was told of the home; None if it was told nothing. `month` and `week` are the newest complete ones
    whose results are there. `results_until`: the last local day that results are there for. `cycles`: all runs that
    are known, oldest first, for the calendar.
    `disagreements`: where the vendor's figures of a month contradict each other by more than 1 Wh.
    """

    device_id: str
    name: str
    is_registered: bool = True
    is_current: bool = True
    connection_state: str | None = None
    firmware: str | None = None
    first_event: datetime | None = None
    last_event: datetime | None = None
    time_zone: str | None = None
    produces_energy: bool | None = None
    month: Figures | None = None
    week: Figures | None = None
    results_until: date | None = None
    cycles: Sequence[CycleFigure] = ()
    disagreements: Sequence[MonthDisagreement] = ()


class News(StrEnum):
    """What may have happened to a meter's results."""

    NEW_MONTH = "new_month"
    NEW_WEEK = "new_week"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class ResultNews:
    """Results of a period (both days included) that are new, or not what they were."""

    device_id: str
    kind: News
    first_day: date
    last_day: date
    total_wh: float | None
    previous_total_wh: float | None = None
