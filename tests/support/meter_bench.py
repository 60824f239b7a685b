"""Meters with a short history, and what the recorder has of them beside what the cloud says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

from comparison import stored
from homeassistant.core import HomeAssistant
from meter_states import coordinator_of
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import wait_for
from aiowattbridge.simulators import Meter, VoltawareSimulator
from custom_components.wattbridge.data import VoltawareRuntime
from custom_components.wattbridge.progress import Progress
from custom_components.wattbridge.vendors.voltaware import appliance_id, total_id

TOTAL = "total"
FEW = frozenset({"boiler", "cooling", "heating", "washing", "lights", "standby"})


def meter(zone: str, first_event: datetime, number: int = 0, **changes: object) -> Meter:
    """Furnish a home of few appliances: every one of them is a series, and years of rows take their time."""
    made = Meter(
        number=number,
        device_id=f"{7_007_001 + number}",
        zone_name=zone,
        first_event=first_event,
        registered_at=first_event,
        lacks=FEW,
    )
    return replace(made, **changes)  # type: ignore[arg-type] # of the fields' own types


def runtime_of(entry: MockConfigEntry) -> VoltawareRuntime:
    """Return what runs for a Voltaware account."""
    assert isinstance(entry.runtime_data, VoltawareRuntime)
    return entry.runtime_data


def progress_of(entry: MockConfigEntry, device_id: str) -> Progress:
    """Tell how far a meter's history has come."""
    return runtime_of(entry).history.device_progress(device_id)


async def wait_whole(entry: MockConfigEntry, device_id: str) -> None:
    """Wait until all months of a meter are in the recorder."""
    await wait_for(lambda: progress_of(entry, device_id).complete)


async def poll(entry: MockConfigEntry) -> None:
    """Let the coordinator look whether something is due."""
    await coordinator_of(entry).async_refresh()


async def month_kwh(hass: HomeAssistant, statistic_id: str, zone: str, year: int, month: int) -> float:
    """Add up the hours that start in a local month."""
    rows = await stored(hass, statistic_id)
    days = [(row, datetime.fromtimestamp(row["start"], ZoneInfo(zone))) for row in rows]
    return fsum(row["state"] for row, day in days if (day.year, day.month) == (year, month))


async def assert_months_equal(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str, *months: tuple[int, int]
) -> None:
    """Hold every kind of appliance and the total of some months against the cloud, to the watt-hour."""
    zone = cloud.meters[device_id].zone_name
    for year, month in months:
        expected_wh = cloud.month_energy_wh(device_id, year, month)
        assert expected_wh
        for key, energy_wh in {**expected_wh, TOTAL: fsum(expected_wh.values())}.items():
            series = total_id(device_id) if key == TOTAL else appliance_id(device_id, key)
            found_kwh = await month_kwh(hass, series, zone, year, month)
            assert abs(found_kwh * 1000 - energy_wh) <= 1, (key, year, month)


async def assert_sums_fit(hass: HomeAssistant, statistic_id: str) -> int:
    """Check that every sum follows from the one before, and return how many rows there are."""
    rows = await stored(hass, statistic_id)
    total_kwh = 0.0
    for row in rows:
        total_kwh += row["state"]
        assert abs(row["sum"] - total_kwh) < 1e-6
    starts = [row["start"] for row in rows]
    assert len(set(starts)) == len(starts)
    return len(rows)


def utc_noon(*parts: int) -> datetime:
    """Return noon of a day in UTC."""
    return datetime.combine(date(*parts), datetime.min.time(), UTC) + timedelta(hours=12)
