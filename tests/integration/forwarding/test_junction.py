"""Streams of short intervals whose five-minute rows are gone: hours take their place, no energy is lost or doubled."""

import math
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

import pytest
from forwarding_bench import (
    HOUR,
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
)
from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.forwarding.junction import hourly_until
from custom_components.wattbridge.forwarding.model import HOUR_S, ROW_S, ParameterConfig, StreamConfig
from custom_components.wattbridge.forwarding.plan import Batch, PlanState, Series, Step, plan
from custom_components.wattbridge.forwarding.preview import async_preview_stream
from custom_components.wattbridge.forwarding.source import StreamSource
from custom_components.wattbridge.forwarding.survey import Stock
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

NOON_S = 1_790_000_000 // 86_400 * 86_400 + 12 * HOUR_S


def stock(*, next_s: int | None = None, last_s: int | None = None) -> Stock:
    """Make a statistic without a row before the position."""
    return Stock("sensor.grid", next_s=next_s, last_s=last_s if last_s is not None else next_s)


@pytest.mark.parametrize(
    ("oldest", "hours", "purged_to", "expected"),
    [
        pytest.param(0, (-5, 2), 0, 0, id="short rows that begin with an hour"),
        pytest.param(20, (-5, 2), 0, 60, id="the hour in which they begin lacks some"),
        pytest.param(20, (-5, -1), 0, 0, id="an hour that goes on has not lost any"),
        pytest.param(20, (0, 2), 0, None, id="a meter that is new has all it ever had"),
        pytest.param(20, (0, 2), 30, 60, id="the first hour of a meter may be purged in part"),
        pytest.param(20, (None, None), 30, None, id="no hour at all"),
        pytest.param(None, (-5, -3), 0, -120, id="nothing but hours"),
        pytest.param(None, (None, None), 0, None, id="nothing"),
    ],
)
def test_where_hours_end(
    oldest: int | None, hours: tuple[int | None, int | None], purged_to: int, expected: int | None
) -> None:
    """Minutes and hours are counted from noon; the stream stands six hours before it."""
    first, last = (None if hour is None else NOON_S + hour * HOUR_S for hour in hours)
    short = stock() if oldest is None else stock(next_s=NOON_S + oldest * 60)
    until_s = hourly_until(NOON_S - 6 * HOUR_S, [short], [stock(next_s=first, last_s=last)], NOON_S + purged_to * 60)
    assert until_s == (None if expected is None else NOON_S + expected * 60)


ENERGY = ParameterConfig("pC_1", "meter:energy", Measure.CHANGE)


