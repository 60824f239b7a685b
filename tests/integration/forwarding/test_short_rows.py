"""Intervals below an hour: rows of five minutes, which come with an event that is early and go after ten days."""

import asyncio
from datetime import timedelta

import pytest
from forwarding_bench import (
    SHORT,
    Bench,
    async_store,
    async_store_short,
    hours_ago,
    mean_rows,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util

from custom_components.wattbridge.forwarding import waits


@pytest.fixture
def sensor(hass: HomeAssistant) -> er.RegistryEntry:
    """Register a meter."""
    return register_sensor(hass, "grid")


async def purge(hass: HomeAssistant) -> None:
    """Forget all short rows, as a long outage does."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            session.query(StatisticsShortTerm).delete()

    await get_instance(hass).async_add_executor_job(delete)


async def test_first_surviving_row_is_no_energy(hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry) -> None:
    """Its sum is that of years; it only gives the base, and no cliff."""
    start = hours_ago(3)
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.0, 0.1, 0.2], SHORT, base=5000.0))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    engine = await bench.run()
    assert [time for time, _ in bench.sent()] == [start + 2 * SHORT, start + 3 * SHORT]
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx([100, 300])
    assert engine.status.holes == 0


async def test_energy_of_an_outage_longer_than_the_short_rows_is_not_lost(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """The sum stored with the cursor tells how much it was, although every row before is gone."""
    start = hours_ago(3)
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.0, 0.1], SHORT, base=5000.0))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    await bench.run()
    await bench.stop()
    await purge(hass)
    rows = sum_rows(start + 12 * SHORT, [0.2, 0.3], SHORT, base=5007.1)
    await async_store_short(hass, metadata(sensor.entity_id), rows)
    engine = await bench.run()
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx([100, 7300, 7600])
    assert bench.sent()[1][0] == start + 13 * SHORT
    assert engine.status.holes == 10


async def test_quarters_of_an_hour_are_made_of_short_rows(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """Energy adds up, power is averaged, and a quarter that is not over waits."""
    start = hours_ago(3)
    power = register_sensor(hass, "power")
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.0, *[0.1] * 7], SHORT, base=7.0))
    await async_store_short(
        hass, metadata(power.entity_id, "kW", with_sum=False), mean_rows(start, [1.0, 2.0, 6.0, 4.0, 4.0, 4.0], SHORT)
    )
    bench.add(stream_data({"pC_1": (sensor.id, "change"), "aP_1": (power.id, "mean")}, interval_min=15))
    await bench.run()
    quarter = 3 * SHORT
    assert [time for time, _ in bench.sent()] == [start + quarter, start + 2 * quarter]
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx([200, 500])
    assert [values["aP_1"] for _, values in bench.sent()] == pytest.approx([3000, 4000])


async def test_stream_from_now_on_takes_the_first_whole_interval(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """The row before the start is there, so the first interval has its energy."""
    start = hours_ago(3)
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.0, 0.5, 0.25, 0.25], SHORT))
    bench.add(
        stream_data({"pC_1": (sensor.id, "change")}, interval_min=5, start_at=start + SHORT + timedelta(seconds=1))
    )
    await bench.run()
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx([250, 500])


async def test_event_that_is_early_is_looked_after(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder tells before it commits: the row is found soon after, and not only with the next event."""
    monkeypatch.setattr(waits, "REREADS_S", (0.05,) * 20)
    now = dt_util.utcnow()
    this = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    description = metadata(sensor.entity_id)
    await async_store_short(hass, description, sum_rows(this - 3 * SHORT, [0.0, 1.0], SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    await bench.run()
    assert len(bench.sent()) == 1
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await asyncio.sleep(0.2)
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(this - SHORT, [2.0], SHORT, base=1.0))
    await until(lambda: len(bench.sent()) == 2, timeout_s=3)
    assert bench.sent()[-1][0] == this


async def test_events_missed_during_a_stop_do_not_matter(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """After a stop there is one event for many rows: the stream asks from its cursor on."""
    start = hours_ago(5)
    description = metadata(sensor.entity_id)
    await async_store_short(hass, description, sum_rows(start, [0.0, 1.0], SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    await bench.run()
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start + 2 * SHORT, [1.0] * 30, SHORT, base=1.0))
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await until(lambda: len(bench.sent()) == 31)
    assert bench.is_clean()


async def test_hours_of_an_entity_come_from_the_long_table(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """They are kept for ever, so an hourly stream may begin with the first of them."""
    start = hours_ago(4)
    await async_store(hass, metadata(sensor.entity_id, "Wh"), sum_rows(start, [5.0, 6.0, 7.0]))
    await async_store_short(hass, metadata(sensor.entity_id, "Wh"), sum_rows(start, [1.0] * 5, SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}))
    await bench.run()
    assert [values["pC_1"] for _, values in bench.sent()] == [5, 11, 18]


async def test_external_series_has_no_short_rows(hass: HomeAssistant, bench: Bench) -> None:
    """The form refuses it; should it happen all the same, the stream says so instead of waiting for ever."""
    await async_store(hass, metadata("meter:energy"), sum_rows(hours_ago(3), [1.0, 2.0]))
    bench.add(stream_data({"pC_1": ("meter:energy", "change")}, interval_min=15))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "source_unfit")


@pytest.mark.parametrize("interval_min", [15, 60])
async def test_longer_interval_goes_on_in_the_middle_of_its_first_period(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry, interval_min: int
) -> None:
    """No energy is lost or sent twice, and every packet is stamped on the new grid, also the first one."""
    start = hours_ago(3)
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.1] * 13, SHORT, base=7.0))
    subentry_id = bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5, start_at=start + 12 * SHORT))
    await bench.run()
    assert bench.sent() == [(start + 13 * SHORT, {"pC_1": 100.0})]
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start + 13 * SHORT, [0.1] * 13, SHORT, base=8.3))
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [1.2, 1.2], base=7.0))
    longer = stream_data({"pC_1": (sensor.id, "change")}, interval_min=interval_min, start_at=start + 12 * SHORT)
    hass.config_entries.async_update_subentry(bench.entry, bench.entry.subentries[subentry_id], data=longer)
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    await until(lambda: bench.sent()[-1][0] == start + 24 * SHORT)
    step = timedelta(minutes=interval_min)
    assert [time for time, _ in bench.sent()[1:]] == [
        start + 12 * SHORT + n * step for n in range(1, 60 // interval_min + 1)
    ]
    assert bench.sent()[-1][1] == pytest.approx({"pC_1": 1200.0})
    assert bench.is_clean()
