"""Killed again and again while everything else goes wrong as well: nothing is lost, doubled or out of order."""

import asyncio
import random
from itertools import accumulate

import pytest
from forwarding_bench import HOUR, OWN, Bench, async_store, hours_ago, metadata, publish, stream_data, sum_rows, until
from homeassistant.core import HomeAssistant

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.forwarding import packets
from custom_components.wattbridge.forwarding.cursor_file import CursorFile
from custom_components.wattbridge.forwarding.wire import packet_of
from custom_components.wattbridge.series import async_series_book

HOURS = 150
KILLS = 6
TROUBLE = {
    Fault("unavailable"): 0.03,
    Fault("cut_before"): 0.03,
    Fault("cut_after"): 0.05,
    Fault("server_error"): 0.02,
    Fault("html"): 0.02,
    Fault("cut_body"): 0.03,
}


@pytest.mark.parametrize("seed", range(4))
async def test_killed_at_any_moment_with_any_older_file(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, seed: int
) -> None:
    """Each kill leaves the file as it was at some moment before; the cloud breaks in every way it can."""
    chance = random.Random(seed)  # noqa: S311 - the same kills for the same seed
    start = hours_ago(HOURS)
    changes = [None if chance.random() < 0.2 else chance.randrange(0, 4000) / 1000 for _ in range(HOURS)]
    await async_store(hass, metadata(OWN), sum_rows(start, changes))
    publish(hass, start + HOURS * HOUR)
    for number in range(3):
        bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id=f"meter-{number}"))
    cloud.faults.profile(seed, TROUBLE)
    for _ in range(KILLS):
        await bench.start()
        await asyncio.sleep(chance.uniform(0.02, 0.2))
        older = bench.path.read_bytes() if bench.path.exists() else None
        await asyncio.sleep(chance.uniform(0, 0.4))
        await bench.kill(older)
    cloud.faults.clear()
    await bench.start()
    forwarder = bench.forwarder
    assert forwarder is not None
    await until(lambda: all(engine.status.caught_up for engine in forwarder.streams.values()))
    numbers = [number for number, change in enumerate(changes) if change is not None]
    readings_wh = list(accumulate((changes[number] or 0) * 1000 for number in numbers))
    for number, engine in enumerate(forwarder.streams.values()):
        sent = bench.sent(f"meter-{number}")
        assert [time for time, _ in sent] == [start + (number + 1) * HOUR for number in numbers]
        assert [values["pC_1"] for _, values in sent] == pytest.approx(readings_wh)
        assert engine.status.problem is None
    assert bench.is_clean()


async def test_history_of_many_batches(hass: HomeAssistant, bench: Bench) -> None:
    """A stream reads bounded pieces, and the pieces fit together."""
    hours = 1300
    start = hours_ago(hours)
    await async_store(hass, metadata(OWN), sum_rows(start, [0.001] * hours))
    publish(hass, start + hours * HOUR)
    bench.add(stream_data({"pC_1": (OWN, "change")}))
    engine = await bench.start()
    await until(lambda: engine.status.caught_up, timeout_s=60)
    assert [time for time, _ in bench.sent()] == [start + (number + 1) * HOUR for number in range(hours)]
    assert bench.sent()[-1][1]["pC_1"] == pytest.approx(hours)
    assert engine.status.delivered == hours
    assert bench.is_clean()


async def test_series_that_is_being_written_is_not_read(hass: HomeAssistant, bench: Bench) -> None:
    """Between two jobs of a source its sums do not fit together."""
    start = hours_ago(4)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0, 1.0]))
    publish(hass, start + 2 * HOUR)
    bench.add(stream_data({"pC_1": (OWN, "change")}))
    engine = await bench.run()
    async with async_series_book(hass).lock(OWN):
        await async_store(hass, metadata(OWN), sum_rows(start + 2 * HOUR, [1.0, 1.0], base=900.0))
        publish(hass, start + 4 * HOUR)
        await asyncio.sleep(0.2)
        assert len(bench.sent()) == 2
        await async_store(hass, metadata(OWN), sum_rows(start + 2 * HOUR, [1.0, 1.0], base=2.0))
    await until(lambda: engine.status.filled_until == start + 4 * HOUR)
    assert [values["pC_1"] for _, values in bench.sent()] == [1000, 2000, 3000, 4000]


async def test_error_that_nobody_foresaw_ends_one_stream_visibly(
    hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The stream says so, its neighbour goes on, and the log has the reason."""
    start = hours_ago(4)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0, 1.0]))
    publish(hass, start + 2 * HOUR)
    bench.add(stream_data({"pC_1": (OWN, "change")}))
    bench.add(stream_data({"pC_1": (OWN, "change")}, stream_id="meter-2"))

    def fail(config: object, *args: object) -> object:
        if getattr(config, "stream_id", "") == "meter-1":
            raise ZeroDivisionError
        return packet_of(config, *args)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(packets, "packet_of", fail)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "stopped" and len(bench.sent("meter-2")) == 2)
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()
    await bench.stop()
    assert CursorFile(bench.path).load()[engine.subentry_id].delivered == 0
