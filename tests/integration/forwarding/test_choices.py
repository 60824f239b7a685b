"""What somebody can choose about a stream that stands still, the pause switch, and the news that are told."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from forwarding_bench import (
    HOUR,
    OWN,
    SHORT,
    Bench,
    async_store,
    async_store_short,
    hours_ago,
    metadata,
    publish,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from review_bench import listen

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.aiowattbridge.wattics import ElectricityPacket
from custom_components.wattbridge.forwarding import packets
from custom_components.wattbridge.forwarding.model import Choice
from custom_components.wattbridge.vendors import WATTICS, entry_session

HOURS = 12
STREAM = stream_data({"pC_1": (OWN, "change")})
READINGS_WH = [total * 1000 for total in accumulate([1.0] * HOURS)]


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store half a day of a series of ours; returns when it starts."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata(OWN), sum_rows(first, [1.0] * HOURS))
    publish(hass, first + HOURS * HOUR)
    return first


def refuse(cloud: WatticsSimulator, start: datetime, *hours: int) -> None:
    """Let the cloud refuse the packets at the ends of these hours."""
    bad = {start + (hour + 1) * HOUR for hour in hours}

    def is_bad(packet: Mapping[str, object]) -> bool:
        return datetime.fromisoformat(str(packet["tsISO8601"])) in bad

    cloud.reject("meter-1", is_bad, reason="Odd.")


def readings(start: datetime, *left_out: int) -> list[tuple[datetime, dict[str, float]]]:
    """Say what the cloud must have, but for some hours."""
    return [(start + (hour + 1) * HOUR, {"pC_1": READINGS_WH[hour]}) for hour in range(HOURS) if hour not in left_out]


async def test_skipping_passes_what_is_held_and_no_more(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, issue_registry: ir.IssueRegistry
) -> None:
    """The three are kept with the cloud's answer, and their energy is in the next reading."""
    bench.add(STREAM)
    refuse(cloud, start, 4, 5, 6)
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: engine.status.problem == "rejected")
    assert engine.choices == (Choice.RETRY, Choice.SKIP)
    await engine.async_choose(Choice.SKIP)
    assert engine.problem is None
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert bench.sent() == readings(start, 4, 5, 6)
    assert engine.status.rejected == 3
    assert [mark.answer for mark in engine.moving.marks] == ["400: Odd."]
    await until(lambda: engine.status.caught_up)
    assert [one.kind for one in news] == ["failed", "rejected", "rejected", "rejected", "recovered", "caught_up"]
    # Who chose that has seen it.
    assert not engine.notices
    assert not issue_registry.issues


