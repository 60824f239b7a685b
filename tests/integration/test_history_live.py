"""The series stay whole while the account is loaded, whatever the cloud, the device or the database does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from comparison import WIRE, assert_equal_to_cloud, runtime_of, series_id, stored, wait_complete, wait_for, watermark_of
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_block_recorder
from sqlalchemy.exc import OperationalError

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator, House, Late, Revision, SimulatorClock
from custom_components.wattbridge import history, patience, statistics
from custom_components.wattbridge.aiowattbridge.errors import ResponseError
from custom_components.wattbridge.carbontrack_history import CarbonTrackHistory
from custom_components.wattbridge.pace import Pace
from custom_components.wattbridge.rows import Row, misfits
from custom_components.wattbridge.series import async_series_book
from custom_components.wattbridge.statistics import SeriesWriter, Written

NOW = datetime(2026, 6, 10, 20, 2, tzinfo=UTC)
SERIES = "wattbridge:carbontrack_1_usage"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are minutes in life take moments here."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.2)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=5), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> AsyncIterator[MockConfigEntry]:
    """An account whose history is complete."""
    entry = await async_load_carbontrack(hass, cloud, history_days=5)
    await wait_complete(entry, cloud.house.device_ids[0])
    await wait_for(lambda: watermark_of(hass, cloud) == NOW - timedelta(minutes=2))
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def poll(entry: MockConfigEntry) -> None:
    """Poll, and let what follows from it begin."""
    await runtime_of(entry).coordinator.async_refresh()
    await asyncio.sleep(0)


async def wait_current(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Wait until the newest reading of the cloud is in the statistics."""
    newest_s = cloud.clock.now().timestamp() // 300 * 300
    await wait_for(lambda: watermark_of(hass, cloud).timestamp() == newest_s)


