"""Rows that were sent and are gone from the recorder: none of their energy is sent a second time, and none is made up.

A restored backup is a day old: the meter counted on meanwhile, and so did the cloud.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    SHORT,
    Bench,
    async_store,
    async_store_short,
    hours_ago,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from review_bench import SeriesBench, async_reviewed, ledger_path, series_data

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.wattics import ElectricityPacket
from custom_components.wattbridge.forwarding import source
from custom_components.wattbridge.forwarding.model import Choice
from custom_components.wattbridge.forwarding.resend import async_resend, async_resend_refused
from custom_components.wattbridge.vendors import WATTICS, entry_session

HOURS = 10
SURVIVING = 5


@pytest.fixture
async def roof(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """Set up a WattCarbon account without series; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


async def lose(hass: HomeAssistant, since: datetime) -> None:
    """Lose the rows since then, as a database that is restored does."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            for table in (Statistics, StatisticsShortTerm):
                session.query(table).filter(table.start_ts >= since.timestamp()).delete()

    await get_instance(hass).async_add_executor_job(delete)


async def store_grid(hass: HomeAssistant, start: datetime, first: int, last: int, *, base: float = 0.0) -> str:
    """Store a kilowatt-hour of each of these hours of a meter; returns its registry id."""
    sensor = register_sensor(hass, "grid")
    rows = sum_rows(start + first * HOUR, [1.0] * (last - first), base=base)
    await async_store(hass, metadata(sensor.entity_id), rows)
    return sensor.id


def readings(bench: Bench) -> list[float]:
    """Return what the cloud has been told of the meter."""
    return [values["pC_1"] for _, values in bench.sent()]


async def test_energy_is_not_sent_twice_after_a_backup_of_everything(hass: HomeAssistant, bench: Bench) -> None:
    """The cloud is ahead; following it, what its last reading holds is not counted from the old rows once more."""
    start = hours_ago(14)
    grid = await store_grid(hass, start, 0, SURVIVING)
    bench.add(stream_data({"pC_1": (grid, "change")}))
    await bench.run()
    await bench.stop()
    backup = bench.path.read_bytes()
    await store_grid(hass, start, SURVIVING, HOURS, base=5.0)
    await bench.run()
    await bench.kill(backup)
    await lose(hass, start + SURVIVING * HOUR)
    await store_grid(hass, start, 12, 13, base=12.0)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "another_sender")
    await engine.async_choose(Choice.FOLLOW_CLOUD)
    await until(lambda: engine.status.caught_up and engine.status.problem is None)
    assert readings(bench) == [1000.0 * hour for hour in (*range(1, 11), 13)]
    assert bench.is_clean()


async def test_stream_that_begins_after_a_lost_row_counts_from_the_next_one(hass: HomeAssistant, bench: Bench) -> None:
    """Nobody knows how far the cloud's reading had counted: the first row only gives the base."""
    start = hours_ago(14)
    grid = await store_grid(hass, start, 0, HOURS)
    bench.add(stream_data({"pC_1": (grid, "change")}))
    await bench.run()
    await bench.kill(None)
    await lose(hass, start + SURVIVING * HOUR)
    await store_grid(hass, start, 11, 13, base=11.0)
    engine = await bench.run()
    assert readings(bench)[HOURS - 1 :] == [10_000, 11_000]
    assert engine.status.problem is None


@pytest.mark.parametrize("interval_min", [60, 5])
async def test_energy_is_not_sent_twice_after_a_backup_of_the_database(
    hass: HomeAssistant, bench: Bench, interval_min: int
) -> None:
    """The cursor knows how far it had counted, although older rows are there to count from."""
    step, store = (HOUR, async_store) if interval_min == 60 else (SHORT, async_store_short)
    sensor = register_sensor(hass, "grid")
    start = hours_ago(14)
    await store(hass, metadata(sensor.entity_id), sum_rows(start, [1.0] * HOURS, step))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=interval_min))
    await bench.run()
    await bench.stop()
    last = readings(bench)[-1]
    await lose(hass, start + SURVIVING * step)
    await store(hass, metadata(sensor.entity_id), sum_rows(start + 12 * step, [1.0, 1.0], step, base=12.0))
    engine = await bench.run()
    assert readings(bench)[-3:] == [last, last + 3000, last + 4000]
    assert (engine.status.problem, engine.status.resets) == (None, 0)


