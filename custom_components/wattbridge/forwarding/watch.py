"""What can be seen of a stream from outside: its status, who waits for it, and what it waits for."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..aiowattbridge.wattics import LastPacket
from ..const import DOMAIN
from .cursor import Cursors, StreamCursor
from .model import NewsKind, Notice, Problem, StreamConfig, utc
from .plan import PlanState, Step
from .source import Reading
from .status import ForwardCounts, StreamStatus
from .waits import StreamWaits

LONG_WAIT_S: Final = 300.0
# A source of ours that says nothing for so long is switched off, or something is wrong with it.
SILENT_S: Final = 24 * 3600.0
# A stream with no more to send than this is up to date: it has caught up when it had more before.
UP_TO_DATE: Final = 2
# With these a stream is not at work: to try again, its account has to be loaded anew.
FINAL: Final = frozenset({Problem.CREDENTIALS, Problem.CURSOR_CORRUPT, Problem.CURSOR_NEWER, Problem.STOPPED})


class StreamWatch(StreamWaits):
    """The outside of a stream."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, subentry_id: str, config: StreamConfig, cursors: Cursors
    ) -> None:
        """Know nothing yet."""
        super().__init__(hass, entry, subentry_id, config, cursors.notices.setdefault(subentry_id, {}))
        self.last_packet: LastPacket | None = None
        self._cursors = cursors
        self._changed = asyncio.Event()
        self._counting: list[ForwardCounts] = []
        self._closed_s: int | None = None
        self._next_row_s: int | None = None
        self._failed_attempt = 0
        self._looks = self._idle_look = 0
        self._is_behind = self._has_idled = False
        self._awaits_since_s: float | None = None
        self._waiting_since_s: float | None = None
        self._paused_until: datetime | None = None
        # What others find out about the stream, in days of their own.
        self.revised = 0
        self.revised_kwh: float | None = None
        self.difference_kwh: float | None = None
        self.reconciled_at: datetime | None = None

    @property
    def cursor(self) -> StreamCursor | None:
        """How far the stream has come; None before it has a place."""
        return self._cursors.get(self.subentry_id)

    @property
    def is_paused(self) -> bool:
        """Tell whether somebody paused the stream."""
        return self.subentry_id in self._cursors.paused

    @property
    def is_blocked(self) -> bool:
        """Tell whether the stream must not even begin."""
        return self.problem in {Problem.CURSOR_CORRUPT, Problem.CURSOR_NEWER}

    @property
    def stands_still(self) -> bool:
        """Tell whether nothing is delivered at present, for whatever reason."""
        return self.problem is not None or self._waiting_since_s is not None or self.is_paused

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody waits for a packet to be accepted: no problem, no wait, and none who counts."""
        is_well = self.problem is None and self._told_failure is None and self._waiting_since_s is None
        return is_well and self._paused_until is None and not self._counting

    @property
    def paused_until(self) -> datetime | None:
        """Until when nothing is sent, because of the cloud."""
        return self._paused_until

    @property
    def status(self) -> StreamStatus:
        """Return the state of the stream as it is now."""
        cursor = self.cursor or StreamCursor(self.config.stream_id, PlanState(0))
        return StreamStatus(
            delivered_to=None if cursor.last_packet_s is None else utc(cursor.last_packet_s),
            filled_until=utc(cursor.state.position_s) if cursor.state.position_s else None,
            continued_after=None if cursor.continued_after_s is None else utc(cursor.continued_after_s),
            caught_up=self._has_idled and self._awaits_since_s is None,
            backlog=self.backlog,
            delivered=cursor.delivered,
            rejected=cursor.rejected,
            repeated=cursor.repeated,
            holes=cursor.holes,
            resets=cursor.resets,
            revised=self.revised,
            revised_kwh=self.revised_kwh,
            difference_kwh=self.difference_kwh,
            reconciled_at=self.reconciled_at,
            hourly_until=None if cursor.hourly_until_s is None else utc(cursor.hourly_until_s),
            is_paused=self.is_paused,
            problem=self.problem,
            detail=self._detail,
            paused_until=self.paused_until,
        )

    @property
    def backlog(self) -> int | None:
        """How many closed periods are left to deliver; None while nobody has looked."""
        cursor = self.cursor
        if cursor is None or self._closed_s is None:
            return None
        if self._next_row_s is None:
            return 0
        from_s = max(cursor.state.position_s, self._next_row_s)
        return max(0, (self._closed_s - from_s) // self.config.interval_s)

    @callback
    @override
    def notify(self) -> None:
        """Tell those who wait at once, and the listeners soon."""
        self._changed.set()
        super().notify()

    async def async_deliver_until(self, end: datetime, timeout_s: float) -> ForwardCounts:
        """Wait until everything closed before `end` is delivered; a held stream is tried again.

        Raises HomeAssistantError for a stream that cannot go on, and for one that needs longer than the timeout.
        """
        counts = ForwardCounts()
        self._counting.append(counts)
        # What is under way may fail for a reason that is settled by now.
        look, attempt = self._looks + 1, self._attempt + 1
        if self.problem not in FINAL:
            self.report(None)
        self.async_resume()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while not self._is_done(end, look, attempt):
                        self._changed.clear()
                        await self._changed.wait()
            counts.filled_until = self.status.filled_until
            if self.is_paused:
                raise self._failure("stream_paused")
            if self.problem is not None:
                raise self._failure(f"stream_held_{self.problem}")
            if not self._is_done(end, look, attempt):
                raise self._failure("stream_not_done")
        finally:
            self._counting.remove(counts)
        return counts

    def _is_done(self, end: datetime, look: int, attempt: int) -> bool:
        cursor = self.cursor
        reached = cursor is not None and cursor.state.position_s + self.config.interval_s > end.timestamp()
        return reached or self._idle_look >= look or self._has_failed(attempt) or self.is_paused

    def _has_failed(self, attempt: int) -> bool:
        """Tell whether an attempt, or a later one, came to nothing; one that waits for long has for now."""
        waits = self.problem is Problem.CANNOT_CONNECT and self._waiting_since_s is not None
        return self.problem is not None and (waits or self.problem in FINAL or self._failed_attempt >= attempt)

    def note_failed(self) -> None:
        """Note that the attempt came to nothing."""
        self._failed_attempt = self._attempt
        self._changed.set()

    def _failure(self, key: str, **placeholders: str) -> HomeAssistantError:
        filled_until = self.status.filled_until
        placeholders |= {
            "stream": self.config.stream_id,
            "filled_until": "–" if filled_until is None else filled_until.isoformat(),
        }
        return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)

    def begin_look(self) -> int:
        """Note that the recorder is looked at, from now on; returns the number of the look."""
        self.forget_reasons()
        self._looks += 1
        return self._looks

    def note_reading(self, reading: Reading) -> None:
        """Keep up to where periods are closed."""
        self._closed_s, self._next_row_s = reading.closed_s, reading.next_row_s
        self._is_behind = self._is_behind or (self.backlog or 0) > UP_TO_DATE

    def note_awaits(self, now_s: float) -> None:
        """Note that a source of ours has not said yet what there is: for a while after a start, or for ever."""
        self._awaits_since_s = self._awaits_since_s or now_s
        if now_s - self._awaits_since_s > SILENT_S:
            self.raise_notice(Notice.SOURCE_SILENT, utc(self._awaits_since_s).isoformat())

    def note_heard(self) -> None:
        """Note that all sources of ours say what there is."""
        self._awaits_since_s = None
        self.withdraw(Notice.SOURCE_SILENT)

    def note_idle(self, look: int) -> None:
        """Note that a look found nothing more to send."""
        is_change = self._is_behind or not self._has_idled
        self._idle_look = look
        if self._awaits_since_s is not None:
            # Who waits for what can be sent now waits no longer; whether it is all, nobody knows.
            self.notify()
            return
        self._has_idled = True
        self.note_works()
        cursor = self.cursor
        self._cursors.silenced.discard(self.subentry_id)
        if cursor is not None and (self._is_behind or not cursor.has_caught_up) and not cursor.is_fresh:
            self._is_behind, cursor.has_caught_up = False, True
            self.tell(NewsKind.CAUGHT_UP, delivered=cursor.delivered)
        if is_change:
            self.notify_at_once()
        else:
            self.notify()

    def note_accepted(self, steps: Sequence[Step], *, confirmed: int = 0, repeated: int = 0) -> None:
        """Count what the cloud has now for those who wait."""
        self.note_answer()
        self.note_works()
        for counts in self._counting:
            counts.accepted += len(steps)
            counts.confirmed += confirmed
            counts.repeated += repeated
            counts.note_packet(utc(steps[0].end_s))
            counts.note_packet(utc(steps[-1].end_s))

    def note_rejected(self, repeated: int = 0) -> None:
        """Count a period that the cloud refuses for those who wait."""
        self.note_answer()
        for counts in self._counting:
            counts.repeated += repeated
            counts.rejected += 1

    def note_given_up(self, step: Step, answer: str | None, *, is_chosen: bool = False) -> None:
        """Tell of a period that was passed because the cloud refuses it; who chose that need not be shown it."""
        start = utc(step.start_s).isoformat()
        self.tell(NewsKind.REJECTED, start=start, end=utc(step.end_s).isoformat(), answer=answer)
        if not is_chosen:
            self.raise_notice(Notice.REJECTIONS, start)

    def note_resets(self, step: Step) -> None:
        """Tell that a series has fallen: that period is not sent for it."""
        start = utc(step.start_s).isoformat()
        self.tell(NewsKind.RESET, start=start, parameters=", ".join(step.resets))
        self.raise_notice(Notice.SOURCE_RESET, start)

    def note_answer(self) -> None:
        """Forget the waits: the cloud answers."""
        self.forget_waits()
        self.clear(Problem.CANNOT_CONNECT)

    def forget_waits(self) -> None:
        """Wait for the cloud no longer."""
        self._waiting_since_s = self._paused_until = None

    def note_holes(self, holes: int) -> None:
        """Count empty periods for those who wait."""
        for counts in self._counting:
            counts.holes += holes

    @callback
    @override
    def async_dismiss(self, notice: Notice) -> None:
        """Say no more of something; of rows that expire, not before the stream has caught up."""
        if notice is Notice.ROWS_EXPIRING:
            self._cursors.silenced.add(self.subentry_id)
        super().async_dismiss(notice)

    @callback
    def note_wait(self, until: datetime, reason: str) -> None:
        """Show until when nothing is sent, and when the waiting lasts, that the cloud cannot be reached."""
        now_s = self.hass.loop.time()
        self._waiting_since_s = self._waiting_since_s or now_s
        self._paused_until = until
        if now_s - self._waiting_since_s > LONG_WAIT_S and self.problem is None:
            self.report(Problem.CANNOT_CONNECT, reason)
        self.notify()
