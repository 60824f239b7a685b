"""A home that only consumes: what each kind of appliance used on each local day, from one seed."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from math import cos, fsum, pi
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
CAR = "electric_vehicle"
CAR_W = 7200
CAR_SHARE = 0.35
HOUR_S = 3600.0
# A car that is plugged in on one evening is full within a day and a half.
LONGEST_CYCLE_DAYS = 2

# Wh a day: the middle, the spread around it, and how much more there is in midwinter (less than 0: in midsummer).
USES: dict[str, tuple[float, float, float]] = {
    "boiler": (2600, 700, 0.2),
    "cooking": (1150, 600, 0.0),
    "cooling": (900, 500, -2.0),
    "fridge": (1250, 90, -0.1),
    "heating": (1800, 900, 1.0),
    "lights": (1500, 500, 0.35),
    "others": (800, 650, 0.0),
    "standby": (2100, 40, 0.0),
    "washing": (900, 800, 0.0),
}


@dataclass(frozen=True, slots=True)
class Charge:
    """One charging of the car, in UTC."""

    start: datetime
    end: datetime
    energy_wh: float

    def within(self, start: datetime, end: datetime) -> float:
        """Return what of it falls between two times, by time."""
        covered_s = (min(self.end, end) - max(self.start, start)).total_seconds()
        return self.energy_wh * max(covered_s, 0.0) / (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A device of the account; `registered_at` is when the cloud got to know it (None: it never sent anything)."""

    number: int
    device_id: str
    zone_name: str
    first_event: datetime
    registered_at: datetime | None
    connection_state: str | None = None
    firmware: str | None = None
    has_car: bool = True
    extra_keys: tuple[str, ...] = ()
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    # Results exist from so many months before this on; None: from the first event on.
    integrated_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone the device's days are counted in."""
        return ZoneInfo(self.zone_name)

    @property
    def first_day(self) -> date:
        """Return the local day of the first event."""
        return self.first_event.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """Return when a local day begins, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@dataclass(slots=True)
class Consumption:
    """What a meter's home used, the same for the same seed whatever is asked first."""

    seed: int
    meter: Meter
    _days: dict[date, dict[str, float]] = field(default_factory=dict)

    def day_wh(self, day: date) -> dict[str, float]:
        """Return what each kind of appliance used on a local day; nothing before the first."""
        if day < self.meter.first_day:
            return {}
        if day not in self._days:
            self._days[day] = self._simulate(day)
        return self._days[day]

    def period_wh(self, first_day: date, last_day: date) -> dict[str, float]:
        """Add up local days, both included."""
        days = [self.day_wh(first_day + number * DAY) for number in range((last_day - first_day).days + 1)]
        keys = sorted({key for day in days for key in day})
        return {key: fsum(day.get(key, 0.0) for day in days) for key in keys}

    def charges(self, first_day: date, last_day: date) -> list[Charge]:
        """Return the chargings that touch some local days, in order, each whole."""
        start, end = self.meter.midnight(first_day), self.meter.midnight(last_day + DAY)
        number = (last_day - first_day).days + 1 + LONGEST_CYCLE_DAYS
        evenings = [first_day - LONGEST_CYCLE_DAYS * DAY + step * DAY for step in range(number)]
        found = [charge for evening in evenings if (charge := self._charge(evening)) is not None]
        return [charge for charge in found if charge.end > start and charge.start < end]

    def _charge(self, evening: date) -> Charge | None:
        """Return the charging that begins on a local evening."""
        chance = self._chance(evening, "car")
        if not self.meter.has_car or evening < self.meter.first_day or chance.random() > CAR_SHARE:
            return None
        start = self.meter.midnight(evening) + timedelta(seconds=int(chance.uniform(19.5, 26.5) * HOUR_S))
        energy_wh = chance.uniform(3000, 42000)
        return Charge(start, start + timedelta(seconds=round(energy_wh / CAR_W * HOUR_S)), energy_wh)

    def _simulate(self, day: date) -> dict[str, float]:
        """Invent a day."""
        chance = self._chance(day, "day")
        winter = cos(2 * pi * (day.timetuple().tm_yday - 15) / 365)
        if self.meter.latitude_deg < 0:
            winter = -winter
        used = {
            key: max(0.0, middle * (1 + season * winter) + chance.gauss(0, spread))
            for key, (middle, spread, season) in USES.items()
        }
        used |= {key: chance.uniform(100, 900) for key in self.meter.extra_keys}
        start, end = self.meter.midnight(day), self.meter.midnight(day + DAY)
        used[CAR] = fsum(charge.within(start, end) for charge in self.charges(day, day))
        return {key: energy_wh for key, energy_wh in sorted(used.items()) if energy_wh > 0}

    def _chance(self, day: date, what: str) -> random.Random:
        """Return the chance of a day, which depends on nothing that was asked before."""
        return random.Random(f"{self.seed}/{self.meter.number}/{day.isoformat()}/{what}")


def make_meter(seed: int, number: int, zone_name: str, first_event: datetime) -> Meter:
    """Invent a device: every third is one of the vendor's own sensors, the others are smart meters."""
    is_sensor = number % 3 == 0
    return Meter(
        number=number,
        device_id=str(7_000_001 + 1000 * (seed % 1000) + number),
        zone_name=zone_name,
        first_event=first_event,
        registered_at=first_event,
        connection_state="connected" if is_sensor else None,
        firmware=str(112_000 + seed % 1000 + number) if is_sensor else None,
        latitude_deg=round(-34.91177 + number % 90, 5),
        longitude_deg=round(138.61177 - number % 90, 5),
    )
