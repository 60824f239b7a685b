"""A history that is changed from outside: a range is fetched again, series are deleted, and it is stopped anywhere."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from comparison import WIRE, assert_equal_to_cloud, runtime_of, series_id, stored, wait_complete, wait_for
from history_bench import (
    NOW,
    USAGE,
    asked_stretches,
    async_load_whole,
    async_look,
    async_pass,
    counted_rows,
    still_cloud,
    unhurried,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from aiowattbridge.simulators import Fault, Revision
from custom_components.wattbridge import carbontrack_history
from custom_components.wattbridge.aiowattbridge.errors import CredentialsError, WattbridgeError
from custom_components.wattbridge.carbontrack_history import CarbonTrackHistory
from custom_components.wattbridge.progress import ImportCounts
from custom_components.wattbridge.series import async_series_book
from custom_components.wattbridge.statistics import SeriesWriter, WriteLostError, Written

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BOTH = {"usage": WIRE["usage"], "export": WIRE["export"]}

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


async def test_import_of_what_is_there_says_that_it_is_the_same(hass: HomeAssistant) -> None:
    """And a range below the depth is new; the records are those of the hours and their margins."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5, statistics=list(BOTH))
        device_id, history = cloud.house.device_ids[0], runtime_of(entry).history
        counts = await history.async_import(device_id, NOW - 3 * DAY, NOW - 2 * DAY)
        assert (counts.new, counts.changed, counts.same, counts.refused) == (0, 0, 2 * 25, 0)
        assert 2 * 25 <= counts.read <= 2 * 27 + 1
        older = await history.async_import(device_id, NOW - 50 * DAY, NOW - 5 * DAY)
        assert older.new == 2 * 45 * 24
        assert older.same == 2
        assert history.device_progress(device_id).complete
        await assert_equal_to_cloud(hass, cloud, days=50, wires=BOTH)
        assert counts + older == ImportCounts(read=counts.read + older.read, new=older.new, same=52)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_range_far_back_does_not_make_the_years_after_it_wanted(hass: HomeAssistant) -> None:
    """Neither a restart nor a weekly look brings in what lies between; the range itself is looked at."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        device_id, usage = cloud.house.device_ids[0], series_id(cloud, "usage")
        midnight = NOW.replace(hour=0, minute=0)
        start, end = midnight - 300 * DAY, midnight - 298 * DAY
        await runtime_of(entry).history.async_import(device_id, start, end)
        before = len(await stored(hass, usage))
        cloud.house.oddities.append(Revision(start, end, NOW + DAY, 300))
        cloud.log.clear()
        await hass.config_entries.async_reload(entry.entry_id)
        await wait_complete(entry, device_id)
        await async_pass(entry, cloud, days=8)
        between = [
            (begin, until)
            for begin, until in asked_stretches(cloud)
            if begin < NOW - 42 * DAY and until > end + 2 * HOUR
        ]
        assert between == []
        assert len(await stored(hass, usage)) == before + 8 * 24
        assert runtime_of(entry).history.device_progress(device_id).revised_hours > 12
        await hass.config_entries.async_unload(entry.entry_id)


async def test_import_brings_a_correction_at_once(hass: HomeAssistant) -> None:
    """Without waiting for the daily look; the future of a range is not asked for."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        start = NOW.replace(minute=0) - 2 * DAY
        cloud.house.oddities.append(Revision(start, start + 3 * HOUR, NOW, 300))
        device_id = cloud.house.device_ids[0]
        counts = await runtime_of(entry).history.async_import(device_id, start, NOW + 30 * DAY)
        assert 0 < counts.changed <= 3
        assert counts.new == 0
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_import_that_the_cloud_refuses_says_why(hass: HomeAssistant) -> None:
    """The library's errors come through, and the history goes on."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        device_id, history = cloud.house.device_ids[0], runtime_of(entry).history
        cloud.faults.script("/ctapi/Measurement", [Fault("in_band")] * 10)
        with pytest.raises(WattbridgeError):
            await history.async_import(device_id, NOW - DAY, NOW)
        cloud.faults.clear()
        cloud.password = "another one"
        cloud.tokens.expire_all()
        cloud.tokens.revoke_refresh_tokens()
        with pytest.raises(CredentialsError):
            await history.async_import(device_id, NOW - DAY, NOW)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_cleared_series_is_filled_again_and_the_others_stay(hass: HomeAssistant) -> None:
    """What belongs to another account is not touched, and readers wait meanwhile."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5, statistics=list(BOTH))
        device_id, history = cloud.house.device_ids[0], runtime_of(entry).history
        usage, export = history.statistic_ids_of(device_id)
        assert history.device_of(usage) == device_id
        assert history.device_of("wattbridge:carbontrack_1_usage") is None
        assert history.names_of(device_id) == {usage: "Roof energy used", export: "Roof energy exported"}
        with counted_rows() as written:
            assert await history.async_clear([usage, "wattbridge:carbontrack_1_usage"]) == [usage]
            assert not history.device_progress(device_id).complete
            await wait_complete(entry, device_id)
        assert 5 * 24 <= sum(written) <= 5 * 24 + 1
        await assert_equal_to_cloud(hass, cloud, days=5, wires=BOTH)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_listeners_are_told_of_progress_until_they_leave(hass: HomeAssistant) -> None:
    """Sensors show it."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        history, device_id = runtime_of(entry).history, cloud.house.device_ids[0]
        shares: list[float] = []
        others: list[bool] = []
        history.async_add_listener(lambda: others.append(True), "another device")
        leave = history.async_add_listener(lambda: shares.append(history.device_progress(device_id).fraction))
        await history.async_clear([series_id(cloud, "usage")])
        await wait_complete(entry, device_id)
        await wait_for(lambda: shares[-1] == 1)
        assert shares[0] < 1
        assert not others
        leave()
        count = len(shares)
        await async_look(entry, cloud)
        assert len(shares) == count
        await hass.config_entries.async_unload(entry.entry_id)


async def test_import_does_not_wait_for_a_history_that_does_not_run(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Its notes are those of a newer version, say: they stay as they are, and nothing is imported or deleted."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=1)
        device_id = cloud.house.device_ids[0]
        await hass.config_entries.async_unload(entry.entry_id)
        notes = hass_storage[f"wattbridge.history.{entry.entry_id}"]
        notes["version"] = 99
        await hass.config_entries.async_setup(entry.entry_id)
        history = runtime_of(entry).history
        async with asyncio.timeout(5):
            with pytest.raises(WriteLostError):
                await history.async_import(device_id, NOW - DAY, NOW)
            with pytest.raises(WriteLostError):
                await history.async_clear(history.statistic_ids)
        await hass.config_entries.async_unload(entry.entry_id)
        assert hass_storage[f"wattbridge.history.{entry.entry_id}"]["version"] == 99
        assert await stored(hass, series_id(cloud, "usage"))


async def test_import_ends_with_its_account(hass: HomeAssistant) -> None:
    """Who asked for it is told, and does not wait for ever."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        device_id, history = cloud.house.device_ids[0], runtime_of(entry).history
        async with async_series_book(hass).lock(series_id(cloud, "usage")):
            asked = asyncio.create_task(history.async_import(device_id, NOW - 20 * DAY, NOW))
            await asyncio.sleep(0.1)
            await hass.config_entries.async_unload(entry.entry_id)
            with pytest.raises(WriteLostError):
                await asked


