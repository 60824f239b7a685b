"""The options of an account change while its history is there: what depends on them is made anew, and nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from comparison import WIRE, assert_equal_to_cloud, runtime_of, series_id, stored, wait_complete, wait_for
from history_bench import NOW, asked_stretches, async_load_whole, async_look, counted_rows, still_cloud, unhurried
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from aiowattbridge.simulators import CarbonTrackSimulator
from custom_components.wattbridge import carbontrack_history
from custom_components.wattbridge.carbontrack_history import CarbonTrackHistory
from custom_components.wattbridge.history import HistoryImporter
from custom_components.wattbridge.series import async_series_book
from custom_components.wattbridge.statistics import WriteLostError, Written

DAY = timedelta(days=1)
BOTH = {"usage": WIRE["usage"], "generation": WIRE["generation"]}

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


async def change(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Change options of a loaded account, as the flow does."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    await hass.config_entries.async_reload(entry.entry_id)


async def change_and_wait(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: CarbonTrackSimulator, **options: Any
) -> None:
    """Change options, and wait until all is there again."""
    await change(hass, entry, **options)
    await wait_complete(entry, cloud.house.device_ids[0])
    await async_look(entry, cloud)


async def test_other_unit_makes_every_series_anew(hass: HomeAssistant) -> None:
    """It was set to W, and the cloud meant Wh; readers see nothing of it before all of it is there."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=20, power_unit="W", statistics=list(BOTH))
        usage = series_id(cloud, "usage")
        half = await stored(hass, usage)
        book = async_series_book(hass)
        seen: list[bool] = []
        book.async_listen(
            lambda one: seen.append((published := book.get(one)) is None or published.contiguous_from is None)
        )
        await change_and_wait(hass, entry, cloud, power_unit="Wh")
        assert seen
        assert all(seen)
        rows = await stored(hass, usage)
        assert sum(row["state"] for row in rows) == pytest.approx(2 * sum(row["state"] for row in half))
        await assert_equal_to_cloud(hass, cloud, days=20, wires=BOTH)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_other_field_leaves_the_other_series_alone(hass: HomeAssistant) -> None:
    """The energy from the grid is made of another field; what was generated has nothing to do with it."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=10, statistics=list(BOTH))
        with counted_rows() as written:
            await change_and_wait(hass, entry, cloud, grid_field="power_usage")
        assert sum(written) <= 10 * 24 + 1
        await assert_equal_to_cloud(hass, cloud, days=10, wires={**BOTH, "usage": "PowerUsage"})
        await hass.config_entries.async_unload(entry.entry_id)


async def test_what_lies_further_back_than_the_history_depth_is_made_anew_too(hass: HomeAssistant) -> None:
    """The depth was reduced meanwhile: that deletes nothing, and nor does another unit."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=20, power_unit="W", statistics=["usage"])
        await change_and_wait(hass, entry, cloud, power_unit="Wh", history_days=5)
        await assert_equal_to_cloud(hass, cloud, days=20, wires={"usage": WIRE["usage"]})
        await hass.config_entries.async_unload(entry.entry_id)


