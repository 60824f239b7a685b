"""Whole hours into WattCarbon: refused files, broken connections, crashes, and who goes first."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest
from forwarding_bench import FOREIGN, HOUR, OWN, async_store, hours_ago, metadata, publish, sum_rows, until
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from review_bench import SeriesBench, listen, series_data

from aiowattbridge.simulators import Fault, WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.forwarding import hours, watch
from custom_components.wattbridge.forwarding.cursor_file import CursorFile
from custom_components.wattbridge.forwarding.model import Choice
from custom_components.wattbridge.forwarding.turns import Turns

HOURS = 30
UNHURRIED = hours.PATIENCE
TROUBLE = {
    Fault("unavailable"): 0.05,
    Fault("cut_before"): 0.02,
    Fault("cut_after"): 0.02,
    Fault("rate_limited"): 0.01,
    Fault("truncated_json"): 0.01,
    Fault("html"): 0.01,
}


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
    bench = SeriesBench(hass, cloud)
    yield bench
    await bench.stop()


def changes_of(number: int) -> list[float | None]:
    """Make hours with a hole now and then."""
    return [None if hour % 7 == 3 else 0.25 + hour / 8 for hour in range(number)]


def expected(start: datetime, changes: Sequence[float | None]) -> dict[datetime, float]:
    """Say what the cloud must have."""
    return {start + hour * HOUR: change for hour, change in enumerate(changes) if change is not None}


async def store_own(hass: HomeAssistant, number: int = HOURS) -> tuple[datetime, dict[datetime, float]]:
    """Store a whole series of ours; returns when it starts, and what the cloud must have of it."""
    start, changes = hours_ago(number), changes_of(number)
    await async_store(hass, metadata(OWN), sum_rows(start, changes))
    publish(hass, start + number * HOUR)
    return start, expected(start, changes)


def own(asset_id: str, target: str = "asset") -> dict[str, object]:
    """Make the data of a series of ours."""
    return series_data(asset_id, (OWN, "metered" if target == "meter" else "generation"), target=target)


async def test_all_whole_hours_arrive_in_one_file(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """Each hour with its energy, holes left out, and the next hour as soon as it is published."""
    start, hours_kwh = await store_own(hass)
    publish(hass, start + 20 * HOUR)
    bench.add(own(asset))
    engine = await bench.run()
    assert cloud.hours(asset) == pytest.approx(
        {hour: kwh for hour, kwh in hours_kwh.items() if hour < start + 20 * HOUR}
    )
    assert [upload.rows for upload in cloud.uploads] == [17]
    status = engine.status
    assert (status.delivered, status.rejected, status.holes, status.backlog) == (17, 0, 3, 0)
    assert status.delivered_to == status.filled_until == start + 20 * HOUR
    publish(hass, start + 21 * HOUR)
    await until(lambda: start + 20 * HOUR in cloud.hours(asset))
    assert [upload.rows for upload in cloud.uploads] == [17, 1]
    assert not cloud.report()["violations"]


async def test_meter_is_filled_and_can_be_asked(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator
) -> None:
    """What a meter holds can be read back, an asset cannot be asked."""
    start, hours_kwh = await store_own(hass)
    bench.add(own(next(iter(cloud.meters)), "meter"))
    bench.add(own(next(iter(cloud.assets))))
    engine = await bench.run()
    stretch = int((start + 2 * HOUR).timestamp()), int((start + 9 * HOUR).timestamp())
    held = await engine.courier.async_read_back(*stretch)
    assert held == pytest.approx(
        {int(hour.timestamp()): kwh for hour, kwh in hours_kwh.items() if start + 2 * HOUR <= hour < start + 9 * HOUR}
    )
    assert bench.forwarder is not None
    *_, other = bench.forwarder.streams.values()
    assert await other.courier.async_read_back(*stretch) is None


async def test_statistics_are_added_up_with_their_signs(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """A battery's hour is what it gave less what it took; where one of the two is missing there is no hour."""
    start = hours_ago(5)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0, 0.5, None, 2.0]))
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [0.25, 1.5, 1.0, 0.125, 0.0]))
    publish(hass, start + 4 * HOUR)
    bench.add(series_data(asset, (OWN, "discharge"), (FOREIGN, "charge")))
    engine = await bench.run()
    assert cloud.hours(asset) == {start: 0.75, start + HOUR: -1.0, start + 3 * HOUR: 1.875}
    assert engine.status.holes == 1


