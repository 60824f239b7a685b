"""A home that only consumes: what each kind of appliance used on each local day, and when, from one seed."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import cos, fsum, pi

from .voltaware_meters import CAR, DAY, Cycle, Meter

CAR_W = 7200
CAR_SHARE = 0.35
HOUR_S = 3600.0
# A car that is plugged in on one evening is full within a day and a half.
LONGEST_CYCLE_DAYS = 2

# A day's Wh, their spread as a share of it, and how much the season adds in midwinter (less than 0: in midsummer).
USES: dict[str, tuple[float, float, float]] = {
    "boiler": (2600, 0.25, 0.2),
    "cooking": (1150, 0.5, 0.0),
    "cooling": (600, 0.4, -3.0),
    "fridge": (1250, 0.07, -0.1),
    "heating": (1500, 0.3, 3.0),
    "lights": (1500, 0.3, 0.35),
    "others": (800, 0.8, 0.0),
    "standby": (2100, 0.02, 0.0),
    "washing": (900, 0.9, 0.0),
}


@dataclass(slots=True)
class Consumption:
    """What a meter's home used, the same for the same seed whatever is asked first."""

    seed: int
    meter: Meter
    _used: dict[tuple[date, bool], dict[str, float]] = field(default_factory=dict)
    _charged: dict[tuple[date, str], Cycle | None] = field(default_factory=dict)

    def day_wh(self, day: date) -> dict[str, float]:
        """Return what each kind of appliance used on a local day; nothing before the first."""
        meter = self.meter
        if day < meter.first_day:
            return {}
        key = (day, meter.latitude_deg < 0)
        if key not in self._used:
            self._used[key] = self._use(*key)
        used = {name: energy_wh for name, energy_wh in self._used[key].items() if name not in meter.lacks}
        used |= {name: self._chance(day, name).uniform(100, 900) for name in meter.extra_keys}
        start, end = meter.bounds(day, day)
        used[CAR] = fsum(charge.within(start, end) for charge in self._chargings(day, day))
        return {name: used[name] for name in sorted(used) if used[name] > 0}

    def cycles(self, first_day: date, last_day: date, key: str = CAR) -> list[Cycle]:
        """Return the runs of an appliance that touch some local days, in order, each whole."""
        if key == CAR:
            return self._chargings(first_day, last_day)
        used = [(day, self.day_wh(day).get(key)) for day in self.meter.days(first_day, last_day)]
        return [self._run(day, key, energy_wh) for day, energy_wh in used if energy_wh]

    def _chargings(self, first_day: date, last_day: date) -> list[Cycle]:
        """Return the chargings of the car that touch some local days, in order."""
        start, end = self.meter.bounds(first_day, last_day)
        evenings = self.meter.days(first_day - LONGEST_CYCLE_DAYS * DAY, last_day)
        drawn = [self._charging(evening) for evening in evenings] if self.meter.has_car else []
        found = [charge for charge in (*drawn, *self.meter.extra_cycles) if charge is not None]
        return sorted((one for one in found if one.end > start and one.start < end), key=lambda one: one.start)

    def _charging(self, evening: date) -> Cycle | None:
        """Return the charging that begins on a local evening."""
        key = (evening, self.meter.zone_name)
        if key not in self._charged:
            self._charged[key] = self._charge(evening)
        return self._charged[key] if evening >= self.meter.first_day else None

    def _charge(self, evening: date) -> Cycle | None:
        """Draw the charging of an evening: always over a change of the clocks, and over every other month's end."""
        chance = self._chance(evening, "car")
        midnight, tomorrow = self.meter.midnight(evening), evening + DAY
        if self.meter.midnight(tomorrow + DAY) - self.meter.midnight(tomorrow) != DAY:
            # Begun before the clocks change and ended after it, so that neither is a time that comes twice.
            hour, energy_wh = chance.uniform(23.0, 23.9), chance.uniform(40_000, 42_000)
        elif tomorrow.day == 1 and (tomorrow.month + self.meter.number) % 2 == 0:
            hour, energy_wh = chance.uniform(22.0, 23.5), chance.uniform(15_000, 42_000)
        elif chance.random() < CAR_SHARE:
            hour, energy_wh = chance.uniform(19.5, 26.5), chance.uniform(3_000, 42_000)
        else:
            return None
        start = midnight + timedelta(seconds=int(hour * HOUR_S))
        return Cycle(start, start + timedelta(seconds=round(energy_wh / CAR_W * HOUR_S)), energy_wh)

    def _run(self, day: date, key: str, energy_wh: float) -> Cycle:
        """Draw the one run in which an appliance used a day's energy, far from where clocks change."""
        chance = self._chance(day, f"{key} run")
        start = self.meter.midnight(day) + timedelta(seconds=int(chance.uniform(8, 20) * HOUR_S))
        return Cycle(start, start + timedelta(seconds=int(chance.uniform(0.5, 2) * HOUR_S)), energy_wh)

    def _use(self, day: date, is_south: bool) -> dict[str, float]:  # noqa: FBT001 - the other half of a key
        """Draw what everything but the car used on a day."""
        chance = self._chance(day, "day")
        winter = cos(2 * pi * (day.timetuple().tm_yday - 15) / 365) * (-1 if is_south else 1)
        return {
            key: middle_wh * max(1 + season * winter, 0.0) * max(1 + chance.gauss(0, spread), 0.0)
            for key, (middle_wh, spread, season) in USES.items()
        }

    def _chance(self, day: date, what: str) -> random.Random:
        """Return the chance of a day, which depends on nothing that was asked before."""
        return random.Random(f"{self.seed}/{self.meter.number}/{day.isoformat()}/{what}")
