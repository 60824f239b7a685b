"""A carbonTRACK history whose time is moved: days pass, and what is due is looked at."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from comparison import runtime_of, wait_complete, wait_for
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator, House, SimulatorClock
from custom_components.wattbridge import pace, patience, statistics

NOW = datetime(2026, 6, 10, 20, 2, tzinfo=UTC)
INTERVAL_S = 1800
# One series is enough to see when something is looked at.
USAGE = {"usage": "PowerUsageNet"}


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are minutes in life take moments here, and the recorder gets no rest."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.2)
    monkeypatch.setattr(pace, "FIRST_CHUNK_ROWS", 1000)
    monkeypatch.setattr(pace.Pace, "learn", lambda *_: None)


@asynccontextmanager
async def still_cloud(now: datetime = NOW, **options: Any) -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant; its house reports every half an hour."""
    clock = SimulatorClock(now, frozen=True)
    house = House(**{"seed": 5, "interval_s": INTERVAL_S, **options})
    async with CarbonTrackSimulator(house=house, clock=clock) as cloud:
        with same_time(clock):
            yield cloud


async def async_load_whole(hass: HomeAssistant, cloud: CarbonTrackSimulator, **settings: Any) -> MockConfigEntry:
    """Load an account with the first device, and wait until its history is complete."""
    device_id = cloud.house.device_ids[0]
    devices = {device_id: {"name": "Roof", "interval_s": cloud.house.interval_s}}
    entry = await async_load_carbontrack(hass, cloud, **{"devices": devices, "statistics": list(USAGE), **settings})
    await wait_complete(entry, device_id)
    return entry


async def async_pass(entry: MockConfigEntry, cloud: CarbonTrackSimulator, days: float) -> None:
    """Let days pass, poll, and wait until all that is due has been looked at."""
    cloud.clock.advance(days * 86_400)
    await async_look(entry, cloud)


async def async_look(entry: MockConfigEntry, cloud: CarbonTrackSimulator) -> None:
    """Poll, and wait until all that is due has been looked at."""
    runtime = runtime_of(entry)
    await runtime.coordinator.async_refresh()
    await asyncio.sleep(0)
    now_s = cloud.clock.now().timestamp()
    for device_id in entry.data["devices"]:
        await wait_for(lambda device_id=device_id: is_done(entry, device_id, now_s))  # type: ignore[misc]


def is_done(entry: MockConfigEntry, device_id: str, now_s: float) -> bool:
    """Tell whether nothing is due any more."""
    history = runtime_of(entry).history
    healing = history._notes()[device_id]["healing"]
    days = {"recent": 1, "holes": 1, "old": 7}
    fresh = all(now_s - healing[scan]["begun_s"] < days[scan] * 86_400 for scan in days)
    finished = all(standing["at_s"] is None for standing in healing.values())
    return fresh and finished and history.device_progress(device_id).complete


@contextmanager
def counted_rows() -> Iterator[list[int]]:
    """Count the rows that are given to the recorder."""
    written: list[int] = []

    def count(hass: HomeAssistant, metadata: Any, rows: list[Any]) -> None:
        written.append(len(rows))
        async_add_external_statistics(hass, metadata, rows)

    with patch.object(statistics, "async_add_external_statistics", count):
        yield written


def asked_stretches(cloud: CarbonTrackSimulator) -> list[tuple[datetime, datetime]]:
    """List the stretches of records that were asked for since the log was cleared."""
    bodies = [entry.body for entry in cloud.log.entries if entry.path == "/ctapi/Measurement" and entry.body]
    return [
        (datetime.fromisoformat(str(body["FromUTCDate"])), datetime.fromisoformat(str(body["ToUTCDate"])))
        for body in bodies
    ]