FAULTS = [
    pytest.param([Fault("unavailable")] * 6, id="503"),
    pytest.param([None, Fault("cut_after"), Fault("cut_before"), Fault("cut_body")], id="broken"),
    pytest.param([None, Fault("html"), Fault("bad_gateway"), Fault("server_error")], id="odd answers"),
    pytest.param([None, Fault("rate_limited", retry_after_s=1, enforced=True)], id="429"),
    pytest.param([None, None, Fault("token_expired")], id="old token"),
]


@pytest.mark.parametrize("faults", FAULTS)
async def test_faults_cost_time_alone(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, faults: list[Fault | None]
) -> None:
    """What was lost is sent again, and replaces the same."""
    _, hours_kwh = await store_own(hass)
    bench.add(own(asset))
    cloud.faults.script("*", faults)
    engine = await bench.start()
    await until(lambda: engine.status.caught_up, timeout_s=20)
    assert cloud.hours(asset) == pytest.approx(hours_kwh)
    assert engine.status.delivered == len(hours_kwh)
    assert not cloud.report()["violations"]


async def test_long_outage_is_a_problem_that_goes_away(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to do anything: it is tried again until the cloud is back."""
    monkeypatch.setattr(watch, "LONG_WAIT_S", -1)
    _, hours_kwh = await store_own(hass)
    bench.add(own(asset))
    cloud.faults.profile(1, {Fault("bad_gateway"): 1})
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: engine.status.problem == "cannot_connect")
    assert engine.status.paused_until is not None
    assert bench.forwarder is not None
    was_connected = bench.forwarder.is_connected
    cloud.faults.clear()
    await until(lambda: engine.status.caught_up)
    assert cloud.hours(asset) == pytest.approx(hours_kwh)
    after = engine.status
    assert (after.problem, after.paused_until) == (None, None)
    assert (was_connected, bench.forwarder.is_connected) == (False, True)
    assert [one.kind for one in news] == ["failed", "recovered", "caught_up"]


def test_first_retry_is_soon_and_the_last_not_too_late() -> None:
    """Five seconds at most, and five minutes, however long it lasts."""
    chance = random.Random(1)  # noqa: S311 - the same draws every time
    assert all(UNHURRIED.backoff_s(1, chance) <= 5 for _ in range(100))
    assert all(UNHURRIED.backoff_s(failures, chance) <= 300 for failures in range(1, 1000))


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_with_any_older_file(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kill leaves the file as it was at some moment before; in the end the cloud equals the recorder."""
    chance = random.Random(seed)  # noqa: S311 - the same kills for the same seed
    monkeypatch.setattr(hours, "UPLOAD_HOURS", 10)
    _, hours_kwh = await store_own(hass, 150)
    targets = [*list(cloud.assets)[:2], next(iter(cloud.meters))]
    for target in targets[:2]:
        bench.add(own(target))
    bench.add(own(targets[2], "meter"))
    cloud.faults.profile(seed, TROUBLE)
    for _ in range(4):
        await bench.start()
        await asyncio.sleep(chance.uniform(0.02, 0.2))
        older = bench.path.read_bytes() if bench.path.exists() else None
        await asyncio.sleep(chance.uniform(0, 0.2))
        await bench.kill(older)
    cloud.faults.clear()
    await bench.start()
    forwarder = bench.forwarder
    assert forwarder is not None
    await until(lambda: all(engine.status.caught_up for engine in forwarder.streams.values()), timeout_s=30)
    for target in targets[:2]:
        assert cloud.hours(target) == pytest.approx(hours_kwh)
    assert cloud.intervals(targets[2]) == pytest.approx(hours_kwh)
    assert not cloud.report()["violations"]


async def test_refused_hour_is_looked_for_and_kept_aside(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """All others of its file arrive; when it is taken after all, it counts as rejected no longer."""
    start, hours_kwh = await store_own(hass)
    publish(hass, start + 2 * HOUR)
    bench.add(own(asset))
    engine = await bench.run()
    news = listen(engine)
    bad = start + 8 * HOUR
    rejection = cloud.reject(asset, lambda rows: bad in rows, reason="An odd value.")
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert cloud.hours(asset) == pytest.approx({hour: kwh for hour, kwh in hours_kwh.items() if hour != bad})
    assert (engine.status.rejected, engine.status.problem) == (1, None)
    assert [(one.kind, one.facts["start"]) for one in news if one.kind == "rejected"] == [("rejected", bad.isoformat())]
    assert dict(engine.notices) == {"rejections": bad.isoformat()}
    again = {int(bad.timestamp()): hours_kwh[bad], int(start.timestamp()): 99.0}
    assert (await engine.courier.async_send_again(again)).taken == {int(start.timestamp())}
    assert engine.status.rejected == 1
    cloud.rejections.remove(rejection)
    redeemed = await engine.courier.async_send_again({int(bad.timestamp()): hours_kwh[bad]})
    assert redeemed.taken == {int(bad.timestamp())}
    assert cloud.hours(asset) == pytest.approx(hours_kwh | {start: 99.0})
    assert engine.status.rejected == 0
    assert not [mark for mark in engine.moving.marks if mark.kind == "rejected"]


async def test_refused_first_file_holds_the_series(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, issue_registry: ir.IssueRegistry
) -> None:
    """Nothing is passed and only one file sent; what is wrong may be put right."""
    _, hours_kwh = await store_own(hass)
    rejection = cloud.reject(asset, reason="Not for this asset.")
    bench.add(own(asset))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    assert cloud.report()["rejected"] == 1
    assert "Not for this asset." in (engine.status.detail or "")
    assert engine.choices == (Choice.RETRY, Choice.SKIP)
    cloud.rejections.remove(rejection)
    await engine.async_choose(Choice.RETRY)
    await until(lambda: engine.status.caught_up)
    assert cloud.hours(asset) == pytest.approx(hours_kwh)
    assert (engine.status.rejected, engine.status.problem) == (0, None)
    assert not issue_registry.issues


async def test_skipping_a_refused_first_file_passes_only_what_is_bad_in_it(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """The refused hours are looked for one by one."""
    start, hours_kwh = await store_own(hass)
    bad = {start + hour * HOUR for hour in (0, 13)}
    cloud.reject(asset, lambda rows: bool(bad & rows.keys()))
    bench.add(own(asset))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    await engine.async_choose(Choice.SKIP)
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert cloud.hours(asset) == pytest.approx({hour: kwh for hour, kwh in hours_kwh.items() if hour not in bad})
    assert engine.status.rejected == 2


async def test_three_refused_hours_in_a_row_hold_the_series_before_them(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """Somebody decides whether they are sent again or passed with the cloud's answer."""
    start, hours_kwh = await store_own(hass)
    publish(hass, start + 2 * HOUR)
    bench.add(own(asset))
    engine = await bench.run()
    bad = {start + hour * HOUR for hour in (12, 13, 14)}
    cloud.reject(asset, lambda rows: bool(bad & rows.keys()), reason="Odd.")
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.problem == "rejected")
    assert engine.status.filled_until == start + 12 * HOUR
    await engine.async_choose(Choice.SKIP)
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert cloud.hours(asset) == pytest.approx({hour: kwh for hour, kwh in hours_kwh.items() if hour not in bad})
    assert (engine.status.rejected, engine.status.problem) == (3, None)


async def test_asset_that_is_gone_holds_the_series(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """There is nothing to be passed: it has to come back, or another one to be chosen."""
    await store_own(hass)
    bench.add(own("asset-of-nobody"))
    bench.add(own(asset))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    assert (engine.status.detail or "").startswith("404")
    assert engine.choices == (Choice.RETRY,)
    assert engine.status.rejected == 0
    with pytest.raises(ValueError, match="skip"):
        await engine.async_choose(Choice.SKIP)
    await until(lambda: cloud.hours(asset))


async def test_refused_credentials_are_asked_for(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str
) -> None:
    """Nothing is lost: after signing in the account is loaded anew and goes on."""
    _, hours_kwh = await store_own(hass)
    bench.add(own(asset))
    password, cloud.password = cloud.password, "another key"
    engine = await bench.start()
    await until(lambda: engine.status.problem == "credentials")
    await hass.async_block_till_done(wait_background_tasks=False)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]
    await bench.stop()
    cloud.password = password
    await bench.run()
    assert cloud.hours(asset) == pytest.approx(hours_kwh)


async def test_unwritable_cursor_sends_no_more_than_a_file(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, asset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest goes out when it can be noted again."""
    monkeypatch.setattr(hours, "UPLOAD_HOURS", 10)
    _, hours_kwh = await store_own(hass)
    bench.add(own(asset))
    await bench.stop()

    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        engine = await bench.start()
        await until(lambda: engine.cursor is not None)
        patch.setattr(CursorFile, "_replace", fail)
        await until(lambda: engine.status.problem == "cursor_unwritable")
        assert len(cloud.uploads) <= 2
    engine.async_send_now()
    await until(lambda: engine.status.caught_up)
    assert cloud.hours(asset) == pytest.approx(hours_kwh)


async def test_few_have_their_turn_and_the_shortest_backlog_goes_first() -> None:
    """Two at a time; who waits with the least to send comes next, whoever came first; who gives up takes no place."""
    turns = Turns(2)
    order: list[int] = []
    free = asyncio.Event()

    async def upload(backlog: int) -> None:
        async with turns.turn(backlog):
            order.append(backlog)
            await free.wait()

    tasks = []
    for backlog in (500, 400, 300, 1, 200, 0):
        tasks.append(asyncio.create_task(upload(backlog)))
        await asyncio.sleep(0)
    assert order == [500, 400]
    tasks[-1].cancel()
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [500, 400, 1, 200, 300]
    async with asyncio.timeout(1), turns.turn(0), turns.turn(0):
        pass


async def test_live_hour_does_not_wait_for_history(
    hass: HomeAssistant, bench: SeriesBench, cloud: WattCarbonSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While others upload a long history, the series with one hour to send has its turn next."""
    monkeypatch.setattr(hours, "UPLOAD_HOURS", 20)
    start, _ = await store_own(hass, 400)
    await async_store(hass, metadata("wattbridge:live"), sum_rows(start, [0.5] * 400))
    publish(hass, start + 399 * HOUR, statistic_id="wattbridge:live")
    assets = list(cloud.assets)[:4]
    assert len(assets) == 4
    bench.add(series_data(assets[0], ("wattbridge:live", "generation")))
    engine = await bench.run()
    cloud.latency_s = 0.02
    for target in assets[1:]:
        bench.add(own(target))
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    done = len(cloud.uploads)
    await until(lambda: len(cloud.uploads) > done + 5)
    publish(hass, start + 400 * HOUR, statistic_id="wattbridge:live")
    await until(lambda: engine.status.filled_until == start + 400 * HOUR)
    histories = [upload for upload in cloud.uploads if upload.owner_id != assets[0]]
    assert sum(upload.rows for upload in histories) < 3 * 343