async def test_devices_take_turns_so_that_what_is_recent_comes_first_for_all(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has begun gets a window in turn; one that begins a little later has missed one round at most."""
    monkeypatch.setattr(carbontrack_history, "LONGEST_WINDOW_S", 5 * 86_400)
    original, begun = CarbonTrackHistory.async_fill_in, list[str]()

    async def noted(device: CarbonTrackHistory) -> Written:
        begun.append(device.statistic_ids[0])
        return await original(device)

    monkeypatch.setattr(CarbonTrackHistory, "async_fill_in", noted)
    async with still_cloud(devices=3) as cloud:
        devices = {one: {"name": one[-1], "interval_s": cloud.house.interval_s} for one in cloud.house.device_ids}
        entry = await async_load_whole(hass, cloud, history_days=15, devices=devices)
        for device_id in devices:
            await wait_complete(entry, device_id)
        assert len(begun) == 9
        for one in set(begun):
            before = begun[: begun.index(one)]
            assert all(before.count(other) <= 2 for other in before)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("seed", range(3))
async def test_stops_at_any_point_lose_and_double_nothing(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The account is unloaded again and again in the middle of whatever it does."""
    monkeypatch.setattr(carbontrack_history, "LONGEST_WINDOW_S", 8 * 86_400)
    chance = Random(seed)  # noqa: S311 - a seeded moment is no secret
    async with still_cloud(interval_s=3600) as cloud:
        entry = await async_load_whole(hass, cloud, history_days=1, statistics=list(BOTH))
        options = {**entry.options, "history_days": 40}
        hass.config_entries.async_update_entry(entry, options=options)
        for _ in range(6):
            await hass.config_entries.async_reload(entry.entry_id)
            await asyncio.sleep(chance.random() * 0.15)
        await wait_for(lambda: entry.state is ConfigEntryState.LOADED)
        await wait_complete(entry, cloud.house.device_ids[0])
        await assert_equal_to_cloud(hass, cloud, days=40, wires=BOTH)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_hours_that_the_recorder_loses_are_refused_and_fetched_again(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read back is not there, whatever was given to the recorder."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)
        device_id, history = cloud.house.device_ids[0], runtime_of(entry).history
        start = NOW.replace(minute=0) - 2 * DAY
        cloud.house.oddities.append(Revision(start, start + 3 * HOUR, NOW, 300))
        with monkeypatch.context() as patched:
            patched.setattr(SeriesWriter, "_import", lambda *_: None)
            counts = await history.async_import(device_id, start, start + DAY)
        assert counts == ImportCounts(refused=24 * len(history.statistic_ids))
        assert not history.device_progress(device_id).complete
        await runtime_of(entry).coordinator.async_refresh()
        await wait_complete(entry, device_id)
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)
