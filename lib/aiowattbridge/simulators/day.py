"""One simulated day of a house: sun, weather, loads, car and battery, in whole hundredths of the published units."""

import math
import random
from dataclasses import dataclass
from functools import lru_cache

DAY_S = 86_400
SEAM_SOLAR_HOUR = 3.0
"""Days are cut at three in the morning by the sun, when the battery is empty and the car is done."""
EMPTY_SHARE = 0.10
CHARGE_W = 3300
CAR_W = 7200
STORED_PERCENT = 95
CLEAR_SHARE = 0.45
OVERCAST_SHARE = 0.2
LAUNDRY_SHARE = 0.4
FRIDGE_DUTY = 0.35
BED_HOUR, WAKING_HOUR = 1, 6


@dataclass(frozen=True, slots=True)
class Site:
    """Where the house stands and how big its plant is."""

    latitude_deg: float = -34.9285
    longitude_deg: float = 138.6007
    solar_peak_w: int = 6600
    battery_wh: int = 6500
    base_load_w: int = 230
    car_share: float = 0.4

    def seam_slots(self, interval_s: int) -> int:
        """Count the intervals between midnight UTC and the seam of the days."""
        seam_s = (SEAM_SOLAR_HOUR - self.longitude_deg / 15) * 3600
        return round(seam_s / interval_s)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's intervals in order; energies in hundredth-Wh, the weather as it is."""

    load: list[int]
    solar: list[int]
    imported: list[int]
    exported: list[int]
    charged: list[int]
    discharged: list[int]
    car: list[int]
    stored_percent: list[float]
    sun: list[float]
    clearness: list[float]
    outdoor_c: list[float]


@dataclass(frozen=True, slots=True)
class Hours:
    """What depends on the hour of the day alone."""

    solar_hour: tuple[float, ...]
    cosine: tuple[float, ...]
    morning: tuple[float, ...]
    evening: tuple[float, ...]
    warmth: tuple[float, ...]


@lru_cache(maxsize=8)
def hours_of_day(slots: int) -> Hours:
    """Tabulate a day of so many intervals, beginning at the seam."""
    hours = tuple((SEAM_SOLAR_HOUR + (slot + 0.5) * 24 / slots) % 24 for slot in range(slots))
    return Hours(
        hours,
        tuple(math.cos(math.radians(15 * (hour - 12))) for hour in hours),
        tuple(math.exp(-(((hour - 7.2) / 0.9) ** 2)) for hour in hours),
        tuple(math.exp(-(((hour - 18.8) / 1.3) ** 2)) for hour in hours),
        tuple(math.cos(math.radians(15 * (hour - 15))) for hour in hours),
    )


def simulate_day(site: Site, key: str, number: int, interval_s: int) -> Day:
    """Simulate the day of this number (days since 1970, cut at the seam), the same one for the same key."""
    chance = random.Random(f"{key}/{number}")
    slots = DAY_S // interval_s
    hours = hours_of_day(slots)
    sun = _sun_heights(site, number, hours)
    clearness = _clearness(chance, slots)
    outdoor_c = _outdoor(site, number, chance, hours, sum(clearness) / slots)
    per_w = 100 * interval_s / 3600
    solar = [
        round(site.solar_peak_w * height**1.15 * clear * per_w) if height > 0 else 0
        for height, clear in zip(sun, clearness, strict=True)
    ]
    car = _car(site, chance, hours, per_w)
    load = _loads(site, chance, hours, outdoor_c, per_w)
    return _dispatch(site, interval_s, load, solar, car, (sun, clearness, outdoor_c))


def _sun_heights(site: Site, number: int, hours: Hours) -> list[float]:
    """Compute the sine of the sun's height over the horizon."""
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (number % 365.2425 + 10) / 365.2425)
    latitude = math.radians(site.latitude_deg)
    still = math.sin(latitude) * math.sin(declination)
    turning = math.cos(latitude) * math.cos(declination)
    return [still + turning * cosine for cosine in hours.cosine]


