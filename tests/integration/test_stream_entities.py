"""The page of a stream, and of the account it belongs to: what is shown, and what can be done there."""

import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from forwarding_bench import HOUR, OWN, async_store, metadata, publish, stream_data, sum_rows
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from sink_bench import (
    HOURS,
    NOON,
    START,
    async_load_sink,
    async_settle,
    async_store_day,
    engine_of,
    forwarder_of,
    series_data,
)
from syrupy.assertion import SnapshotAssertion

from accounts import wait_for
from aiowattbridge.simulators import Fault, SimulatorClock, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.forwarding import voice

STREAM = stream_data({"pC_1": (OWN, "change")}, stream_id="house")


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots that know Home Assistant's objects."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes is shown at once."""
    monkeypatch.setattr(voice, "NOTIFY_S", 0)


@pytest.fixture
def clock() -> Iterator[SimulatorClock]:
    """A time that is moved by the test, for the clouds and for Home Assistant."""
    clock = SimulatorClock(NOON, frozen=True)
    with same_time(clock):
        yield clock


@pytest.fixture
async def wattics(clock: SimulatorClock) -> AsyncIterator[WatticsSimulator]:
    """A collector that has nothing yet."""
    async with WatticsSimulator(clock=clock) as cloud:
        yield cloud


@pytest.fixture
async def wattcarbon(clock: SimulatorClock) -> AsyncIterator[WattCarbonSimulator]:
    """An account with one asset."""
    async with WattCarbonSimulator(clock=clock, assets=1) as cloud:
        yield cloud


def described(hass: HomeAssistant, found: er.RegistryEntry) -> dict[str, object]:
    """Put together what a user sees of an entity."""
    state = hass.states.get(found.entity_id)
    assert state is not None, found.entity_id
    attributes = {key: value for key, value in state.attributes.items() if value is not None}
    attributes |= {"category": found.entity_category and found.entity_category.value, "state": state.state}
    shown = {str(key): value for key, value in attributes.items() if value is not None}
    return {key: str(value) if isinstance(value, str) else value for key, value in sorted(shown.items())}


