"""The switches and states of a carbonTRACK device: seen here, operated elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, Gap, House, SimulatorClock
from custom_components.wattbridge.coordinator import CarbonTrackCoordinator
from custom_components.wattbridge.data import CarbonTrackRuntime

# The simulated switch of the hot water is on until six.
NIGHT = datetime(2026, 6, 10, 4, 2, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with a device that has two switches, and whose time stands still."""
    clock = SimulatorClock(NIGHT, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> AsyncIterator[MockConfigEntry]:
    """A loaded account."""
    entry = await async_load_carbontrack(hass, cloud)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def coordinator_of(entry: MockConfigEntry) -> CarbonTrackCoordinator:
    """Return what polls."""
    assert isinstance(entry.runtime_data, CarbonTrackRuntime)
    return entry.runtime_data.coordinator


def entity_id_of(hass: HomeAssistant, cloud: CarbonTrackSimulator, key: str) -> str | None:
    """Find a binary sensor by its key."""
    unique_id = f"carbontrack_{cloud.house.device_ids[0]}_{key}"
    return er.async_get(hass).async_get_entity_id("binary_sensor", "wattbridge", unique_id)


def state_of(hass: HomeAssistant, cloud: CarbonTrackSimulator, key: str) -> State:
    """Return the state of a binary sensor."""
    entity_id = entity_id_of(hass, cloud, key)
    assert entity_id is not None, key
    state = hass.states.get(entity_id)
    assert state is not None, key
    return state


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Poll, and let the states be written."""
    await coordinator_of(entry).async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_switches_are_called_what_the_cloud_calls_them(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """And say whether they may be operated."""
    hot_water, pool = (state_of(hass, cloud, key) for key in ("control_1", "control_2"))
    assert (hot_water.state, hot_water.name) == (STATE_ON, "Roof Switch HotWater")
    assert hot_water.attributes["switch_enabled"] is True
    assert (pool.state, pool.name) == (STATE_OFF, "Roof Switch Pool")
    assert pool.attributes["switch_enabled"] is False


async def test_switch_is_seen_to_change_within_a_quarter_of_an_hour(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Without a request at every poll."""
    before = cloud.log.count("/ctapi/Device")
    cloud.clock.advance(118 * 60)
    await poll(hass, entry)
    assert state_of(hass, cloud, "control_1").state == STATE_OFF
    for _ in range(3):
        cloud.clock.advance(5 * 60)
        await poll(hass, entry)
    assert cloud.log.count("/ctapi/Device") == before + 2


async def test_switch_comes_and_goes(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """One that is new appears without a reload; one that is gone says nothing."""
    coordinator = coordinator_of(entry)
    ((device_id, snapshot),) = coordinator.data.items()
    assert snapshot.device is not None
    hot_water, pool = snapshot.device.controls
    new = replace(pool, control_id="9", control_type=None, status=True)
    device = replace(snapshot.device, controls=(hot_water, new))
    coordinator.async_set_updated_data({device_id: replace(snapshot, device=device)})
    await hass.async_block_till_done(wait_background_tasks=False)
    assert state_of(hass, cloud, "control_2").state == STATE_UNAVAILABLE
    assert (state_of(hass, cloud, "control_9").state, state_of(hass, cloud, "control_9").name) == (
        STATE_ON,
        "Roof Switch 9",
    )


async def test_switch_that_nobody_could_ask_about_for_hours_says_nothing(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """The readings come all the same."""
    cloud.faults.script("/ctapi/Device", [Fault("in_band")])
    cloud.clock.advance(3 * 3600 + 60)
    await poll(hass, entry)
    assert state_of(hass, cloud, "control_1").state == STATE_UNAVAILABLE
    cloud.clock.advance(15 * 60)
    await poll(hass, entry)
    assert state_of(hass, cloud, "control_1").state == STATE_OFF


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_registration_and_inverter_are_known(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """For whoever wants to see them."""
    entry = await async_load_carbontrack(hass, cloud)
    assert state_of(hass, cloud, "registered").state == STATE_ON
    assert state_of(hass, cloud, "inverter").state == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


async def test_switches_and_silence_are_shown_unasked(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """The rest is for diagnosis."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    found = {e.unique_id.split("_", 2)[2]: e.disabled_by is None for e in entries if e.domain == "binary_sensor"}
    assert found == {"registered": False, "inverter": False, "control_1": True, "control_2": True, "silent": True}


async def test_device_that_falls_silent_is_a_problem(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """While the cloud answers and has nothing new; when the cloud itself does not answer, nothing is known of that."""
    assert state_of(hass, cloud, "silent").state == STATE_OFF
    now = cloud.clock.now()
    cloud.house.oddities.append(Gap(now, now + timedelta(days=2)))
    cloud.clock.advance(3600)
    await coordinator_of(entry).async_refresh()
    silent = state_of(hass, cloud, "silent")
    assert silent.state == STATE_ON
    assert silent.attributes["device_class"] == "problem"
    assert now - timedelta(minutes=5) < silent.attributes["last_reading"] <= now

    cloud.house.oddities.clear()
    await coordinator_of(entry).async_refresh()
    assert state_of(hass, cloud, "silent").state == STATE_OFF