def _clearness(chance: random.Random, slots: int) -> list[float]:
    """Draw a clear, a changeable or an overcast day."""
    kind = chance.random()
    if kind < CLEAR_SHARE:
        return [0.97 + 0.03 * chance.random() for _ in range(slots)]
    if kind > 1 - OVERCAST_SHARE:
        level = 0.12 + 0.15 * chance.random()
        return [level * (0.8 + 0.4 * chance.random()) for _ in range(slots)]
    level, clouds = 0.7, []
    for _ in range(slots):
        level = min(max(level + 0.25 * (chance.random() - 0.48), 0.2), 1.0)
        clouds.append(level)
    return clouds


def _outdoor(site: Site, number: int, chance: random.Random, hours: Hours, clear: float) -> list[float]:
    """Draw the day's temperatures: season, hour, clouds."""
    season = math.cos(2 * math.pi * (number % 365.2425 - 15) / 365.2425)
    mean = 17 - abs(site.latitude_deg) / 10 + (-8 if site.latitude_deg > 0 else 6) * season + 6 * chance.random() - 3
    swing = 2 + 5 * clear
    return [mean + swing * warmth for warmth in hours.warmth]


def _car(site: Site, chance: random.Random, hours: Hours, per_w: float) -> list[int]:
    """Charge the car on some nights, from half past ten on."""
    if chance.random() >= site.car_share:
        return [0] * len(hours.solar_hour)
    length_h = 1.5 + 2.5 * chance.random()
    full = round(CAR_W * per_w)
    return [full if (hour - 22.5) % 24 < length_h else 0 for hour in hours.solar_hour]


def _loads(site: Site, chance: random.Random, hours: Hours, outdoor_c: list[float], per_w: float) -> list[int]:
    """Draw what the house uses: base, fridge, breakfast, dinner, laundry, heating and cooling."""
    morning_w, evening_w = 500 + 900 * chance.random(), 1200 + 1800 * chance.random()
    laundry_hour = 9 + 6 * chance.random() if chance.random() < LAUNDRY_SHARE else 99.0
    fridge_phase = chance.random()
    used = []
    for slot, hour in enumerate(hours.solar_hour):
        power_w = site.base_load_w * (0.85 + 0.3 * chance.random())
        power_w += morning_w * hours.morning[slot] + evening_w * hours.evening[slot]
        if (hour * 1.3 + fridge_phase) % 1 < FRIDGE_DUTY:
            power_w += 110
        if laundry_hour <= hour < laundry_hour + 1.2:
            power_w += 1700
        if not BED_HOUR <= hour <= WAKING_HOUR:
            power_w += 45 * max(15 - outdoor_c[slot], outdoor_c[slot] - 26, 0)
        used.append(round(power_w * per_w))
    return used


def _dispatch(
    site: Site, interval_s: int, load: list[int], solar: list[int], car: list[int], weather: tuple[list[float], ...]
) -> Day:
    """Let the battery take the surplus and give it back to the house (not to the car), the grid does the rest."""
    most = round(CHARGE_W * 100 * interval_s / 3600)
    full = site.battery_wh * 100
    empty = round(full * EMPTY_SHARE)
    stored = empty
    day = Day([], solar, [], [], [], [], car, [], *weather)
    for house, sun, ride in zip(load, solar, car, strict=True):
        charged = max(min(sun - house - ride, most, (full - stored) * 100 // STORED_PERCENT), 0)
        discharged = max(min(house - sun, most, stored - empty), 0)
        stored += charged * STORED_PERCENT // 100 - discharged
        balance = house + ride + charged - sun - discharged
        day.load.append(house + ride)
        day.charged.append(charged)
        day.discharged.append(discharged)
        day.imported.append(max(balance, 0))
        day.exported.append(max(-balance, 0))
        day.stored_percent.append(100 * stored / full if full else 0.0)
    return day
