"""What can be seen of streams, and what comes and goes with them."""

import asyncio
from datetime import datetime, timedelta

import pytest
from forwarding_bench import HOUR, OWN, Bench, async_store, hours_ago, metadata, publish, stream_data, sum_rows, until
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.forwarding import StreamEngine, async_forget_account, voice, watch

HOURS = 40
STREAM = stream_data({"pC_1": (OWN, "change")})


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store some hours of a series of ours; returns when it starts."""
    first = hours_ago(HOURS + 1)
    await async_store(hass, metadata(OWN), sum_rows(first, [1.0] * HOURS))
    publish(hass, first + HOURS * HOUR)
    return first


async def test_listeners_hear_of_changes_and_not_of_every_packet(
    hass: HomeAssistant, bench: Bench, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty packets within a second are no forty states; the last word is heard."""
    monkeypatch.setattr(voice, "NOTIFY_S", 0.2)
    bench.add(STREAM)
    engine = await bench.start()
    heard: list[int] = []
    stop = engine.async_add_listener(lambda: heard.append(engine.status.delivered))
    await until(lambda: engine.status.caught_up)
    await until(lambda: heard[-1] == HOURS)
    assert len(heard) < HOURS / 2
    stop()
    publish(hass, start + (HOURS + 1) * HOUR)
    await until(lambda: engine.status.filled_until == start + (HOURS + 1) * HOUR)
    assert heard[-1] == HOURS


async def test_pause_of_the_cloud_is_shown(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """Until when nothing is sent, and what is left to send."""
    bench.add(STREAM)
    cloud.faults.script("*", [None, None, Fault("unavailable", retry_after_s=60)])
    engine = await bench.start()
    await until(lambda: engine.status.paused_until)
    paused_until = engine.status.paused_until
    assert paused_until is not None
    assert paused_until > dt_util.utcnow() + timedelta(seconds=50)
    assert (engine.status.delivered, engine.status.backlog, engine.status.problem) == (1, HOURS - 1, None)


async def test_long_wait_is_a_problem_until_the_cloud_answers(
    hass: HomeAssistant, bench: Bench, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short one is nobody's business."""
    bench.add(STREAM)
    engine = await bench.run()
    engine.note_wait(dt_util.utcnow(), "no route")
    engine.note_wait(dt_util.utcnow(), "no route")
    assert engine.status.problem is None
    monkeypatch.setattr(watch, "LONG_WAIT_S", -1)
    engine.note_wait(dt_util.utcnow(), "no route")
    status = engine.status
    assert (status.problem, status.detail) == ("cannot_connect", "no route")
    await async_store(hass, metadata(OWN), sum_rows(start + HOURS * HOUR, [1.0], base=HOURS))
    publish(hass, start + (HOURS + 1) * HOUR)
    await until(lambda: engine.status.problem is None)
    assert engine.status.paused_until is None


async def test_waiting_for_a_stream_has_an_end(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """What is not done by then goes on without the one who asked."""
    bench.add(STREAM)
    cloud.faults.script("*", [None, None, Fault("unavailable", retry_after_s=60)])
    engine = await bench.start()
    with pytest.raises(HomeAssistantError) as failed:
        await engine.async_deliver_until(dt_util.utcnow(), 0.3)
    assert failed.value.translation_key == "stream_not_done"
    assert failed.value.translation_placeholders == {
        "stream": "meter-1",
        "filled_until": (start + HOUR).isoformat(),
    }


async def test_waiting_up_to_a_time_does_not_wait_for_the_rest(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """The stream itself goes on."""
    bench.add(STREAM)
    cloud.latency_s = 0.02
    engine = await bench.start()
    counts = await engine.async_deliver_until(start + 5 * HOUR, 10)
    assert counts.first == start + HOUR
    assert 5 <= counts.accepted < HOURS
    await until(lambda: engine.status.caught_up)
    assert len(bench.sent()) == HOURS


async def test_followers_hear_of_streams_now_and_later(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """Entities are made for each, once."""
    first = bench.add(STREAM)
    await bench.start()
    forwarder = bench.forwarder
    assert forwarder is not None
    followed: list[tuple[StreamEngine, ConfigSubentry]] = []
    stop = forwarder.async_follow(lambda engine, subentry: followed.append((engine, subentry)))
    second = bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    await forwarder.async_sync_streams()
    await forwarder.async_sync_streams()
    stop()
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-3"))
    await forwarder.async_sync_streams()
    assert [subentry.subentry_id for _, subentry in followed] == [first, second]
    assert [engine.config.stream_id for engine, _ in followed] == ["meter-1", "meter-2"]
    assert len(forwarder.streams) == 3


async def test_stream_that_is_added_while_its_account_stops_does_not_begin(
    hass: HomeAssistant, bench: Bench, start: datetime
) -> None:
    """The update listener comes to its turn in the middle of the stop, or after it."""
    bench.add(STREAM)
    await bench.run()
    forwarder = bench.forwarder
    assert forwarder is not None
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))
    await asyncio.gather(forwarder.async_stop(), forwarder.async_sync_streams())
    await forwarder.async_sync_streams()
    assert len(forwarder.streams) == 1
    assert not bench.sent("meter-2")


async def test_stream_that_stands_still_says_so_once(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when it begins to, one when it goes on, and nothing of what the cloud answered."""
    bench.add(STREAM)
    rejection = cloud.reject("meter-1")
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    with pytest.raises(HomeAssistantError):
        await engine.async_deliver_until(dt_util.utcnow(), 10)
    detail = engine.status.detail
    assert detail is not None
    cloud.rejections.remove(rejection)
    engine.async_resume()
    await until(lambda: engine.status.caught_up)
    lines = [r.getMessage() for r in caplog.records if r.name.endswith("forwarding.voice")]
    stops = [line for line in lines if "stands still: rejected" in line]
    assert 1 <= len(stops) <= 2
    assert any("goes on" in line for line in lines)
    assert detail not in "".join(lines)


async def test_account_that_is_removed_leaves_no_file(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """Its place in the streams is nobody's any more."""
    bench.add(STREAM)
    await bench.run()
    await bench.stop()
    assert bench.path.exists()
    await async_forget_account(hass, bench.entry)
    assert not list(bench.path.parent.glob(f"{bench.path.name}*"))


async def test_stream_that_has_another_id_begins_anew(hass: HomeAssistant, bench: Bench, start: datetime) -> None:
    """What was delivered to one data point was not delivered to the other."""
    subentry_id = bench.add(STREAM)
    await bench.run()
    hass.config_entries.async_update_subentry(
        bench.entry, bench.entry.subentries[subentry_id], data={**STREAM, "stream_id": "meter-9"}
    )
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    await until(lambda: len(bench.sent("meter-9")) == HOURS)
    assert len(bench.sent("meter-1")) == HOURS


async def test_streams_go_out_side_by_side(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """One after the other would take as long as all together."""
    for number in range(8):
        bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id=f"meter-{number}"))
    cloud.latency_s = 0.05
    begun = asyncio.get_running_loop().time()
    await bench.start()
    forwarder = bench.forwarder
    assert forwarder is not None
    await until(lambda: all(engine.status.caught_up for engine in forwarder.streams.values()))
    taken_s = asyncio.get_running_loop().time() - begun
    assert taken_s < 8 * HOURS * cloud.latency_s / 2
    assert bench.is_clean()
