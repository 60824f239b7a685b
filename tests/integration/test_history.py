"""The history of a device in the recorder: equal to what the cloud holds, hour by hour, whatever happened."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from comparison import (
    WIRE,
    assert_equal_to_cloud,
    runtime_of,
    series_id,
    stored,
    wait_complete,
    wait_for,
    watermark_of,
)
from history_bench import unhurried
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from accounts import async_load, async_load_carbontrack, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, Gap, House, Revision, SimulatorClock
from custom_components.wattbridge import history, statistics
from custom_components.wattbridge.carbontrack_history import CarbonTrackHistory
from custom_components.wattbridge.series import async_series_book

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


async def test_history_equals_the_cloud_hour_by_hour(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Several windows, each put in front of the ones before."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=40)
    device_id = carbontrack_cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=40)
    book = async_series_book(hass)
    for series in WIRE:
        published = book.get(series_id(carbontrack_cloud, series))
        assert published is not None
        assert published.contiguous_from is None
    await hass.config_entries.async_unload(entry.entry_id)
    assert book.get(series_id(carbontrack_cloud, "usage")) is None


async def test_recent_past_is_there_before_the_far_past(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first window the newest hours are stored and published, and the rest is not."""
    first_window = asyncio.Event()
    going_on = asyncio.Event()
    original = CarbonTrackHistory.async_fill_in

    async def stepwise(device: CarbonTrackHistory) -> statistics.Written:
        if first_window.is_set():
            await going_on.wait()
        written = await original(device)
        first_window.set()
        return written

    monkeypatch.setattr(CarbonTrackHistory, "async_fill_in", stepwise)
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    await first_window.wait()
    rows = await stored(hass, series_id(carbontrack_cloud, "usage"))
    now_s = carbontrack_cloud.clock.now().timestamp()
    # Up to five minutes into an hour, the newest reading is the last of the hour before.
    assert now_s - 3600 - 400 < rows[-1]["start"] <= now_s
    assert now_s - rows[0]["start"] < 16 * 86400
    published = async_series_book(hass).get(series_id(carbontrack_cloud, "usage"))
    assert published is not None
    assert published.contiguous_from is not None
    going_on.set()
    await wait_complete(entry, carbontrack_cloud.house.device_ids[0])
    await hass.config_entries.async_unload(entry.entry_id)


