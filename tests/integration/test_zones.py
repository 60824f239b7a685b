"""Wherever the home is, and on days of 23 and 25 hours: the series are the cloud's, to the watt-hour."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from comparison import WIRE, assert_equal_to_cloud, runtime_of, wait_complete
from history_bench import async_pass, still_cloud, unhurried
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator, Gap, Late, RecordStyle, Revision

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Two days after clocks were changed, in spring and in autumn; where they never are, on any two days.
ZONES: Final = {
    "Europe/Berlin": ((2026, 3, 31), (2026, 10, 27)),
    "America/New_York": ((2026, 3, 10), (2026, 11, 3)),
    "Australia/Adelaide": ((2026, 10, 6), (2026, 4, 7)),
    "Australia/Lord_Howe": ((2026, 10, 6), (2026, 4, 7)),
    "Asia/Kolkata": ((2026, 3, 31), (2026, 10, 27)),
    "UTC": ((2026, 3, 31), (2026, 10, 27)),
}
CASES = [(zone, date) for zone, dates in ZONES.items() for date in dates]
WIRES: Final = {**WIRE, "channel_1": "Power1"}

pytestmark = pytest.mark.usefixtures(unhurried.__name__)


@pytest.mark.parametrize(("zone", "date"), CASES, ids=lambda value: value if isinstance(value, str) else f"{value[1]}")
async def test_series_equal_the_cloud_in_every_zone_across_both_changes_of_clocks(
    hass: HomeAssistant, zone: str, date: tuple[int, int, int]
) -> None:
    """With gaps, late, revised, shuffled and doubled records, for two devices, at once and after a day."""
    await hass.config.async_set_time_zone(zone)
    now = datetime(*date, 9, 40, tzinfo=UTC)
    # In one of the two, the device's clock is seven minutes off.
    offset_s = 420 * (date == ZONES[zone][0])
    async with still_cloud(now, devices=2, stamp_offset_s=offset_s) as cloud:
        cloud.style = RecordStyle(order="shuffled", repeat_every=5)
        cloud.page_size = 50
        cloud.house.oddities += [
            Gap(now - 2.3 * DAY, now - 2.1 * DAY),
            Gap(now - 1.05 * DAY, now - 0.9 * DAY, cloud.house.device_ids[1]),
            Late(now - 1.9 * DAY, now - 1.4 * DAY, now + HOUR),
            Revision(now - 2.8 * DAY, now - 2.5 * DAY, now + HOUR, 130),
        ]
        devices = {one: {"name": one[-1], "interval_s": cloud.house.interval_s} for one in cloud.house.device_ids}
        entry = await async_load_carbontrack(hass, cloud, devices=devices, history_days=3, statistics=list(WIRES))
        for device_id in devices:
            await wait_complete(entry, device_id)
        await assert_all_as_the_cloud_has_it(hass, cloud, entry, days=3)
        await async_pass(entry, cloud, 1)
        await assert_all_as_the_cloud_has_it(hass, cloud, entry, days=4)
        await hass.config_entries.async_unload(entry.entry_id)


async def assert_all_as_the_cloud_has_it(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, days: int
) -> None:
    """Compare every series of every device, and what is said to be missing."""
    now = cloud.clock.now()
    for number, device_id in enumerate(cloud.house.device_ids):
        await assert_equal_to_cloud(hass, cloud, number=number, days=days, wires=WIRES)
        hours = cloud.house.hourly_energy_wh(device_id, "Generating", now - (days + 0.05) * DAY, now, at=now)
        until = min(max(hours) + HOUR, now.replace(minute=0) - 3 * HOUR)
        there = [hour for hour in hours if hour < until]
        missing = (until - min(there)) // HOUR - len(there)
        assert missing > 0
        assert runtime_of(entry).history.device_progress(device_id).missing_hours == missing