@given(
    st.lists(st.integers(0, 640).map(lambda n: n / 64), min_size=36, max_size=72),
    st.integers(0, 30),
    st.integers(0, 71),
    st.sampled_from((1, 2, 3, 6)),
)
def test_energy_is_conserved_over_the_junction(changes: list[float], sent: int, oldest: int, rows_each: int) -> None:
    """Whatever was sent before, and wherever the short rows begin: hours and packets add up to all changes."""
    sent = sent // rows_each * rows_each
    position_s, end_s = NOON_S + sent * ROW_S, NOON_S + len(changes) // 12 * HOUR_S
    oldest_s = max(position_s, NOON_S + oldest * ROW_S)
    sums = list(accumulate(changes, initial=1000.0))
    config = StreamConfig("meter", Kind.ELECTRICITY, rows_each * ROW_S, Start.BEGINNING, None, (ENERGY,))
    short = {NOON_S + n * ROW_S: total for n, total in enumerate(sums[1:]) if NOON_S + n * ROW_S < end_s}
    hours = {start_s // HOUR_S * HOUR_S: total for start_s, total in [*short.items()][11::12]}
    state = PlanState(position_s, {"pC_1": 0.0}, {"meter:energy": sums[sent]})
    hours_left = [start_s for start_s in hours if start_s >= position_s // HOUR_S * HOUR_S]
    short_left = min((start_s for start_s in short if start_s >= oldest_s), default=None)
    until_s = hourly_until(
        position_s,
        [stock(next_s=short_left)],
        [stock(next_s=min(hours_left, default=None), last_s=max(hours_left, default=None))],
        math.inf,
    )
    steps = _planned(config, state, hours, until_s, HOUR_S) if until_s is not None else []
    state = steps[-1].after if steps else state
    if state.position_s < end_s:
        left = {start_s: total for start_s, total in short.items() if start_s >= oldest_s}
        steps += _planned(config, state, left, end_s, config.interval_s)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(steps))
    risen = sum(changes[sent : (end_s - NOON_S) // ROW_S])
    assert sum(step.changes["pC_1"] for step in steps if step.changes) == pytest.approx(risen)
    readings = [step.values["pC_1"] for step in steps if step.values]
    assert readings == sorted(readings)
    assert not readings or readings[-1] == pytest.approx(risen)


def _planned(config: StreamConfig, state: PlanState, rows: dict[int, float], end_s: int, interval_s: int) -> list[Step]:
    """Plan rows of which the one before is never there."""
    from_s = state.position_s // interval_s * interval_s
    found = {start_s: total for start_s, total in rows.items() if from_s <= start_s < end_s}
    batch = Batch(state.position_s, from_s, end_s, {"pC_1": Series(list(found), list(found.values()))}, interval_s)
    return list(plan(config, state, batch))


@pytest.fixture
def sensor(hass: HomeAssistant) -> er.RegistryEntry:
    """Register a meter."""
    return register_sensor(hass, "grid")


async def purge(hass: HomeAssistant, before: datetime) -> None:
    """Forget the short rows before a time, as the recorder does every night."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            session.query(StatisticsShortTerm).filter(StatisticsShortTerm.start_ts < before.timestamp()).delete()

    await get_instance(hass).async_add_executor_job(delete)


async def store_day(hass: HomeAssistant, entity_id: str, start: datetime, changes: list[float]) -> None:
    """Store rows of five minutes and the hours that the recorder makes of them."""
    short = sum_rows(start, changes, SHORT)
    await async_store_short(hass, metadata(entity_id), short)
    hours = [{**row, "start": row["start"].replace(minute=0)} for row in short if row["start"].minute == 55]
    await async_store(hass, metadata(entity_id), hours)


@pytest.mark.parametrize("interval_min", [5, 10, 15, 30])
@pytest.mark.parametrize("purged_min", [120, 145, 175])
async def test_stream_from_the_beginning_starts_with_hours(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry, interval_min: int, purged_min: int
) -> None:
    """Where short rows begin within an hour, that hour is the last one; every change is sent once."""
    start = hours_ago(6)
    changes = [n % 7 / 64 for n in range(60)]
    await store_day(hass, sensor.entity_id, start, changes)
    await purge(hass, start + timedelta(minutes=purged_min))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=interval_min))
    await bench.run()
    hourly = 2 if purged_min == 120 else 3
    step = timedelta(minutes=interval_min)
    times = [start + n * HOUR for n in range(1, hourly + 1)]
    times += [start + hourly * HOUR + n * step for n in range(1, (5 - hourly) * 60 // interval_min + 1)]
    assert [time for time, _ in bench.sent()] == times
    expected = [1000 * sum(changes[: int((time - start) / SHORT)]) for time in times]
    assert [values["pC_1"] for _, values in bench.sent()] == pytest.approx(expected)
    assert bench.is_clean()


async def test_outage_longer_than_the_short_rows_goes_on_within_its_hour(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """The rest of the hour in which it began is one packet at the full hour, and so is each hour that followed."""
    start = hours_ago(8)
    power = register_sensor(hass, "power")
    changes = [n % 5 / 64 for n in range(84)]
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, changes[:6], SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change"), "aP_1": (power.id, "mean")}, interval_min=5))
    await bench.run()
    await bench.stop()
    assert bench.sent()[-1][0] == start + 6 * SHORT
    await store_day(hass, sensor.entity_id, start, changes)
    watts = metadata(power.entity_id, "W", with_sum=False)
    await async_store(hass, watts, mean_rows(start, [100.0 + n for n in range(7)]))
    await async_store_short(hass, metadata(power.entity_id, "W", with_sum=False), mean_rows(start, [5.0] * 84, SHORT))
    await purge(hass, start + 5 * HOUR)
    await bench.run()
    times = [start + n * HOUR for n in range(1, 6)] + [start + 5 * HOUR + n * SHORT for n in range(1, 25)]
    # The very first row only gave the base.
    later = bench.sent()[5:]
    assert [time for time, _ in later] == times
    assert [values["pC_1"] for _, values in later] == pytest.approx(
        [1000 * sum(changes[: int((time - start) / SHORT)]) for time in times]
    )
    assert [values["aP_1"] for _, values in later] == [100, 101, 102, 103, 104, *[5] * 24]
    assert bench.is_clean()


async def test_sum_corrected_during_an_outage_is_no_energy(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """At a full hour the hour before tells what to count from; the sum kept with the cursor is of before then."""
    start = hours_ago(6)
    await store_day(hass, sensor.entity_id, start, [1 / 64] * 24)
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=30))
    await bench.run()
    await bench.stop()
    shifted = sum_rows(start, [100.0, *[1 / 64] * 47], SHORT)
    await async_store_short(hass, metadata(sensor.entity_id), shifted)
    hours = [{**row, "start": row["start"].replace(minute=0)} for row in shifted if row["start"].minute == 55]
    await async_store(hass, metadata(sensor.entity_id), hours)
    await purge(hass, start + 2 * HOUR)
    await bench.run()
    readings = [values["pC_1"] for _, values in bench.sent()]
    assert readings == pytest.approx([1000 * (6 * n - 1) / 64 for n in range(1, 9)])


async def test_preview_counts_the_hours_in_the_place_of_short_rows(
    hass: HomeAssistant, bench: Bench, sensor: er.RegistryEntry
) -> None:
    """The form says how many there are, before anything is sent."""
    start = hours_ago(6)
    await store_day(hass, sensor.entity_id, start, [1 / 64] * 60)
    await purge(hass, start + 3 * HOUR)
    data = stream_data({"pC_1": (sensor.id, "change")}, interval_min=15)
    preview = await async_preview_stream(hass, StreamConfig.from_data(data), PlanState(0))
    assert (preview.rows, preview.hourly_rows, preview.holes_count) == (3 + 8, 3, 0)
    assert (preview.first, preview.last) == (start + HOUR, start + 5 * HOUR)
    assert preview.changes == {"pC_1": pytest.approx(1000 * 60 / 64)}


@pytest.mark.parametrize(("interval_s", "days"), [(ROW_S, 10), (HOUR_S, None)])
async def test_short_rows_expire_by_the_recorders_own_days(
    hass: HomeAssistant, sensor: er.RegistryEntry, interval_s: int, days: int | None
) -> None:
    """Hours never do, and neither does anything where nobody purges."""
    data = stream_data({"pC_1": (sensor.id, "change")}, interval_min=interval_s // 60)
    source = StreamSource(hass, StreamConfig.from_data(data), {})
    now_s = int(dt_util.utcnow().timestamp())
    assert source.expires_s(now_s) == (None if days is None else now_s + days * 86_400)
    get_instance(hass).auto_purge = False
    assert source.expires_s(now_s) is None
