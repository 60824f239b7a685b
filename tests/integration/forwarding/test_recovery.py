"""Going on after a crash, a lost file, a restored backup, and beside somebody who writes to the same stream."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from forwarding_bench import HOUR, OWN, Bench, async_store, hours_ago, metadata, publish, stream_data, sum_rows, until
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.aiowattbridge.wattics import ElectricityPacket
from custom_components.wattbridge.forwarding import packets
from custom_components.wattbridge.forwarding.cursor_file import CursorFile
from custom_components.wattbridge.vendors import WATTICS, entry_session

HOURS = 30
STREAM = stream_data({"pC_1": (OWN, "change")})


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store a day and more of a series of ours; returns when it starts."""
    first = hours_ago(HOURS + 1)
    changes = [None if number % 7 == 3 else 0.1 + number / 10 for number in range(HOURS)]
    await async_store(hass, metadata(OWN), sum_rows(first, changes))
    publish(hass, first + HOURS * HOUR)
    return first


async def partly(hass: HomeAssistant, bench: Bench, start: datetime, hours: int) -> bytes:
    """Deliver the first hours, stop, and return what the file holds then."""
    publish(hass, start + hours * HOUR)
    await bench.run()
    await bench.stop()
    return bench.path.read_bytes()


async def the_rest(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """Deliver all there is."""
    publish(hass, start + HOURS * HOUR)
    await bench.run()


def assert_whole(bench: Bench, start: datetime) -> None:
    """Check that the cloud has every hour exactly once, each with the right reading."""
    numbers = [number for number in range(HOURS) if number % 7 != 3]
    readings_wh = list(accumulate((0.1 + number / 10) * 1000 for number in numbers))
    assert [time for time, _ in bench.sent()] == [start + (number + 1) * HOUR for number in numbers]
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx(readings_wh)
    assert bench.is_clean()


def is_at(packet: Mapping[str, object], time: datetime) -> bool:
    """Tell whether a packet is of that time."""
    return datetime.fromisoformat(str(packet["tsISO8601"])) == time


async def test_restart_goes_on_where_it_stopped(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """The cursor is on disk when an account was unloaded."""
    bench.add(STREAM)
    await partly(hass, bench, start, 12)
    await the_rest(hass, bench, start)
    assert_whole(bench, start)


@pytest.mark.parametrize("shape", ["object", "list"])
@pytest.mark.parametrize("lost_hours", [1, 5, 20])
async def test_lost_group_commit_is_made_up_from_the_cloud(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, shape: str, lost_hours: int
) -> None:
    """A file from before the last packets neither repeats them nor loses their energy."""
    cloud.get_shape = "list" if shape == "list" else "object"
    bench.add(STREAM)
    old = await partly(hass, bench, start, 25 - lost_hours)
    await partly(hass, bench, start, 25)
    await bench.kill(old)
    await the_rest(hass, bench, start)
    assert_whole(bench, start)
    assert bench.forwarder is not None
    (engine,) = bench.forwarder.streams.values()
    assert engine.status.delivered == len(bench.sent())
    assert engine.status.problem is None


async def test_lost_file_goes_on_after_the_cloud(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """Without a cursor the cloud's last packet says where we are, and its reading goes on."""
    bench.add(STREAM)
    await partly(hass, bench, start, 12)
    await bench.kill(None)
    await the_rest(hass, bench, start)
    assert_whole(bench, start)
    assert bench.forwarder is not None
    (engine,) = bench.forwarder.streams.values()
    assert engine.status.continued_after == start + 12 * HOUR


async def test_kill_while_an_answer_is_under_way(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """The packet was accepted, and nobody was there any more to hear it."""
    bench.add(STREAM)
    cloud.faults.script("*", [None] * 8 + [Fault("slow_answer", delay_s=5)])
    await bench.start()
    await until(lambda: len(bench.sent()) == 7)
    await bench.stop()
    await the_rest(hass, bench, start)
    assert_whole(bench, start)


async def test_silent_cloud_may_get_one_packet_twice_and_it_is_counted(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Where the last packet cannot be asked for, the cursor is written after every packet."""
    cloud.get_shape = "unknown"
    bench.add(STREAM)
    engine = await bench.start()
    await until(lambda: engine.status.caught_up)
    assert CursorFile(bench.path).load()[engine.subentry_id].delivered == len(bench.sent())
    content = bench.path.read_bytes()
    await bench.kill(content)
    sent = len(bench.sent())
    await async_store(hass, metadata(OWN), sum_rows(start + HOURS * HOUR, [1.0], base=46.3))
    publish(hass, start + (HOURS + 1) * HOUR)
    engine = await bench.run()
    assert len(bench.sent()) == sent + 1
    assert bench.is_clean()
    assert engine.status.repeated == 1
    await bench.stop()
    assert (await bench.run()).status.repeated == 1


async def test_somebody_elses_packet_holds_the_stream(
    hass: HomeAssistant, bench: Bench, start: datetime, issue_registry: ir.IssueRegistry
) -> None:
    """Two senders would spoil each other's readings: the user decides."""
    bench.add(STREAM)
    await partly(hass, bench, start, 12)
    engine = await bench.start()
    assert bench.forwarder is not None
    await bench.forwarder.sender.deliver(ElectricityPacket("meter-1", start + 14 * HOUR, {"pC_1": 7.0}))
    await bench.stop()
    publish(hass, start + HOURS * HOUR)
    engine = await bench.start()
    await until(lambda: engine.status.problem)
    assert engine.status.problem == "another_sender"
    assert [issue.translation_key for issue in issue_registry.issues.values()] == ["stream_another_sender"]
    assert len(bench.sent()) == len([n for n in range(12) if n % 7 != 3]) + 1
    await bench.stop()
    assert not issue_registry.issues


async def test_packet_in_a_hole_of_ours_is_somebody_elses(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """We never sent anything for an hour without a row."""
    bench.add(STREAM)
    await partly(hass, bench, start, 10)
    await bench.start()
    assert bench.forwarder is not None
    await bench.forwarder.sender.deliver(ElectricityPacket("meter-1", start + 11 * HOUR, {"pC_1": 10000.0}))
    await bench.stop()
    publish(hass, start + HOURS * HOUR)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "another_sender")


async def test_cloud_that_lost_data_holds_the_stream(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We never go back on our own: the cloud takes packets in order only."""
    monkeypatch.setattr(packets, "LAGGING_S", (0.01, 0.01))
    bench.add(STREAM)
    await partly(hass, bench, start, 12)
    lost = cloud.store.accepted["meter-1"][-3:]
    del cloud.store.accepted["meter-1"][-3:]
    publish(hass, start + HOURS * HOUR)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "cloud_behind")
    cloud.store.accepted["meter-1"].extend(lost)
    engine.async_resume()
    await until(lambda: engine.status.caught_up)
    assert_whole(bench, start)


async def test_cloud_that_only_lags_is_asked_again(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that does not know our last packet yet is no loss."""
    monkeypatch.setattr(packets, "LAGGING_S", (0.3, 0.3))
    bench.add(STREAM)
    await partly(hass, bench, start, 12)
    lost = cloud.store.accepted["meter-1"].pop()
    asked = cloud.log.total
    engine = await bench.start()
    await until(lambda: cloud.log.total > asked)
    cloud.store.accepted["meter-1"].append(lost)
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.caught_up)
    assert engine.status.problem is None
    assert_whole(bench, start)


async def test_new_stream_goes_on_after_what_the_cloud_has(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """The cumulative reading must not fall, whoever filled the stream before."""
    client = WATTICS.connect(entry_session(hass), bench.entry.data)
    await client.send(ElectricityPacket("meter-1", start + 20 * HOUR + HOUR / 2, {"pC_1": 50_000.0}))
    bench.add(STREAM)
    engine = await bench.run()
    assert [time for time, _ in bench.sent()[1:]] == [start + (n + 1) * HOUR for n in range(20, HOURS) if n % 7 != 3]
    assert bench.sent()[1][1]["pC_1"] == pytest.approx(50_000 + 2_100)
    assert engine.status.continued_after == start + 20 * HOUR + HOUR / 2


async def test_rejected_first_packet_holds_the_stream(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, issue_registry: ir.IssueRegistry
) -> None:
    """A stream that was never accepted is misconfigured: nothing is passed, and it begins when that is put right."""
    rejection = cloud.reject("meter-1", reason="There is no such data point.")
    bench.add(STREAM)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    assert cloud.rejected == 1
    assert engine.status.detail == "400: There is no such data point."
    assert [issue.translation_key for issue in issue_registry.issues.values()] == ["stream_rejected"]
    cloud.rejections.remove(rejection)
    engine.async_resume()
    await until(lambda: engine.status.caught_up)
    assert_whole(bench, start)
    assert engine.status.rejected == 0
    assert not issue_registry.issues


async def test_single_rejection_is_kept_aside(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """The next accepted packet shows that it was the packet and not the stream; its energy is in the next reading."""
    cloud.reject("meter-1", lambda packet: is_at(packet, start + 6 * HOUR), reason="An odd value.")
    bench.add(STREAM)
    engine = await bench.run()
    assert engine.status.rejected == 1
    assert engine.status.problem is None
    assert start + 6 * HOUR not in [time for time, _ in bench.sent()]
    assert bench.sent()[-1][1]["pC_1"] == pytest.approx(sum((0.1 + n / 10) * 1000 for n in range(HOURS) if n % 7 != 3))
    await bench.stop()
    cursor = CursorFile(bench.path).load()[engine.subentry_id]
    (mark,) = [mark for mark in cursor.marks if mark.kind == "rejected"]
    assert (mark.end_s, mark.answer) == ((start + 6 * HOUR).timestamp(), "400: An odd value.")


async def test_three_rejections_in_a_row_hold_the_stream_before_them(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Something is wrong with the stream; when it is put right, the three are sent again, holes between them or not."""
    bad = {start + hours * HOUR for hours in (10, 12, 13)}
    rejection = cloud.reject("meter-1", lambda packet: any(is_at(packet, time) for time in bad))
    bench.add(STREAM)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    assert cloud.rejected == 3
    assert engine.status.filled_until == start + 9 * HOUR
    assert engine.status.rejected == 0
    await bench.stop()
    cloud.rejections.remove(rejection)
    await bench.run()
    assert_whole(bench, start)


async def test_refused_credentials_stop_all_streams_and_ask_for_them(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Nothing is lost: after signing in the account is loaded anew and goes on."""
    bench.add(STREAM)
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    await partly(hass, bench, start, 12)
    password, cloud.password = cloud.password, "another one"
    await bench.start()
    assert bench.forwarder is not None
    engines = list(bench.forwarder.streams.values())
    await until(lambda: all(engine.status.problem == "credentials" for engine in engines))
    await hass.async_block_till_done(wait_background_tasks=False)
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]
    await bench.stop()
    cloud.password = password
    await the_rest(hass, bench, start)
    await until(lambda: len(bench.sent("meter-2")) == len(bench.sent()))
    assert_whole(bench, start)


async def test_unwritable_cursor_stops_sending_and_says_so(
    hass: HomeAssistant, bench: Bench, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be noted would be sent twice after a restart."""
    bench.add(STREAM)
    await partly(hass, bench, start, 5)
    engine = await bench.start()
    await until(lambda: engine.status.caught_up)

    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(CursorFile, "_replace", fail)
        publish(hass, start + 6 * HOUR)
        await until(lambda: len(bench.sent()) == 5)
        assert bench.forwarder is not None
        await until(lambda: bench.forwarder is not None and bench.forwarder.account.committer.error is not None)
        publish(hass, start + HOURS * HOUR)
        await until(lambda: engine.status.problem == "cursor_unwritable")
        assert len(bench.sent()) == 5
    engine.async_resume()
    await until(lambda: len(bench.sent()) > 5 and engine.status.backlog == 0)
    assert engine.status.problem is None
    assert_whole(bench, start)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"{broken", "cursor_corrupt"), (b'{"version": 99, "streams": {}}', "cursor_newer")]
)
async def test_unusable_file_sends_nothing_and_is_kept(
    hass: HomeAssistant, bench: Bench, start: datetime, content: bytes, problem: str
) -> None:
    """Beginning anew could send everything twice, so somebody has to look first."""
    subentry_id = bench.add(STREAM)
    bench.path.parent.mkdir(exist_ok=True)
    bench.path.write_bytes(content)
    engine = await bench.start()
    assert engine.status.problem == problem
    await hass.async_block_till_done(wait_background_tasks=False)
    assert bench.sent() == []
    hass.config_entries.async_update_subentry(
        bench.entry, bench.entry.subentries[subentry_id], data={**STREAM, "stream_id": "meter-2"}
    )
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    assert engine.status.problem == problem
    await bench.stop()
    assert bench.path.read_bytes() == content
    bench.path.unlink()


async def test_cursor_is_written_when_home_assistant_stops(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """At a stop entries are not unloaded, and tasks are cancelled before."""
    bench.add(STREAM)
    engine = await bench.run()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done(wait_background_tasks=False)
    content = json.loads(bench.path.read_bytes())
    assert content["streams"][engine.subentry_id]["delivered"] == len(bench.sent())


async def test_removed_stream_is_forgotten_and_a_changed_one_goes_on(
    hass: HomeAssistant, bench: Bench, start: datetime
) -> None:
    """Nothing of a stream stays behind; other settings do not send anything twice."""
    keep = bench.add(STREAM)
    gone = bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    publish(hass, start + 12 * HOUR)
    await bench.run()
    forwarder = bench.forwarder
    assert forwarder is not None
    await until(lambda: all(engine.status.caught_up for engine in forwarder.streams.values()))
    hass.config_entries.async_remove_subentry(bench.entry, gone)
    hass.config_entries.async_update_subentry(
        bench.entry, bench.entry.subentries[keep], data={**STREAM, "start": "date", "start_at": start.isoformat()}
    )
    engine = forwarder.streams[keep]
    await forwarder.async_sync_streams()
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert forwarder.streams == {keep: engine}
    assert_whole(bench, start)
    await bench.stop()
    assert set(CursorFile(bench.path).load()) == {keep}


async def test_cloud_with_packets_of_the_future_is_not_believed(
    hass: HomeAssistant, bench: Bench, start: datetime
) -> None:
    """A stream that would wait for years in silence helps nobody."""
    bench.add(STREAM)
    await bench.start()
    assert bench.forwarder is not None
    await until(lambda: len(bench.sent()) > 3)
    await bench.stop()
    await bench.start()
    await bench.forwarder.sender.deliver(ElectricityPacket("meter-1", start + timedelta(days=900), {"pC_1": 1e9}))
    await bench.kill(None)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "another_sender")