async def test_hour_is_not_sent_twice_after_a_backup_of_the_database(
    hass: HomeAssistant, roof: SeriesBench, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Nor is the energy of the lost hours put into one hour."""
    asset = next(iter(wattcarbon_cloud.assets))
    start = hours_ago(14)
    grid = await store_grid(hass, start, 0, HOURS)
    roof.add(series_data(asset, (grid, "generation")))
    await roof.run()
    await roof.stop()
    await lose(hass, start + SURVIVING * HOUR)
    await store_grid(hass, start, 12, 13, base=12.0)
    engine = await roof.run()
    expected = {start + hour * HOUR: 1.0 for hour in range(HOURS)} | {start + 12 * HOUR: 3.0}
    assert wattcarbon_cloud.hours(asset) == pytest.approx(expected)
    # The recorder's own hour holds the lost ones, too: that is no correction, and nothing to send again.
    for only_read in (True, False):
        look = await engine.review.async_look(everything=True, only_read=only_read)
        assert look is not None
        assert (look.revisions, look.expected) == (0, 0)
    counts = await async_resend(engine, start.timestamp(), (start + 13 * HOUR).timestamp(), dry_run=False)
    assert counts is not None
    assert (counts.accepted, counts.rejected) == (SURVIVING, 0)
    assert wattcarbon_cloud.hours(asset) == pytest.approx(expected)


async def test_sums_that_do_not_go_on_from_what_was_sent_wait_for_somebody(hass: HomeAssistant, bench: Bench) -> None:
    """Whoever says to go on gets the rise since the first row, and nothing of before."""
    start = hours_ago(14)
    grid = await store_grid(hass, start, 0, HOURS)
    bench.add(stream_data({"pC_1": (grid, "change")}))
    await bench.run()
    await bench.stop()
    await lose(hass, start + SURVIVING * HOUR)
    await store_grid(hass, start, 11, 13, base=6.0)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "database_new")
    assert len(readings(bench)) == HOURS
    await engine.async_choose(Choice.GO_ON)
    await until(lambda: engine.status.caught_up and engine.status.problem is None)
    assert readings(bench)[HOURS - 1 :] == [10_000, 11_000]


async def test_statistic_that_was_imported_anew_is_no_energy(
    hass: HomeAssistant, roof: SeriesBench, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Its first sum holds what another meter counted in years; somebody has to say that it is the same."""
    asset = next(iter(wattcarbon_cloud.assets))
    start = hours_ago(14)
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [1.0] * 4))
    roof.add(series_data(asset))
    await roof.run()
    await roof.stop()
    get_instance(hass).async_clear_statistics([FOREIGN])
    await get_instance(hass).async_block_till_done()
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 4 * HOUR, [1.0] * 4, base=5000.0))
    engine = await roof.start()
    await until(lambda: engine.status.problem == "database_new")
    assert len(wattcarbon_cloud.hours(asset)) == 3
    await engine.async_choose(Choice.GO_ON)
    await until(lambda: engine.status.caught_up and engine.status.problem is None)
    look = await engine.review.async_look(everything=True)
    assert look is not None
    assert look.revisions == 0
    await roof.stop()
    # What is asked of the past later, by hand or because the ledger is lost, has to know of it as well.
    ledger_path(roof).unlink()
    engine = await async_reviewed(roof)
    counts = await async_resend(engine, start.timestamp(), (start + 8 * HOUR).timestamp(), dry_run=False)
    assert counts is not None
    assert (counts.accepted, counts.rejected) == (2, 0)
    assert set(wattcarbon_cloud.hours(asset).values()) == {1.0}
    assert start + 6 * HOUR in wattcarbon_cloud.hours(asset)


async def test_first_sum_of_a_second_meter_is_no_correction_where_it_was_not_counted(
    hass: HomeAssistant, bench: Bench
) -> None:
    """It may have counted for years when a stream that the cloud has data of takes it up."""
    start = hours_ago(14)
    client = WATTICS.connect(entry_session(hass), bench.entry.data)
    await client.send(ElectricityPacket("meter-1", start + HOUR, {"pC_1": 1000.0}))
    grid = await store_grid(hass, start, 0, HOURS)
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 4 * HOUR, [1.0] * 6, base=5000.0))
    bench.add(stream_data({"pC_1": (grid, "change"), "pC_2": (FOREIGN, "change")}))
    engine = await async_reviewed(bench)
    assert bench.sent()[-1][1]["pC_2"] == 4000.0
    look = await engine.review.async_look(everything=True)
    assert look is not None
    assert (look.revisions, engine.status.revised) == (0, 0)


async def test_refused_hour_that_holds_lost_ones_is_not_sent_again(
    hass: HomeAssistant, roof: SeriesBench, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The cloud has the lost ones by themselves; what it lacks of this hour nobody knows any more."""
    asset = next(iter(wattcarbon_cloud.assets))
    start = hours_ago(14)
    refused = start + 9 * HOUR
    grid = await store_grid(hass, start, 0, SURVIVING)
    roof.add(series_data(asset, (grid, "generation")))
    await roof.run()
    await roof.stop()
    rejection = wattcarbon_cloud.reject(asset, lambda rows: refused in rows, reason="Odd.")
    await store_grid(hass, start, SURVIVING, 12, base=float(SURVIVING))
    engine = await roof.run()
    assert engine.status.rejected == 1
    wattcarbon_cloud.rejections.remove(rejection)

    def lose_three_before() -> None:
        with session_scope(hass=hass) as session:
            since_ts, to_ts = (start + 6 * HOUR).timestamp(), refused.timestamp()
            session.query(Statistics).filter(Statistics.start_ts >= since_ts, Statistics.start_ts < to_ts).delete()

    await get_instance(hass).async_add_executor_job(lose_three_before)
    await async_resend_refused(engine)
    assert refused not in wattcarbon_cloud.hours(asset)
    assert set(wattcarbon_cloud.hours(asset).values()) == {1.0}


@pytest.mark.parametrize("has_begun", [False, True])
async def test_statistic_that_begins_later_than_its_neighbour_is_no_new_one(
    hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch, *, has_begun: bool
) -> None:
    """A second meter that came years later, in another batch, is only new; also where the cloud has data already."""
    monkeypatch.setattr(source, "BATCH_ROWS", 40)
    monkeypatch.setattr(source, "LEAST_PERIODS", 1)
    start = hours_ago(50)
    if has_begun:
        client = WATTICS.connect(entry_session(hass), bench.entry.data)
        await client.send(ElectricityPacket("meter-1", start, {"pC_1": 0.0}))
    grid = await store_grid(hass, start, 0, 48)
    other = register_sensor(hass, "other")
    await async_store(hass, metadata(other.entity_id), sum_rows(start + 40 * HOUR, [2.0] * 8))
    bench.add(stream_data({"pC_1": (grid, "change"), "pC_2": (other.id, "change")}))
    engine = await bench.start()
    await until(lambda: engine.status.caught_up or engine.status.problem is not None)
    assert engine.status.problem is None
    assert bench.sent()[-1][1] == {"pC_1": 48_000.0, "pC_2": 16_000.0}
