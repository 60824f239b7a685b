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
from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, Fault, Gap, House, SimulatorClock
from custom_components.wattbridge.carbontrack_sensor import SOURCE_SENSORS
from custom_components.wattbridge.coordinator import CarbonTrackCoordinator
from custom_components.wattbridge.data import CarbonTrackRuntime
from custom_components.wattbridge.snapshot import MEASURED

NOON = datetime(2026, 6, 10, 20, 2, tzinfo=UTC)
TEXTS = json.loads((Path(__file__).parents[2] / "custom_components/wattbridge/translations/en.json").read_text())
# What is shown unless somebody asks for more; those of the history have a test of their own.
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
HISTORY = {"history_progress", "history_from", "missing_hours", "revised_hours", "statistics"}


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
    assert isinstance(entry.runtime_data, CarbonTrackRuntime)
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
    entries = [e for e in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id) if e.domain == "sensor"]
    keys = {e.unique_id.split("_", 2)[2]: e for e in entries}
    shown = {key for key, found in keys.items() if found.disabled_by is None}
    assert shown - HISTORY == set(ALWAYS)
    assert keys.keys() - HISTORY == {description.key for description in SOURCE_SENSORS}
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
    assert device.model == "Energy monitor"


async def test_new_firmware_is_shown(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """Without a reload."""
    coordinator = coordinator_of(entry)
    ((device_id, snapshot),) = coordinator.data.items()
    assert snapshot.device is not None
    newer = replace(snapshot, device=replace(snapshot.device, firmware_version="9.9"))
    coordinator.async_set_updated_data({device_id: newer})
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.sw_version == "9.9"


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


async def test_series_that_is_never_reported_has_no_sensor(hass: HomeAssistant) -> None:
    """A home without solar panels has no power from them, and none that is 0."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, fields=("PowerUsage",)), clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_carbontrack(hass, cloud, grid_field="power_usage")
            entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
            found = {e.unique_id.split("_", 2)[2] for e in entries if e.domain == "sensor"} - HISTORY
            described = {"status_updated", "data_updated", "weather_temperature", "weather_condition"}
            assert found - described == {"power_usage", "energy_today_usage", "power_usage_gross", "last_reading"}
            await hass.config_entries.async_unload(entry.entry_id)


async def test_sensor_that_was_there_stays_while_nothing_is_reported(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A restart in a silent hour takes nothing away."""
    cloud.house.oddities.append(Gap(NOON - timedelta(days=3), NOON + timedelta(minutes=30)))
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    state = state_of(hass, cloud, "voltage")
    assert state.state == STATE_UNAVAILABLE
    assert "restored" not in state.attributes


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_a_device_says_of_itself_does_not_depend_on_its_readings(hass: HomeAssistant) -> None:
    """Until it was said too long ago; where the device is does not show anywhere."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11), clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_carbontrack(hass, cloud)
            cloud.house.oddities.append(Gap(NOON - timedelta(hours=1), NOON + timedelta(days=1)))
            clock.advance(3600)
            await poll(hass, entry)
            assert state_of(hass, cloud, "power_usage").state == STATE_UNAVAILABLE
            assert state_of(hass, cloud, "weather_temperature").state == "21.5"
            assert state_of(hass, cloud, "weather_condition").state == "partly-cloudy"
            said_at = datetime.fromisoformat(state_of(hass, cloud, "status_updated").state)
            assert said_at == clock.now()
            cloud.faults.script("/ctapi/Device", [Fault("in_band")] * 20)
            clock.advance(3 * 3600 + 60)
            await poll(hass, entry)
            assert state_of(hass, cloud, "weather_temperature").state == STATE_UNAVAILABLE
            assert "Nowhere" not in "".join(str(state.as_dict()) for state in hass.states.async_all())
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