def check_entities(hass: HomeAssistant, entry: MockConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Compare everything that an account shows with the snapshot."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert entities
    for found in sorted(entities, key=lambda one: one.entity_id):
        assert described(hass, found) == snapshot(name=found.entity_id), found.entity_id


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity that is there."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state.state


async def press(hass: HomeAssistant, domain: str, action: str, entity_id: str) -> None:
    """Do with an entity what its page offers."""
    await hass.services.async_call(domain, action, {"entity_id": entity_id}, blocking=True)


async def more_rows(hass: HomeAssistant, clock: SimulatorClock, hours: int = 1) -> None:
    """Let some hours pass, with their energy."""
    clock.advance(hours * 3600)
    await async_store(hass, metadata(OWN), sum_rows(START + HOURS * HOUR, [0.5] * hours, base=HOURS * 0.5))
    publish(hass, START + (HOURS + hours) * HOUR)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_everything_that_is_shown_of_wattics(
    hass: HomeAssistant, wattics: WatticsSimulator, snapshot: SnapshotAssertion
) -> None:
    """Of the account and of a stream, each with its name, state, unit, class and category."""
    await async_store_day(hass)
    entry = await async_load_sink(hass, wattics, STREAM)
    await async_settle(hass, entry)
    check_entities(hass, entry, snapshot)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_everything_that_is_shown_of_wattcarbon(
    hass: HomeAssistant, wattcarbon: WattCarbonSimulator, snapshot: SnapshotAssertion
) -> None:
    """The same entities, with the name of the asset."""
    await async_store_day(hass)
    (asset_id,) = wattcarbon.assets
    data: dict[str, Any] = series_data((OWN, "generation"), target_id=asset_id) | {"target_name": "Roof"}
    entry = await async_load_sink(hass, wattcarbon, data)
    await async_settle(hass, entry)
    check_entities(hass, entry, snapshot)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_streams_stand_behind_their_account(hass: HomeAssistant, wattics: WatticsSimulator) -> None:
    """Each is a service of the vendor, and so is the account."""
    entry = await async_load_sink(hass, wattics, STREAM)
    registry = dr.async_get(hass)
    devices = {device.name: device for device in dr.async_entries_for_config_entry(registry, entry.entry_id)}
    assert devices["house"].via_device_id == devices["wattics"].id
    assert {(device.manufacturer, device.entry_type) for device in devices.values()} == {
        ("Wattics", dr.DeviceEntryType.SERVICE)
    }
    await hass.config_entries.async_unload(entry.entry_id)


async def test_stream_that_is_switched_off_sends_nothing_also_after_a_restart(
    hass: HomeAssistant, wattics: WatticsSimulator, clock: SimulatorClock
) -> None:
    """Switched on again, it goes on where it was."""
    await async_store_day(hass)
    entry = await async_load_sink(hass, wattics, STREAM)
    await async_settle(hass, entry)
    await press(hass, "switch", "turn_off", "switch.house_forwarding")
    assert state_of(hass, "switch.house_forwarding") == "off"
    await hass.config_entries.async_reload(entry.entry_id)
    assert state_of(hass, "switch.house_forwarding") == "off"
    await more_rows(hass, clock)
    with pytest.raises(ServiceValidationError) as refused:
        await press(hass, "button", "press", "button.house_send_now")
    assert refused.value.translation_key == "stream_paused"
    assert len(wattics.accepted.get("house", [])) == HOURS
    await press(hass, "switch", "turn_on", "switch.house_forwarding")
    await wait_for(lambda: len(wattics.accepted.get("house", [])) == HOURS + 1)
    assert state_of(hass, "switch.house_forwarding") == "on"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_button_tries_again_what_is_held(hass: HomeAssistant, wattics: WatticsSimulator) -> None:
    """At once; the problem goes away, and the events tell of both."""
    await async_store_day(hass)
    rejection = wattics.reject("house")
    entry = await async_load_sink(hass, wattics, STREAM)
    await wait_for(lambda: state_of(hass, "binary_sensor.house_problem") == "on")
    problem = hass.states.get("binary_sensor.house_problem")
    assert problem is not None
    assert problem.attributes["problem"] == "rejected"
    event = hass.states.get("event.house_events")
    assert event is not None
    assert (event.attributes["event_type"], event.attributes["problem"]) == ("failed", "rejected")
    wattics.rejections.remove(rejection)
    await press(hass, "button", "press", "button.house_send_now")
    await wait_for(lambda: len(wattics.accepted.get("house", [])) == HOURS)
    await async_settle(hass, entry)
    assert state_of(hass, "binary_sensor.house_problem") == "off"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_lag_grows_although_nothing_happens(
    hass: HomeAssistant, wattics: WatticsSimulator, clock: SimulatorClock
) -> None:
    """In steps of five minutes."""
    await async_store_day(hass)
    entry = await async_load_sink(hass, wattics, STREAM)
    await async_settle(hass, entry)
    assert state_of(hass, "sensor.house_lag") == "0"
    clock.advance(17 * 60)
    async_fire_time_changed(hass, NOON + timedelta(minutes=17), fire_all=True)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert state_of(hass, "sensor.house_lag") == "15"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_pause_that_the_cloud_asks_for_is_shown_at_the_account(
    hass: HomeAssistant, wattics: WatticsSimulator, clock: SimulatorClock
) -> None:
    """Until it is over."""
    entry = await async_load_sink(hass, wattics, STREAM)
    assert state_of(hass, "sensor.wattics_requests_paused_until") == "unknown"
    assert state_of(hass, "binary_sensor.wattics_connection_problem") == "off"
    await async_store_day(hass)
    wattics.faults.script("*", [Fault("rate_limited", retry_after_s=600)])
    engine_of(entry).async_send_now()
    await wait_for(lambda: forwarder_of(entry).paused_until is not None)
    await wait_for(lambda: state_of(hass, "sensor.wattics_requests_paused_until") != "unknown")
    assert state_of(hass, "sensor.wattics_requests_paused_until") == (NOON + timedelta(minutes=10)).isoformat()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_entities_come_with_a_stream_that_is_added_and_go_with_it(
    hass: HomeAssistant, wattics: WatticsSimulator
) -> None:
    """On every platform; those of the account stay."""
    entry = await async_load_sink(hass, wattics, STREAM)
    registry = er.async_get(hass)
    with_it = {one.entity_id for one in er.async_entries_for_config_entry(registry, entry.entry_id)}
    assert {entity_id.split(".")[0] for entity_id in with_it} == {
        "binary_sensor",
        "button",
        "event",
        "sensor",
        "switch",
    }
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    without = {one.entity_id for one in er.async_entries_for_config_entry(registry, entry.entry_id)}
    assert without == {"binary_sensor.wattics_connection_problem", "sensor.wattics_requests_paused_until"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_recorder_takes_a_count_that_falls(
    hass: HomeAssistant, wattcarbon: WattCarbonSimulator, clock: SimulatorClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour that was refused and is taken after all is no new beginning of the count, and no fault of a sensor."""
    await async_store_day(hass)
    (asset_id,) = wattcarbon.assets
    entry = await async_load_sink(hass, wattcarbon, series_data((OWN, "generation"), target_id=asset_id))
    await async_settle(hass, entry)
    sensor = f"sensor.the_{asset_id.replace('-', '_')}_rejected"
    bad = START + HOURS * HOUR
    rejection = wattcarbon.reject(asset_id, lambda rows: bad in rows)
    await more_rows(hass, clock, 3)
    await wait_for(lambda: state_of(hass, sensor) == "1")
    wattcarbon.rejections.remove(rejection)
    await engine_of(entry).courier.async_send_again({int(bad.timestamp()): 0.5})
    await wait_for(lambda: state_of(hass, sensor) == "0")
    await async_wait_recording_done(hass)
    # States have the time of this machine.
    period = datetime.fromtimestamp(time.time() // 300 * 300, UTC)
    do_adhoc_statistics(hass, start=period)
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, period, None, {sensor}, "5minute", None, {"state", "sum"}
    )
    (row,) = found[sensor]
    assert (row["state"], row["sum"]) == (0.0, 0.0)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert not [text for text in warnings if sensor in text]
    await hass.config_entries.async_unload(entry.entry_id)