async def test_stopped_import_goes_on_where_it_was(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Unloading in the middle of a window and loading again ends in the same series."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    device_id = carbontrack_cloud.house.device_ids[0]
    await wait_for(lambda: 0 < runtime_of(entry).history.device_progress(device_id).fraction < 1)
    await hass.config_entries.async_unload(entry.entry_id)
    rows = await stored(hass, series_id(carbontrack_cloud, "usage"))
    assert 0 < len(rows) < 20 * 24
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_complete(entry, device_id)
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=20)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_complete_history_is_not_fetched_again_at_a_restart(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Only the stretch since the last poll is asked for, and nothing is written for it but the hour that goes on."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    device_id = carbontrack_cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    await hass.config_entries.async_unload(entry.entry_id)
    carbontrack_cloud.log.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_complete(entry, device_id)
    now = carbontrack_cloud.clock.now()
    asked = [e.body for e in carbontrack_cloud.log.entries if e.path == "/ctapi/Measurement" and e.body is not None]
    assert asked
    for body in asked:
        start = datetime.fromisoformat(str(body["FromUTCDate"]))
        assert now - start < timedelta(days=2)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_lost_note_costs_requests_but_no_rows(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its note everything is fetched and compared again; of rows that are right none is written."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    device_id = carbontrack_cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    await hass.config_entries.async_unload(entry.entry_id)
    await history.async_forget_history(hass, entry)
    written: list[int] = []

    def counting(hass: HomeAssistant, metadata: Any, rows: list[Any]) -> None:
        written.append(len(rows))
        async_add_external_statistics(hass, metadata, rows)

    monkeypatch.setattr(statistics, "async_add_external_statistics", counting)
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_complete(entry, device_id)
    # The hour that is still going on may have grown by a reading meanwhile.
    assert sum(written) <= len(WIRE)
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=20)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_hours_missed_while_home_assistant_was_off_are_fetched(hass: HomeAssistant) -> None:
    """Two days later the series goes on without a hole."""
    clock = SimulatorClock()
    async with CarbonTrackSimulator(house=House(seed=9), clock=clock) as cloud:
        cloud.house.oddities.append(Gap(clock.now() - timedelta(days=2), clock.now() + timedelta(minutes=1)))
        entry = await async_load_carbontrack(hass, cloud, history_days=5)
        await wait_complete(entry, cloud.house.device_ids[0])
        await hass.config_entries.async_unload(entry.entry_id)
        cloud.house.oddities.clear()
        await hass.config_entries.async_setup(entry.entry_id)
        rows = 3 * 24
        await wait_complete(entry, cloud.house.device_ids[0])
        await wait_for(lambda: watermark_of(hass, cloud) > clock.now() - timedelta(minutes=10))
        assert len(await stored(hass, series_id(cloud, "usage"))) > rows
        await assert_equal_to_cloud(hass, cloud)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_hole_stays_a_hole_and_does_not_end_the_history(hass: HomeAssistant) -> None:
    """Twenty empty days in the middle: no row in them, and the days before them are there."""
    clock = SimulatorClock()
    hole = Gap(clock.now() - timedelta(days=30), clock.now() - timedelta(days=10))
    async with CarbonTrackSimulator(house=House(seed=9, oddities=[hole]), clock=clock) as cloud:
        entry = await async_load_carbontrack(hass, cloud, history_days=40)
        await wait_complete(entry, cloud.house.device_ids[0])
        await assert_equal_to_cloud(hass, cloud, days=40)
        assert len(await stored(hass, series_id(cloud, "generation"))) < 22 * 24
        await hass.config_entries.async_unload(entry.entry_id)


async def test_other_settings_make_the_figures_anew(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Choosing the other field for the grid rewrites the series under the same id, sums included."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    device_id = carbontrack_cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "grid_field": "power_usage"})
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_complete(entry, device_id)
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=20, wires={**WIRE, "usage": "PowerUsage"})
    await hass.config_entries.async_unload(entry.entry_id)


async def test_cloud_that_fails_for_a_while_is_waited_for(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The window is fetched again, and the log says it once."""
    entry = make_entry(
        "carbontrack",
        carbontrack_cloud,
        devices={carbontrack_cloud.house.device_ids[0]: {"name": "Roof", "interval_s": 300}},
        grid_field="power_usage_net",
        power_unit="Wh",
        history_days=20,
    )
    # The first request is the coordinator's; the next ones are the history's.
    carbontrack_cloud.faults.script("/ctapi/Measurement", [None, *[Fault("in_band")] * 3])
    await async_load(hass, entry)
    await wait_complete(entry, carbontrack_cloud.house.device_ids[0])
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=20)
    assert caplog.text.count("has to wait") == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_credentials_ask_for_new_ones(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The password is changed while the history is fetched: reauth begins, and nothing is lost."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud, history_days=20)
    carbontrack_cloud.password = "another one"
    carbontrack_cloud.tokens.expire_all()
    carbontrack_cloud.tokens.revoke_refresh_tokens()
    await wait_for(lambda: bool(hass.config_entries.flow.async_progress()))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": "another one"})
    await wait_for(lambda: entry.state is ConfigEntryState.LOADED)
    await wait_complete(entry, carbontrack_cloud.house.device_ids[0])
    await assert_equal_to_cloud(hass, carbontrack_cloud, days=20)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_revised_readings_are_taken_up_when_their_stretch_is_fetched_again(hass: HomeAssistant) -> None:
    """The changed hours are rewritten, and all later sums are shifted with them."""
    clock = SimulatorClock()
    async with CarbonTrackSimulator(house=House(seed=9), clock=clock) as cloud:
        entry = await async_load_carbontrack(hass, cloud, history_days=20)
        await wait_complete(entry, cloud.house.device_ids[0])
        await hass.config_entries.async_unload(entry.entry_id)
        await history.async_forget_history(hass, entry)
        day = clock.now() - timedelta(days=8)
        cloud.house.oddities.append(Revision(day, day + timedelta(hours=5), clock.now(), 150))
        await hass.config_entries.async_setup(entry.entry_id)
        await wait_complete(entry, cloud.house.device_ids[0])
        await assert_equal_to_cloud(hass, cloud, days=20)
        await hass.config_entries.async_unload(entry.entry_id)
