"""The recorder against the simulated carbonTRACK cloud, hour by hour."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from aiowattbridge.simulators import CarbonTrackSimulator
from custom_components.wattbridge.data import CarbonTrackRuntime
from custom_components.wattbridge.series import async_series_book

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIRE = {"usage": "PowerUsageNet", "generation": "Generating", "export": "PowerExported"}


def series_id(cloud: CarbonTrackSimulator, series: str, number: int = 0) -> str:
    """Name a series as users see it."""
    return f"wattbridge:carbontrack_{cloud.house.device_ids[number]}_{series}"


async def stored(hass: HomeAssistant, statistic_id: str) -> list[dict[str, Any]]:
    """Read a whole series back."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, EPOCH, None, {statistic_id}, "hour", {"energy": "kWh"}, {"state", "sum"}
    )
    return [dict(row) for row in found.get(statistic_id, [])]


async def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something has happened in the background."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


def runtime_of(entry: MockConfigEntry) -> CarbonTrackRuntime:
    """Return the runtime data of a source."""
    runtime = entry.runtime_data
    assert isinstance(runtime, CarbonTrackRuntime)
    return runtime


def watermark_of(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> datetime:
    """Return up to where the usage of the first device is published."""
    published = async_series_book(hass).get(series_id(cloud, "usage"))
    return EPOCH if published is None else published.watermark


async def wait_complete(entry: MockConfigEntry, device_id: str) -> None:
    """Wait until the history of a device is complete."""
    await wait_for(lambda: runtime_of(entry).history.device_progress(device_id).complete)


async def assert_equal_to_cloud(
    hass: HomeAssistant,
    cloud: CarbonTrackSimulator,
    *,
    number: int = 0,
    days: float | None = None,
    wires: Mapping[str, str] = WIRE,
) -> None:
    """Compare every whole hour of every series with the cloud's own sum, and check that the sums fit together."""
    device_id = cloud.house.device_ids[number]
    for series, wire in wires.items():
        rows = await stored(hass, series_id(cloud, series, number))
        assert rows
        now = cloud.clock.now()
        first = datetime.fromtimestamp(rows[0]["start"], UTC)
        if days is not None:
            assert abs((now - first) - timedelta(days=days)) <= timedelta(hours=2)
        end = now.replace(minute=0, second=0, microsecond=0)
        expected = cloud.house.hourly_energy_wh(device_id, wire, first, end, at=now)
        found = {datetime.fromtimestamp(row["start"], UTC): row["state"] * 1000 for row in rows}
        whole = {hour: wh for hour, wh in found.items() if hour < end}
        assert whole.keys() == expected.keys()
        for hour, wh in expected.items():
            assert whole[hour] == pytest.approx(wh, abs=0.01)
        total = 0.0
        for row in rows:
            total += row["state"]
            assert row["sum"] == pytest.approx(total, abs=1e-6)
