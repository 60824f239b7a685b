"""Corrections that WattCarbon refuses or cannot take: nothing is lost in silence, and live hours do not wait."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from forwarding_bench import FOREIGN, HOUR, async_store, hours_ago, metadata, sum_rows, until
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

from aiowattbridge.simulators import Fault, WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.errors import RejectedError
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.forwarding import StreamEngine, hours
from custom_components.wattbridge.forwarding.account import HourWay
from custom_components.wattbridge.forwarding.model import NewsKind, Notice
from custom_components.wattbridge.forwarding.resend import async_resend
from custom_components.wattbridge.forwarding.turns import AT_A_TIME

HOURS = [0.5, 1.0, 0.25, 2.0, 0.0, 0.75] * 8


@pytest.fixture
def cloud(wattcarbon_cloud: WattCarbonSimulator) -> WattCarbonSimulator:
    """The cloud, by the name it has in these tests."""
    return wattcarbon_cloud


@pytest.fixture
def asset(cloud: WattCarbonSimulator) -> str:
    """An asset of the account."""
    return next(iter(cloud.assets))


@pytest.fixture
async def bench(
    hass: HomeAssistant, cloud: WattCarbonSimulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SeriesBench]:
    """An account without series that repeats quickly; what a test leaves running is stopped."""
    monkeypatch.setattr(hours, "PATIENCE", RetryPolicy(base_s=0.02, cap_s=0.1))
    monkeypatch.setattr(hours, "SHORT_PATIENCE", RetryPolicy(attempts=1), raising=False)
    bench = SeriesBench(hass, cloud)
    yield bench
    await bench.stop()


async def delivered(hass: HomeAssistant, bench: SeriesBench, asset: str, changes: list[float]) -> datetime:
    """Deliver hours, which ended two hours ago; returns when they start."""
    start = hours_ago(len(changes) + 2)
    await async_store_hours(hass, start, changes)
    bench.add(series_data(asset))
    await async_reviewed(bench)
    return start


def engine_of(bench: SeriesBench) -> StreamEngine:
    """Return the one series."""
    assert bench.forwarder is not None
    return next(iter(bench.forwarder.streams.values()))


async def test_cloud_that_takes_no_corrections_is_told_and_tried_again(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """A few refusals in a row are enough: the ledger keeps what the cloud has, and the next look begins anew."""
    start = await delivered(hass, bench, asset, [1.0] * 300)
    engine = engine_of(bench)
    before = cloud.hours(asset)
    rejection = cloud.reject(asset, reason="Not now.")
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [1.5] * 290))
    await async_adjust(hass, start + 290 * HOUR, 145.0)
    requests = cloud.log.total
    await engine.review.async_look()
    assert cloud.log.total - requests < 30
    assert (engine.status.revised, engine.status.rejected, engine.problem) == (0, 0, None)
    assert not engine.ledger.revisions.refused
    assert list(engine.notices) == [Notice.MISMATCH]
    assert bench.forwarder is not None
    report = await bench.forwarder.async_reconcile(engine.subentry_id)
    assert not report.is_matching
    assert report.difference_wh == pytest.approx(145_000, abs=1000)
    with pytest.raises(RejectedError):
        await async_resend(engine, start.timestamp(), (start + 50 * HOUR).timestamp(), dry_run=False)
    assert cloud.hours(asset) == before
    cloud.rejections.remove(rejection)
    assert (await bench.forwarder.async_reconcile(engine.subentry_id)).is_matching
    assert same(cloud.hours(asset), await async_recorded(hass))
    assert not engine.notices
    assert engine.status.revised >= 290


async def test_old_hours_that_are_locked_do_not_keep_newer_corrections_back(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """The newest go first; those that are refused for good remain a difference that somebody hears of."""
    start = await delivered(hass, bench, asset, [1.0] * 100)
    engine = engine_of(bench)
    cloud.reject(asset, lambda rows: min(rows) < start + 50 * HOUR, reason="Locked.")
    for hour in (10, 11, 12, 13, 14, 80, 90):
        await async_adjust(hass, start + hour * HOUR, 0.5)
    await engine.review.async_look()
    changed = {hour for hour, kwh in cloud.hours(asset).items() if kwh != 1.0}
    assert changed == {start + 80 * HOUR, start + 90 * HOUR}
    assert engine.status.revised == 2
    assert engine.notices == {Notice.MISMATCH: "2.500 kWh"}


async def test_single_refused_correction_is_told_and_tried_again_every_day(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """It counts as rejected, with the cloud's answer, until the cloud takes it after all."""
    start = await delivered(hass, bench, asset, HOURS)
    engine = engine_of(bench)
    news = listen(engine)
    bad = start + 10 * HOUR
    rejection = cloud.reject(asset, lambda rows: bad in rows, reason="Odd.")
    await async_adjust(hass, bad, 0.3)
    await async_adjust(hass, start + 20 * HOUR, 0.3)
    await engine.review.async_look()
    assert engine.notices == {Notice.REJECTIONS: bad.isoformat()}
    assert engine.status.rejected == 1
    (told,) = (one for one in news if one.kind is NewsKind.REJECTED)
    assert "Odd." in str(told.facts["answer"])
    engine.async_dismiss(Notice.REJECTIONS)
    await engine.review.async_look(everything=True)
    assert (dict(engine.notices), engine.status.rejected) == ({}, 1)
    cloud.rejections.remove(rejection)
    await engine.review.async_look(everything=True)
    assert same(cloud.hours(asset), await async_recorded(hass))
    assert engine.status.rejected == 0
    assert not engine.ledger.revisions.refused


