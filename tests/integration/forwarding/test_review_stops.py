"""What looks at the past of a stream ends with it: whoever pauses, changes or removes a series is believed at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from forwarding_bench import HOUR, hours_ago, until
from homeassistant.core import HomeAssistant
from review_bench import SeriesBench, async_adjust, async_reviewed, async_store_hours, series_data

from aiowattbridge.simulators import Fault, WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.forwarding import StreamEngine, hours
from custom_components.wattbridge.forwarding.errands import InterruptedWorkError
from custom_components.wattbridge.forwarding.reconciliation import async_reconcile
from custom_components.wattbridge.forwarding.resend import async_resend

HOURS = [0.5, 1.0, 0.25, 2.0, 0.0, 0.75] * 8
OTHER = "meter:other"
DOWN = Fault("unavailable")


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
    """An account without series whose looks are patient; what a test leaves running is stopped."""
    patient = RetryPolicy(attempts=50, base_s=0.02, cap_s=0.1)
    monkeypatch.setattr(hours, "PATIENCE", patient)
    monkeypatch.setattr(hours, "SHORT_PATIENCE", patient, raising=False)
    bench = SeriesBench(hass, cloud)
    yield bench
    await bench.stop()


@pytest.fixture
async def start(hass: HomeAssistant, bench: SeriesBench, asset: str) -> datetime:
    """When the hours begin that are delivered already, and one of which is to be corrected, while the cloud is down."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    await async_store_hours(hass, start, [9.0] * 48, OTHER)
    bench.add(series_data(asset))
    await async_reviewed(bench)
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    bench.cloud.faults.profile(1, {DOWN: 1})
    return start


def engine_of(bench: SeriesBench) -> StreamEngine:
    """Return the first series."""
    assert bench.forwarder is not None
    return next(iter(bench.forwarder.streams.values()))


async def under_way[R](bench: SeriesBench, work: asyncio.Task[R]) -> asyncio.Task[R]:
    """Wait until an upload has failed, and is to be tried again."""
    requests = bench.cloud.log.total
    await until(lambda: bench.cloud.log.total > requests)
    assert not work.done()
    return work


async def assert_nothing_comes(bench: SeriesBench, asset: str, before: dict[datetime, float]) -> None:
    """Let the cloud work again for longer than any repetition waits: it is not sent to."""
    requests = bench.cloud.log.total
    bench.cloud.faults.clear()
    await asyncio.sleep(1.2)
    assert (bench.cloud.hours(asset), bench.cloud.log.total) == (before, requests)


@pytest.mark.parametrize("is_resend", [False, True], ids=["reconcile", "resend"])
async def test_paused_series_uploads_nothing_more(
    bench: SeriesBench, asset: str, start: datetime, *, is_resend: bool
) -> None:
    """Whoever began it hears why it has ended."""
    engine, before = engine_of(bench), bench.cloud.hours(asset)
    end = start + 48 * HOUR
    begun = async_resend(engine, start.timestamp(), end.timestamp(), dry_run=False)
    work = await under_way(bench, asyncio.create_task(begun if is_resend else async_reconcile(engine)))
    if not is_resend:
        begun.close()
    await engine.async_set_paused(True)  # noqa: FBT003 - the one thing that is set
    await assert_nothing_comes(bench, asset, before)
    with pytest.raises(InterruptedWorkError):
        await work
    assert not engine.notices


async def test_look_asks_before_each_upload_whether_it_is_wanted_still(
    hass: HomeAssistant, bench: SeriesBench, asset: str, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that nobody has begun for somebody else: only what is on its way may arrive."""
    monkeypatch.setattr(hours, "BATCH_ROWS", 1)
    engine, before = engine_of(bench), bench.cloud.hours(asset)
    await async_adjust(hass, start + 20 * HOUR, 0.3)
    work = await under_way(bench, asyncio.create_task(engine.review.async_look()))
    await engine.async_set_paused(True)  # noqa: FBT003 - the one thing that is set
    bench.cloud.faults.clear()
    with pytest.raises(InterruptedWorkError):
        await work
    assert bench.cloud.hours(asset)[start + 10 * HOUR] == before[start + 10 * HOUR]


async def test_changed_series_uploads_nothing_of_the_old_statistic(
    hass: HomeAssistant, bench: SeriesBench, asset: str, start: datetime
) -> None:
    """The asset belongs to another meter now."""
    engine, before = engine_of(bench), bench.cloud.hours(asset)
    work = await under_way(bench, asyncio.create_task(async_reconcile(engine)))
    subentry = next(iter(bench.entry.subentries.values()))
    data = series_data(asset, (OTHER, "generation"))
    hass.config_entries.async_update_subentry(bench.entry, subentry, data=data)
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    await assert_nothing_comes(bench, asset, before)
    with pytest.raises(InterruptedWorkError):
        await work


async def test_removed_series_uploads_nothing_and_the_others_are_reconciled(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, start: datetime
) -> None:
    """One that is gone in the midst of the daily reconciliation keeps no other from its own."""
    assert bench.forwarder is not None
    other = [*cloud.assets][1]
    bench.cloud.faults.clear()
    bench.add(series_data(other))
    await bench.forwarder.async_sync_streams()
    gone, stays = bench.forwarder.streams.values()
    await until(lambda: stays.status.caught_up)
    before = cloud.hours(asset)
    cloud.faults.profile(1, {DOWN: 1})
    daily = bench.forwarder._reconciler._async_daily([gone.subentry_id, stays.subentry_id])
    work = await under_way(bench, asyncio.create_task(daily))
    hass.config_entries.async_remove_subentry(bench.entry, gone.subentry_id)
    await bench.forwarder.async_sync_streams()
    cloud.faults.clear()
    await work
    assert stays.status.reconciled_at is not None
    assert cloud.hours(asset) == before
