"""The figures of Home Assistant, what a cloud acknowledged, and what it says that it has."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from forwarding_bench import FOREIGN, HOUR, Bench, async_store, hours_ago, metadata, stream_data, until
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from review_bench import SeriesBench, async_adjust, async_reviewed, async_store_hours, series_data

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.forwarding.model import Notice
from custom_components.wattbridge.forwarding.report import Reconciliation

ENERGY = {"pC_1": (FOREIGN, "change")}
HOURS = [0.5, 1.0, 0.25, 2.0, 0.0, 0.75] * 8


@pytest.fixture
async def series(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """A WattCarbon account without series; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


async def reconciled(bench: Bench) -> Reconciliation:
    """Reconcile the first stream of an account."""
    assert bench.forwarder is not None
    return await bench.forwarder.async_reconcile(next(iter(bench.forwarder.streams)))


def home(report: Reconciliation) -> tuple[int, float]:
    """Add up the hours and the kWh that are in Home Assistant."""
    return sum(m.home_rows for m in report.months), sum(m.home_wh for m in report.months) / 1000


async def test_wattics_matches(hass: HomeAssistant, bench: Bench) -> None:
    """Everything was acknowledged, and the cloud's meter reading is ours."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    report = await reconciled(bench)
    assert report.is_matching
    assert home(report) == pytest.approx((48, 36))
    assert sum(m.acknowledged_rows for m in report.months) == 48
    assert (report.kind.value, report.last_packet, report.reading_wh) == ("last_packet", start + 48 * HOUR, 0)
    assert (report.start, report.end) == (start.replace(day=1, hour=0), start + 48 * HOUR)
    shown = report.as_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["matches"]
    assert shown["months"][-1]["month"] == f"{start + 47 * HOUR:%Y-%m}"
    assert engine.status.difference_kwh == 0
    assert engine.status.reconciled_at == report.at.replace(microsecond=0)
    assert not engine.notices


async def test_known_revision_is_no_mismatch(hass: HomeAssistant, bench: Bench) -> None:
    """What Wattics cannot be given is known, and named in a column of its own."""
    start = hours_ago(60)
    await async_store_hours(hass, start, [*HOURS[:5], None, *HOURS[6:]])
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    total = sum(HOURS[:5]) + 0.2
    await async_store(hass, metadata(FOREIGN), [{"start": start + 5 * HOUR, "state": total, "sum": total}])
    report = await reconciled(bench)
    assert report.is_matching
    assert (report.revised, report.holes) == (3, 1)
    assert sum(m.revised_wh for m in report.months) == pytest.approx(300)
    assert sum(m.revised_rows for m in report.months) == 1
    assert sum(m.acknowledged_rows for m in report.months) == 47
    assert sum(m.acknowledged_wh for m in report.months) == pytest.approx(35250)
    assert not engine.notices


async def test_another_reading_in_the_cloud_is_a_mismatch(hass: HomeAssistant, bench: Bench) -> None:
    """The cloud's last packet has our time, but not our meter reading."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    packet: dict[str, Any] = bench.cloud.accepted["meter-1"][-1].packet
    packet["pC_1"] -= 250.0
    report = await reconciled(bench)
    assert not report.is_matching
    assert report.reading_wh == pytest.approx(250)
    assert engine.notices[Notice.MISMATCH] == "0.250 kWh"
    assert engine.status.difference_kwh == pytest.approx(0.25)
    packet["pC_1"] += 250.0
    assert (await reconciled(bench)).is_matching
    assert not engine.notices


async def test_asset_offers_no_read_back(hass: HomeAssistant, series: SeriesBench) -> None:
    """Of an asset there are the receipts alone."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    series.add(series_data(next(iter(series.cloud.assets))))
    await async_reviewed(series)
    report = await reconciled(series)
    assert report.is_matching
    assert report.kind.value == "not_offered"
    assert home(report) == pytest.approx((48, 36))
    assert {(m.read_back_rows, m.read_back_wh) for m in report.months} == {(None, None)}


async def test_meter_tells_what_it_holds(hass: HomeAssistant, series: SeriesBench) -> None:
    """Hours that a meter lost are missing, whatever it acknowledged."""
    start = hours_ago(60)
    meter = series.cloud.add_meter({"type": "electricity"})
    await async_store_hours(hass, start, HOURS)
    series.add(series_data(meter, target="meter"))
    engine = await async_reviewed(series)
    report = await reconciled(series)
    assert report.is_matching
    assert report.kind.value == "covered"
    assert sum(m.read_back_rows or 0 for m in report.months) == 48
    assert sum(m.read_back_wh or 0 for m in report.months) == pytest.approx(36000)
    series.cloud._store._values["intervals", meter].pop(start + 3 * HOUR)
    report = await reconciled(series)
    assert not report.is_matching
    assert (report.missing_rows, report.difference_wh) == pytest.approx((1, 2000))
    assert engine.notices[Notice.MISMATCH] == "2.000 kWh"


async def test_hours_that_vanished_here_are_a_mismatch(hass: HomeAssistant, series: SeriesBench) -> None:
    """Nothing can be taken back from a cloud: somebody has to know."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    series.add(series_data(next(iter(series.cloud.assets))))
    engine = await async_reviewed(series)
    get_instance(hass).async_clear_statistics([FOREIGN])
    await async_wait_recording_done(hass)
    await async_store_hours(hass, start + 10 * HOUR, HOURS[10:])
    report = await reconciled(series)
    assert (home(report)[0], report.missing_rows) == (38, 0)
    assert report.difference_wh == pytest.approx(-1000 * sum(HOURS[:10]))
    assert Notice.MISMATCH in engine.notices


async def test_refused_hours_are_named(hass: HomeAssistant, series: SeriesBench) -> None:
    """They are neither acknowledged nor missing."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    asset = next(iter(series.cloud.assets))
    series.cloud.reject(asset, lambda rows: start + 20 * HOUR in rows and len(rows) == 1)
    series.cloud.reject(asset, lambda rows: start + 20 * HOUR in rows)
    series.add(series_data(asset))
    engine = await series.start()
    await until(lambda: engine.choices)
    await engine.async_choose(engine.choices[-1])
    await until(lambda: engine.status.caught_up)
    report = await reconciled(series)
    assert report.is_matching
    assert report.rejected == 1
    assert sum(m.refused_rows for m in report.months) == 1
    assert sum(m.refused_wh for m in report.months) == pytest.approx(1000 * HOURS[20])
    assert sum(m.acknowledged_rows for m in report.months) == 47


async def test_every_stream_is_reconciled_once_a_day(
    hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time an hour after the start, and then at the stream's own time of the day."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    begun = dt_util.utcnow()
    assert bench.forwarder is not None
    reconciler = bench.forwarder._reconciler

    async def pass_time(by: timedelta) -> None:
        now = begun + by
        monkeypatch.setattr(dt_util, "utcnow", lambda: now)
        async_fire_time_changed(hass, now)
        await until(lambda: not reconciler.is_busy)

    seen: list[datetime | None] = []
    for by in (timedelta(minutes=50), timedelta(minutes=70), *(timedelta(hours=hours) for hours in range(2, 52))):
        await pass_time(by)
        if engine.status.reconciled_at not in seen:
            seen.append(engine.status.reconciled_at)
    nothing, first, second, third, *_ = seen
    assert nothing is None
    assert first == (begun + timedelta(minutes=70)).replace(microsecond=0)
    assert second is not None
    assert third == second + timedelta(days=1)