async def test_old_hour_that_the_cloud_stumbles_over_stops_no_live_hours(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """The look is left off, and tried again later; nothing stands still."""
    start = await delivered(hass, bench, asset, HOURS)
    engine = engine_of(bench)
    bad = start + 10 * HOUR
    rejection = cloud.reject(asset, lambda rows: bad in rows, status=503)
    await async_adjust(hass, bad, 0.3)
    total = sum(HOURS) + 0.3
    requests = cloud.log.total
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 48 * HOUR, [1.0, 1.0], base=total))
    engine.async_send_now()
    await until(lambda: cloud.log.total > requests + 1)
    await until(lambda: not engine.review.turn.locked())
    assert engine.problem is None
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 49 * HOUR, [1.0, 1.0], base=total + 1))
    engine.async_send_now()
    await until(lambda: start + 49 * HOUR in cloud.hours(asset))
    assert (engine.problem, engine.status.paused_until) == (None, None)
    cloud.rejections.remove(rejection)
    await engine.review.async_look()
    assert cloud.hours(asset)[bad] == pytest.approx(0.3)


async def test_somebody_elses_look_stops_no_live_hours(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """A reconciliation may take long; the stream's own look comes after it."""
    start = await delivered(hass, bench, asset, HOURS)
    engine = engine_of(bench)
    async with engine.review.turn:
        for hour in (48, 49):
            base = sum(HOURS) + hour - 48
            await async_store(hass, metadata(FOREIGN), sum_rows(start + hour * HOUR, [1.0, 1.0], base=base))
            engine.async_send_now()
            await until(lambda: len(cloud.hours(asset)) > hour)  # noqa: B023 - it is called in this turn of the loop


async def test_refused_login_rejects_no_hours(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """The hours wait for a token, as they do for a connection."""
    start = await delivered(hass, bench, asset, HOURS)
    engine = engine_of(bench)
    cloud.tokens.expire_all()
    cloud.faults.script("/auth/token", [Fault("status", status=422)] * 6)
    rows = sum_rows(start + 48 * HOUR, [1.0, 1.0, 0.0], base=sum(HOURS))
    await async_store(hass, metadata(FOREIGN), rows)
    engine.async_send_now()
    await until(lambda: start + 49 * HOUR in cloud.hours(asset))
    assert start + 48 * HOUR in cloud.hours(asset)
    assert (cloud.faults.pending, engine.status.rejected, engine.problem) == (0, 0, None)


async def test_month_that_gets_more_hours_while_it_is_sent_is_counted_once(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """An hour left the window meanwhile: it is no correction, and must not vanish from the month's total."""
    start = await delivered(hass, bench, asset, [0.5] * 50 * 24)
    engine = engine_of(bench)
    await async_adjust(hass, start + 15 * 24 * HOUR - HOUR, 0.4)
    cloud.latency_s = 1.0
    news = listen(engine)
    way = engine.account.way
    assert isinstance(way, HourWay)
    look = asyncio.create_task(engine.review.async_look(everything=True))
    await until(lambda: way.turns._free < AT_A_TIME or look.done())
    await asyncio.sleep(0.05)
    cloud.latency_s = 0.0
    window = engine.ledger.window.start
    base = 25.0 * 24 + 0.4
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 50 * 24 * HOUR, [1.0, 1.0], base=base))
    engine.async_send_now()
    await until(lambda: engine.ledger.window.start > window)
    assert way.turns._free < AT_A_TIME
    await look
    for _ in range(2):
        await engine.review.async_look(everything=True)
    assert same(cloud.hours(asset), await async_recorded(hass))
    assert [one.facts["energy_kwh"] for one in news if one.kind is NewsKind.REVISED] == [pytest.approx(0.4)]
    assert engine.status.revised == 1


@pytest.mark.parametrize("target", ["asset", "meter"])
async def test_hours_of_which_nothing_is_known_are_no_mismatch_of_a_paused_series(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, target: str
) -> None:
    """After a crash the ledger is behind the cursor; a paused series sends nothing to make up for that."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS[:20])
    to = asset if target == "asset" else cloud.add_meter({"type": "electricity"})
    bench.add(series_data(to, target=target))
    await bench.run()
    await bench.stop()
    ledger = ledger_path(bench).read_bytes()
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 20 * HOUR, [*HOURS[20:], 0.0], base=sum(HOURS[:20])))
    await bench.run()
    await bench.stop()
    ledger_path(bench).write_bytes(ledger)
    cloud.faults.profile(1, {Fault("unavailable"): 1})
    requests = cloud.log.total
    engine = await bench.start()
    await until(lambda: cloud.log.total > requests)
    await engine.async_set_paused(True)  # noqa: FBT003 - the one thing that is set
    cloud.faults.clear()
    uploads = len(cloud.uploads)
    assert bench.forwarder is not None
    report = await bench.forwarder.async_reconcile(engine.subentry_id)
    assert report.end == start + 48 * HOUR
    assert (report.missing_rows, report.difference_wh) == pytest.approx((0, 0))
    assert report.is_matching
    assert (len(cloud.uploads), dict(engine.notices)) == (uploads, {})
