"""Hours that are missing: counted, asked for again, filled when the cloud can, and told to the user when it cannot."""

from datetime import datetime, timedelta

import pytest
from comparison import assert_equal_to_cloud, runtime_of, series_id, stored
from history_bench import NOW, USAGE, asked_stretches, async_load_whole, async_look, async_pass, still_cloud, unhurried
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from aiowattbridge.simulators import CarbonTrackSimulator, Gap, Late
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.progress import Hole, Progress

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOP = NOW.replace(minute=0)

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


def progress_of(entry: MockConfigEntry, cloud: CarbonTrackSimulator) -> Progress:
    """Tell how far the first device has come."""
    return runtime_of(entry).history.device_progress(cloud.house.device_ids[0])


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """List the issues about holes."""
    return [
        issue for key, issue in ir.async_get(hass).issues.items() if key[0] == DOMAIN and key[1].startswith("holes")
    ]


def gap(days_ago: float, hours: int) -> Gap:
    """Make a hole of whole hours."""
    start: datetime = TOP - days_ago * DAY
    return Gap(start, start + hours * HOUR)


async def test_hours_the_cloud_does_not_have_are_counted_and_told(hass: HomeAssistant) -> None:
    """In stretches; what lies before the first row, or is still to come, is no hole."""
    async with still_cloud() as cloud:
        cloud.house.oddities += [gap(8, 30), gap(5, 2), gap(20, 5 * 24), Gap(NOW - 2 * HOUR, NOW)]
        entry = await async_load_whole(hass, cloud, history_days=20)
        progress = progress_of(entry, cloud)
        assert progress.missing_hours == 32
        assert progress.holes == [
            Hole(TOP - 8 * DAY, TOP - 8 * DAY + 30 * HOUR),
            Hole(TOP - 5 * DAY, TOP - 5 * DAY + 2 * HOUR),
        ]
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        (issue,) = issues(hass)
        assert issue.translation_key == "history_holes"
        assert not issue.is_fixable
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["hours"] == "32"
        assert issue.translation_placeholders["count"] == "2"
        assert issue.translation_placeholders["name"] == "Roof"
        assert cloud.house.device_ids[0] not in issue.issue_id
        await hass.config_entries.async_unload(entry.entry_id)


async def test_young_hole_is_counted_but_not_told_yet(hass: HomeAssistant) -> None:
    """Its readings may still come; two days later it is said, if they have not."""
    async with still_cloud() as cloud:
        cloud.house.oddities.append(gap(1, 3))
        entry = await async_load_whole(hass, cloud, history_days=4)
        assert progress_of(entry, cloud).missing_hours == 3
        assert not issues(hass)
        await async_pass(entry, cloud, 2)
        assert len(issues(hass)) == 1
        await hass.config_entries.async_unload(entry.entry_id)


async def test_old_hole_is_filled_within_a_day_when_the_cloud_can(hass: HomeAssistant) -> None:
    """It is asked for alone, not with all that lies around it, and the issue goes away."""
    async with still_cloud(interval_s=3600) as cloud:
        start = TOP - 43 * DAY
        cloud.house.oddities.append(Late(start, start + 6 * HOUR, NOW + HOUR))
        entry = await async_load_whole(hass, cloud, history_days=45)
        assert progress_of(entry, cloud).missing_hours == 6
        assert len(issues(hass)) == 1
        cloud.log.clear()
        await async_pass(entry, cloud, 1)
        assert progress_of(entry, cloud).missing_hours == 0
        assert not issues(hass)
        await assert_equal_to_cloud(hass, cloud, wires=USAGE)
        old = [(begin, end) for begin, end in asked_stretches(cloud) if end < NOW - 36 * DAY]
        assert old == [(start - HOUR, start + 7 * HOUR)]
        await hass.config_entries.async_unload(entry.entry_id)


async def test_old_hole_is_asked_for_at_a_start_unless_it_was_today(hass: HomeAssistant) -> None:
    """Home Assistant was off for two days, and for an hour."""
    async with still_cloud(interval_s=3600) as cloud:
        cloud.house.oddities.append(gap(43, 6))
        entry = await async_load_whole(hass, cloud, history_days=45)
        for hours, expected in ((48, 1), (1, 0)):
            await hass.config_entries.async_unload(entry.entry_id)
            cloud.clock.advance(hours * 3600)
            cloud.log.clear()
            await hass.config_entries.async_setup(entry.entry_id)
            await async_look(entry, cloud)
            assert sum(end < NOW - 36 * DAY for _, end in asked_stretches(cloud)) == expected
        await hass.config_entries.async_unload(entry.entry_id)


async def test_ignored_issue_stays_ignored_until_there_is_a_new_hole(hass: HomeAssistant) -> None:
    """Neither a restart nor a hole that is filled brings it back."""
    async with still_cloud() as cloud:
        cloud.house.oddities += [gap(8, 3), Late(TOP - 5 * DAY, TOP - 5 * DAY + 3 * HOUR, NOW + HOUR)]
        entry = await async_load_whole(hass, cloud, history_days=10)
        (issue,) = issues(hass)
        ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, ignore=True)
        await hass.config_entries.async_reload(entry.entry_id)
        await async_look(entry, cloud)
        await async_pass(entry, cloud, 1)
        (issue,) = issues(hass)
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["hours"] == "3"
        assert issue.dismissed_version is not None
        cloud.house.oddities.append(Gap(NOW + DAY, NOW + DAY + 4 * HOUR))
        await async_pass(entry, cloud, 4)
        (issue,) = issues(hass)
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["hours"] == "7"
        assert issue.dismissed_version is None
        await hass.config_entries.async_remove(entry.entry_id)
        assert not issues(hass)


async def test_device_that_was_dropped_takes_its_issue_with_it(hass: HomeAssistant) -> None:
    """Nobody would ever withdraw it."""
    async with still_cloud() as cloud:
        cloud.house.oddities.append(gap(5, 3))
        entry = await async_load_whole(hass, cloud, history_days=8)
        assert len(issues(hass)) == 1
        hass.config_entries.async_update_entry(entry, data={**entry.data, "devices": {}})
        await hass.config_entries.async_reload(entry.entry_id)
        assert not issues(hass)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_no_row_is_ever_invented_for_a_hole(hass: HomeAssistant) -> None:
    """Not even a zero, however often it is looked at."""
    async with still_cloud() as cloud:
        cloud.house.oddities.append(gap(5, 10))
        entry = await async_load_whole(hass, cloud, history_days=8)
        await async_pass(entry, cloud, 8)
        hours = {row["start"] for row in await stored(hass, series_id(cloud, "usage"))}
        start_s = (TOP - 5 * DAY).timestamp()
        assert not hours & {start_s + 3600 * n for n in range(10)}
        await hass.config_entries.async_unload(entry.entry_id)