async def test_skipping_the_last_packets_leaves_no_problem_behind(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Nothing follows that could be accepted."""
    bench.add(STREAM)
    refuse(cloud, start, 9, 10, 11)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    await engine.async_choose(Choice.SKIP)
    await until(lambda: engine.status.caught_up)
    assert (engine.status.problem, engine.status.rejected) == (None, 3)
    assert engine.status.filled_until == start + HOURS * HOUR


async def test_sending_again_sends_the_same(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """After the cause was settled nothing is missing; before, the stream is held for the same reason, told once."""
    bench.add(STREAM)
    refuse(cloud, start, 4, 5, 6)
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: engine.status.problem == "rejected")
    refused = cloud.rejected
    await engine.async_choose(Choice.RETRY)
    await until(lambda: cloud.rejected == refused + 3 and engine.status.problem == "rejected")
    cloud.rejections.clear()
    await engine.async_choose(Choice.RETRY)
    await until(lambda: engine.status.caught_up)
    assert bench.sent() == readings(start)
    assert [one.kind for one in news] == ["failed", "recovered", "caught_up"]


async def somebody_else(hass: HomeAssistant, bench: Bench, at: datetime, reading_wh: float) -> None:
    """Let another system send a packet to the stream."""
    client = WATTICS.connect(entry_session(hass), bench.entry.data)
    await client.send(ElectricityPacket("meter-1", at, {"pC_1": reading_wh}))


async def test_following_the_cloud_goes_on_after_its_data(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """What the other one sent stays, the reading goes on from there, and what lies between is marked."""
    publish(hass, start + 4 * HOUR)
    bench.add(STREAM)
    await bench.run()
    await bench.stop()
    await somebody_else(hass, bench, start + 8 * HOUR, 50_000.0)
    publish(hass, start + HOURS * HOUR)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "another_sender")
    assert engine.choices == (Choice.RETRY, Choice.FOLLOW_CLOUD)
    await engine.async_choose(Choice.FOLLOW_CLOUD)
    await until(lambda: engine.status.caught_up)
    assert bench.sent()[4:] == [
        (start + 8 * HOUR, {"pC_1": 50_000.0}),
        *[(start + (8 + more) * HOUR, {"pC_1": 50_000.0 + more * 1000}) for more in range(1, 5)],
    ]
    assert [(mark.kind, mark.start_s, mark.end_s) for mark in engine.moving.marks] == [
        ("foreign", (start + 4 * HOUR).timestamp(), (start + 8 * HOUR).timestamp())
    ]
    assert engine.status.problem is None
    await bench.stop()
    assert (await bench.run()).status.problem is None


async def test_keeping_the_cursor_leaves_the_clouds_gap(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud takes nothing old any more: the hours are counted as holes, also after a restart."""
    monkeypatch.setattr(packets, "LAGGING_S", ())
    publish(hass, start + 6 * HOUR)
    bench.add(STREAM)
    await bench.run()
    await bench.stop()
    del cloud.store.accepted["meter-1"][-2:]
    engine = await bench.start()
    await until(lambda: engine.status.problem == "cloud_behind")
    assert engine.choices == (Choice.RETRY, Choice.KEEP_CURSOR)
    await engine.async_choose(Choice.KEEP_CURSOR)
    await until(lambda: engine.status.caught_up)
    assert (engine.status.problem, engine.status.holes) == (None, 2)
    await bench.stop()
    publish(hass, start + HOURS * HOUR)
    engine = await bench.run()
    assert bench.sent() == readings(start, 4, 5)
    assert engine.status.holes == 2


async def test_beginning_anew_goes_on_after_what_the_cloud_has(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, issue_registry: ir.IssueRegistry
) -> None:
    """The file is of all streams of the account, so all of them begin; what cannot be read is put aside."""
    publish(hass, start + 6 * HOUR)
    bench.add(STREAM)
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    await bench.run()
    await bench.kill(b"{broken")
    publish(hass, start + HOURS * HOUR)
    engine = await bench.start()
    assert bench.forwarder is not None
    engines = list(bench.forwarder.streams.values())
    assert [one.status.problem for one in engines] == ["cursor_corrupt"] * 2
    assert engine.choices == (Choice.BEGIN_ANEW,)
    await engine.async_choose(Choice.BEGIN_ANEW)
    await until(lambda: all(one.status.caught_up for one in engines))
    assert bench.sent() == bench.sent("meter-2") == readings(start)
    assert bench.is_clean()
    assert bench.path.with_name(f"{bench.path.name}.unreadable").read_bytes() == b"{broken"
    assert not issue_registry.issues


async def test_paused_stream_sends_nothing_until_it_is_switched_on(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Also not after a restart, or when new rows come; its neighbour goes on, and nothing is lost."""
    publish(hass, start + 4 * HOUR)
    bench.add(STREAM)
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    engine = await bench.run()
    await engine.async_set_paused(paused=True)
    await engine.async_set_paused(paused=True)
    assert engine.status.is_paused
    publish(hass, start + 6 * HOUR)
    await until(lambda: len(bench.sent("meter-2")) == 6)
    await bench.stop()
    engine = await bench.start()
    publish(hass, start + HOURS * HOUR)
    await until(lambda: len(bench.sent("meter-2")) == HOURS)
    assert engine.status.is_paused
    assert len(bench.sent()) == 4
    with pytest.raises(HomeAssistantError) as failed:
        await engine.async_deliver_until(dt_util.utcnow(), 5)
    assert failed.value.translation_key == "stream_paused"
    await engine.async_set_paused(paused=False)
    await until(lambda: len(bench.sent()) == HOURS)
    assert bench.sent() == readings(start)
    assert not engine.status.is_paused


async def test_stream_is_paused_between_two_packets(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """What is on its way arrives and is counted, so that nothing is in doubt where the cloud cannot be asked."""
    cloud.get_shape = "unknown"
    cloud.latency_s = 0.05
    bench.add(STREAM)
    engine = await bench.start()
    await until(lambda: len(bench.sent()) == 3)
    await engine.async_set_paused(paused=True)
    assert engine.status.delivered == len(bench.sent()) < HOURS
    cloud.latency_s = 0
    await engine.async_set_paused(paused=False)
    await until(lambda: engine.status.caught_up)
    assert bench.sent() == readings(start)
    assert (engine.status.repeated, bench.is_clean()) == (0, True)


async def test_stream_that_waits_for_its_cloud_can_be_paused(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an outage to end before a switch moves."""
    bench.add(STREAM)
    cloud.faults.script("*", [None, None, Fault("unavailable", retry_after_s=600)])
    engine = await bench.start()
    await until(lambda: engine.status.paused_until)
    monkeypatch.setattr("custom_components.wattbridge.forwarding.engine.GRACE_S", 0.05)
    await engine.async_set_paused(paused=True)
    assert engine.status.is_paused


async def test_error_that_nobody_foresaw_can_be_tried_again(
    hass: HomeAssistant,
    bench: Bench,
    start: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The stream is set to work anew."""

    def fail(*_args: object) -> object:
        raise ZeroDivisionError

    bench.add(STREAM)
    with monkeypatch.context() as patch:
        patch.setattr(packets, "packet_of", fail)
        engine = await bench.start()
        await until(lambda: engine.status.problem == "stopped")
    caplog.clear()
    assert engine.choices == (Choice.RETRY,)
    await engine.async_choose(Choice.RETRY)
    await until(lambda: engine.status.caught_up)
    assert bench.sent() == readings(start)


async def test_catching_up_is_told_at_first_and_after_a_backlog(
    hass: HomeAssistant, bench: Bench, start: datetime
) -> None:
    """An hour as every other is no news, nor is a restart."""
    publish(hass, start + 5 * HOUR)
    bench.add(STREAM)
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: [one.kind for one in news] == ["caught_up"])
    publish(hass, start + 6 * HOUR)
    await until(lambda: len(bench.sent()) == 6)
    await bench.stop()
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: engine.status.caught_up)
    assert not news
    publish(hass, start + HOURS * HOUR)
    await until(lambda: len(bench.sent()) == HOURS)
    await until(lambda: [one.kind for one in news] == ["caught_up"])
    assert news[0].facts["delivered"] == HOURS


async def test_reset_is_told_and_noticed(hass: HomeAssistant, bench: Bench) -> None:
    """The stream goes on; somebody should know why an hour is missing."""
    start = hours_ago(4)
    rows = [*sum_rows(start, [5.0, 1.0]), *sum_rows(start + 2 * HOUR, [0.5, 0.25])]
    await async_store(hass, metadata(OWN), rows)
    publish(hass, start + 4 * HOUR)
    bench.add(STREAM)
    engine = await bench.start()
    news = listen(engine)
    await until(lambda: engine.status.caught_up)
    assert [(one.kind, one.facts.get("parameters")) for one in news] == [("reset", "pC_1"), ("caught_up", None)]
    assert dict(engine.notices) == {"source_reset": (start + 2 * HOUR).isoformat()}


async def test_rows_that_are_about_to_be_purged_are_noticed_in_time(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream of five minutes that stands still has a day left; when it goes on, the notice goes."""
    sensor = register_sensor(hass, "grid")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.1] * 20, SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5, start_at=start))
    rejection = cloud.reject("meter-1")
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")

    def compiled() -> None:
        hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)

    compiled()
    await hass.async_block_till_done(wait_background_tasks=False)
    assert not engine.notices
    monkeypatch.setattr(get_instance(hass), "keep_days", 1)
    compiled()
    await until(lambda: engine.notices)
    # The first row of all only gives a sum to count from.
    assert dict(engine.notices) == {"rows_expiring": (start + SHORT + timedelta(days=1)).isoformat()}
    cloud.rejections.remove(rejection)
    await engine.async_choose(Choice.RETRY)
    await until(lambda: engine.status.problem is None)
    compiled()
    await until(lambda: not engine.notices)


async def test_second_home_assistant_is_found_by_the_daily_reconciliation(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """A twin that sends the same is found only to have done so; one that sends other readings holds the stream."""
    publish(hass, start + 4 * HOUR)
    bench.add(STREAM)
    engine = await bench.run()
    assert bench.forwarder is not None
    publish(hass, start + 4 * HOUR)
    await somebody_else(hass, bench, start + 5 * HOUR, READINGS_WH[4])
    await bench.forwarder.async_reconcile(engine.subentry_id)
    publish(hass, start + 6 * HOUR)
    await until(lambda: engine.status.filled_until == start + 6 * HOUR)
    assert bench.sent() == readings(start)[:6]
    await somebody_else(hass, bench, start + 9 * HOUR, 7.0)
    await bench.forwarder.async_reconcile(engine.subentry_id)
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.problem == "another_sender")
    assert len(bench.sent()) == 7
