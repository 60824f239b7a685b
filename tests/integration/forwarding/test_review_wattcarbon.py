"""What changes in Home Assistant after it was uploaded is uploaded again: WattCarbon ends equal to the recorder."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from forwarding_bench import FOREIGN, HOUR, OWN, async_store, hours_ago, metadata, publish, sum_rows, until
from homeassistant.core import HomeAssistant
from review_bench import (
    SeriesBench,
    async_adjust,
    async_recorded,
    async_reviewed,
    async_store_hours,
    ledger_path,
    listen,
    same,
    series_data,
)

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.forwarding.model import NewsKind

HOURS = [0.5, 1.0, 0.25, 2.0, 0.0, 0.75] * 8


@pytest.fixture
async def asset(wattcarbon_cloud: WattCarbonSimulator) -> str:
    """An asset of the account."""
    return next(iter(wattcarbon_cloud.assets))


@pytest.fixture
async def bench(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """An account without series; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


def row(start: datetime, total_kwh: float) -> dict[str, object]:
    """Make one row of a running sum."""
    return {"start": start, "state": total_kwh, "sum": total_kwh}


async def test_adjusted_hour_is_uploaded_again(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """Only the hour that changed goes out, and it is told once."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    news = listen(engine)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    assert await engine.review.async_look() is not None
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert bench.cloud.hours(asset)[start + 10 * HOUR] == pytest.approx(0.3)
    assert (bench.cloud.uploads[-1].rows, bench.cloud.uploads[-1].first) == (1, start + 10 * HOUR)
    assert engine.status.revised == 1
    assert engine.status.revised_kwh == pytest.approx(0.3)
    assert not engine.ledger.revisions.refused
    (told,) = news
    assert told.kind is NewsKind.REVISED
    assert told.facts["stretches"] == 1
    assert told.facts["energy_kwh"] == pytest.approx(0.3)
    uploads = len(bench.cloud.uploads)
    await engine.review.async_look()
    assert (len(bench.cloud.uploads), len(news), engine.status.revised) == (uploads, 1, 1)


async def test_stream_looks_back_by_itself_when_an_hour_is_over(
    hass: HomeAssistant, bench: SeriesBench, asset: str
) -> None:
    """Nobody has to ask for it."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    await async_adjust(hass, start + 7 * HOUR, -0.5)
    total = sum(HOURS) - 0.5
    await async_store(hass, metadata(FOREIGN), [row(start + 49 * HOUR, total + 1), row(start + 50 * HOUR, total + 2)])
    engine.async_send_now()
    await until(lambda: engine.status.revised and start + 49 * HOUR in bench.cloud.hours(asset))
    assert same(bench.cloud.hours(asset), await async_recorded(hass))


async def test_hour_added_behind_the_cursor_is_uploaded(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """A hole that is filled later becomes an hour, and the one after it loses what it had for both."""
    start = hours_ago(60)
    await async_store_hours(hass, start, [*HOURS[:5], None, *HOURS[6:]])
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    assert start + 5 * HOUR not in bench.cloud.hours(asset)
    before_kwh = bench.cloud.hours(asset)[start + 6 * HOUR]
    await async_store(hass, metadata(FOREIGN), [row(start + 5 * HOUR, sum(HOURS[:5]) + 0.2)])
    await engine.review.async_look()
    assert bench.cloud.hours(asset)[start + 5 * HOUR] == pytest.approx(0.2)
    assert bench.cloud.hours(asset)[start + 6 * HOUR] == pytest.approx(before_kwh - 0.2)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert engine.status.revised == 2
    assert engine.status.revised_kwh == pytest.approx(0)


async def test_history_that_is_put_in_front_is_uploaded(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """A series that starts at the beginning has it all, also what an importer brings later."""
    start = hours_ago(60 * 24)
    total = [1.0] * 5 * 24
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 55 * 24 * HOUR, [*total[:-1], 0.0], base=100.0))
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    assert min(bench.cloud.hours(asset)) == start + 55 * 24 * HOUR
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [0.05] * 54 * 24))
    await engine.review.async_look(everything=True)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert engine.status.revised >= 3


async def test_hours_put_in_front_of_the_first_one_are_uploaded(
    hass: HomeAssistant, bench: SeriesBench, asset: str
) -> None:
    """Their first sum is energy as the first one of all was, and that is no longer so much."""
    start = hours_ago(20)
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 5 * HOUR, [1.0] * 4, base=4.0))
    bench.add(series_data(asset, start_at=start))
    engine = await async_reviewed(bench)
    assert bench.cloud.hours(asset)[start + 5 * HOUR] == 5.0
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 3 * HOUR, [1.0] * 2, base=2.0))
    await engine.review.async_look()
    expected = {start + 3 * HOUR: 3.0, **{start + hour * HOUR: 1.0 for hour in (4, 5, 6, 7)}}
    assert bench.cloud.hours(asset) == pytest.approx(expected)


