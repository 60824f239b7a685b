"""What comes late and what is corrected lands, by itself, and nothing else is touched."""

from datetime import timedelta

import pytest
from comparison import assert_equal_to_cloud, runtime_of, series_id, stored, wait_complete, wait_for, watermark_of
from history_bench import (
    NOW,
    USAGE,
    asked_stretches,
    async_load_whole,
    async_look,
    async_pass,
    counted_rows,
    is_done,
    still_cloud,
    unhurried,
)
from homeassistant.core import HomeAssistant

from aiowattbridge.simulators import Gap, Late, Revision
from custom_components.wattbridge.carbontrack_history import CarbonTrackHistory
from custom_components.wattbridge.statistics import WriteLostError, Written

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


async def test_readings_that_come_a_week_late_land_within_a_day(hass: HomeAssistant) -> None:
    """Long after the polls have gone on; also when the device itself has been heard again meanwhile."""
    async with still_cloud() as cloud:
        late = Late(NOW - 9 * DAY, NOW - 7 * DAY, NOW + HOUR)
        cloud.house.oddities.append(late)
        entry = await async_load_whole(hass, cloud, history_days=12)
        before = len(await stored(hass, series_id(cloud, "usage")))
        await async_pass(entry, cloud, 1)
        assert len(await stored(hass, series_id(cloud, "usage"))) == before + 48 + 24
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_correction_of_last_month_lands_within_a_day_and_is_said_once(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """The hours it changes are counted, and later looks have nothing to say."""
    async with still_cloud() as cloud:
        start = (NOW - 20 * DAY).replace(minute=0)
        cloud.house.oddities.append(Revision(start, start + 5 * HOUR, NOW + HOUR, 150))
        entry = await async_load_whole(hass, cloud, history_days=25)
        device_id = cloud.house.device_ids[0]
        assert runtime_of(entry).history.device_progress(device_id).revised_hours == 0
        for _ in range(3):
            await async_pass(entry, cloud, 1)
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        progress = runtime_of(entry).history.device_progress(device_id)
        told, true = (
            cloud.house.hourly_energy_wh(device_id, USAGE["usage"], start, start + 5 * HOUR, at=at)
            for at in (NOW, cloud.clock.now())
        )
        assert progress.revised_hours == sum(told[hour] != true[hour] for hour in told) > 0
        assert progress.revised_at == NOW + DAY
        assert caplog.text.count(f"corrected {progress.revised_hours} hours") == 1
        assert caplog.text.count("The cloud has corrected") == 1
        assert device_id not in caplog.text.split("The cloud has corrected")[1].split("\n")[0]
        await hass.config_entries.async_unload(entry.entry_id)


async def test_correction_of_the_far_past_lands_within_a_week(hass: HomeAssistant) -> None:
    """The daily looks do not go there; the sums of everything after it are right at once."""
    async with still_cloud(interval_s=3600) as cloud:
        start = NOW - 44 * DAY
        cloud.house.oddities.append(Revision(start, start + DAY, NOW + HOUR, 80))
        entry = await async_load_whole(hass, cloud, history_days=45)
        for _ in range(6):
            await async_pass(entry, cloud, 1)
            assert runtime_of(entry).history.device_progress(cloud.house.device_ids[0]).revised_hours == 0
        await async_pass(entry, cloud, 1)
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_looking_again_writes_nothing_where_nothing_has_changed(hass: HomeAssistant) -> None:
    """Everything is compared, the daily part and the weekly one; only the hours that are new are written."""
    async with still_cloud(interval_s=3600) as cloud:
        entry = await async_load_whole(hass, cloud, history_days=45)
        cloud.clock.advance(7 * 86_400)
        cloud.house.oddities.append(Gap(NOW, NOW + 8 * DAY))
        cloud.log.clear()
        with counted_rows() as written:
            await async_look(entry, cloud)
        assert sum(written) == 0
        assert min(start for start, _ in asked_stretches(cloud)) <= NOW - 44 * DAY
        await hass.config_entries.async_unload(entry.entry_id)


async def test_restart_does_not_look_again_at_what_is_fresh(hass: HomeAssistant) -> None:
    """Half a day after the last look, nothing is asked for but what the polls ask for."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=40)
        await async_pass(entry, cloud, 1)
        cloud.clock.advance(43_200)
        cloud.log.clear()
        await hass.config_entries.async_reload(entry.entry_id)
        await async_look(entry, cloud)
        assert asked_stretches(cloud)
        assert min(start for start, _ in asked_stretches(cloud)) > NOW + DAY / 2 - 2 * DAY
        await hass.config_entries.async_unload(entry.entry_id)


async def test_look_that_was_stopped_goes_on_where_it_was(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first of its windows nothing could be written any more, and Home Assistant is restarted."""
    original, looks = CarbonTrackHistory.async_heal, list[Written]()

    async def once(device: CarbonTrackHistory) -> Written | None:
        if looks:
            raise WriteLostError("the recorder is away")
        written = await original(device)
        looks.extend([written] if written is not None else [])
        return written

    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=60)
        device_id = cloud.house.device_ids[0]
        with monkeypatch.context() as away:
            away.setattr(CarbonTrackHistory, "async_heal", once)
            cloud.clock.advance(86_400)
            await runtime_of(entry).coordinator.async_refresh()
            await wait_for(lambda: bool(looks))
            await hass.config_entries.async_unload(entry.entry_id)
        cloud.log.clear()
        await hass.config_entries.async_setup(entry.entry_id)
        await wait_for(lambda: is_done(entry, device_id, cloud.clock.now().timestamp()))
        looked_at = [(start, end) for start, end in asked_stretches(cloud) if end - start > 2 * DAY]
        assert looked_at
        assert max(end for _, end in looked_at) < NOW - 20 * DAY
        await hass.config_entries.async_unload(entry.entry_id)


