"""A device that has vanished from its account is asked about, and nothing is deleted unasked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from unittest.mock import AsyncMock

import pytest
from comparison import wait_complete
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from lifecycle_bench import DAY, HOUR, fix, issues, kept_series, load, look, look_twice, registered, watch_of
from moving import same_time

from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House, SimulatorClock
from custom_components.wattbridge import async_remove_config_entry_device, lifecycle
from custom_components.wattbridge.statistics import WriteLostError

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


async def test_vanished_device_is_asked_about_after_a_second_look(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """Nothing is deleted meanwhile, and the question goes away when the device is back."""
    entry = await load(hass, cloud, 0, 1)
    second = cloud.house.device_ids[1]
    cloud.house.away.add(second)
    assert await look(hass, entry) == HOUR
    assert issues(hass) == []
    cloud.clock.advance(3600)
    assert await look(hass, entry) == DAY
    assert issues(hass) == ["device_vanished"]
    assert registered(hass, entry) == {"House 0", "House 1"}
    assert len(await kept_series(hass, cloud, 1)) == 3
    cloud.house.away.discard(second)
    await look(hass, entry)
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_user_who_waits_for_a_device_is_left_alone(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Over a restart too, until it has been back."""
    entry = await load(hass, cloud, 0, 1)
    second = cloud.house.device_ids[1]
    cloud.house.away.add(second)
    await look_twice(hass, cloud, entry)
    assert (await fix(hass, "wait"))["type"] == "create_entry"
    await look(hass, entry)
    assert issues(hass) == []
    assert await hass.config_entries.async_reload(entry.entry_id)
    await look(hass, entry)
    assert issues(hass) == []
    assert second in entry.data["devices"]
    cloud.house.away.discard(second)
    await look(hass, entry)
    cloud.house.away.add(second)
    await look_twice(hass, cloud, entry)
    assert issues(hass) == ["device_vanished"]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(("choices", "left"), [(("remove",), 3), (("clear", "confirm"), 0)])
async def test_vanished_device_is_removed_with_or_without_its_statistics(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, choices: tuple[str, ...], left: int
) -> None:
    """As the user chooses; the other device and its statistics stay."""
    entry = await load(hass, cloud, 0, 1)
    cloud.house.away.add(cloud.house.device_ids[1])
    await look_twice(hass, cloud, entry)
    assert (await fix(hass, *choices))["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == []
    assert registered(hass, entry) == {"House 0"}
    assert list(entry.data["devices"]) == [cloud.house.device_ids[0]]
    assert len(await kept_series(hass, cloud, 1)) == left
    assert len(await kept_series(hass, cloud, 0)) == 3
    await hass.config_entries.async_unload(entry.entry_id)


async def test_statistics_that_cannot_be_deleted_are_said(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device is gone all the same."""
    entry = await load(hass, cloud, 0, 1)
    cloud.house.away.add(cloud.house.device_ids[1])
    await look_twice(hass, cloud, entry)
    monkeypatch.setattr(lifecycle, "async_clear", AsyncMock(side_effect=WriteLostError("usage")))
    result = await fix(hass, "clear", "confirm")
    assert (result["type"], result["reason"]) == ("abort", "statistics_not_cleared")
    assert registered(hass, entry) == {"House 0"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_last_device_can_be_removed_and_a_new_one_taken_up(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """An account without devices stays, and waits."""
    first, second, third = cloud.house.device_ids
    entry = await load(hass, cloud, 0, left_out=[second], follow_new_devices=True)
    cloud.house.away.add(first)
    await look_twice(hass, cloud, entry)
    assert (await fix(hass, "remove"))["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["devices"] == {}
    cloud.house.away.clear()
    await look(hass, entry)
    assert entry.data["devices"].keys() == {first, third}
    await wait_complete(entry, third)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_vanished_device_cannot_be_repaired_while_its_account_is_not_loaded(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """Nobody would know its statistics then; the repair stays."""
    entry = await load(hass, cloud, 0, 1)
    cloud.house.away.add(cloud.house.device_ids[1])
    await look_twice(hass, cloud, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    for choices in (("wait",), ("remove",), ("clear", "confirm")):
        result = await fix(hass, *choices)
        assert (result["type"], result["reason"]) == ("abort", "account_not_loaded")
    assert issues(hass) == ["device_vanished"]


async def test_vanished_device_can_be_deleted_on_its_page(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Without a restart; one that the account has cannot."""
    entry = await load(hass, cloud, 0, 1)
    registry = dr.async_get(hass)
    cloud.house.away.add(cloud.house.device_ids[1])
    await look_twice(hass, cloud, entry)
    by_name = {device.name: device for device in dr.async_entries_for_config_entry(registry, entry.entry_id)}
    assert not await async_remove_config_entry_device(hass, entry, by_name["House 0"])
    assert await async_remove_config_entry_device(hass, entry, by_name["House 1"])
    registry.async_remove_device(by_name["House 1"].id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.state is ConfigEntryState.LOADED
    assert registered(hass, entry) == {"House 0"}
    assert issues(hass) == []
    assert len(await kept_series(hass, cloud, 1)) == 3
    await hass.config_entries.async_unload(entry.entry_id)


async def test_removed_account_leaves_no_question_behind(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Nor a note."""
    entry = await load(hass, cloud, 0, 1)
    cloud.house.away.add(cloud.house.device_ids[1])
    await look_twice(hass, cloud, entry)
    assert issues(hass) == ["device_vanished"]
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == []


async def test_cloud_that_fails_makes_no_device_vanish(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Only a list that could be read says anything."""
    entry = await load(hass, cloud, 0)
    cloud.faults.script("/ctapi/Device", [Fault("unavailable", retry_after_s=3600)])
    watch = watch_of(hass, entry)
    with pytest.raises(Exception, match="503"):
        await watch.async_look()
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)
