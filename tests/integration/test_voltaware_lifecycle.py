"""Meters come and go; what the page and the report of one say of its history; and no secret in either."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from lifecycle_bench import issues, look
from meter_bench import meter, runtime_of
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware, wait_for
from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.diagnostics import async_get_config_entry_diagnostics
from custom_components.wattbridge.lifecycle import async_remove_device

NOW = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
FIRST_EVENT = datetime(2026, 5, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud with two meters; its time is moved by the test."""
    clock = SimulatorClock(NOW, frozen=True)
    meters = [meter("Europe/Berlin", FIRST_EVENT, number) for number in range(2)]
    async with VoltawareSimulator(meters=meters, clock=clock) as simulator:
        with same_time(clock):
            yield simulator


async def load(hass: HomeAssistant, cloud: VoltawareSimulator, *ids: str, **settings: Any) -> MockConfigEntry:
    """Load an account that has these meters, and wait until their months are in the recorder."""
    devices = {device_id: {"name": f"Meter {device_id}"} for device_id in ids}
    entry = await async_load_voltaware(hass, cloud, devices=devices, **settings)
    history = runtime_of(entry).history
    await wait_for(lambda: all(history.device_progress(device_id).complete for device_id in ids))
    return entry


async def test_new_meter_is_taken_up(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """With its history."""
    first, second = cloud.device_ids
    entry = await load(hass, cloud, first, left_out=[], follow_new_devices=True)
    await look(hass, entry)
    assert entry.data["devices"].keys() == {first, second}
    await wait_for(lambda: runtime_of(entry).history.device_progress(second).complete)
    assert runtime_of(entry).history.statistic_ids_of(second)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_vanished_meter_is_asked_about_and_removed_with_its_statistics(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """The other one stays."""
    first, second = cloud.device_ids
    entry = await load(hass, cloud, first, second)
    kept, cleared = (set(runtime_of(entry).history.statistic_ids_of(device_id)) for device_id in (first, second))
    assert len(cleared) > 1
    del cloud.meters[second]
    await look(hass, entry)
    assert issues(hass) == []
    cloud.clock.advance(3600)
    await look(hass, entry)
    assert issues(hass) == ["device_vanished"]
    await async_remove_device(hass, entry, second, clear_statistics=True)
    assert issues(hass) == []
    assert list(entry.data["devices"]) == [first]
    left = {row["statistic_id"] for row in await async_list_statistic_ids(hass, kept | cleared)}
    assert left == kept
    await hass.config_entries.async_unload(entry.entry_id)


async def test_meter_that_has_not_sent_anything_yet_has_not_vanished(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """The list has only those that have sent something."""
    first, second = cloud.device_ids
    cloud.meters[second] = replace(cloud.meters[second], registered_at=NOW + timedelta(days=1))
    entry = await async_load_voltaware(
        hass, cloud, devices={device_id: {"name": "Meter"} for device_id in (first, second)}
    )
    await look(hass, entry)
    cloud.clock.advance(3600)
    await look(hass, entry)
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_page_of_a_meter_says_how_far_its_history_has_come(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """And lists its statistics by the names that the Energy settings show."""
    first = cloud.device_ids[0]
    entry = await load(hass, cloud, first)
    registry = er.async_get(hass)

    def state_of(key: str) -> Any:
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"voltaware_{first}_{key}")
        return hass.states.get(entity_id) if entity_id else None

    await wait_for(lambda: state_of("history_progress").state == "100.0")
    listed = state_of("statistics").attributes["statistic_ids"]
    names = runtime_of(entry).history.names_of(first)
    assert {one["statistic_id"]: one["name"] for one in listed} == names
    assert int(state_of("statistics").state) == len(names) > 1
    assert datetime.fromisoformat(state_of("history_from").state) == datetime(2026, 5, 26, 22, tzinfo=UTC)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_report_shows_months_and_schedule_and_no_secret(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """Meters are pseudonyms."""
    first = cloud.device_ids[0]
    cloud.metadata[first, "geolocation"] = {"latitude": 52.123456, "longitude": 13.654321}
    entry = await load(hass, cloud, first, follow_new_devices=False)
    report = await async_get_config_entry_diagnostics(hass, entry)
    (meter,) = report["devices"].values()
    assert meter["months"] == ["2026-05"]
    assert "device" in meter["asked_at"]
    assert meter["disagreements"] == 0
    assert meter["history"]["complete"]
    assert "total" in meter["series"]
    assert report["settings"] == {"vendor": "voltaware", "follow_new_devices": False}
    text = json.dumps(report)
    for secret in {cloud.username, cloud.password, cloud.url, first, f"Meter {first}"} | cloud.canaries:
        assert secret not in text, secret
    await hass.config_entries.async_unload(entry.entry_id)
