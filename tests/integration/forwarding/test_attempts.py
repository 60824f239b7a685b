"""When a stream tries again: as often as there is a reason, and as somebody said last."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from forwarding_bench import HOUR, OWN, Bench, async_store, hours_ago, metadata, publish, stream_data, sum_rows, until
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import OperationalError

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.forwarding.model import Choice
from custom_components.wattbridge.forwarding.source import StreamSource

HOURS = 12
STREAM = stream_data({"pC_1": (OWN, "change")})


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store half a day of a series of ours; returns when it starts."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata(OWN), sum_rows(first, [1.0] * HOURS))
    publish(hass, first + HOURS * HOUR)
    return first


async def test_failure_of_what_was_under_way_is_not_the_answer_to_who_asks_now(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """The cause is settled before somebody asks; the attempt that still fails of it is followed by another."""
    bench.add(STREAM)
    rejection = cloud.reject("meter-1")
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    cloud.latency_s = 0.2
    refused = cloud.rejected
    engine.async_send_now()
    await until(lambda: cloud.rejected > refused)
    cloud.rejections.remove(rejection)
    counts = await engine.async_deliver_until(dt_util.utcnow(), 20)
    assert counts.accepted == HOURS


async def test_own_attempt_that_fails_is_told(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """And nobody waits until the patience is over."""
    bench.add(STREAM)
    cloud.reject("meter-1")
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    refused = cloud.rejected
    async with asyncio.timeout(5):
        with pytest.raises(HomeAssistantError) as failed:
            await engine.async_deliver_until(dt_util.utcnow(), 30)
    assert failed.value.translation_key == "stream_held_rejected"
    assert cloud.rejected > refused


@pytest.mark.parametrize("grace_s", [0.2, 2.0])
async def test_stream_that_is_switched_off_and_on_at_once_goes_on(
    hass: HomeAssistant,
    bench: Bench,
    cloud: WatticsSimulator,
    start: datetime,
    monkeypatch: pytest.MonkeyPatch,
    grace_s: float,
) -> None:
    """The last word counts, though the first is still being done."""
    monkeypatch.setattr("custom_components.wattbridge.forwarding.engine.GRACE_S", grace_s)
    bench.add(STREAM)
    cloud.faults.script("*", [None, None, Fault("unavailable", retry_after_s=1)])
    engine = await bench.start()
    await until(lambda: engine.status.paused_until)
    off = hass.async_create_task(engine.async_set_paused(paused=True))
    await asyncio.sleep(0.05)
    await engine.async_set_paused(paused=False)
    await off
    assert not engine.is_paused
    await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
    assert bench.is_clean()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note every look into the recorder."""
    made: list[int] = []
    read = StreamSource.read

    async def count(self: StreamSource, position_s: int, now_s: float, **others: Any) -> Any:
        made.append(position_s)
        return await read(self, position_s, now_s, **others)

    monkeypatch.setattr(StreamSource, "read", count)
    return made


async def test_waiting_in_a_recovery_is_no_loop(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime, reads: list[int]
) -> None:
    """After a crash the series is not whole yet: one more row is one more look."""
    publish(hass, start + 3 * HOUR)
    bench.add(STREAM)
    await bench.run()
    content = bench.path.read_bytes()
    publish(hass, start + 6 * HOUR)
    await until(lambda: len(bench.sent()) == 6)
    await bench.kill(content)
    publish(hass, start + 8 * HOUR, since=start + 7 * HOUR)
    reads.clear()
    engine = await bench.start()
    await until(lambda: reads)
    for _ in range(2):
        engine.async_wake()
        await asyncio.sleep(0.15)
    assert len(reads) <= 4
    publish(hass, start + HOURS * HOUR)
    await until(lambda: engine.status.caught_up)
    assert len(bench.sent()) == HOURS


async def test_broken_recorder_is_no_loop(
    hass: HomeAssistant,
    bench: Bench,
    cloud: WatticsSimulator,
    start: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The cloud is not asked a hundred times a second what it has."""
    publish(hass, start + 3 * HOUR)
    bench.add(STREAM)
    await bench.run()
    content = bench.path.read_bytes()
    publish(hass, start + 6 * HOUR)
    await until(lambda: len(bench.sent()) == 6)
    await bench.kill(content)

    async def fail(*_args: object, **_others: object) -> None:
        raise OperationalError("", None, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(StreamSource, "read", fail)
        engine = await bench.start()
        await until(lambda: "could not be read" in caplog.text)
        for _ in range(2):
            engine.async_wake()
            await asyncio.sleep(0.15)
        assert caplog.text.count("could not be read") <= 4


async def test_what_was_held_once_cannot_be_skipped_later(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """It was delivered meanwhile: passing it would go back."""
    publish(hass, start + 6 * HOUR)
    bench.add(STREAM)
    rejection = cloud.reject("meter-1", lambda packet: datetime.fromisoformat(str(packet["tsISO8601"])) > start + HOUR)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    assert Choice.SKIP in engine.choices
    cloud.rejections.remove(rejection)
    engine.async_send_now()
    await until(lambda: engine.status.filled_until == start + 6 * HOUR)
    assert not engine.courier.can_skip()


async def test_stream_id_can_be_changed_and_changed_back(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, start: datetime
) -> None:
    """A stream begins anew with each of them; a cloud that cannot be asked takes what it is sent."""
    cloud.get_shape = "unknown"
    subentry_id = bench.add(STREAM)
    engine = await bench.run()
    assert bench.forwarder is not None
    for stream_id in ("meter-2", "meter-1"):
        subentry = bench.entry.subentries[subentry_id]
        hass.config_entries.async_update_subentry(bench.entry, subentry, data={**STREAM, "stream_id": stream_id})
        cloud.store.accepted.pop("meter-1", None)
        await bench.forwarder.async_sync_streams()
        await until(lambda: engine.status.filled_until == start + HOURS * HOUR)
        assert engine.status.problem is None
    assert len(bench.sent("meter-2")) == len(bench.sent("meter-1")) == HOURS
