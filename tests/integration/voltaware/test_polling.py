"""What is asked of the cloud, and when: nothing that cannot bring news, and nothing twice over a restart."""

from datetime import date, timedelta

import pytest
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from meter_bench import FEW, assert_months_equal, meter, poll, runtime_of, utc_noon, wait_whole
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, async_load_voltaware, make_entry, wait_for
from aiowattbridge.simulators import Fault, MonthRevision, SimulatorClock, VoltawareSimulator
from custom_components.wattbridge.voltaware_data import News, ResultNews

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def asked(cloud: VoltawareSimulator, part: str, status: int = 200) -> int:
    """Count the requests for something of the first meter that had this answer."""
    return cloud.log.count(f"/sensors/{cloud.device_ids[0]}{part}", status=status)


async def later(cloud: VoltawareSimulator, entry: MockConfigEntry, time: timedelta) -> None:
    """Let time pass, and poll as often as Home Assistant would."""
    while time > timedelta(0):
        step = min(time, HOUR)
        cloud.clock.advance(step.total_seconds())
        await poll(entry)
        time -= step


async def test_loaded_account_asks_for_each_thing_as_often_as_it_changes(
    cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """In a day: its description four times, the home's property once, the newest results once, for a correction."""
    before = cloud.log.count(status=200)
    parts = ("", "/sm/disag/month", "/sm/disag/week", "/sm/reports/monthly")
    counts = [asked(cloud, part) for part in parts]
    nothing_known = asked(cloud, "/metadata/property", status=404)
    await later(cloud, entry, DAY)
    assert [asked(cloud, part) - count for part, count in zip(parts, counts, strict=True)] == [4, 1, 1, 1]
    assert asked(cloud, "/metadata/property", status=404) == nothing_known + 1
    # Beside these the weeks of the month, its runs, the week's report and runs, and what it takes to be let in again.
    assert cloud.log.count(status=200) - before <= 8 + 4 + 2
    assert not cloud.log.violations


async def test_restart_asks_for_nothing_that_is_fresh(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Not even for a token; what is known is shown at once."""
    known = runtime_of(entry).coordinator.data[device_id]
    asked_before = cloud.log.total
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_whole(entry, device_id)
    assert runtime_of(entry).coordinator.data[device_id] == known
    assert cloud.log.total == asked_before


async def test_restart_without_the_cloud_shows_what_is_known(
    hass: HomeAssistant,
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    device_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A month that is over is what it was; that the cloud cannot be reached is said once."""
    known = runtime_of(entry).coordinator.data[device_id]
    cloud.clock.advance(DAY.total_seconds())
    cloud.faults.script("*", [Fault("unavailable", retry_after_s=7200)])
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert runtime_of(entry).coordinator.data[device_id].month == known.month
    assert caplog.text.count("meters cannot be read now") == 1


async def test_pause_that_the_cloud_asks_for_is_kept_over_a_restart(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """No request before its end, of whatever kind."""
    cloud.clock.advance(DAY.total_seconds())
    cloud.faults.script("*", [Fault("unavailable", retry_after_s=7200)])
    await poll(entry)
    cloud.faults.clear()
    asked_before = cloud.log.total
    await later(cloud, entry, HOUR)
    await hass.config_entries.async_reload(entry.entry_id)
    assert cloud.log.total == asked_before
    await later(cloud, entry, 2 * HOUR)
    assert cloud.log.total > asked_before


async def test_month_is_awaited_from_its_third_day_on(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """It arrives in the hour in which it is published, is told as news, and is in the recorder."""
    news: list[ResultNews] = []
    runtime_of(entry).coordinator.async_listen_news(news.append)
    third = utc_noon(2026, 7, 2) + 10 * HOUR  # midnight in Berlin
    cloud.clock.set(third - 2 * HOUR)
    await poll(entry)
    await later(cloud, entry, HOUR)
    assert asked(cloud, "/sm/disag/month", status=404) == 0
    assert runtime_of(entry).coordinator.data[device_id].results_until == date(2026, 6, 28)
    await later(cloud, entry, HOUR)
    assert runtime_of(entry).coordinator.data[device_id].results_until == date(2026, 6, 30)
    months = [one for one in news if one.kind is News.NEW_MONTH]
    assert [(one.first_day.month, one.previous_total_wh) for one in months] == [(6, None)]
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 6), (2026, 5))


async def test_first_look_at_an_account_is_no_news(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """What happened before anybody asked has not happened now; neither has the history that comes after."""
    entry = await async_load_voltaware(hass, cloud)
    news: list[ResultNews] = []
    runtime_of(entry).coordinator.async_listen_news(news.append)
    await wait_whole(entry, cloud.device_ids[0])
    assert news == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_correction_is_told_once_with_what_was_before(
    cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """The total as it was, and as it is."""
    news: list[ResultNews] = []
    coordinator = runtime_of(entry).coordinator
    before = coordinator.data[device_id].month
    assert before is not None
    coordinator.async_listen_news(news.append)
    cloud.quirks.append(MonthRevision(2026, 5, percent=120, available_at=cloud.clock.now()))
    await later(cloud, entry, 2 * DAY)
    (corrected,) = [one for one in news if one.kind is News.CORRECTED and one.first_day.day == 1]
    assert corrected.previous_total_wh == before.total_wh
    assert corrected.total_wh == pytest.approx(1.2 * (before.total_wh or 0), rel=0.2)


async def test_meter_that_has_sent_nothing_yet_is_waited_for(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure of the account; its data begin when it begins to send."""
    # The client's own clock goes on as always: to it, no hour has passed since it logged in afresh.
    monkeypatch.setattr("custom_components.wattbridge.aiowattbridge.voltaware.door.FRESH_LOGIN_EVERY_S", 0.05)
    clock = SimulatorClock(utc_noon(2026, 6, 10), frozen=True)
    old = meter("Europe/Berlin", utc_noon(2026, 5, 30))
    silent = meter("Europe/Berlin", utc_noon(2026, 6, 11), number=1)
    async with VoltawareSimulator(meters=[old, silent], clock=clock) as cloud:
        with same_time(clock):
            devices = {home.device_id: {"name": f"Home {home.number}"} for home in (old, silent)}
            entry = await async_load(hass, make_entry("voltaware", cloud, devices=devices))
            await wait_whole(entry, old.device_id)
            data = runtime_of(entry).coordinator.data
            assert (data[old.device_id].is_registered, data[silent.device_id].is_registered) == (True, False)
            await later(cloud, entry, 2 * DAY)
            snapshot = runtime_of(entry).coordinator.data[silent.device_id]
            assert snapshot.is_registered
            assert snapshot.first_event is not None
            await hass.config_entries.async_unload(entry.entry_id)


async def test_past_of_a_meter_that_has_just_been_connected_comes_within_two_days(hass: HomeAssistant) -> None:
    """Up to three months are calculated a day and a half after its data have come in."""
    clock = SimulatorClock(utc_noon(2026, 6, 10), frozen=True)
    connected = utc_noon(2026, 6, 10) - HOUR
    home = meter("Europe/Berlin", utc_noon(2026, 4, 29), registered_at=connected, integrated_at=connected, lacks=FEW)
    async with VoltawareSimulator(meters=[home], clock=clock) as cloud:
        with same_time(clock):
            devices = {home.device_id: {"name": "Home"}}
            entry = await async_load(hass, make_entry("voltaware", cloud, devices=devices))
            await wait_for(lambda: asked(cloud, "/sm/disag/month", status=404) >= 2)
            assert runtime_of(entry).coordinator.data[home.device_id].month is None
            await later(cloud, entry, 2 * DAY)
            await wait_whole(entry, home.device_id)
            await wait_for(lambda: not runtime_of(entry).history.device_progress(home.device_id).missing_hours)
            await assert_months_equal(hass, cloud, home.device_id, (2026, 5), (2026, 4))
            await hass.config_entries.async_unload(entry.entry_id)


async def test_secret_that_is_revoked_is_asked_for_at_the_next_request(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """And when it is given, everything goes on where it was."""
    cloud.password = "another secret"
    cloud.tokens.refuses_refresh = True
    cloud.tokens.expire_all()
    cloud.clock.advance(DAY.total_seconds())
    await poll(entry)
    (flow,) = hass.config_entries.flow.async_progress_by_handler("wattbridge")
    assert flow["context"]["source"] == SOURCE_REAUTH
    data = {**entry.data, "password": "another secret"}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))


@pytest.mark.parametrize(("source", "produces"), [("SOLAR", True), ("NONE", False)])
async def test_home_that_produces_energy_is_known_from_its_property(
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    device_id: str,
    source: str,
    produces: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The vendor does not support it; of a home that it was told nothing of nothing is known."""
    coordinator = runtime_of(entry).coordinator
    assert coordinator.data[device_id].produces_energy is None
    cloud.metadata[device_id, "property"] = {"property_type": "OFFICE", "power_generator_source": source}
    await later(cloud, entry, DAY)
    assert coordinator.data[device_id].produces_energy is produces
