"""A cloud that asks to be left alone is left alone by everything of the account, over a restart too."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from comparison import assert_equal_to_cloud, runtime_of, wait_complete
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from moving import same_time

from accounts import async_load_carbontrack, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House, SimulatorClock
from custom_components.wattbridge.aiowattbridge.errors import RateLimitedError
from custom_components.wattbridge.data import CarbonTrackRuntime

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time is moved by the test."""
    clock = SimulatorClock(NOON, frozen=True)
    house = House(seed=11, start=NOON - timedelta(days=5))
    async with CarbonTrackSimulator(house=house, clock=clock) as simulator:
        with same_time(clock):
            yield simulator


def is_paused(runtime: CarbonTrackRuntime) -> bool:
    """Tell whether the account has heard that it is to wait."""
    pause = runtime.client._transport._pause
    return pause is not None and pause.left_s > 0


async def test_one_refusal_silences_poll_history_and_actions(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Until its time has come; then all goes on where it was."""
    # The first poll is let through, and the history is refused.
    cloud.faults.script("/ctapi/Measurement", [None, Fault("rate_limited", retry_after_s=900)])
    entry = await async_load_carbontrack(hass, cloud, history_days=3)
    device_id = cloud.house.device_ids[0]
    runtime = runtime_of(entry)
    await wait_for(lambda: is_paused(runtime))
    assert not runtime.history.device_progress(device_id).complete
    asked = len(cloud.log.entries)
    await runtime.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)
    state = hass.states.get("sensor.roof_power_used")
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
    with pytest.raises(RateLimitedError):
        await anext(runtime.client.devices())
    cloud.clock.advance(830)
    with pytest.raises(RateLimitedError):
        await anext(runtime.client.devices())
    assert len(cloud.log.entries) == asked
    cloud.clock.advance(71)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await wait_complete(entry, device_id)
    await assert_equal_to_cloud(hass, cloud, days=3)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_restart_is_no_way_around_it(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """No request is made before its time, and what the user removes leaves no note."""
    entry = await async_load_carbontrack(hass, cloud)
    await wait_complete(entry, cloud.house.device_ids[0])
    cloud.faults.script("/ctapi/Measurement", [Fault("rate_limited", retry_after_s=900)])
    await runtime_of(entry).coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)
    asked = len(cloud.log.entries)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.reason is not None
    assert len(cloud.log.entries) == asked
    cloud.clock.advance(901)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.log.violations == []
    await hass.config_entries.async_unload(entry.entry_id)
