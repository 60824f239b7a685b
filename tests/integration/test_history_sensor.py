"""What a device's page says of its history, for every source alike."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from comparison import runtime_of, series_id, stored, wait_complete
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, Gap, House, SimulatorClock
from custom_components.wattbridge.progress import Hole, Progress

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with ten days of readings, and whose time stands still."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, start=NOON - 10 * DAY), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


def state_of(hass: HomeAssistant, cloud: CarbonTrackSimulator, key: str) -> State:
    """Find a sensor by its key."""
    unique_id = f"carbontrack_{cloud.house.device_ids[0]}_{key}"
    entity_id = er.async_get(hass).async_get_entity_id("sensor", "wattbridge", unique_id)
    assert entity_id is not None, key
    state = hass.states.get(entity_id)
    assert state is not None, key
    return state


async def load(hass: HomeAssistant, cloud: CarbonTrackSimulator, **settings: Any) -> MockConfigEntry:
    """Load an account and wait until its history is complete and shown."""
    entry = await async_load_carbontrack(hass, cloud, **settings)
    await wait_complete(entry, cloud.house.device_ids[0])
    await wait_for(lambda: state_of(hass, cloud, "history_progress").state == "100.0")
    return entry


async def test_history_says_how_far_it_has_come(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Up to all of it, from the oldest hour on that the recorder has."""
    entry = await load(hass, cloud, history_days=8)
    oldest = datetime.fromtimestamp((await stored(hass, series_id(cloud, "usage")))[0]["start"], UTC)
    assert datetime.fromisoformat(state_of(hass, cloud, "history_from").state) == oldest
    assert state_of(hass, cloud, "missing_hours").state == "0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_statistics_are_listed_with_their_names(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """So that somebody finds them in the Energy settings."""
    entry = await load(hass, cloud, statistics=["usage", "channel_1"])
    statistics = state_of(hass, cloud, "statistics")
    assert (statistics.state, statistics.attributes["unit_of_measurement"]) == ("2", "statistics")
    assert statistics.attributes["statistic_ids"] == [
        {"statistic_id": series_id(cloud, "usage"), "name": "Roof energy used"},
        {"statistic_id": series_id(cloud, "channel_1"), "name": "Roof channel 1 energy"},
    ]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_hours_that_the_cloud_does_not_have_are_counted(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """With the stretches they make up."""
    begin = datetime(2026, 6, 9, 2, tzinfo=UTC)
    cloud.house.oddities.append(Gap(begin, begin + timedelta(hours=3)))
    entry = await load(hass, cloud, history_days=5)
    await wait_for(lambda: state_of(hass, cloud, "missing_hours").state == "3")
    assert state_of(hass, cloud, "missing_hours").attributes["holes"] == [
        {"start": "2026-06-09T02:00:00+00:00", "end": "2026-06-09T05:00:00+00:00"}
    ]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_only_the_first_stretches_are_shown(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be thousands; the count is of all."""
    holes = [Hole(NOON + n * DAY, NOON + n * DAY + timedelta(hours=1)) for n in range(25)]
    progress = Progress(missing_hours=25, holes=holes, revised_hours=7, revised_at=NOON)
    entry = await load(hass, cloud)
    importer = runtime_of(entry).history
    monkeypatch.setattr(type(importer), "device_progress", lambda *_: progress)
    await runtime_of(entry).coordinator.async_refresh()
    await wait_for(lambda: state_of(hass, cloud, "missing_hours").state == "25")
    shown = state_of(hass, cloud, "missing_hours").attributes["holes"]
    assert [hole["start"] for hole in shown] == [hole.start.isoformat() for hole in holes[:10]]
    revised = state_of(hass, cloud, "revised_hours")
    assert (revised.state, revised.attributes["revised_at"]) == ("7", NOON.isoformat())
    await hass.config_entries.async_unload(entry.entry_id)
