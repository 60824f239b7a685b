"""The whole way out: rows in the real recorder, packets at a simulated collector, and all that goes wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    OWN,
    Bench,
    async_store,
    hours_ago,
    mean_rows,
    metadata,
    publish,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir

from aiowattbridge.simulators import Fault, WatticsSimulator

ENERGY = {"pC_1": (OWN, "change")}
CHANGES = [0.5, 0.25, 1.0, 0.125, 2.0, 0.75, 0.0, 1.5]
READINGS_WH = [total * 1000 for total in accumulate(CHANGES)]


async def store_own(hass: HomeAssistant, changes: Sequence[float | None] = CHANGES) -> datetime:
    """Store a whole series of ours; returns when it starts."""
    start = hours_ago(len(changes))
    await async_store(hass, metadata(OWN), sum_rows(start, changes))
    publish(hass, start + len(changes) * HOUR)
    return start


def expected(start: datetime, readings: Sequence[float | None]) -> list[tuple[datetime, dict[str, float]]]:
    """Say what the cloud must have: each reading at the end of its hour."""
    return [
        (start + (number + 1) * HOUR, {"pC_1": reading})
        for number, reading in enumerate(readings)
        if reading is not None
    ]


async def test_everything_in_the_recorder_arrives(hass: HomeAssistant, bench: Bench) -> None:
    """Each hour once, in order, as a rising reading in watt-hours at the end of its hour."""
    start = await store_own(hass)
    bench.add(stream_data(ENERGY))
    engine = await bench.run()
    assert bench.sent() == expected(start, READINGS_WH)
    assert bench.is_clean()
    status = engine.status
    assert (status.delivered, status.rejected, status.repeated, status.holes, status.backlog) == (8, 0, 0, 0, 0)
    assert status.delivered_to == status.filled_until == start + 8 * HOUR
    assert status.problem is None


async def test_new_rows_are_sent_when_their_source_publishes_them(hass: HomeAssistant, bench: Bench) -> None:
    """Nothing is read on before; the publication wakes the stream."""
    start = hours_ago(8)
    await async_store(hass, metadata(OWN), sum_rows(start, CHANGES))
    publish(hass, start + 3 * HOUR + timedelta(minutes=59))
    bench.add(stream_data(ENERGY))
    await bench.run()
    assert bench.sent() == expected(start, READINGS_WH[:3])
    publish(hass, start + 8 * HOUR)
    await until(lambda: len(bench.sent()) == 8)
    assert bench.sent() == expected(start, READINGS_WH)


async def test_stream_starts_at_its_date(hass: HomeAssistant, bench: Bench) -> None:
    """With the first period that begins then; the reading counts from there."""
    start = await store_own(hass)
    bench.add(stream_data(ENERGY, start_at=start + 2 * HOUR - timedelta(minutes=20)))
    await bench.run()
    assert bench.sent()[0] == (start + 3 * HOUR, {"pC_1": 1000.0})
    assert len(bench.sent()) == 6


async def test_holes_are_passed_and_counted(hass: HomeAssistant, bench: Bench) -> None:
    """What the recorder does not have is not sent; the reading after a hole goes on."""
    start = await store_own(hass, [1.0, None, None, 2.0, None, 3.0])
    bench.add(stream_data(ENERGY))
    engine = await bench.run()
    assert bench.sent() == expected(start, [1000.0, None, None, 3000.0, None, 6000.0])
    assert engine.status.holes == 3
    assert engine.status.delivered == 3


async def test_long_silence_before_the_rows_is_skipped(hass: HomeAssistant, bench: Bench) -> None:
    """Years without rows cost one look, not a read for every month."""
    start = await store_own(hass)
    bench.add(stream_data(ENERGY, start_at=start - timedelta(days=3000)))
    engine = await bench.run()
    assert bench.sent() == expected(start, READINGS_WH)
    assert engine.status.holes == 0


async def test_fallen_sum_is_left_out(hass: HomeAssistant, bench: Bench) -> None:
    """A reset is no energy, and the reading never falls."""
    start = hours_ago(4)
    rows = [*sum_rows(start, [5.0, 1.0]), *sum_rows(start + 2 * HOUR, [0.5, 0.25])]
    await async_store(hass, metadata(OWN), rows)
    publish(hass, start + 4 * HOUR)
    bench.add(stream_data(ENERGY))
    engine = await bench.run()
    assert bench.sent() == expected(start, [5000.0, 6000.0, None, 6250.0])
    assert engine.status.resets == 1


async def test_packet_holds_what_there_is_of_its_parameters(hass: HomeAssistant, bench: Bench) -> None:
    """A hole in one series is a missing parameter, and units are the vendor's."""
    start = await store_own(hass, [1.0, None, 2.0, None])
    sensor = register_sensor(hass, "power")
    await async_store(hass, metadata(sensor.entity_id, "kW", with_sum=False), mean_rows(start, [0.5, 0.25, None, None]))
    later = register_sensor(hass, "voltage")
    await async_store(hass, metadata(later.entity_id, "V", with_sum=False), mean_rows(start, [None, None, 230.0, None]))
    bench.add(stream_data({"pC_1": (OWN, "change"), "aP_1": (sensor.id, "mean"), "v_1": (later.id, "mean")}))
    await bench.run()
    assert [values for _, values in bench.sent()] == [
        {"pC_1": 1000.0, "aP_1": 500.0},
        {"aP_1": 250.0},
        {"pC_1": 3000.0, "v_1": 230.0},
    ]


