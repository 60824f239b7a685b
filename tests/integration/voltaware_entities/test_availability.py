"""What is known of a Voltaware meter while nothing can be read: results stay true, and how it is now is unknown."""

import pytest
from homeassistant.core import HomeAssistant
from meter_states import coordinator_of, poll, state_of
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, async_load_voltaware, make_entry
from aiowattbridge.simulators import FaultKind, VoltawareSimulator


async def test_results_stay_true_while_the_cloud_is_down(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Whether the meter is connected is unknown meanwhile, and known again afterwards."""
    total = state_of(hass, "sensor", device_id, "month_total").state
    await cloud.stop()
    cloud.clock.advance(2 * 86_400)
    await poll(hass, entry)
    assert state_of(hass, "sensor", device_id, "month_total").state == total
    assert state_of(hass, "sensor", device_id, "connection_state").state == "unavailable"
    assert state_of(hass, "binary_sensor", device_id, "connected").state == "unavailable"
    await cloud.start()
    cloud.clock.advance(86_400)
    await poll(hass, entry)
    assert state_of(hass, "sensor", device_id, "connection_state").state == "connected"
    assert state_of(hass, "binary_sensor", device_id, "connected").state == "on"


async def test_meter_that_has_sent_nothing_says_nothing(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """Its sensors are unavailable, and the account is there."""
    cloud.meters[device_id].registered_at = None
    entry = await async_load(hass, make_entry("voltaware", cloud, devices={device_id: {"name": "Home"}}))
    assert state_of(hass, "sensor", device_id, "month_total").state == "unavailable"
    cloud.meters[device_id].registered_at = cloud.clock.now()
    cloud.clock.advance(86_400)
    await poll(hass, entry)
    assert state_of(hass, "sensor", device_id, "month_total").state != "unavailable"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("reported", "sensor", "binary"),
    [
        ("connected", "connected", "on"),
        ("disconnected", "disconnected", "off"),
        ("never_connected", "never_connected", "off"),
        ("sleeping", "unknown", "unknown"),
    ],
)
async def test_connection(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str, reported: str, sensor: str, binary: str
) -> None:
    """A state that is new to us says neither."""
    cloud.meters[device_id].connection_state = reported
    entry = await async_load_voltaware(hass, cloud)
    assert state_of(hass, "sensor", device_id, "connection_state").state == sensor
    assert state_of(hass, "binary_sensor", device_id, "connected").state == binary
    await hass.config_entries.async_unload(entry.entry_id)


async def test_meter_that_the_account_has_lost_is_unavailable(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str
) -> None:
    """And nothing fails for it."""
    coordinator_of(entry).async_set_updated_data({})
    await hass.async_block_till_done(wait_background_tasks=False)
    for platform, key in (("sensor", "month_total"), ("binary_sensor", "connected"), ("calendar", "cycles")):
        assert state_of(hass, platform, device_id, key).state == "unavailable"


@pytest.mark.usefixtures("all_enabled")
async def test_fault_of_one_answer_hides_nothing(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Results that cannot be read again now are still the last that were."""
    before = {key: state_of(hass, "sensor", device_id, key).state for key in ("month_total", "week_total")}
    cloud.faults.script("*", [FaultKind.TRUNCATED_JSON] * 3)
    cloud.clock.advance(2 * 86_400)
    await poll(hass, entry)
    assert {key: state_of(hass, "sensor", device_id, key).state for key in before} == before
