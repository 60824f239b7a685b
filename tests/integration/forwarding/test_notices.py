"""What somebody should look at while a stream goes on: kept until somebody has, and no longer than it is so."""

from datetime import datetime, timedelta

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
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from review_bench import listen

from aiowattbridge.simulators import Fault, WatticsSimulator
from custom_components.wattbridge.forwarding import StreamEngine
from custom_components.wattbridge.forwarding.cursor_file import CursorFile
from custom_components.wattbridge.forwarding.model import Choice, Notice
from custom_components.wattbridge.series import async_series_book

STREAM = stream_data({"pC_1": (OWN, "change")})
KEPT = {
    Notice.SOURCE_RESET: "2026-03-01T10:00:00+00:00",
    Notice.REJECTIONS: "2026-03-01T11:00:00+00:00",
    Notice.MISMATCH: "1.000 kWh",
}


async def compiled(hass: HomeAssistant) -> None:
    """Let the recorder say that five minutes are over."""
    hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_what_nobody_has_looked_at_is_shown_again_after_a_restart(
    hass: HomeAssistant, bench: Bench, issue_registry: ir.IssueRegistry
) -> None:
    """What somebody has dismissed is not, and a stream that is removed takes all of it along."""
    start = hours_ago(3)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0] * 3))
    publish(hass, start + 3 * HOUR)
    subentry_id = bench.add(STREAM)
    engine = await bench.run()
    for notice, detail in KEPT.items():
        engine.raise_notice(notice, detail)
    await bench.stop()
    assert not issue_registry.issues
    engine = await bench.start()
    assert dict(engine.notices) == KEPT
    assert len(issue_registry.issues) == len(KEPT)
    engine.async_dismiss(Notice.REJECTIONS)
    await bench.stop()
    engine = await bench.start()
    assert dict(engine.notices) == {notice: KEPT[notice] for notice in (Notice.SOURCE_RESET, Notice.MISMATCH)}
    assert len(issue_registry.issues) == len(KEPT) - 1
    hass.config_entries.async_remove_subentry(bench.entry, subentry_id)
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    await bench.stop()
    assert not issue_registry.issues
    assert CursorFile(bench.path).load().notices == {}


async def test_rejection_is_still_shown_after_a_power_cut(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator
) -> None:
    """The notice lasts as soon as the cursor that passed the period does."""
    start = hours_ago(4)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0] * 4))
    publish(hass, start + 4 * HOUR)
    bench.add(STREAM)
    refused = (start + 2 * HOUR).isoformat()
    cloud.reject("meter-1", lambda packet: datetime.fromisoformat(str(packet["tsISO8601"])) == start + 2 * HOUR)
    await bench.run()
    await until(lambda: refused and CursorFile(bench.path).load().notices)
    await bench.kill(bench.path.read_bytes())
    engine = await bench.start()
    assert dict(engine.notices) == {Notice.REJECTIONS: (start + HOUR).isoformat()}


async def test_another_stream_id_has_no_notices_of_the_old_one(
    hass: HomeAssistant, bench: Bench, issue_registry: ir.IssueRegistry
) -> None:
    """They are about what was sent to the other one."""
    start = hours_ago(3)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0] * 3))
    publish(hass, start + 3 * HOUR)
    subentry_id = bench.add(STREAM)
    engine = await bench.run()
    engine.raise_notice(Notice.MISMATCH, "1.000 kWh")
    subentry = bench.entry.subentries[subentry_id]
    hass.config_entries.async_update_subentry(bench.entry, subentry, data={**STREAM, "stream_id": "meter-2"})
    assert bench.forwarder is not None
    await bench.forwarder.async_sync_streams()
    assert not engine.notices
    assert not issue_registry.issues