async def assert_made_of_wh(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Compare the hours that are there, however many, with what the cloud means."""
    now = cloud.clock.now()
    hours = cloud.house.hourly_energy_wh(cloud.house.device_ids[0], WIRE["usage"], now - 30 * DAY, now, at=now)
    for row in await stored(hass, series_id(cloud, "usage")):
        assert row["state"] * 1000 == pytest.approx(hours[datetime.fromtimestamp(row["start"], UTC)], abs=0.01)


async def test_series_that_is_made_anew_is_made_whole_whatever_the_depth_is_by_then(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was half done when the depth was reduced."""
    monkeypatch.setattr(carbontrack_history, "LONGEST_WINDOW_S", 5 * 86_400)
    original, done = CarbonTrackHistory.async_fill_in, list[Written]()

    async def once(device: CarbonTrackHistory) -> Written:
        if done:
            raise WriteLostError("this is where it ends")
        done.append(await original(device))
        return done[-1]

    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=12, statistics=["usage"], power_unit="W")
        with monkeypatch.context() as stop:
            stop.setattr(CarbonTrackHistory, "async_fill_in", once)
            await change(hass, entry, power_unit="Wh")
            await wait_for(lambda: bool(done))
            await asyncio.sleep(0.1)
            await hass.config_entries.async_unload(entry.entry_id)
        hass.config_entries.async_update_entry(entry, options={**entry.options, "history_days": 2})
        await hass.config_entries.async_setup(entry.entry_id)
        await wait_complete(entry, cloud.house.device_ids[0])
        await assert_equal_to_cloud(hass, cloud, days=12, wires={"usage": WIRE["usage"]})
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("stopped_at", ["clearing", "first window", "second window"])
@pytest.mark.parametrize("back", [False, True], ids=["forward", "back again"])
async def test_figures_of_two_settings_never_mix(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, stopped_at: str, *, back: bool
) -> None:
    """Home Assistant ends while a series is made anew, and nothing of it is on disk but the rows."""
    windows = {"clearing": 0, "first window": 1, "second window": 2}[stopped_at]
    original, begun = CarbonTrackHistory.async_fill_in, list[Written]()

    async def some(device: CarbonTrackHistory) -> Written:
        if len(begun) >= windows:
            raise RuntimeError("this is where it ends")
        begun.append(await original(device))
        return begun[-1]

    async def nothing(_: HistoryImporter) -> None:
        return

    monkeypatch.setattr(carbontrack_history, "LONGEST_WINDOW_S", 5 * 86_400)
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=12, statistics=["usage"], power_unit="W")
        with monkeypatch.context() as kill:
            kill.setattr(CarbonTrackHistory, "async_fill_in", some)
            kill.setattr(HistoryImporter, "_async_save", nothing)
            await change(hass, entry, power_unit="Wh")
            await wait_for(lambda: all(task.done() for task in runtime_of(entry).history._tasks))
            await hass.config_entries.async_unload(entry.entry_id)
            await assert_made_of_wh(hass, cloud)
        unit = "W" if back else "Wh"
        hass.config_entries.async_update_entry(entry, options={**entry.options, "power_unit": unit})
        await hass.config_entries.async_setup(entry.entry_id)
        await wait_complete(entry, cloud.house.device_ids[0])
        if back:
            await change_and_wait(hass, entry, cloud, power_unit="Wh")
        await assert_equal_to_cloud(hass, cloud, days=12, wires={"usage": WIRE["usage"]})
        await hass.config_entries.async_unload(entry.entry_id)


async def test_added_series_is_filled_in_without_touching_the_others(hass: HomeAssistant) -> None:
    """Also a channel; and one that is left out stays as it is, and goes on when it is chosen again."""
    channel = {"channel_1": "Power1"}
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=10, statistics=["usage"])
        with counted_rows() as written:
            await change_and_wait(hass, entry, cloud, statistics=["usage", *channel])
        assert sum(written) <= 10 * 24 + 1
        await assert_equal_to_cloud(hass, cloud, days=10, wires={"usage": WIRE["usage"], **channel})
        before = await stored(hass, series_id(cloud, "usage"))
        await change_and_wait(hass, entry, cloud, statistics=list(channel))
        cloud.clock.advance(3 * 86_400)
        await async_look(entry, cloud)
        assert await stored(hass, series_id(cloud, "usage")) == before
        await change_and_wait(hass, entry, cloud, statistics=["usage", *channel])
        await assert_equal_to_cloud(hass, cloud, days=13, wires={"usage": WIRE["usage"], **channel})
        await hass.config_entries.async_unload(entry.entry_id)


async def test_series_that_was_left_out_does_not_go_on_with_other_settings(hass: HomeAssistant) -> None:
    """The unit was changed in the meantime: what is stored of it is made anew when it is chosen again."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5, statistics=list(BOTH), power_unit="W")
        await change_and_wait(hass, entry, cloud, statistics=["usage"], power_unit="Wh")
        await change_and_wait(hass, entry, cloud, statistics=list(BOTH))
        await assert_equal_to_cloud(hass, cloud, days=5, wires=BOTH)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_larger_depth_adds_the_past_below_alone(hass: HomeAssistant) -> None:
    """What is there is not fetched again."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=10)
        cloud.log.clear()
        await change_and_wait(hass, entry, cloud, history_days=20)
        await assert_equal_to_cloud(hass, cloud, days=20, wires={"usage": WIRE["usage"]})
        long = [(start, end) for start, end in asked_stretches(cloud) if end - start > 3 * DAY]
        assert [end < NOW - 9 * DAY for _, end in long] == [True]
        await hass.config_entries.async_unload(entry.entry_id)


async def test_note_of_another_form_costs_requests_and_no_rows(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """It was written before this version: everything is compared again, and nothing is written."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=10)
        device_id = cloud.house.device_ids[0]
        await hass.config_entries.async_unload(entry.entry_id)
        hass_storage[f"wattbridge.history.{entry.entry_id}"]["data"] = {device_id: {"verified_from_s": 0, "stored": {}}}
        with counted_rows() as written:
            await hass.config_entries.async_setup(entry.entry_id)
            await wait_complete(entry, device_id)
        assert sum(written) == 0
        await assert_equal_to_cloud(hass, cloud, days=10, wires={"usage": WIRE["usage"]})
        await hass.config_entries.async_unload(entry.entry_id)
