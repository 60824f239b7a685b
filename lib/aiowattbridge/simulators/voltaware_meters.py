"""The devices of a simulated Voltaware account: where each is, and what can be chosen for each alone."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .people import CANARY

DAY = timedelta(days=1)
CAR = "electric_vehicle"
MARK = f"x-{CANARY[:8]}"
"""The private part of a language tag, by which a device's locale can be recognised wherever it turns up."""
MAY_LACK = ("boiler", "cooling", "heating", "others", "washing")


@dataclass(frozen=True, slots=True)
class Place:
    """Where on earth a zone's devices are, and how their country writes."""

    latitude_deg: float
    longitude_deg: float
    country: str
    locale: str


PLACES = {
    "Europe/Berlin": Place(52.52, 13.4, "DE", "de-DE"),
    "America/New_York": Place(40.71, -74.0, "US", "en-US"),
    "Australia/Adelaide": Place(-34.93, 138.6, "AU", "en-AU"),
    "Australia/Lord_Howe": Place(-31.55, 159.08, "AU", "en-AU"),
    "Asia/Kolkata": Place(22.57, 88.36, "IN", "en-IN"),
    "UTC": Place(51.5, -0.12, "GB", "en-GB"),
}


@dataclass(frozen=True, slots=True)
class Cycle:
    """One run of an appliance, in UTC."""

    start: datetime
    end: datetime
    energy_wh: float

    def within(self, start: datetime, end: datetime) -> float:
        """Return what of its energy falls between two times, by time."""
        covered_s = (min(self.end, end) - max(self.start, start)).total_seconds()
        return self.energy_wh * max(covered_s, 0.0) / (self.end - self.start).total_seconds()


@dataclass(slots=True, kw_only=True)
class Meter:
    """A device of the account; everything may be changed while the cloud runs.

    `registered_at`: when the cloud got to know it (None: it never sent anything); an older session does not see it.
    `integrated_at`: when it came in with data from before, whose results follow later (None: it always sent).
    `lacks`: appliances that the home does not have. `extra_keys`: appliances that the page does not know.
    `extra_cycles`: chargings of the car beside the drawn ones. `cycle_keys`: of which appliances cycles are told.
    `cuts_cycles`: at the ends of the period asked for, instead of whole in both. `combines_cooking`: cooking and
    heating are one, "cooking_heating", in results from before `appliances_told_at`.
    """

    number: int
    device_id: str
    zone_name: str
    first_event: datetime
    registered_at: datetime | None
    last_event: datetime | None = None
    integrated_at: datetime | None = None
    connection_state: str | None = None
    firmware: str | None = None
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    has_car: bool = True
    lacks: frozenset[str] = frozenset()
    extra_keys: tuple[str, ...] = ()
    extra_cycles: tuple[Cycle, ...] = ()
    cycle_keys: tuple[str, ...] = (CAR,)
    cuts_cycles: bool = False
    combines_cooking: bool = True
    appliances_told_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone the device's days are counted in."""
        return ZoneInfo(self.zone_name)

    @property
    def first_day(self) -> date:
        """Return the local day of the first event."""
        return self.first_event.astimezone(self.zone).date()

    @property
    def locale(self) -> dict[str, str]:
        """Write where the device is taken to be."""
        place = PLACES.get(self.zone_name, PLACES["UTC"])
        return {
            "isoCountryCode": place.country,
            "isoLocaleCode": f"{place.locale}-{MARK}",
            "timeZoneId": self.zone_name,
            "userDefinedLanguage": f"pt-BR-{MARK}",
        }

    @property
    def canaries(self) -> frozenset[str]:
        """Name what must stay inside the client."""
        texts = (self.locale["isoLocaleCode"], self.locale["userDefinedLanguage"])
        return frozenset({*texts, f"{self.latitude_deg}", f"{self.longitude_deg}"})

    def midnight(self, day: date) -> datetime:
        """Return when a local day begins, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def bounds(self, first_day: date, last_day: date) -> tuple[datetime, datetime]:
        """Return when local days, both included, begin and end, in UTC."""
        return self.midnight(first_day), self.midnight(last_day + DAY)

    def days(self, first_day: date, last_day: date) -> list[date]:
        """List local days, both included."""
        return [first_day + number * DAY for number in range((last_day - first_day).days + 1)]


def make_meter(seed: int, number: int, zone_name: str, first_event: datetime) -> Meter:
    """Invent a device: every third is one of the vendor's own sensors, the others are smart meters."""
    is_sensor = number % 3 == 0
    place = PLACES.get(zone_name, PLACES["UTC"])
    return Meter(
        number=number,
        device_id=str(7_000_001 + 1000 * (seed % 1000) + number),
        zone_name=zone_name,
        first_event=first_event,
        registered_at=first_event,
        connection_state="connected" if is_sensor else None,
        firmware=str(112_000 + seed % 1000 + number) if is_sensor else None,
        latitude_deg=round(place.latitude_deg + 0.00177 + number % 100 / 1e5, 5),
        longitude_deg=round(place.longitude_deg + 0.00177 + number % 100 / 1e5, 5),
        lacks=frozenset(random.Random(f"{seed}/{number}/home").sample(MAY_LACK, number % 3)),
    )
