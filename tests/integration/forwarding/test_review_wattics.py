"""What changes in Home Assistant after it was delivered cannot be put into a stream of packets: it is told."""

import pytest
from forwarding_bench import (
    FOREIGN,
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
from homeassistant.core import HomeAssistant
from review_bench import async_adjust, async_reviewed, async_store_hours, ledger_path, listen

from custom_components.wattbridge.forwarding.model import NewsKind

ENERGY = {"pC_1": (FOREIGN, "change")}
HOURS = [0.5, 1.0, 0.25, 2.0, 0.0, 0.75] * 8


async def test_adjusted_hour_is_told(hass: HomeAssistant, bench: Bench) -> None:
    """The stream stays as it is; the hour is counted and listed with what was sent and what it is now."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    news, sent = listen(engine), bench.sent()
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    await engine.review.async_look()
    assert bench.sent() == sent
    assert (engine.status.revised, engine.status.revised_kwh) == pytest.approx((1, 0.3))
    (listed,) = engine.ledger.revisions.listed.values()
    assert listed.start_s == (start + 10 * HOUR).timestamp()
    assert (listed.sent_wh, listed.now_wh) == pytest.approx((0, 300))
    (told,) = news
    assert told.kind is NewsKind.REVISED
    assert told.facts["start"] == (start + 10 * HOUR).isoformat()
    await engine.review.async_look()
    assert (engine.status.revised, len(news)) == (1, 1)


async def test_correction_that_is_undone_is_none(hass: HomeAssistant, bench: Bench) -> None:
    """What counts is what the cloud has."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    await engine.review.async_look()
    await async_adjust(hass, start + 10 * HOUR, -0.3)
    await engine.review.async_look()
    assert engine.status.revised == 0
    assert not engine.ledger.revisions.listed


async def test_revisions_are_kept_over_a_restart(hass: HomeAssistant, bench: Bench) -> None:
    """They are as durable as what they are about."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    await engine.review.async_look()
    await bench.stop()
    engine = await bench.start()
    assert (engine.status.revised, engine.status.revised_kwh) == pytest.approx((1, 0.3))
    await engine.review.async_look()
    assert engine.status.revised == 1


async def test_hour_added_behind_the_cursor_is_told(hass: HomeAssistant, bench: Bench) -> None:
    """A hole that is filled later, and the hour after it that loses what it had for both."""
    start = hours_ago(60)
    await async_store_hours(hass, start, [*HOURS[:5], None, *HOURS[6:]])
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    total = sum(HOURS[:5]) + 0.2
    await async_store(hass, metadata(FOREIGN), [{"start": start + 5 * HOUR, "state": total, "sum": total}])
    await engine.review.async_look()
    filled, after = engine.ledger.revisions.listed.values()
    assert filled.sent_wh is None
    assert filled.now_wh == pytest.approx(200)
    assert after.change_wh == pytest.approx(-200)
    assert (engine.status.revised, engine.status.revised_kwh) == pytest.approx((2, 0))


async def test_corrections_older_than_the_window_are_told_by_the_month(hass: HomeAssistant, bench: Bench) -> None:
    """Nobody knows any more which hour it was; the month and how much it changed are known."""
    start = hours_ago(37 * 24)
    await async_store_hours(hass, start, [1.0 + hour % 24 / 8 for hour in range(36 * 24)])
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    assert engine.status.revised == 0
    await async_adjust(hass, start + 10 * HOUR, 0.4)
    await engine.review.async_look(everything=True)
    (listed,) = engine.ledger.revisions.listed.values()
    assert listed.start_s <= (start + 10 * HOUR).timestamp() < listed.end_s
    assert listed.change_wh == pytest.approx(400)
    assert (engine.status.revised, engine.status.revised_kwh) == pytest.approx((1, 0.4))


async def test_changed_means_are_told(hass: HomeAssistant, bench: Bench) -> None:
    """Energy is not all that a packet has."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    await async_store(hass, metadata("meter:volts", "V", with_sum=False), mean_rows(start, [230.5] * 49))
    bench.add(stream_data({**ENERGY, "v_1": ("meter:volts", "mean")}))
    engine = await async_reviewed(bench)
    assert engine.status.revised == 0
    await async_store(
        hass, metadata("meter:volts", "V", with_sum=False), mean_rows(start + 4 * HOUR, [231.0, 230.5000001])
    )
    await engine.review.async_look()
    (listed,) = engine.ledger.revisions.listed.values()
    assert listed.start_s == (start + 4 * HOUR).timestamp()
    assert listed.also
    assert listed.change_wh == pytest.approx(0)


async def test_packets_of_five_minutes_add_up_to_hours(hass: HomeAssistant, bench: Bench) -> None:
    """The recorder's hours are what is left of the short rows, so they are compared."""
    sensor = register_sensor(hass, "house")
    start = hours_ago(6)
    short = [0.1, 0.0, 0.3, 0.05] * 18
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, short, SHORT))
    hourly = [sum(short[12 * hour : 12 * hour + 12]) for hour in range(6)]
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, hourly))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    engine = await async_reviewed(bench)
    assert len(bench.sent()) >= 71
    ledger = engine.ledger
    assert [ledger.energy_wh(hour) for hour in ledger.window][-5:] == [pytest.approx(1350)] * 5
    assert engine.status.revised == 0
    await async_adjust(hass, start + 3 * HOUR, 0.5, sensor.entity_id)
    await engine.review.async_look()
    (listed,) = engine.ledger.revisions.listed.values()
    assert (listed.start_s, listed.change_wh) == pytest.approx(((start + 3 * HOUR).timestamp(), 500))


async def test_ledger_behind_the_cursor_takes_the_hours_as_they_are(hass: HomeAssistant, bench: Bench) -> None:
    """After a crash nobody knows what the last hours held: only later corrections of them are seen."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS[:20])
    bench.add(stream_data(ENERGY))
    await async_reviewed(bench)
    await bench.stop()
    ledger = ledger_path(bench).read_bytes()
    await async_store(hass, metadata(FOREIGN), sum_rows(start + 20 * HOUR, [*HOURS[20:], 0.0], base=sum(HOURS[:20])))
    await async_reviewed(bench)
    await bench.stop()
    ledger_path(bench).write_bytes(ledger)
    await async_adjust(hass, start + 30 * HOUR, 0.6)
    engine = await async_reviewed(bench)
    assert engine.status.revised == 0
    await async_adjust(hass, start + 31 * HOUR, 0.6)
    await async_adjust(hass, start + 5 * HOUR, 0.6)
    await engine.review.async_look()
    assert engine.status.revised == 2


async def test_paused_stream_is_left_alone(hass: HomeAssistant, bench: Bench) -> None:
    """Whoever pauses a stream wants to hear nothing of it."""
    start = hours_ago(60)
    await async_store_hours(hass, start, HOURS)
    bench.add(stream_data(ENERGY))
    engine = await async_reviewed(bench)
    await engine.async_set_paused(True)  # noqa: FBT003 - the one thing that is set
    await async_adjust(hass, start + 10 * HOUR, 0.3)
    await engine.review.async_look(everything=True)
    assert engine.status.revised == 0
    await engine.async_set_paused(False)  # noqa: FBT003 - the one thing that is set
    await engine.review.async_look()
    assert engine.status.revised == 1
