"""What a simulated WattCarbon account holds before anybody comes: assets, meters, hours, invented people."""

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .day import Site, simulate_day
from .people import CANARY

if TYPE_CHECKING:
    from .wattcarbon_csv import Rows
    from .wattcarbon_registry import Registry

HOUR_S = 3600
KINDS = ("solar", "storage_direct", "electrification", "solar_direct", "thermal_shift_trial")
"""The kinds of the assets in turn, the last one known to nobody."""
METERED = frozenset({"electrification", "thermal_shift_trial"})
HEAT_PUMP_FACTOR = 2.5


def settle(
    seed: int, number: int, assets: Registry, meters: Registry, history: tuple[datetime, int]
) -> tuple[str, Rows]:
    """Register an asset, with a meter where its kind has one; give its id, and its hours up to a time for some days."""
    meter_id = meters.add(seeded_meter(seed, number))["id"] if seeded_kind(number) in METERED else None
    asset = assets.add(seeded_asset(seed, number, meter_id))
    return str(asset["id"]), seeded_hours(seed, number, *history)


def seeded_kind(number: int) -> str:
    """Choose the kind of an asset."""
    return KINDS[number % len(KINDS)]


def seeded_meter(seed: int, number: int) -> dict[str, object]:
    """Invent the meter of an asset."""
    return {"apiProvider": "manual", "meterType": "electricity", "location": _location(seed, number)}


def seeded_asset(seed: int, number: int, meter_id: object | None) -> dict[str, object]:
    """Invent an asset; `meter_id`: its meter, if it has one."""
    kind = seeded_kind(number)
    fields: dict[str, object] = {
        "name": f"Site {number + 1}",
        "customId": f"SITE-{seed % 1000:03d}-{number + 1:04d}",
        "location": _location(seed, number),
        "utility": "Nowhere Light & Water",
        "deviceOwner": {"name": _owner(number)},
        "commencedOperationDate": f"20{10 + number % 15}-0{1 + number % 9}-01",
        "kind": kind,
    }
    if meter_id is not None:
        fields["meterIds"] = [meter_id]
    return fields | _extras(random.Random(f"asset {seed}/{number}"), kind, number)


def canaries(seed: int, number: int) -> frozenset[str]:
    """Name what is personal of an asset: its owner, its address, its exact coordinates."""
    place = _location(seed, number)
    if isinstance(place, str):
        return frozenset({_owner(number), place})
    told = {name: value for name, value in place.items() if name not in ("state", "country")}
    return frozenset({_owner(number)} | {str(value) for value in told.values()})


def seeded_hours(seed: int, number: int, end: datetime, days: int) -> Rows:
    """Simulate so many days of hours that are over at `end`, rounded to a watt-hour."""
    kind, site = seeded_kind(number), Site()
    last = int(end.timestamp()) // HOUR_S
    seam = site.seam_slots(HOUR_S)
    rows: Rows = {}
    simulated: dict[int, list[int]] = {}
    for hour in range(last - 24 * days, last):
        day_number, slot = divmod(hour - seam, 24)
        if day_number not in simulated:
            simulated[day_number] = _energies_cwh(site, f"{seed}/asset/{number}", day_number, kind)
        rows[datetime.fromtimestamp(hour * HOUR_S, UTC)] = round(simulated[day_number][slot] / 1e5, 3)
    return rows


def _energies_cwh(site: Site, key: str, number: int, kind: str) -> list[int]:
    """Give the hundredth-Wh of a day's hours: positive is generated, supplied or saved."""
    day = simulate_day(site, key, number, HOUR_S)
    if kind.startswith("solar"):
        return day.solar
    if kind == "storage_direct":
        return [out - into for out, into in zip(day.discharged, day.charged, strict=True)]
    return [round(used * HEAT_PUMP_FACTOR) if cold < 0 else used for used, cold in zip(day.load, day.sun, strict=True)]


def _owner(number: int) -> str:
    """Invent somebody."""
    return f"Owner-{CANARY}-{number}"


def _location(seed: int, number: int) -> str | dict[str, object]:
    """Invent a place, in the three forms in turn."""
    street = f"{number + 1} {CANARY.title()} Road"
    if number % 3 == 0:
        return {
            "street": street,
            "city": f"{CANARY.title()} City {number}",
            "state": "CA",
            "country": "US",
            "postalCode": f"NOWHERE-{seed % 1000:03d}{number:04d}",
        }
    if number % 3 == 1:
        return {
            "latitude": round(37.70053 + number % 1000 / 1e5, 5),
            "longitude": round(-122.40053 - number % 1000 / 1e5, 5),
        }
    return f"{street}, Nowhere {number:04d}"


def _extras(chance: random.Random, kind: str, number: int) -> dict[str, object]:
    """Invent what only this kind of asset has, some numbers as texts as in the vendor's samples."""
    if kind == "solar":
        return {
            "nameplateCapacityKw": str(chance.randint(3, 400)),
            "inverterDataId": f"{chance.randint(1000, 9999)}",
            "inverterDataSource": "enphase",
            "externalRegistryName": "GATS",
            "externalRegistryDeviceId": f"{chance.randint(10_000, 99_999)}",
        }
    if kind == "electrification":
        return {
            "areaSqft": str(chance.randint(600, 4000)),
            "previousFuel": "natural_gas",
            "replacesFurnace": True,
            "replacesWaterHeater": number % 2 == 0,
            "coldClimate": False,
            "effectiveUsefulLifeYears": 10,
            "buildingType": "single_family_attached",
            "heatingBackupSystem": "electric_resistance",
            "heatPumpHspf": round(chance.uniform(4, 11), 1),
            "waterHeaterUef": 3,
        }
    if kind == "thermal_shift_trial":
        return {"tankLitres": chance.randint(100, 900), "trial": {"cohort": "B", "weeks": [1, 2, 5]}, "approved": None}
    return {"nameplateCapacityKw": chance.randint(3, 50)}