async def test_corrections_older_than_the_window_are_uploaded(
    hass: HomeAssistant, bench: SeriesBench, asset: str
) -> None:
    """Beyond 35 days whole months are compared, so that two corrections which cancel each other out are seen too."""
    start = hours_ago(90 * 24)
    await async_store_hours(hass, start, [1.0 + hour % 24 / 8 for hour in range(89 * 24)])
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    uploads = len(bench.cloud.uploads)
    await engine.review.async_look(everything=True)
    assert (engine.status.revised, len(bench.cloud.uploads)) == (0, uploads)
    await async_adjust(hass, start + 100 * HOUR, 0.4)
    await async_adjust(hass, start + 130 * HOUR, -0.4)
    await engine.review.async_look()
    assert not engine.status.revised
    await engine.review.async_look(everything=True)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert engine.status.revised >= 1
    uploads = len(bench.cloud.uploads)
    await engine.review.async_look(everything=True)
    assert len(bench.cloud.uploads) == uploads


async def test_noise_is_no_correction(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """Sums are floats, and their differences are never exact."""
    start = hours_ago(60 * 24)
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [0.1 + hour / 7 for hour in range(59 * 24)], base=3e6))
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    uploads = len(bench.cloud.uploads)
    await async_adjust(hass, start + 20 * HOUR, 1e-9)
    await async_adjust(hass, start + 50 * 24 * HOUR, 1e-8)
    await engine.review.async_look(everything=True)
    assert (engine.status.revised, len(bench.cloud.uploads)) == (0, uploads)


async def test_ledger_behind_the_cursor_is_made_up_for(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """After a crash nobody knows what the last hours held when they were uploaded: they are uploaded again."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS[:20])
    bench.add(series_data(asset))
    await bench.run()
    await bench.stop()
    ledger = ledger_path(bench).read_bytes()
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 20 * HOUR, [*HOURS[20:], 0.0], base=sum(HOURS[:20])))
    await bench.run()
    await bench.stop()
    ledger_path(bench).write_bytes(ledger)
    await async_adjust(hass, start + 30 * HOUR, 0.6)
    engine = await async_reviewed(bench)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert bench.cloud.uploads[-1].rows == 28
    # Nobody knows whether it was a correction.
    assert engine.status.revised == 0


async def test_ledger_that_was_never_saved_is_made_up_for(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """The same in the first minute of a stream, also for what is older than the window."""
    start = hours_ago(60 * 24)
    await async_store_hours(hass, start, [0.5] * 59 * 24)
    bench.add(series_data(asset))
    await bench.run()
    await bench.stop()
    ledger_path(bench).unlink()
    await async_adjust(hass, start + 30 * HOUR, 0.6)
    await async_adjust(hass, start + 50 * 24 * HOUR, 0.6)
    engine = await async_reviewed(bench)
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert engine.status.revised == 0


async def test_corrections_are_only_counted_where_the_user_wants_that(
    hass: HomeAssistant, bench: SeriesBench, asset: str
) -> None:
    """Certificates may have been issued already."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(series_data(asset, send_revisions=False))
    engine = await async_reviewed(bench)
    before = bench.cloud.hours(asset)
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    await engine.review.async_look()
    assert bench.cloud.hours(asset) == before
    assert engine.status.revised == 1
    (listed,) = engine.ledger.revisions.listed.values()
    assert (listed.sent_wh, listed.now_wh) == pytest.approx((0, 300))


async def test_refused_hour_is_not_tried_again_and_again(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """It is noted as refused until it changes once more."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    hour = start + 10 * HOUR
    rejection = bench.cloud.reject(asset, lambda rows: hour in rows)
    await async_adjust(hass, hour, 0.3)
    await engine.review.async_look()
    uploads = bench.cloud.log.total
    await engine.review.async_look()
    assert bench.cloud.log.total == uploads
    assert list(engine.ledger.revisions.refused.values()) == [pytest.approx(300)]
    bench.cloud.rejections.remove(rejection)
    await async_adjust(hass, hour, 0.1)
    await engine.review.async_look()
    assert same(bench.cloud.hours(asset), await async_recorded(hass))
    assert not engine.ledger.revisions.refused


async def test_own_series_is_read_only_where_it_is_whole(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """While its source rewrites the series, half of it is no correction."""
    start = hours_ago(60)
    await async_store(hass, metadata(OWN), sum_rows(start, HOURS))
    publish(hass, start + 48 * HOUR)
    bench.add(series_data(asset, (OWN, "generation")))
    engine = await async_reviewed(bench)
    await async_adjust(hass, start + 10 * HOUR, 0.3, OWN)
    await async_adjust(hass, start + 30 * HOUR, 0.3, OWN)
    publish(hass, start + 48 * HOUR, since=start + 20 * HOUR)
    await engine.review.async_look()
    assert engine.status.revised == 1
    publish(hass, start + 48 * HOUR)
    await engine.review.async_look()
    assert engine.status.revised == 2


async def test_another_statistic_is_no_correction(hass: HomeAssistant, bench: SeriesBench, asset: str) -> None:
    """Whoever chooses another series does not want everything sent anew."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    await async_store_hours(hass, start, [9.0] * 48, "meter:other")
    subentry_id = bench.add(series_data(asset))
    engine = await async_reviewed(bench)
    before = bench.cloud.hours(asset)
    subentry = bench.entry.subentries[subentry_id]
    data = series_data(asset, ("meter:other", "generation"))
    hass.config_entries.async_update_subentry(bench.entry, subentry, data=data)
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    await until(lambda: engine.ledger.from_s == (start + 48 * HOUR).timestamp())
    await engine.review.async_look(everything=True)
    assert bench.cloud.hours(asset) == before
    assert engine.status.revised == 0