async def wait_whole(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """Wait until what lies before the newest reading is there, too."""
    await wait_current(hass, cloud)
    await wait_complete(entry, cloud.house.device_ids[0])


async def test_hour_that_goes_on_grows_with_every_poll(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """And closes when the reading that ends it has come."""
    (device,) = cloud.house.devices
    column = device.fields.index("PowerUsageNet")
    hour_s = int(NOW.timestamp()) // 3600 * 3600
    for minute in (7, 32, 57, 62):
        cloud.clock.set(NOW.replace(minute=0) + timedelta(minutes=minute))
        await poll(entry)
        await wait_current(hass, cloud)
        ends = range(hour_s + 300, min(hour_s + 3600, int(cloud.clock.now().timestamp())) + 1, 300)
        expected = sum(row[column] for row in cloud.house.rows(device.device_id, ends, None)) / 100_000
        rows = {row["start"]: row["state"] for row in await stored(hass, series_id(cloud, "usage"))}
        assert rows[hour_s] == pytest.approx(expected, abs=1e-6)
    await assert_equal_to_cloud(hass, cloud)


async def test_readings_that_come_late_are_put_in(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """And corrected ones replace those before, within the overlap of the polls."""
    cloud.house.oddities.append(Late(NOW, NOW + timedelta(minutes=20), NOW + timedelta(minutes=50)))
    day = NOW + timedelta(minutes=50)
    cloud.house.oddities.append(Revision(NOW - timedelta(minutes=40), NOW, day, 150))
    for minutes in (30, 60, 70):
        cloud.clock.set(NOW + timedelta(minutes=minutes))
        await poll(entry)
        await wait_current(hass, cloud)
    await assert_equal_to_cloud(hass, cloud)


async def test_days_without_a_poll_leave_no_hole(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """The network was away, say."""
    cloud.clock.advance(3 * 86_400)
    await poll(entry)
    await wait_whole(hass, cloud, entry)
    await assert_equal_to_cloud(hass, cloud)


async def test_reading_that_was_late_when_home_assistant_stopped_is_put_in(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """It came while nobody polled, before the newest one that was known: the last hours are fetched again."""
    await hass.config_entries.async_unload(entry.entry_id)
    cloud.house.oddities.append(Late(NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW))
    cloud.house.oddities.append(Revision(NOW - timedelta(hours=2), NOW - timedelta(hours=1), NOW, 150))
    cloud.clock.advance(15 * 3600)
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_whole(hass, cloud, entry)
    await assert_equal_to_cloud(hass, cloud)


async def test_database_that_was_down_for_days_leaves_no_hole(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written is longer ago than what the polls keep; it is fetched once more."""
    with monkeypatch.context() as down:
        down.setattr(SeriesWriter, "_import", lambda *_: None)
        for _ in range(6):
            cloud.clock.advance(12 * 3600)
            await poll(entry)
            await asyncio.sleep(0.3)
    assert watermark_of(hass, cloud) == NOW - timedelta(minutes=2)
    cloud.clock.advance(300)
    await poll(entry)
    await wait_whole(hass, cloud, entry)
    await assert_equal_to_cloud(hass, cloud)


@pytest.mark.parametrize("restarted", [False, True])
async def test_device_that_was_silent_for_days_and_then_tells_all_leaves_no_hole(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, *, restarted: bool
) -> None:
    """It had no network, and kept its readings; nor does a restart in the meantime make a difference."""
    back = NOW + timedelta(days=3)
    cloud.house.oddities.append(Late(NOW, back, back))
    for _ in range(5):
        cloud.clock.advance(12 * 3600)
        await poll(entry)
    device_id = cloud.house.device_ids[0]
    assert runtime_of(entry).coordinator.data[device_id].last_reading == NOW - timedelta(minutes=2)
    if restarted:
        await hass.config_entries.async_reload(entry.entry_id)
        await wait_for(lambda: watermark_of(hass, cloud) == NOW - timedelta(minutes=2))
    assert watermark_of(hass, cloud) == NOW - timedelta(minutes=2)
    cloud.clock.set(back + timedelta(minutes=5))
    await poll(entry)
    await wait_whole(hass, cloud, entry)
    await assert_equal_to_cloud(hass, cloud)


async def test_past_that_cannot_be_read_does_not_hold_up_the_present(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One window of the history is malformed for good: it is tried again and again, and the polls go on."""
    original = CarbonTrackHistory.async_fill_in
    tries: list[datetime] = []

    async def fill_in(device: CarbonTrackHistory) -> Written:
        tries.append(cloud.clock.now())
        if len(tries) > 1:
            raise ResponseError("field Generating is malformed", vendor="carbonTRACK")
        return await original(device)

    monkeypatch.setattr(CarbonTrackHistory, "async_fill_in", fill_in)
    entry = await async_load_carbontrack(hass, cloud, history_days=20)
    await wait_for(lambda: len(tries) > 2)
    cloud.clock.advance(3600)
    await poll(entry)
    await wait_current(hass, cloud)
    assert not runtime_of(entry).history.device_progress(cloud.house.device_ids[0]).complete
    published = async_series_book(hass).get(series_id(cloud, "usage"))
    assert published is not None
    assert published.contiguous_from is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_series_that_somebody_deleted_is_made_again(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """One of the three, so that the note is not to be believed."""
    get_instance(hass).async_clear_statistics([series_id(cloud, "export")])
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_complete(entry, cloud.house.device_ids[0])
    await assert_equal_to_cloud(hass, cloud)
    assert len(await stored(hass, series_id(cloud, "export"))) >= 5 * 24


async def test_note_of_a_device_that_has_not_begun_is_kept(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A stop before it has looked at its series must not cost it what was known."""
    importer = runtime_of(entry).history
    known = importer._notes()
    assert known
    await hass.config_entries.async_reload(entry.entry_id)
    importer = runtime_of(entry).history
    await wait_for(lambda: bool(importer._remembered))
    for device in importer._devices.values():
        assert isinstance(device, CarbonTrackHistory)
        device._healing = None
    assert importer._notes() == known
    assert len(WIRE) == 3


async def test_notes_that_were_not_read_yet_are_not_replaced(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A stop in the first moment after a start costs no history."""
    runtime = runtime_of(entry)
    known = runtime.history._notes()
    await hass.config_entries.async_unload(entry.entry_id)
    early = history.HistoryImporter(hass, entry, runtime.coordinator, runtime.history._devices)
    await early.async_stop()
    assert await history._store(hass, entry).async_load() == known
    await hass.config_entries.async_setup(entry.entry_id)


async def test_database_that_cannot_be_read_is_tried_again(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is locked by a backup, say: the history waits, and does not end in silence."""
    original, failures = statistics._read_rows, iter(range(3))

    def locked(*args: Any) -> dict[int, Row]:
        if next(failures, None) is not None:
            raise OperationalError("SELECT", {}, Exception("database is locked"))
        return original(*args)

    monkeypatch.setattr(statistics, "_read_rows", locked)
    entry = await async_load_carbontrack(hass, cloud, history_days=2)
    await wait_complete(entry, cloud.house.device_ids[0])
    await assert_equal_to_cloud(hass, cloud)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_error_that_nobody_foresaw_is_in_the_log(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An importer that is dead looks like one that has nothing to do."""
    monkeypatch.setattr(CarbonTrackHistory, "async_fill_in", lambda _: 1 / 0)
    entry = await async_load_carbontrack(hass, cloud)
    await wait_for(lambda: "stopped unexpectedly" in caplog.text)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_series_of_a_device_that_was_dropped_is_read_like_anybodys(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Streams that are filled from it do not wait for ever for an account that does not read it any more."""
    book = async_series_book(hass)
    assert book.is_expected(series_id(cloud, "usage"))
    hass.config_entries.async_update_entry(entry, data={**entry.data, "devices": {}})
    await hass.config_entries.async_reload(entry.entry_id)
    assert not book.is_expected(series_id(cloud, "usage"))


async def test_stop_waits_for_the_job_that_was_begun(hass: HomeAssistant) -> None:
    """Nobody gets at the series between an import and its shift."""
    writer = SeriesWriter(hass, SERIES, "Roof energy used", Pace())
    hours = {n * 3600: 1.0 for n in range(1000, 1010)}
    await writer.async_write(hours)
    begun = asyncio.Event()
    original = writer._import

    def begin(rows: Mapping[int, Row]) -> None:
        original(rows)
        begun.set()

    await async_block_recorder(hass, 0.0)
    writer._import = begin  # type: ignore[method-assign]
    older = asyncio.create_task(writer.async_write({n * 3600: 2.0 for n in range(900, 910)}))
    await begun.wait()
    older.cancel()
    with pytest.raises(asyncio.CancelledError):
        await older
    async with async_series_book(hass).lock(SERIES):
        rows, shifts = await writer._async_examine()
    assert len(rows) == 20
    assert not shifts
    assert not list(misfits(rows))
