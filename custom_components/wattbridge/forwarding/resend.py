"""Sends hours again that were passed before, because somebody asks for it: to a cloud where that replaces them."""

from collections.abc import AsyncIterator, Sequence

from ..aiowattbridge.errors import RejectedError
from .again import AGAIN_HOURS, async_send_again
from .engine import StreamEngine
from .hindsight import Hindsight, Losses, PastHour
from .hour_counts import HourCounts
from .marks import REJECTED
from .model import HOUR_S
from .months import month_of, month_start_s


async def async_resend(engine: StreamEngine, start_s: float, end_s: float, *, dry_run: bool) -> HourCounts | None:
    """Upload the hours of a stretch again as they are now, as far as the stream has come; or only count them.

    None where one of our own series is not whole in the stretch. Raises SourceError, WattbridgeError and
    SQLAlchemyError, and InterruptedWorkError for a stream that is stopped meanwhile.
    """
    work = _async_resend(engine, start_s, end_s, dry_run=dry_run)
    return await engine.errands.async_run(engine.config.stream_id, work)


async def _async_resend(engine: StreamEngine, start_s: float, end_s: float, *, dry_run: bool) -> HourCounts | None:
    from_s, to_s = int(-(-start_s // HOUR_S) * HOUR_S), int(end_s // HOUR_S * HOUR_S)
    if not dry_run:
        # What changed since is a correction, and counted as such, before it becomes what was sent.
        await engine.review.async_look()
    async with engine.review.turn:
        hindsight = Hindsight(engine.hass, engine.config, engine.state)
        whole_from_s = hindsight.whole_from_s()
        if whole_from_s is None or whole_from_s > from_s:
            return None
        counts = HourCounts(from_s, to_s)
        hours: list[PastHour] = []
        passed_to_s = engine.moving.state.position_s // HOUR_S * HOUR_S
        async for hour in _sendable(engine, hindsight, from_s, min(to_s, passed_to_s)):
            counts.note_hour(hour.start_s)
            hours.append(hour)
            if len(hours) == AGAIN_HOURS:
                await _send_or_raise(engine, hours, counts, dry_run=dry_run)
                hours.clear()
        if hours:
            await _send_or_raise(engine, hours, counts, dry_run=dry_run)
        counts.end(hindsight.read_to_s)
        counts.filled_until = engine.status.filled_until
        if not dry_run and not counts.rejected and not engine.config.send_revisions:
            _settle(engine, from_s, counts.to_s)
    return counts


async def async_resend_refused(engine: StreamEngine) -> int:
    """Upload the hours again that the cloud refused, as they are now; returns how many it refuses still.

    Those that cannot be read now count as refused; those that are gone here, or may hold others that are, are left out.
    Raises what `async_resend` does.
    """
    return await engine.errands.async_run(engine.config.stream_id, _async_resend_refused(engine))


async def _async_resend_refused(engine: StreamEngine) -> int:
    async with engine.review.turn:
        counts = HourCounts(0, 0)
        hindsight = Hindsight(engine.hass, engine.config, engine.state)
        for from_s, to_s in refused_periods(engine):
            whole_from_s = hindsight.whole_from_s()
            if whole_from_s is None or whole_from_s > from_s:
                counts.rejected += (to_s - from_s) // HOUR_S
                continue
            if hours := [hour async for hour in _sendable(engine, hindsight, from_s, to_s)]:
                await _send(engine, hours, counts)
    return counts.rejected


async def _sendable(engine: StreamEngine, hindsight: Hindsight, from_s: int, to_s: int) -> AsyncIterator[PastHour]:
    """Yield the hours of a stretch that have data, without those that may hold what was lost before them."""
    losses = Losses()
    # Whether something was lost just before the stretch shows in the ledger's window.
    before_s = max(engine.ledger.window.start * HOUR_S, hindsight.whole_from_s() or 0)
    async for hour in hindsight.hours(min(from_s, before_s), to_s):
        if losses.precede(hour, engine.ledger.energy_wh(hour.number)) or hour.start_s < from_s:
            continue
        if hour.energy_wh is not None:
            yield hour


def refused_periods(engine: StreamEngine) -> list[tuple[int, int]]:
    """List the periods that the cloud refused for good, whenever it was: from when to when, in order."""
    marks = [] if engine.cursor is None else engine.cursor.marks
    periods = {(mark.start_s, mark.end_s) for mark in marks if mark.kind == REJECTED}
    known = {hour_s for start_s, end_s in periods for hour_s in range(start_s, end_s, HOUR_S)}
    later = {hour * HOUR_S for hour in engine.ledger.revisions.refused} - known
    return sorted(periods | {(hour_s, hour_s + HOUR_S) for hour_s in later})


async def _send_or_raise(engine: StreamEngine, hours: Sequence[PastHour], counts: HourCounts, *, dry_run: bool) -> None:
    """Send some hours again, or only count them; raises RejectedError where not single hours are refused."""
    if dry_run:
        counts.planned += len(hours)
        counts.energy_kwh += sum(hour.energy_wh or 0.0 for hour in hours) / 1000.0
    elif (refusal := await _send(engine, hours, counts)) is not None:
        raise refusal


async def _send(engine: StreamEngine, hours: Sequence[PastHour], counts: HourCounts) -> RejectedError | None:
    """Send some hours again; returns the refusal that was one too many."""
    energies_kwh = {hour.start_s: (hour.energy_wh or 0.0) / 1000.0 for hour in hours}
    sent = await async_send_again(engine.courier, engine.ledger, hours)
    counts.accepted += len(sent.taken)
    counts.rejected += len(hours) - len(sent.taken)
    counts.energy_kwh += sum(energies_kwh[start_s] for start_s in sent.taken)
    return sent.refusal


def _settle(engine: StreamEngine, from_s: int, to_s: int) -> None:
    """Note that the cloud has all of a stretch as it is now, though corrections are not sent by themselves."""
    ledger, revisions = engine.ledger, engine.ledger.revisions
    inside = [one for one in revisions.listed.values() if from_s <= one.start_s and one.end_s <= to_s]
    whole = {
        number
        for number in revisions.unsent
        if from_s <= max(month_start_s(number), ledger.from_s or 0)
        and min(month_start_s(number + 1), ledger.whole_to_s) <= to_s
    }
    for revision in inside:
        del revisions.listed[revision.start_s]
        number = month_of(revision.start_s // HOUR_S)
        if number not in whole and (unsent := revisions.unsent.get(number)) is not None:
            unsent.rows -= revision.sent_wh is None
            unsent.energy_wh -= revision.change_wh
    for number in whole:
        del revisions.unsent[number]
    ledger.on_change()
