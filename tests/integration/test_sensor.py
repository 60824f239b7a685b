"""The sensors of a carbonTRACK device: what is there, what it is called, and when it says nothing."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack
from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, Gap, House, SimulatorClock
from custom_components.wattbridge.coordinator import CarbonTrackCoordinator
from custom_components.wattbridge.data import SourceRuntime
from custom_components.wattbridge.sensor import SOURCE_SENSORS
from custom_components.wattbridge.snapshot import MEASURED

NOON = datetime(2026, 6, 10, 20, 2, tzinfo=UTC)
TEXTS = json.loads((Path(__file__).parents[2] / "custom_components/wattbridge/translations/en.json").read_text())
ALWAYS = {
    "power_usage": ("W", "measurement"),
    "power_generation": ("W", "measurement"),
    "power_export": ("W", "measurement"),
    "energy_today_usage": ("kWh", None),
    "energy_today_generation": ("kWh", None),
    "energy_today_export": ("kWh", None),
    "battery_charge": ("%", "measurement"),
    "voltage": ("V", "measurement"),
    "last_reading": (None, None),
}


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with a device that reports everything, and whose time stands still."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, fields=ALL_FIELDS), clock=clock) as simulator:
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
    assert isinstance(entry.runtime_data, SourceRuntime)
    return entry.runtime_data.coordinator


def state_of(hass: HomeAssistant, cloud: CarbonTrackSimulator, key: str) -> State:
    """Find a sensor by its key, whatever its entity id is."""
    unique_id = f"carbontrack_{cloud.house.device_ids[0]}_{key}"
    entity_id = er.async_get(hass).async_get_entity_id("sensor", "wattbridge", unique_id)
    assert entity_id is not None, key
    state = hass.states.get(entity_id)
    assert state is not None, key
    return state


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Poll, and let the states be written."""
    await coordinator_of(entry).async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_sensors_that_are_always_there(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Enabled, with values and units; energies of the day have no state class, so that nothing is recorded twice."""
    for key, (unit, state_class) in ALWAYS.items():
        state = state_of(hass, cloud, key)
        assert state.state not in ("unknown", "unavailable"), key
        assert state.attributes.get("unit_of_measurement") == unit
        assert state.attributes.get("state_class") == state_class
        assert state.attributes["friendly_name"].startswith("Roof ")
    (device,) = cloud.house.devices
    (row,) = cloud.house.rows(device.device_id, [int(NOON.timestamp()) - 120], NOON)
    expected_w = row[device.fields.index("PowerUsageNet")] / 100 * 12
    assert float(state_of(hass, cloud, "power_usage").state) == pytest.approx(expected_w)
    assert datetime.fromisoformat(state_of(hass, cloud, "last_reading").state) == NOON - timedelta(minutes=2)


async def test_every_field_has_a_sensor_and_most_wait_for_somebody_to_want_them(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """All 34 measured fields, as a series or on their own."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    enabled = {e.unique_id.split("_", 2)[2] for e in entries if e.disabled_by is None}
    assert enabled == set(ALWAYS)
    assert len(entries) == len(SOURCE_SENSORS)
    in_series = {"generating", "power_exported"}
    alone = {description.field for description in SOURCE_SENSORS if description.field is not None}
    assert alone | in_series == set(MEASURED)
    assert len({e.unique_id for e in entries}) == len(entries)


async def test_device_is_described(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """With its maker, its number and its firmware."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.identifiers == {("wattbridge", f"carbontrack_{cloud.house.device_ids[0]}")}
    assert device.manufacturer == "carbonTRACK"
    assert device.name == "Roof"
    assert device.sw_version


async def test_field_that_is_never_reported_has_no_sensor(hass: HomeAssistant) -> None:
    """Until it is: then it appears without a reload."""
    clock = SimulatorClock(NOON, frozen=True)
    fields = ("PowerUsageNet", "Generating", "PowerExported")
    async with CarbonTrackSimulator(house=House(seed=11, fields=fields), clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_carbontrack(hass, cloud)
            registry = er.async_get(hass)
            device_id = cloud.house.device_ids[0]
            unique_id = f"carbontrack_{device_id}_voltage"
            assert registry.async_get_entity_id("sensor", "wattbridge", unique_id) is None
            coordinator = coordinator_of(entry)
            snapshot = coordinator.data[device_id]
            assert snapshot.latest is not None
            coordinator.async_set_updated_data({device_id: replace(snapshot, reported=snapshot.reported | {"voltage"})})
            await hass.async_block_till_done(wait_background_tasks=False)
            assert registry.async_get_entity_id("sensor", "wattbridge", unique_id) is not None
            assert state_of(hass, cloud, "voltage").state == "unknown"
            await hass.config_entries.async_unload(entry.entry_id)


async def test_old_reading_says_nothing_about_now(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Only when it was is known; and with a new reading all is well again."""
    cloud.house.oddities.append(Gap(NOON, NOON + timedelta(minutes=30)))
    cloud.clock.advance(14 * 60)
    await poll(hass, entry)
    assert state_of(hass, cloud, "power_usage").state == STATE_UNAVAILABLE
    assert state_of(hass, cloud, "battery_charge").state == STATE_UNAVAILABLE
    assert datetime.fromisoformat(state_of(hass, cloud, "last_reading").state) == NOON - timedelta(minutes=2)
    cloud.clock.advance(25 * 60)
    await poll(hass, entry)
    assert state_of(hass, cloud, "power_usage").state != STATE_UNAVAILABLE


async def test_failed_poll_is_shown(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """And so is the next good one."""
    cloud.faults.script("/ctapi/Measurement", ["in_band"])
    await poll(hass, entry)
    assert state_of(hass, cloud, "power_usage").state == STATE_UNAVAILABLE
    assert state_of(hass, cloud, "last_reading").state == STATE_UNAVAILABLE
    await poll(hass, entry)
    assert state_of(hass, cloud, "power_usage").state != STATE_UNAVAILABLE


@pytest.mark.parametrize("description", SOURCE_SENSORS, ids=lambda description: description.key)
def test_description_has_a_name_and_a_class_that_fits(description: object) -> None:
    """Every text is translated; every energy is left to the statistics."""
    (found,) = [known for known in SOURCE_SENSORS if known is description]
    assert TEXTS["entity"]["sensor"][found.translation_key]["name"]
    if found.device_class is SensorDeviceClass.ENERGY:
        assert found.state_class is None
    if found.key not in ALWAYS:
        assert not found.entity_registry_enabled_default
