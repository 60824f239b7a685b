"""A recorder that was emptied: its sums begin again, which must not be taken for a meter that fell."""

import asyncio

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    SHORT,
    Bench,
    async_store,
    async_store_short,
    hours_ago,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope

from custom_components.wattbridge.forwarding.model import Choice


async def empty(hass: HomeAssistant) -> None:
    """Lose all rows, as with a database that somebody deleted."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            session.query(Statistics).delete()
            session.query(StatisticsShortTerm).delete()

    await get_instance(hass).async_add_executor_job(delete)


# Of five minutes the first row only gives the base; the sum of the first hour is its energy.
@pytest.mark.parametrize(("interval_min", "risen_wh"), [(60, [500, 750, 875]), (5, [250, 375])])
async def test_stream_waits_until_somebody_says_to_go_on(
    hass: HomeAssistant, bench: Bench, interval_min: int, risen_wh: list[float]
) -> None:
    """Then the new sums are counted, and the reading at the cloud goes on from where it was."""
    sensor = register_sensor(hass, "grid")
    step, store = (HOUR, async_store) if interval_min == 60 else (SHORT, async_store_short)
    start = hours_ago(9)
    await store(hass, metadata(sensor.entity_id), sum_rows(start, [1.0, 2.0, 3.0], step, base=1000.0))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=interval_min))
    await bench.run()
    await bench.stop()
    before = len(bench.sent())
    reading = bench.sent()[-1][1]["pC_1"]
    await empty(hass)
    await store(hass, metadata(sensor.entity_id), sum_rows(start + 4 * step, [0.5, 0.25, 0.125], step))
    engine = await bench.start()
    await until(lambda: engine.status.problem is not None)
    assert (engine.status.problem, engine.status.detail) == ("database_new", sensor.entity_id)
    assert len(bench.sent()) == before
    assert engine.choices == (Choice.GO_ON, Choice.PAUSE)
    await engine.async_choose(Choice.GO_ON)
    await until(lambda: engine.status.caught_up and engine.status.problem is None)
    assert [values["pC_1"] - reading for _, values in bench.sent()[before:]] == pytest.approx(risen_wh)
    assert engine.status.resets == 0
    assert bench.is_clean()


async def test_problem_does_not_come_and_go_while_it_is_so(
    hass: HomeAssistant, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Who asks to send now, or for another look, is told once; what somebody chose is done at once."""
    sensor = register_sensor(hass, "grid")
    start = hours_ago(9)
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [1.0, 2.0, 3.0], base=1000.0))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}))
    await bench.run()
    await bench.stop()
    await empty(hass)
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start + 4 * HOUR, [0.5, 0.25]))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "database_new")
    seen: list[str | None] = []
    engine.async_add_listener(lambda: seen.append(engine.status.problem))
    for _ in range(3):
        engine.async_send_now()
        await asyncio.sleep(0.1)
    assert caplog.text.count("stands still") == 1
    assert None not in seen
    await engine.async_choose(Choice.GO_ON)
    assert engine.status.problem is None
    await until(lambda: engine.status.caught_up)


async def test_reset_with_history_before_it_is_only_a_reset(hass: HomeAssistant, bench: Bench) -> None:
    """The recorder still knows the rows before: a correction, and no new database."""
    start = hours_ago(9)
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [1.0, 2.0, 0.0]))
    bench.add(stream_data({"pC_1": (FOREIGN, "change")}))
    await bench.run()
    await bench.stop()
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 3 * HOUR, [-2.0, 1.0, 0.0], base=3.0))
    engine = await bench.run()
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx([1000, 3000, 3000, 4000])
    assert engine.status.resets == 1
    assert engine.status.problem is None


async def test_emptied_recorder_without_new_rows_is_only_silent(hass: HomeAssistant, bench: Bench) -> None:
    """Nothing is there that could be wrong."""
    sensor = register_sensor(hass, "grid")
    await async_store(hass, metadata(sensor.entity_id), sum_rows(hours_ago(9), [1.0, 2.0, 3.0]))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}))
    await bench.run()
    await bench.stop()
    await empty(hass)
    engine = await bench.run()
    assert engine.status.problem is None
    assert len(bench.sent()) == 3
