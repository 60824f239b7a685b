"""The whole history of a meter, month by month, against the simulated cloud."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from comparison import stored
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from meter_bench import (
    TOTAL,
    assert_months_equal,
    assert_sums_fit,
    meter,
    month_kwh,
    poll,
    progress_of,
    runtime_of,
    utc_noon,
    wait_whole,
)
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from accounts import async_load, async_load_voltaware, make_entry, wait_for
from aiowattbridge.simulators import (
    MissingMonth,
    MonthDisagreement,
    MonthRevision,
    SimulatorClock,
    VoltawareSimulator,
)
from custom_components.wattbridge.aiowattbridge.voltaware import Month
from custom_components.wattbridge.series import async_series_book
from custom_components.wattbridge.statistics import SeriesWriter
from custom_components.wattbridge.vendors.voltaware import appliance_id, total_id

BERLIN = "Europe/Berlin"
WEEKS_OF_MAY = ((1, 3), (4, 10), (11, 17), (18, 24), (25, 31))


async def test_every_month_is_the_vendors_to_the_watt_hour(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Each kind of appliance and all together, from the first event on, with sums that fit."""
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    for statistic_id in runtime_of(entry).history.statistic_ids:
        # Of an appliance that was not used in a month the vendor says nothing.
        assert await assert_sums_fit(hass, statistic_id) in (24 * 31, 24 * (31 + 3))
    assert len(await stored(hass, total_id(device_id))) == 24 * (31 + 3)
    begin = datetime(2026, 4, 28, tzinfo=ZoneInfo(BERLIN))
    assert progress_of(entry, device_id).imported_from == begin
    published = async_series_book(hass).get(total_id(device_id))
    assert published is not None
    assert published.contiguous_from is None
    assert published.watermark == datetime(2026, 6, 1, tzinfo=ZoneInfo(BERLIN))