@pytest.fixture
async def held(hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A stream of five minutes that is refused, in a recorder that keeps a day: soon its rows are gone."""
    sensor = register_sensor(hass, "grid")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.1] * 20, SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5, start_at=start))
    cloud.reject("meter-1")
    monkeypatch.setattr(get_instance(hass), "keep_days", 1)
    engine = await bench.start()
    await until(lambda: engine.status.problem == "rejected")
    return bench


def first(bench: Bench) -> StreamEngine:
    """Return the stream."""
    assert bench.forwarder is not None
    return next(iter(bench.forwarder.streams.values()))


async def test_expiring_rows_that_somebody_lets_go_are_not_told_again(
    hass: HomeAssistant, held: Bench, cloud: WatticsSimulator
) -> None:
    """Neither with the next rows nor after a restart, until the stream has caught up and is about to lose others."""
    await compiled(hass)
    assert list(first(held).notices) == [Notice.ROWS_EXPIRING]
    first(held).async_dismiss(Notice.ROWS_EXPIRING)
    await compiled(hass)
    assert not first(held).notices
    await held.stop()
    await held.start()
    await until(lambda: first(held).status.problem == "rejected")
    await compiled(hass)
    assert not first(held).notices
    cloud.rejections.clear()
    await first(held).async_choose(Choice.RETRY)
    await until(lambda: first(held).status.caught_up)
    await first(held).async_set_paused(paused=True)
    await compiled(hass)
    assert list(first(held).notices) == [Notice.ROWS_EXPIRING]


async def test_expiring_rows_are_told_until_they_are_gone(
    hass: HomeAssistant, held: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder drops them once a day; afterwards there is nothing that could be done."""
    engine = first(held)
    await compiled(hass)
    assert list(engine.notices) == [Notice.ROWS_EXPIRING]
    expires_s = datetime.fromisoformat(engine.notices[Notice.ROWS_EXPIRING]).timestamp()
    monkeypatch.setattr(engine, "now_s", lambda: expires_s + 3600.0)
    await compiled(hass)
    assert list(engine.notices) == [Notice.ROWS_EXPIRING]
    monkeypatch.setattr(engine, "now_s", lambda: expires_s + timedelta(days=1, hours=1).total_seconds())
    await compiled(hass)
    assert not engine.notices


async def test_rows_expire_also_while_the_cloud_is_away_after_a_restart(
    hass: HomeAssistant, bench: Bench, cloud: WatticsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is known before the cloud was asked."""
    sensor = register_sensor(hass, "grid")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    await async_store_short(hass, metadata(sensor.entity_id), sum_rows(start, [0.1] * 20, SHORT))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5, start_at=start))
    await bench.run()
    await bench.stop()
    monkeypatch.setattr(get_instance(hass), "keep_days", 1)
    cloud.faults.script("*", [Fault("unavailable", retry_after_s=600)])
    engine = await bench.start()
    await until(lambda: engine.status.paused_until)
    assert engine.state == engine.moving.state
    await compiled(hass)
    assert list(engine.notices) == [Notice.ROWS_EXPIRING]


async def test_source_that_says_nothing_is_no_stream_that_is_up_to_date(
    hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch, issue_registry: ir.IssueRegistry
) -> None:
    """Its account may be disabled: after a day somebody should know; who wants all sent now is not kept waiting."""
    start = hours_ago(3)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0] * 3))
    async_series_book(hass).async_expect(OWN)
    bench.add(STREAM)
    engine = await bench.start()
    news = listen(engine)
    counts = await engine.async_deliver_until(dt_util.utcnow(), 5)
    assert (counts.accepted, counts.filled_until) == (0, None)
    assert (engine.status.caught_up, dict(engine.notices), news) == (False, {}, [])
    now_s = engine.now_s
    monkeypatch.setattr(engine, "now_s", lambda: now_s() + timedelta(days=1, hours=1).total_seconds())
    engine.async_wake()
    await until(lambda: engine.notices)
    assert list(engine.notices) == [Notice.SOURCE_SILENT]
    assert len(issue_registry.issues) == 1
    publish(hass, start + 3 * HOUR)
    await until(lambda: engine.status.caught_up)
    assert not engine.notices
    assert not issue_registry.issues
    assert [one.kind for one in news] == ["caught_up"]
    publish(hass, start + 3 * HOUR, since=start + 9 * HOUR)
    await until(lambda: not engine.status.caught_up)
