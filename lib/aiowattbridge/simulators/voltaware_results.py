"""What the simulated Voltaware cloud publishes of a device, and when."""

import calendar
from datetime import date, datetime, timedelta
from math import fsum
from typing import TYPE_CHECKING

from .voltaware_meters import DAY
from .voltaware_quirks import MissingMonth, MonthDisagreement, MonthDisconnection, MonthRevision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .voltaware_home import Consumption
    from .voltaware_quirks import Quirk

THIRD_DAY = 2 * DAY
BACK_MONTHS = 3
BACKLOG = timedelta(hours=36)
"""How long after a meter has come in the results of the months before are there, at the latest."""
COOKING_HEATING = {"cooking", "heating"}

type Period = tuple[date, date]


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

    def published_at(self, period: Period) -> datetime:
        """Return when a period is published: on the third day after its end, or once the data from before are in."""
        third_day = self.meter.midnight(period[1] + DAY + THIRD_DAY)
        integrated_at = self.meter.integrated_at
        return third_day if integrated_at is None else max(third_day, integrated_at + BACKLOG)

    def is_there(self, period: Period, now: datetime) -> bool:
        """Tell whether a period's results are published, if they ever are."""
        first_day, last_day = period
        missing = any(isinstance(quirk, MissingMonth) and quirk.concerns(first_day) for quirk in self._own_quirks())
        return now >= self.published_at(period) and last_day >= self._earliest_day() and not missing

    def energies_wh(self, period: Period, now: datetime, *, of: Period | None = None) -> dict[str, float]:
        """Return what each kind of appliance used in a period, as published at a moment in the result `of` a period."""
        found = [self._used_wh(day, now) for day in self.meter.days(*period)]
        keys = sorted({key for day in found for key in day})
        energies = {key: fsum(day.get(key, 0.0) for day in found) for key in keys}
        if period == month_period(period[0].year, period[0].month):
            for quirk in self._own_quirks():
                if isinstance(quirk, MonthDisagreement) and quirk.concerns(period[0]):
                    energies["others"] = energies.get("others", 0.0) + quirk.by_wh
        return self._combined(energies, of or period)

    def day_wh(self, day: date, now: datetime) -> dict[str, float]:
        """Return what each kind of appliance used on a local day, as published with its month."""
        return self._combined(self._used_wh(day, now), month_period(day.year, day.month))

    def disaggregation(self, period: Period, now: datetime) -> dict[str, object]:
        """Write a month or a week."""
        energies = self.energies_wh(period, now)
        return {
            "total_consumption": figure(fsum(energies.values())),
            "disconnection_percentage": self._disconnection(period),
            "appliances": _appliances(energies),
        }

    def by_weeks(self, period: Period, now: datetime) -> dict[str, object]:
        """Write a month in weeks that are clipped at its ends."""
        weeks = []
        for first_day, last_day in clipped_weeks(period):
            energies = self.energies_wh((first_day, last_day), now, of=period)
            weeks.append(
                {
                    "from": first_day.isoformat(),
                    "to": last_day.isoformat(),
                    "total_consumption": figure(fsum(energies.values())),
                    "appliances": _appliances(energies),
                }
            )
        whole = self.disaggregation(period, now)
        del whole["appliances"]
        return {**whole, "weeks": weeks}

    def cycles(self, period: Period) -> list[dict[str, object]]:
        """Write the cycles that touch a period."""
        found = {key: self._cycles(period, key) for key in self.meter.cycle_keys}
        return [
            {
                "appliance_key": key,
                "total_consumption": fsum(energy_wh for _, _, energy_wh in cycles),
                "cycles": [{"from": start, "to": end, "consumption": energy_wh} for start, end, energy_wh in cycles],
            }
            for key, cycles in found.items()
            if cycles
        ]

    def _cycles(self, period: Period, key: str) -> list[tuple[str, str, float]]:
        """Return an appliance's cycles in local time without an offset, cut at the ends of the period or whole."""
        first, last = self.meter.bounds(*period)
        return [
            (
                self._local(max(cycle.start, first) if self.meter.cuts_cycles else cycle.start),
                self._local(min(cycle.end, last) if self.meter.cuts_cycles else cycle.end),
                cycle.within(first, last) if self.meter.cuts_cycles else cycle.energy_wh,
            )
            for cycle in self.consumption.cycles(*period, key)
        ]

    def _local(self, moment: datetime) -> str:
        """Write a time as the device's clocks show it."""
        return moment.astimezone(self.meter.zone).replace(tzinfo=None).isoformat(timespec="seconds")

    def _used_wh(self, day: date, now: datetime) -> dict[str, float]:
        """Return what each appliance used on a day, corrected as it was by a moment."""
        factor = 1.0
        for quirk in self._own_quirks():
            if isinstance(quirk, MonthRevision) and quirk.concerns(day) and now >= quirk.available_at:
                factor *= quirk.percent / 100
        return {key: energy_wh * factor for key, energy_wh in self.consumption.day_wh(day).items()}

    def _combined(self, energies: dict[str, float], result: Period) -> dict[str, float]:
        """Make one of cooking and heating if nobody had told what the home has when the result was made."""
        told_at = self.meter.appliances_told_at
        apart = told_at is not None and told_at < self.published_at(result)
        both = COOKING_HEATING & energies.keys()
        if apart or not both or not self.meter.combines_cooking:
            return energies
        others = {key: energy_wh for key, energy_wh in energies.items() if key not in both}
        return others | {"cooking_heating": fsum(energies[key] for key in both)}

    def _earliest_day(self) -> date:
        """Return the first day that is looked at: the first event's, or that of the third month before integration."""
        meter = self.meter
        if meter.integrated_at is None:
            return meter.first_day
        local = meter.integrated_at.astimezone(meter.zone).date()
        months = local.year * 12 + local.month - 1 - BACK_MONTHS
        return max(meter.first_day, date(months // 12, months % 12 + 1, 1))

    def _disconnection(self, period: Period) -> float:
        """Invent for how much of the time the device was not connected."""
        for quirk in self._own_quirks():
            if isinstance(quirk, MonthDisconnection) and quirk.concerns(period[0]):
                return quirk.percent
        return round((self.meter.number * 7 + period[0].toordinal() * 13) % 40 / 10, 1)

    def _own_quirks(self) -> list[Quirk]:
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


def figure(energy_wh: float) -> float:
    """Round as the vendor's samples do, to a few decimals."""
    return round(energy_wh, 4)


def _appliances(energies: Mapping[str, float]) -> list[dict[str, object]]:
    """Write the appliances that were found, by name."""
    return [{"appliance_key": key, "consumption": figure(energies[key])} for key in sorted(energies)]