async def test_renamed_entity_goes_on(hass: HomeAssistant, bench: Bench) -> None:
    """The series is held by the entity's registry id."""
    start = hours_ago(6)
    sensor = register_sensor(hass, "grid")
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, CHANGES[:4]))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}))
    engine = await bench.run()
    assert len(bench.sent()) == 4
    er.async_get(hass).async_update_entity(sensor.entity_id, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    await async_store(hass, metadata("sensor.renamed"), sum_rows(start, CHANGES[:6]))
    engine.async_wake()
    await until(lambda: len(bench.sent()) == 6)
    assert bench.sent() == expected(start, READINGS_WH[:6])


async def test_vanished_series_is_a_problem_that_goes_away(
    hass: HomeAssistant, bench: Bench, issue_registry: ir.IssueRegistry
) -> None:
    """Somebody has to know; when it is back, the stream goes on."""
    bench.add(stream_data({"pC_1": (FOREIGN, "change")}))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "source_missing")
    assert any(issue.translation_key == "stream_source_missing" for issue in issue_registry.issues.values())
    await async_store(hass, metadata(FOREIGN), sum_rows(hours_ago(3), [1.0, 2.0, 3.0]))
    engine.async_resume()
    await until(lambda: engine.status.caught_up)
    assert engine.status.problem is None
    assert not issue_registry.issues
    # The last row of somebody else's series may still change.
    assert len(bench.sent()) == 2


async def test_wrong_unit_is_never_sent(hass: HomeAssistant, bench: Bench) -> None:
    """Degrees are no watts."""
    await async_store(hass, metadata("meter:heat", "°C", with_sum=False), mean_rows(hours_ago(3), [1.0, 2.0, 3.0]))
    bench.add(stream_data({"aP_1": ("meter:heat", "mean")}))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "unit_changed")
    assert bench.sent() == []


async def test_own_series_waits_for_its_history(hass: HomeAssistant, bench: Bench) -> None:
    """While older hours are still to come, a stream from the beginning sends nothing; a later start may go on."""
    start = hours_ago(8)
    await async_store(hass, metadata(OWN), sum_rows(start, CHANGES))
    publish(hass, start + 8 * HOUR, since=start + 4 * HOUR)
    bench.add(stream_data(ENERGY))
    bench.add(stream_data(ENERGY, stream_id="meter-2", start_at=start + 4 * HOUR))
    await bench.start()
    await until(lambda: len(bench.sent("meter-2")) == 4)
    assert bench.sent("meter-1") == []
    publish(hass, start + 8 * HOUR)
    await until(lambda: len(bench.sent("meter-1")) == 8)
    assert bench.sent("meter-1") == expected(start, READINGS_WH)


async def test_one_stream_in_trouble_does_not_hold_the_others(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator
) -> None:
    """Streams share a login and nothing else."""
    start = await store_own(hass)
    cloud.reject("meter-1")
    bench.add(stream_data(ENERGY))
    bench.add(stream_data(ENERGY, stream_id="meter-2"))
    engine = await bench.start()
    await until(lambda: len(bench.sent("meter-2")) == 8 and engine.status.problem == "rejected")
    assert bench.sent("meter-2") == expected(start, READINGS_WH)


FAULTS = [
    pytest.param([Fault("unavailable")] * 2, id="503"),
    pytest.param([None, Fault("cut_after"), None, Fault("cut_after")], id="answer lost"),
    pytest.param([None, Fault("cut_before"), Fault("server_error"), Fault("bad_gateway")], id="broken"),
    pytest.param([None, Fault("html"), Fault("cut_body")], id="odd answers"),
    pytest.param([None, Fault("rate_limited", retry_after_s=0.3, enforced=True)], id="429"),
]


@pytest.mark.parametrize("faults", FAULTS)
async def test_faults_neither_lose_nor_double_a_packet(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, faults: list[Fault | None]
) -> None:
    """Whatever breaks on the way, the cloud has everything once and in order."""
    start = await store_own(hass)
    bench.add(stream_data(ENERGY))
    cloud.faults.script("*", faults)
    engine = await bench.run()
    assert bench.sent() == expected(start, READINGS_WH)
    assert bench.is_clean()
    assert engine.status.delivered == 8
    assert not cloud.report()["cookie_breaks"]
