"""What is remembered of the meters: read no further than needed, and left alone where a newer version wrote it."""

from threading import get_ident
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from meter_bench import meter, runtime_of, utc_noon, wait_whole
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware, make_entry
from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from custom_components.wattbridge import voltaware_archive
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.series import async_series_book
from custom_components.wattbridge.sources import async_source_statistic_ids
from custom_components.wattbridge.vendors.voltaware import total_id


def key_of(entry: MockConfigEntry) -> str:
    """Name the file of an account's archive."""
    return f"wattbridge.voltaware.{entry.entry_id}"


async def test_series_are_listed_from_the_kinds_of_appliances_alone(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry, device_id: str
) -> None:
    """Whatever else is in the archive; where not even they can be read, the total is there all the same."""
    listed = runtime_of(entry).history.statistic_ids
    assert len(listed) > 1
    await hass.config_entries.async_unload(entry.entry_id)
    record = hass_storage[key_of(entry)]["data"][device_id]
    record["known_since_s"] = record["weeks"] = "not read"
    assert await async_source_statistic_ids(hass, entry) == listed
    record["months"] = "not what it was"
    assert await async_source_statistic_ids(hass, entry) == [total_id(device_id)]


async def test_whole_archive_is_checked_beside_the_event_loop(
    hass: HomeAssistant, entry: MockConfigEntry, device_id: str
) -> None:
    """That of a hundred meters takes a while."""
    threads: list[int] = []
    adapter = voltaware_archive._RECORDS

    def validate(stored: object) -> object:
        threads.append(get_ident())
        return adapter.validate_python(stored)

    noted = SimpleNamespace(validate_python=validate, dump_python=adapter.dump_python)
    with patch.object(voltaware_archive, "_RECORDS", noted):
        await hass.config_entries.async_reload(entry.entry_id)
    assert runtime_of(entry).coordinator.data[device_id].month is not None
    assert len(threads) == 1
    assert get_ident() not in threads


async def test_archive_of_a_newer_version_stops_its_own_account_alone(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: VoltawareSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """That is said once; nothing of it is changed, and its series are waited for."""
    devices = {cloud.device_ids[0]: {"name": "Home"}}
    newer = make_entry("voltaware", cloud, devices=devices)
    other = make_entry("voltaware", cloud, devices=devices, base_url=f"{cloud.url}/")
    kept = {"version": 99, "minor_version": 1, "key": key_of(newer), "data": {"of": "another form"}}
    hass_storage[key_of(newer)] = dict(kept)
    for entry in (newer, other):
        entry.add_to_hass(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done(wait_background_tasks=False)
    assert other.state is ConfigEntryState.LOADED
    assert newer.state is ConfigEntryState.SETUP_ERROR
    assert newer.error_reason_translation_key == "notes_too_new"
    told = [record for record in caplog.records if "newer Wattbridge" in record.getMessage()]
    assert len(told) == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == told
    assert async_series_book(hass).is_expected(total_id(cloud.device_ids[0]))
    assert hass_storage[key_of(newer)] == kept
    await hass.config_entries.async_remove(newer.entry_id)
    assert key_of(newer) not in hass_storage
    await hass.config_entries.async_unload(other.entry_id)


async def test_unloading_reads_nothing_and_releases_the_series_of_a_meter_that_was_dropped(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the other meter are waited for until the account is back."""
    clock = SimulatorClock(utc_noon(2026, 6, 6), frozen=True)
    meters = [meter("Europe/Berlin", utc_noon(2026, 5, 30), number) for number in range(2)]
    read: list[str] = []
    original = Store.async_load

    async def noted(store: Store[Any]) -> Any:
        read.append(store.key)
        return await original(store)

    async with VoltawareSimulator(meters=meters, clock=clock) as cloud:
        with same_time(clock):
            devices = {home.device_id: {"name": f"Home {home.number}"} for home in meters}
            entry = await async_load_voltaware(hass, cloud, devices=devices)
            for device_id in devices:
                await wait_whole(entry, device_id)
            kept, dropped = (runtime_of(entry).history.statistic_ids_of(device_id) for device_id in devices)
            devices.popitem()
            hass.config_entries.async_update_entry(entry, data={**entry.data, "devices": devices})
            monkeypatch.setattr(Store, "async_load", noted)
            await hass.config_entries.async_unload(entry.entry_id)
    assert read == []
    book = async_series_book(hass)
    assert len(kept) > 1
    assert all(book.is_expected(statistic_id) for statistic_id in kept)
    assert not any(book.is_expected(statistic_id) for statistic_id in dropped)
