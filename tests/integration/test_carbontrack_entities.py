"""Everything that is shown of a carbonTRACK account, as it was when somebody last looked it over."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from comparison import wait_complete
from homeassistant.components.sensor import UNIT_CONVERTERS
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from moving import same_time
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from accounts import async_load_carbontrack
from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, House, SimulatorClock
from custom_components.wattbridge.carbontrack_sensor import SOURCE_SENSORS
from custom_components.wattbridge.history_sensor import HISTORY_SENSORS

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with a device that reports everything, and whose time stands still."""
    clock = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=11, fields=ALL_FIELDS), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


async def test_all_entities(hass: HomeAssistant, cloud: CarbonTrackSimulator, snapshot: SnapshotAssertion) -> None:
    """The device, and registry entry and state of each entity."""
    snapshot = snapshot.use_extension(HomeAssistantSnapshotExtension)
    entry = await async_load_carbontrack(hass, cloud)
    (device_id,) = cloud.house.device_ids
    await wait_complete(entry, device_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device == snapshot(name="device")
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(found) == len(SOURCE_SENSORS) + len(HISTORY_SENSORS) + 5
    for one in sorted(found, key=lambda one: one.entity_id):
        assert one == snapshot(name=f"{one.entity_id}-entry")
        assert hass.states.get(one.entity_id) == snapshot(name=f"{one.entity_id}-state")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_home_assistant_has_nothing_to_object(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """No unit, device class, state class or name that it warns of."""
    entry = await async_load_carbontrack(hass, cloud)
    await hass.config_entries.async_unload(entry.entry_id)
    # How long a step took is asyncio's own worry, and the machine's.
    records = [record for record in caplog.records if record.name != "asyncio"]
    said = [record.getMessage() for record in records if record.levelname in ("WARNING", "ERROR")]
    assert [text for text in said if "wattbridge" in text and "not been tested" not in text] == []


@pytest.mark.parametrize("description", [*SOURCE_SENSORS, *HISTORY_SENSORS], ids=lambda known: str(known.key))
def test_unit_and_state_class_belong_to_the_device_class(description: object) -> None:
    """Home Assistant's own tables say which."""
    (known,) = [one for one in (*SOURCE_SENSORS, *HISTORY_SENSORS) if one is description]
    device_class = known.device_class
    if device_class is None:
        return
    assert known.native_unit_of_measurement in DEVICE_CLASS_UNITS.get(device_class, {None})
    if known.state_class is not None:
        assert known.state_class in DEVICE_CLASS_STATE_CLASSES[device_class]
    if device_class in UNIT_CONVERTERS:
        assert known.suggested_display_precision is not None
