"""An account that is met late in a month, by a cloud that has no time, or with figures that are not what they were."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from meter_bench import meter, month_kwh, poll, progress_of, runtime_of, utc_noon, wait_whole
from moving import same_time

from accounts import async_load_voltaware, make_entry
from aiowattbridge.simulators import Fault, MissingMonth, MonthDisagreement, SimulatorClock, VoltawareSimulator
from custom_components.wattbridge.vendors.voltaware import appliance_id
from custom_components.wattbridge.voltaware_data import ResultNews

BERLIN = "Europe/Berlin"
# The week to Sunday the 21st is there; of May there are two days.
NOW = utc_noon(2026, 6, 24)
FIRST_EVENT = utc_noon(2026, 5, 30)


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud whose meter began to send at the end of a month."""
    clock = SimulatorClock(NOW, frozen=True)
    async with VoltawareSimulator(meters=[meter(BERLIN, FIRST_EVENT)], clock=clock) as simulator:
        with same_time(clock):
            yield simulator


def state_of(entry: ConfigEntry) -> ConfigEntryState:
    """Return the state an entry has by now."""
    return entry.state


def asked_for_weeks(cloud: VoltawareSimulator, device_id: str) -> int:
    """Count the requests for a week."""
    return cloud.log.count(f"/sensors/{device_id}/sm/disag/week")


async def test_runs_of_all_weeks_since_the_newest_month_are_known(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """Their weeks are asked for once, and the newest of them daily; nothing of the past is told as news."""
    entry = await async_load_voltaware(hass, cloud)
    news: list[ResultNews] = []
    coordinator = runtime_of(entry).coordinator
    coordinator.async_listen_news(news.append)
    await wait_whole(entry, device_id)
    snapshot = coordinator.data[device_id]
    assert snapshot.week is not None
    assert snapshot.week.first_day == date(2026, 6, 15)
    assert asked_for_weeks(cloud, device_id) == 3
    expected = cloud.charges(device_id, date(2026, 5, 30), date(2026, 6, 21))
    assert [(run.start, run.end) for run in snapshot.cycles] == [(run.start, run.end) for run in expected]
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    assert asked_for_weeks(cloud, device_id) == 4
    assert news == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_runs_are_where_they_were_after_the_time_zone_was_corrected(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """The vendor writes their times by the clocks of the meter: all weeks are asked for again, once."""
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    asked = asked_for_weeks(cloud, device_id)
    cloud.meters[device_id].zone_name = "America/New_York"
    for _ in range(2):
        cloud.clock.advance(timedelta(hours=7).total_seconds())
        await poll(entry)
        assert asked_for_weeks(cloud, device_id) == asked + 3
    expected = cloud.charges(device_id, date(2026, 5, 30), date(2026, 6, 21))
    found = runtime_of(entry).coordinator.data[device_id].cycles
    assert expected
    assert [(run.start, run.end) for run in found] == [(run.start, run.end) for run in expected]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_weeks_that_went_by_while_home_assistant_was_off_are_made_up_for(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """The newest is news; those before it are just there."""
    cloud.clock.set(utc_noon(2026, 6, 10))
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    await hass.config_entries.async_unload(entry.entry_id)
    cloud.clock.set(NOW)
    assert await hass.config_entries.async_setup(entry.entry_id)
    coordinator = runtime_of(entry).coordinator
    assert sorted(coordinator.records[device_id].weeks) == ["2026-06-01", "2026-06-08", "2026-06-15"]
    news: list[ResultNews] = []
    coordinator.async_listen_news(news.append)
    assert [one.first_day for one in news] == [date(2026, 6, 15)]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_cloud_that_has_no_time_at_the_first_look_is_left_alone(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """Trying to set the account up again is no way around the pause."""
    cloud.faults.script("*", [Fault("unavailable", retry_after_s=7200)])
    entry = make_entry("voltaware", cloud, devices={cloud.device_ids[0]: {"name": "Home"}})
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    cloud.faults.clear()
    asked = cloud.log.total
    await hass.async_block_till_done(wait_background_tasks=False)
    await hass.config_entries.async_reload(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    assert cloud.log.total == asked
    cloud.clock.advance(7201)
    await hass.config_entries.async_reload(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_appliance_that_is_gone_when_a_month_is_imported_again_has_used_nothing(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """As if the correction had been found by looking again."""
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    fridge = appliance_id(device_id, "fridge")
    assert await month_kwh(hass, fridge, BERLIN, 2026, 5) > 1
    cloud.meters[device_id].lacks |= {"fridge"}
    counts = await runtime_of(entry).history.async_import(device_id, utc_noon(2026, 5, 30), utc_noon(2026, 5, 31))
    assert counts.changed > 0
    assert await month_kwh(hass, fridge, BERLIN, 2026, 5) == 0
    assert progress_of(entry, device_id).revised_hours == counts.changed
    await hass.config_entries.async_unload(entry.entry_id)


async def test_month_that_is_late_is_no_hole_before_it_is_given_up(hass: HomeAssistant) -> None:
    """Between two that are there, too: the vendor may still calculate it for a month and a half."""
    clock = SimulatorClock(utc_noon(2026, 6, 10), frozen=True)
    home = meter(BERLIN, utc_noon(2026, 3, 31))
    async with VoltawareSimulator(meters=[home], quirks=[MissingMonth(2026, 4)], clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_voltaware(hass, cloud)
            await wait_whole(entry, home.device_id)
            assert progress_of(entry, home.device_id).missing_hours == 0
            clock.set(utc_noon(2026, 6, 15))
            assert progress_of(entry, home.device_id).missing_hours == 30 * 24
            await hass.config_entries.async_unload(entry.entry_id)


async def test_contradiction_is_logged_once(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a restart nor another look repeats it."""
    cloud.quirks.append(MonthDisagreement(2026, 5, by_wh=250.0))
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_whole(entry, device_id)
    await runtime_of(entry).history.async_import(device_id, utc_noon(2026, 5, 30), utc_noon(2026, 5, 31))
    assert caplog.text.count("the vendor's own figures of 2026-05 disagree at 3 places") == 1
    await hass.config_entries.async_unload(entry.entry_id)