async def test_account_that_was_emptied_loses_nothing(hass: HomeAssistant) -> None:
    """All records are gone from the cloud: every look finds nothing, and nothing is deleted."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=40)
        before = await stored(hass, series_id(cloud, "usage"))
        cloud.house.oddities.append(Gap(NOW - 800 * DAY, NOW + 800 * DAY))
        with counted_rows() as written:
            await async_pass(entry, cloud, 8)
        assert sum(written) == 0
        assert await stored(hass, series_id(cloud, "usage")) == before
        await hass.config_entries.async_unload(entry.entry_id)


async def test_silent_device_that_goes_on_days_behind_is_followed(hass: HomeAssistant) -> None:
    """It was off for days, and what it kept comes from there on, not from today: the polls never see it."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=10)
        cloud.house.oddities.append(Gap(NOW + 2 * DAY, NOW + 30 * DAY))
        cloud.house.oddities.append(Late(NOW, NOW + 2 * DAY, NOW + 4 * DAY))
        await async_pass(entry, cloud, 3)
        assert len(await stored(hass, series_id(cloud, "usage"))) == 10 * 24
        await async_pass(entry, cloud, 2)
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        assert len(await stored(hass, series_id(cloud, "usage"))) >= 12 * 24
        await hass.config_entries.async_unload(entry.entry_id)


async def test_present_is_not_held_up_by_a_look(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails is tried again later; the polls land meanwhile."""
    async with still_cloud() as cloud:
        entry = await async_load_whole(hass, cloud, history_days=5)

        async def fail(_: CarbonTrackHistory) -> None:
            raise WriteLostError("the recorder is away")

        monkeypatch.setattr(CarbonTrackHistory, "async_heal", fail)
        cloud.clock.advance(86_400)
        await runtime_of(entry).coordinator.async_refresh()
        await wait_for(lambda: watermark_of(hass, cloud) >= NOW + DAY - HOUR)
        await wait_complete(entry, cloud.house.device_ids[0])
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_cloud_that_is_hours_behind_is_followed(hass: HomeAssistant) -> None:
    """Further than the polls look back: what they leave out is fetched each time."""
    async with still_cloud(delay_s=5 * 3600) as cloud:
        entry = await async_load_whole(hass, cloud, history_days=3)
        for _ in range(4):
            cloud.clock.advance(5400)
            await async_look(entry, cloud)
            await wait_for(lambda: NOW + 5 * HOUR > watermark_of(hass, cloud) > cloud.clock.now() - 6 * HOUR)
            await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        await hass.config_entries.async_unload(entry.entry_id)
