"""Devices come and go: new ones are taken up, and an account that is empty loses nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from comparison import runtime_of, wait_complete
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from lifecycle_bench import DAY, devices, issues, kept_series, load, look, look_twice, registered, watch_of
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House, SimulatorClock
from custom_components.wattbridge import lifecycle
from custom_components.wattbridge.const import DOMAIN

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud of three devices, of which one has not been installed yet; its time is moved by the test."""
    clock = SimulatorClock(NOON, frozen=True)
    house = House(seed=11, devices=3, start=NOON - 2 * DAY)
    house.away.add(house.device_ids[2])
    async with CarbonTrackSimulator(house=house, clock=clock) as simulator:
        with same_time(clock):
            yield simulator


async def test_new_device_is_taken_up_with_its_history(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Under its name in the cloud, with its own interval; what the user did not want is not new."""
    first, second, third = cloud.house.device_ids
    entry = await load(hass, cloud, 0, left_out=[second], follow_new_devices=True)
    await look(hass, entry)
    assert list(entry.data["devices"]) == [first]
    cloud.house.away.clear()
    assert await look(hass, entry) == DAY
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["devices"][third] == {"name": "Building 3", "interval_s": 300}
    assert second not in entry.data["devices"]
    await wait_complete(entry, third)
    assert len(await kept_series(hass, cloud, 2)) == 3
    assert registered(hass, entry) == {"House 0", "Building 3"}
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("settings", [{"left_out": []}, {"left_out": [], "follow_new_devices": False}])
async def test_new_device_waits_where_nobody_wants_it_to_be_followed(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, settings: dict[str, Any]
) -> None:
    """It can be chosen in the flow."""
    entry = await load(hass, cloud, 0, **settings)
    await look(hass, entry)
    assert list(entry.data["devices"]) == [cloud.house.device_ids[0]]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_of_an_older_version_takes_nothing_up_that_was_there_before(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """It did not note what the user left out."""
    first, second, third = cloud.house.device_ids
    entry = await load(hass, cloud, 0, follow_new_devices=True)
    await look(hass, entry)
    assert entry.data["left_out"] == [second]
    cloud.house.away.clear()
    await look(hass, entry)
    assert list(entry.data["devices"]) == [first, third]
    await wait_complete(entry, third)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_device_of_another_account_is_not_taken_up(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """A series has one source."""
    MockConfigEntry(domain=DOMAIN, data={"vendor": "carbontrack", "devices": devices(cloud, 1)}).add_to_hass(hass)
    entry = await load(hass, cloud, 0, left_out=[], follow_new_devices=True)
    await look(hass, entry)
    assert list(entry.data["devices"]) == [cloud.house.device_ids[0]]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_list_is_looked_at_by_itself(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon after the account was loaded; a cloud that fails is asked again an hour later, one that refuses not."""
    monkeypatch.setattr(lifecycle, "FIRST_LOOK_AFTER", timedelta(seconds=0.01))
    monkeypatch.setattr(lifecycle, "LOOK_AGAIN", timedelta(seconds=0.02))
    entry = await load(hass, cloud, 0)
    await wait_for(lambda: "left_out" in entry.data)
    cloud.faults.script("/ctapi/Device", [Fault("in_band")])
    assert await hass.config_entries.async_reload(entry.entry_id)
    asked = cloud.log.count("/ctapi/Device")
    await wait_for(lambda: cloud.log.count("/ctapi/Device") >= asked + 1)
    cloud.password = "another one"
    cloud.tokens.expire_all()
    cloud.tokens.revoke_refresh_tokens()
    watch = watch_of(hass, entry)
    await watch._run()
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_confirm"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_of_a_large_account_only_what_is_set_up_is_looked_for(hass: HomeAssistant) -> None:
    """Nothing is taken up, since nobody would want thousands of devices."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, devices=230, start=NOON - DAY), clock=clock) as cloud:
        with same_time(clock):
            entry = await load(hass, cloud, 3, 229, follow_new_devices=True)
            gone = cloud.house.device_ids[229]
            cloud.house.away.add(gone)
            await look_twice(hass, cloud, entry)
            assert issues(hass) == ["device_vanished"]
            assert len(entry.data["devices"]) == 2
            await hass.config_entries.async_unload(entry.entry_id)


async def test_replaced_meter_is_followed_and_the_old_one_asked_about(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """Even if the account had no other: a restart in between changes nothing."""
    first, second, third = cloud.house.device_ids
    entry = await load(hass, cloud, 0, left_out=[second], follow_new_devices=True)
    cloud.house.away.symmetric_difference_update({first, third})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await look(hass, entry)
    assert list(entry.data["devices"]) == [first, third]
    cloud.clock.advance(3600)
    await look(hass, entry)
    assert issues(hass) == ["device_vanished"]
    assert len(await kept_series(hass, cloud, 0)) == 3
    await wait_complete(entry, third)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_emptied_account_loses_nothing_and_comes_back_by_itself(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """One repair for all, and no value where nothing is measured."""
    entry = await load(hass, cloud, 0, 1)
    ids = cloud.house.device_ids
    cloud.house.away.update(ids)
    await look_twice(hass, cloud, entry)
    assert issues(hass) == ["account_empty"]
    coordinator = runtime_of(entry).coordinator
    await coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)
    used = hass.states.get("sensor.house_0_power_used")
    assert used is not None
    assert used.state == STATE_UNAVAILABLE
    assert registered(hass, entry) == {"House 0", "House 1"}
    assert len(await kept_series(hass, cloud, 0)) == len(await kept_series(hass, cloud, 1)) == 3
    cloud.house.away.difference_update(ids)
    await look(hass, entry)
    assert issues(hass) == []
    cloud.clock.advance(3600)
    await coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)
    used = hass.states.get("sensor.house_0_power_used")
    assert used is not None
    assert used.state != STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)
