"""What the simulated Voltaware cloud publishes: when, in which figures, and with which contradictions."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import fsum
from typing import TYPE_CHECKING, Literal

from .voltaware_home import CAR, DAY, USES, Consumption

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CO2_KG_PER_KWH = 0.519
TREES_PER_KG = 0.5346
RESIDUE_WH = 2.2737368e-13
SATURDAY = 5
THIRD_DAY = 2 * DAY
BACK_MONTHS = 3

type Period = tuple[date, date]


@dataclass(frozen=True, slots=True)
class MonthRevision:
    """From a moment on, all figures of a month are so many percent of what they were."""

    year: int
    month: int
    percent: float
    available_at: datetime
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class MonthDisagreement:
    """A month's own figures are this much higher than its weeks and days are together; "others" has the difference."""

    year: int
    month: int
    by_wh: float
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class MissingMonth:
    """A month that is never calculated, nor are the weeks that begin in it."""

    year: int
    month: int
    device_id: str | None = None


type Quirk = MonthRevision | MonthDisagreement | MissingMonth


def month_period(year: int, month: int) -> Period:
    """Return the first and the last day of a month."""
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


class Results:
    """What one device's consumption looks like from outside."""

    def __init__(self, consumption: Consumption, quirks: list[Quirk]) -> None:
        """Keep whose results they are; the quirks may be added to while the cloud runs."""
        self.consumption = consumption
        self.meter = consumption.meter
        self._quirks = quirks

    def is_there(self, period: Period, now: datetime) -> bool:
        """Tell whether a period's results are published: on the third day after its end, in the device's zone."""
        first_day, last_day = period
        published = datetime.combine(last_day + DAY + THIRD_DAY, time(), self.meter.zone)
        earliest = self.meter.first_day.replace(day=1)
        if self.meter.integrated_at is not None:
            local = self.meter.integrated_at.astimezone(self.meter.zone).date()
            months = local.year * 12 + local.month - 1 - BACK_MONTHS
            earliest = max(earliest, date(months // 12, months % 12 + 1, 1))
        missing = any(
            isinstance(quirk, MissingMonth) and (quirk.year, quirk.month) == (first_day.year, first_day.month)
            for quirk in self._own_quirks()
        )
        return now >= published and last_day >= max(earliest, self.meter.first_day) and not missing

    def energies_wh(self, period: Period, now: datetime, *, whole_month: bool = False) -> dict[str, float]:
        """Return what each kind of appliance used in a period, as published at a moment."""
        first_day, last_day = period
        days = [first_day + number * DAY for number in range((last_day - first_day).days + 1)]
        found = [self.day_wh(day, now) for day in days]
        keys = sorted({key for day in found for key in day})
        energies = {key: fsum(day.get(key, 0.0) for day in found) for key in keys}
        for quirk in self._own_quirks() if whole_month else ():
            if isinstance(quirk, MonthDisagreement) and (quirk.year, quirk.month) == (first_day.year, first_day.month):
                energies["others"] = energies.get("others", 0.0) + quirk.by_wh
        return energies

    def day_wh(self, day: date, now: datetime) -> dict[str, float]:
        """Return what each kind of appliance used on a local day, as published at a moment."""
        factor = 1.0
        for quirk in self._own_quirks():
            if isinstance(quirk, MonthRevision) and (quirk.year, quirk.month) == (day.year, day.month):
                factor *= quirk.percent / 100 if now >= quirk.available_at else 1.0
        return {key: energy_wh * factor for key, energy_wh in self.consumption.day_wh(day).items()}

    def disaggregation(self, period: Period, now: datetime, *, whole_month: bool = False) -> dict[str, object]:
        """Write a month or a week."""
        energies = self.energies_wh(period, now, whole_month=whole_month)
        return {
            "total_consumption": _figure(fsum(energies.values())),
            "disconnection_percentage": _disconnection(self.meter.number, period),
            "appliances": _appliances(energies),
        }

    def by_weeks(self, period: Period, now: datetime) -> dict[str, object]:
        """Write a month in weeks that are clipped at its ends."""
        weeks = []
        for first_day, last_day in clipped_weeks(period):
            energies = self.energies_wh((first_day, last_day), now)
            weeks.append(
                {
                    "from": first_day.isoformat(),
                    "to": last_day.isoformat(),
                    "total_consumption": _figure(fsum(energies.values())),
                    "appliances": _appliances(energies),
                }
            )
        whole = self.disaggregation(period, now, whole_month=True)
        del whole["appliances"]
        return {**whole, "weeks": weeks}

    def cycles(self, period: Period) -> list[dict[str, object]]:
        """Write the chargings that touch a period, each whole, in local time without an offset."""
        zone = self.meter.zone
        charges = self.consumption.charges(*period)
        if not charges:
            return []
        cycles = [
            {
                "from": charge.start.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds"),
                "to": charge.end.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds"),
                "consumption": charge.energy_wh,
            }
            for charge in charges
        ]
        return [
            {
                "appliance_key": CAR,
                "total_consumption": fsum(charge.energy_wh for charge in charges),
                "cycles": cycles,
            }
        ]

    def report(
        self, period: Period, now: datetime, name: Literal["month", "week"], unit: str, total: float | None
    ) -> dict[str, object]:
        """Write a report; the figures by day are in `unit`, and `total` replaces the disaggregation's where given."""
        days = self._report_days(period, now, 1000.0 if unit == "kWh" else 1.0)
        totals = [float(str(day["total_consumption"])) for day in days]
        highest, lowest = (days[totals.index(pick(totals))] for pick in (max, min))
        disaggregation = self.disaggregation(period, now, whole_month=name == "month")
        disaggregation["appliances"] = _appliances(self.energies_wh(period, now), with_residues=True)
        if total is not None:
            disaggregation["total_consumption"] = total
        energy_kwh = fsum(self.energies_wh(period, now).values()) / 1000
        return {
            "day_by_day_metrics": {
                "days_without_consumption": totals.count(0),
                "total_consumed_on_week_days": _sum(days, weekend=False),
                "total_consumed_on_weekend_days": _sum(days, weekend=True),
                f"total_{name}_consumption": round(fsum(totals), 5),
                f"average_{name}_consumption": round(fsum(totals) / len(totals), 5),
                f"max_{name}_consumption": highest,
                f"min_{name}_consumption": lowest,
                "days": days,
            },
            "disaggregation_metrics": disaggregation,
            "carbon_footprint": {
                "kgco2": energy_kwh * CO2_KG_PER_KWH,
                "trees": energy_kwh * CO2_KG_PER_KWH * TREES_PER_KG,
            },
            "version": 1,
        }

    def _report_days(self, period: Period, now: datetime, wh_per_unit: float) -> list[dict[str, object]]:
        """Write the days of a period."""
        first_day, last_day = period
        days = [first_day + number * DAY for number in range((last_day - first_day).days + 1)]
        return [
            {
                "day": day.isoformat(),
                "total_consumption": round(fsum(self.day_wh(day, now).values()) / wh_per_unit, 5),
                "weekend": day.weekday() >= SATURDAY,
            }
            for day in days
        ]

    def _own_quirks(self) -> Iterable[Quirk]:
        """Return the quirks that concern this device."""
        return [quirk for quirk in self._quirks if quirk.device_id in (None, self.meter.device_id)]


def clipped_weeks(period: Period) -> list[Period]:
    """Cut a period at its Mondays."""
    first_day, last_day = period
    weeks = []
    while first_day <= last_day:
        sunday = first_day + (6 - first_day.weekday()) * DAY
        weeks.append((first_day, min(sunday, last_day)))
        first_day = sunday + DAY
    return weeks


def _appliances(energies: Mapping[str, float], *, with_residues: bool = False) -> list[dict[str, object]]:
    """Write the appliances that were found; a report also has those that were not, as a zero or what is left of one."""
    keys = sorted({*energies, *USES} if with_residues else energies)
    absent = {key: (0 if number % 2 else RESIDUE_WH) for number, key in enumerate(keys)}
    return [
        {"appliance_key": key, "consumption": _figure(energies[key]) if key in energies else absent[key]}
        for key in keys
    ]


def _sum(days: list[dict[str, object]], *, weekend: bool) -> float:
    """Add up the days of one kind."""
    return round(fsum(float(str(day["total_consumption"])) for day in days if day["weekend"] is weekend), 5)


def _figure(energy_wh: float) -> float:
    """Round as the vendor's samples do, to a few decimals."""
    return round(energy_wh, 4)


def _disconnection(number: int, period: Period) -> float:
    """Invent for how much of the time a device was not connected."""
    return round((number * 7 + timedelta(days=period[0].toordinal()).days * 13) % 40 / 10, 1)