@pytest.mark.parametrize(
    ("zone", "month"),
    [
        ("Europe/Berlin", (2026, 3)),
        ("Europe/Berlin", (2026, 10)),
        ("America/New_York", (2026, 3)),
        ("America/New_York", (2026, 11)),
        ("Australia/Adelaide", (2026, 4)),
        ("Australia/Adelaide", (2026, 10)),
        ("Australia/Lord_Howe", (2026, 4)),
        ("Australia/Lord_Howe", (2026, 10)),
        ("Asia/Kolkata", (2026, 4)),
        ("UTC", (2026, 4)),
    ],
)
async def test_month_in_which_clocks_change_is_whole(hass: HomeAssistant, zone: str, month: tuple[int, int]) -> None:
    """In the meter's own zone, whatever Home Assistant's is; its first hours are those of the first event's day."""
    first = datetime(*month, 1, tzinfo=ZoneInfo(zone))
    # The clocks of these zones change in the last week of a month or in its first.
    is_late = month in ((2026, 3), (2026, 10)) and zone == BERLIN
    event = (first + timedelta(days=23 if is_late else 0)).replace(hour=9)
    now = (first + timedelta(days=31)).replace(day=4)
    clock = SimulatorClock(now.astimezone(UTC), frozen=True)
    async with VoltawareSimulator(meters=[meter(zone, event.astimezone(UTC))], clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_voltaware(hass, cloud)
            device_id = cloud.device_ids[0]
            await wait_whole(entry, device_id)
            await assert_months_equal(hass, cloud, device_id, month)
            rows = await stored(hass, total_id(device_id))
            end = datetime.fromtimestamp(rows[-1]["end"], ZoneInfo(zone))
            assert end.date() == (first + timedelta(days=31)).replace(day=1).date()
            assert end.hour == 0
            await hass.config_entries.async_unload(entry.entry_id)


async def test_newest_month_is_there_before_the_others(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """Its rows come first, and the series is published from there on."""
    entry = await async_load_voltaware(hass, cloud)
    book = async_series_book(hass)
    await wait_for(lambda: book.get(total_id(device_id)) is not None)
    published = book.get(total_id(device_id))
    assert published is not None
    assert published.contiguous_from in (datetime(2026, 5, 1, tzinfo=ZoneInfo(BERLIN)), None)
    await assert_months_equal(hass, cloud, device_id, (2026, 5))
    await hass.config_entries.async_unload(entry.entry_id)
    assert book.get(total_id(device_id)) is None
    assert book.is_expected(total_id(device_id))


async def test_corrected_month_changes_alone(
    hass: HomeAssistant,
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    device_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is looked at again within a day; the month before keeps its energies, sums fit, and it is logged once."""
    caplog.set_level("INFO", "custom_components.wattbridge")
    before = await month_kwh(hass, total_id(device_id), BERLIN, 2026, 4)
    cloud.quirks.append(MonthRevision(2026, 5, percent=110, available_at=cloud.clock.now()))
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await wait_for(lambda: progress_of(entry, device_id).revised_hours > 0)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    assert await month_kwh(hass, total_id(device_id), BERLIN, 2026, 4) == before
    for statistic_id in runtime_of(entry).history.statistic_ids:
        await assert_sums_fit(hass, statistic_id)
    revised_hours = progress_of(entry, device_id).revised_hours
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await wait_whole(entry, device_id)
    told = [record.args for record in caplog.records if "The cloud has corrected" in record.message]
    assert told == [(revised_hours, *(progress_of(entry, device_id).revised_between or ()))]


async def test_correction_of_an_older_month_is_found_within_a_week(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Nobody is told that a month was corrected."""
    cloud.quirks.append(MonthRevision(2026, 4, percent=50, available_at=cloud.clock.now()))
    cloud.clock.advance(timedelta(days=7, hours=1).total_seconds())
    await poll(entry)
    await wait_for(lambda: progress_of(entry, device_id).revised_hours > 0)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))


async def test_appliance_that_a_correction_takes_out_has_used_nothing(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Otherwise its energy would be counted beside that of what it is called now."""
    fridge = appliance_id(device_id, "fridge")
    assert await month_kwh(hass, fridge, BERLIN, 2026, 5) > 1
    cloud.meters[device_id].lacks |= {"fridge"}
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await wait_for(lambda: progress_of(entry, device_id).revised_hours > 0)
    assert await month_kwh(hass, fridge, BERLIN, 2026, 5) == 0
    assert await month_kwh(hass, fridge, BERLIN, 2026, 4) > 1
    await assert_sums_fit(hass, fridge)


async def test_month_whose_figures_contradict_each_other_is_reported(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """The month is what counts, and the difference is told and not hidden."""
    cloud.quirks.append(MonthDisagreement(2026, 5, by_wh=250.0))
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 5))
    found = runtime_of(entry).coordinator.data[device_id].disagreements
    assert {(one.series, one.between) for one in found} == {("others", "weeks"), (TOTAL, "weeks"), (TOTAL, "days")}
    assert all(one.month_wh - one.other_wh == pytest.approx(250.0, abs=0.1) for one in found)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_month_that_the_vendor_does_not_have_is_a_hole(hass: HomeAssistant) -> None:
    """Between months that have data; it stays one, is counted, and asked for again every week."""
    clock = SimulatorClock(utc_noon(2026, 6, 20), frozen=True)
    home = meter(BERLIN, datetime(2026, 3, 30, 9, tzinfo=UTC))
    async with VoltawareSimulator(meters=[home], quirks=[MissingMonth(2026, 4)], clock=clock) as cloud:
        with same_time(clock):
            entry = await async_load_voltaware(hass, cloud)
            await wait_whole(entry, home.device_id)
            progress = progress_of(entry, home.device_id)
            assert progress.missing_hours == 30 * 24
            (hole,) = progress.holes
            assert hole.start == datetime(2026, 4, 1, tzinfo=ZoneInfo(BERLIN))
            assert await month_kwh(hass, total_id(home.device_id), BERLIN, 2026, 4) == 0
            assert len(await stored(hass, total_id(home.device_id))) == 24 * (31 + 2)
            await assert_months_equal(hass, cloud, home.device_id, (2026, 5), (2026, 3))

            cloud.quirks.clear()
            clock.advance(timedelta(days=8).total_seconds())
            await poll(entry)
            await wait_for(lambda: not progress_of(entry, home.device_id).missing_hours)
            await wait_whole(entry, home.device_id)
            await assert_months_equal(hass, cloud, home.device_id, (2026, 5), (2026, 4), (2026, 3))
            await hass.config_entries.async_unload(entry.entry_id)


async def test_new_kind_of_appliance_gets_a_series_of_its_own(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """The vendor announces new ones; nothing of them is dropped."""
    cloud.meters[device_id].extra_keys = ("heat-pump",)
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    series = appliance_id(device_id, "heat-pump")
    assert runtime_of(entry).history.names_of(device_id)[series] == "Home Heat-pump"
    assert await assert_sums_fit(hass, series) == 24 * (31 + 3)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_two_meters_of_one_account_stay_apart(hass: HomeAssistant) -> None:
    """Each in its own zone, with its own series."""
    clock = SimulatorClock(utc_noon(2026, 6, 6), frozen=True)
    event = datetime(2026, 5, 22, 9, tzinfo=UTC)
    meters = [meter(BERLIN, event), meter("Australia/Adelaide", event, number=1)]
    async with VoltawareSimulator(meters=meters, clock=clock) as cloud:
        with same_time(clock):
            devices = {home.device_id: {"name": f"Home {home.number}"} for home in meters}
            entry = await async_load(hass, make_entry("voltaware", cloud, devices=devices))
            for device_id in devices:
                await wait_whole(entry, device_id)
                await assert_months_equal(hass, cloud, device_id, (2026, 5))
            await hass.config_entries.async_unload(entry.entry_id)


def asked_for_months(cloud: VoltawareSimulator, device_id: str) -> int:
    """Count the requests for a month."""
    return cloud.log.count(f"/sensors/{device_id}/sm/disag/month")


async def wait_asked(entry: MockConfigEntry, device_id: str, *months: Month) -> None:
    """Wait until months were asked for since it was last forgotten when they were, and what came is in the recorder."""
    wanted = {f"month {month}" for month in months}
    await wait_for(lambda: wanted <= runtime_of(entry).coordinator.records[device_id].asked_s.keys())
    await wait_whole(entry, device_id)


async def test_time_zone_that_the_vendor_corrects_moves_all_days(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """The rows by the old clocks are gone, and the months are whole by the new ones, also over a restart."""
    asked = asked_for_months(cloud, device_id)
    cloud.meters[device_id].zone_name = "America/New_York"
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_asked(entry, device_id, Month(2026, 4), Month(2026, 5))
    assert asked_for_months(cloud, device_id) == asked + 2
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    await assert_sums_fit(hass, total_id(device_id))


async def test_month_that_the_vendor_has_no_more_when_the_time_zone_is_corrected_stays(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """It is asked for again in vain: what was said of it is spread over the days as they are counted now."""
    before = await month_kwh(hass, total_id(device_id), BERLIN, 2026, 4)
    cloud.meters[device_id].zone_name = "America/New_York"
    cloud.quirks.append(MissingMonth(2026, 4))
    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await wait_asked(entry, device_id, Month(2026, 4), Month(2026, 5))
    assert before > 1
    assert await month_kwh(hass, total_id(device_id), "America/New_York", 2026, 4) == pytest.approx(before, abs=0.001)
    assert progress_of(entry, device_id).missing_hours == 0
    await assert_months_equal(hass, cloud, device_id, (2026, 5))


async def test_first_day_that_the_vendor_corrects_leaves_no_rows_before_it(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """And the month that it lies in keeps its energy, although nothing else was said of it."""
    before = await month_kwh(hass, total_id(device_id), BERLIN, 2026, 4)
    asked = asked_for_months(cloud, device_id)
    written: list[str] = []
    async_series_book(hass).async_listen(written.append)
    cloud.meters[device_id].first_event += timedelta(days=1)
    cloud.clock.advance(timedelta(hours=7).total_seconds())
    await poll(entry)
    await wait_for(lambda: total_id(device_id) in written)
    await wait_whole(entry, device_id)
    assert len(await stored(hass, total_id(device_id))) == 24 * (31 + 2)
    assert await month_kwh(hass, total_id(device_id), BERLIN, 2026, 4) == pytest.approx(before, abs=0.001)
    await assert_sums_fit(hass, total_id(device_id))
    assert asked_for_months(cloud, device_id) == asked


async def test_range_that_is_imported_by_hand_is_read_again(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Whatever is remembered of it; a second time nothing is new."""
    cloud.quirks.append(MonthRevision(2026, 4, percent=90, available_at=cloud.clock.now()))
    importer = runtime_of(entry).history
    counts = await importer.async_import(device_id, utc_noon(2026, 4, 29), utc_noon(2026, 5, 2))
    rows = [len(await stored(hass, statistic_id)) for statistic_id in importer.statistic_ids]
    assert (counts.read, counts.new, counts.refused) == (2, 0, 0)
    assert counts.changed > 0
    assert counts.changed + counts.same == sum(rows)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    again = await importer.async_import(device_id, utc_noon(2026, 4, 29), utc_noon(2026, 5, 2))
    assert (again.new, again.changed) == (0, 0)


async def test_series_that_are_cleared_are_filled_again_from_what_is_known(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """The cloud has said it all already."""
    asked = asked_for_months(cloud, device_id)
    importer = runtime_of(entry).history
    await importer.async_clear(importer.statistic_ids)
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
    assert asked_for_months(cloud, device_id) == asked


async def test_month_that_cannot_be_read_does_not_keep_older_ones_away(hass: HomeAssistant) -> None:
    """It is asked for again the next day."""
    clock = SimulatorClock(utc_noon(2026, 6, 10), frozen=True)
    home = meter(BERLIN, datetime(2026, 3, 31, 9, tzinfo=UTC))
    async with VoltawareSimulator(meters=[home], clock=clock) as cloud:
        cloud.faults.script(f"/sensors/{home.device_id}/sm/disag/month", [None, "html"])
        with same_time(clock):
            entry = await async_load_voltaware(hass, cloud)
            await wait_whole(entry, home.device_id)
            await assert_months_equal(hass, cloud, home.device_id, (2026, 5), (2026, 3))
            assert await month_kwh(hass, total_id(home.device_id), BERLIN, 2026, 4) == 0

            clock.advance(timedelta(hours=25).total_seconds())
            await poll(entry)
            await wait_for(
                lambda: runtime_of(entry).coordinator.records[home.device_id].month(Month(2026, 4)) is not None
            )
            await wait_whole(entry, home.device_id)
            await assert_months_equal(hass, cloud, home.device_id, (2026, 5), (2026, 4), (2026, 3))
            await hass.config_entries.async_unload(entry.entry_id)


async def test_rows_that_somebody_changed_are_put_right_within_a_day(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """An adjusted sum and an hour with another energy, while the account is loaded: the series is the cloud's."""
    statistic_id = total_id(device_id)
    rows = await stored(hass, statistic_id)
    changed = datetime.fromtimestamp(rows[-30]["start"], UTC)
    metadata = StatisticMetaData(
        has_sum=True,
        mean_type=StatisticMeanType.NONE,
        name="Home",
        source="wattbridge",
        statistic_id=statistic_id,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    async_add_external_statistics(hass, metadata, [StatisticData(start=changed, state=99.0, sum=rows[-30]["sum"])])
    get_instance(hass).async_adjust_statistics(statistic_id, changed, 5.0, "kWh")
    await async_wait_recording_done(hass)
    assert await stored(hass, statistic_id) != rows

    cloud.clock.advance(timedelta(hours=25).total_seconds())
    await poll(entry)
    await wait_for(lambda: progress_of(entry, device_id).revised_hours > 0)
    found = await stored(hass, statistic_id)
    assert [row["state"] for row in found] == [row["state"] for row in rows]
    assert [row["sum"] for row in found] == pytest.approx([row["sum"] for row in rows], abs=1e-6)


async def test_weeks_are_the_vendors_and_the_car_is_charged_when_it_was(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, device_id: str
) -> None:
    """Every clipped week of a month to the watt-hour, and the car's energy in no hour without a charging."""
    zone, key = ZoneInfo(BERLIN), "electric_vehicle"
    shares = {"fridge": appliance_id(device_id, "fridge"), key: appliance_id(device_id, key)}
    for name, statistic_id in shares.items():
        rows = await stored(hass, statistic_id)
        by_day: dict[date, float] = {}
        for row in rows:
            day = datetime.fromtimestamp(row["start"], zone).date()
            by_day[day] = by_day.get(day, 0.0) + row["state"] * 1000
        for first, last in WEEKS_OF_MAY:
            days = [date(2026, 5, day) for day in range(first, last + 1)]
            expected_wh = sum(cloud.day_energy_wh(device_id, day).get(name, 0.0) for day in days)
            assert sum(by_day[day] for day in days) == pytest.approx(expected_wh, abs=1)
    charges = cloud.charges(device_id, date(2026, 5, 1), date(2026, 5, 31))
    rows = await stored(hass, shares[key])
    used = {int(row["start"]) for row in rows if row["state"] > 0}
    hours = {
        hour_s
        for charge in charges
        for hour_s in range(int(charge.start.timestamp()) // 3600 * 3600, int(charge.end.timestamp()) + 1, 3600)
    }
    assert used
    assert {hour_s for hour_s in used if hour_s >= datetime(2026, 5, 1, tzinfo=zone).timestamp()} <= hours


async def test_month_that_the_recorder_loses_is_refused_and_written_again(
    cloud: VoltawareSimulator,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    device_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be read back is not there, whatever was given to the recorder."""
    cloud.quirks.append(MonthRevision(2026, 5, percent=90, available_at=cloud.clock.now()))
    importer = runtime_of(entry).history
    with monkeypatch.context() as patched:
        patched.setattr(SeriesWriter, "_import", lambda *_: None)
        counts = await importer.async_import(device_id, utc_noon(2026, 5, 5), utc_noon(2026, 5, 6))
    assert (counts.read, counts.new, counts.changed) == (1, 0, 0)
    assert counts.refused == 31 * 24 * len(importer.statistic_ids)
    await wait_whole(entry, device_id)
    await assert_months_equal(hass, cloud, device_id, (2026, 5), (2026, 4))
