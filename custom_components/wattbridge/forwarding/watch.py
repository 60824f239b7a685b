"""What can be seen of a stream from outside: its status, who listens to it, its repair issue, and who waits for it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir

from ..aiowattbridge.wattics import Outcome, Receipt, Wait
from ..const import DOMAIN
from .cursor import StreamCursor
from .model import ForwardCounts, Problem, StreamConfig, StreamStatus, utc
from .source import Reading

# Without an event a stream looks for new rows so often: external statistics fire none.
TIMER_S: Final = 60.0
# The recorder's event comes before its transaction is committed: so long after it we look again for the expected row.
REREADS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# Listeners write states: more often than this helps nobody while thousands of packets go out.
NOTIFY_S: Final = 1.0
LONG_WAIT_S: Final = 300.0

ISSUES: Final = frozenset(Problem) - {Problem.CREDENTIALS, Problem.CANNOT_CONNECT}
# With these a stream is not at work: to try again, its account has to be loaded anew.
FINAL: Final = frozenset({Problem.CREDENTIALS, Problem.CURSOR_CORRUPT, Problem.CURSOR_NEWER, Problem.STOPPED})

_LOGGER = logging.getLogger(__name__)


class StreamWatch:
    """The outside of a stream."""

    def __init__(
        self, hass: HomeAssistant, subentry_id: str, config: StreamConfig, cursors: Mapping[str, StreamCursor]
    ) -> None:
        """Know nothing yet."""
        self.hass = hass
        self.subentry_id = subentry_id
        self.config = config
        self.problem: Problem | None = None
        self.resumed = asyncio.Event()
        self._cursors = cursors
        self._detail: str | None = None
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._counting: list[ForwardCounts] = []
        self._closed_s: int | None = None
        self._next_row_s: int | None = None
        self._expected_s = 0
        self._rereads = 0
        self._looks = 0
        self._idle_look = 0
        self._waiting_since_s: float | None = None
        self._paused_until: datetime | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._notified_s = 0.0

    @property
    def cursor(self) -> StreamCursor | None:
        """How far the stream has come; None before it has a place."""
        return self._cursors.get(self.subentry_id)

    @property
    def is_blocked(self) -> bool:
        """Tell whether the stream must not even begin."""
        return self.problem in {Problem.CURSOR_CORRUPT, Problem.CURSOR_NEWER}

    @property
    def status(self) -> StreamStatus:
        """Return the state of the stream as it is now."""
        cursor = self.cursor
        if cursor is None:
            return StreamStatus(problem=self.problem, detail=self._detail, paused_until=self._paused_until)
        return StreamStatus(
            delivered_to=None if cursor.last_packet_s is None else utc(cursor.last_packet_s),
            filled_until=utc(cursor.state.position_s) if cursor.state.position_s else None,
            continued_after=None if cursor.continued_after_s is None else utc(cursor.continued_after_s),
            caught_up=self._idle_look > 0,
            backlog=self._backlog(cursor),
            delivered=cursor.delivered,
            rejected=cursor.rejected,
            repeated=cursor.repeated,
            holes=cursor.holes,
            resets=cursor.resets,
            problem=self.problem,
            detail=self._detail,
            paused_until=self._paused_until,
        )

    def _backlog(self, cursor: StreamCursor) -> int | None:
        if self._closed_s is None:
            return None
        if self._next_row_s is None:
            return 0
        from_s = max(cursor.state.position_s, self._next_row_s)
        return max(0, (self._closed_s - from_s) // self.config.interval_s)

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when the status changed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_wake(self, expected_s: int = 0) -> None:
        """Look for new rows now; `expected_s` is up to where the recorder says it has compiled."""
        if expected_s > self._expected_s:
            self._expected_s = expected_s
            self._rereads = 0
        self._wake.set()

    @callback
    def async_resume(self) -> None:
        """Try again although the stream is held."""
        self.resumed.set()
        self._wake.set()

    async def async_deliver_until(self, end: datetime, timeout_s: float) -> ForwardCounts:
        """Wait until everything closed before `end` is delivered; a held stream is tried again.

        Raises HomeAssistantError for a stream that cannot go on, and for one that needs longer than the timeout.
        """
        counts = ForwardCounts()
        self._counting.append(counts)
        look = self._looks + 1
        if self.problem not in FINAL:
            self.report(None)
        self.async_resume()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while not self._is_done(end, look):
                        self._changed.clear()
                        await self._changed.wait()
            counts.filled_until = self.status.filled_until
            if self.problem is not None:
                raise self._failure("stream_held", problem=self.problem)
            if not self._is_done(end, look):
                raise self._failure("stream_not_done")
        finally:
            self._counting.remove(counts)
        return counts

    def _is_done(self, end: datetime, look: int) -> bool:
        cursor = self.cursor
        reached = cursor is not None and cursor.state.position_s + self.config.interval_s > end.timestamp()
        return reached or self._idle_look >= look or self.problem is not None

    def _failure(self, key: str, **placeholders: str) -> HomeAssistantError:
        filled_until = self.status.filled_until
        placeholders |= {
            "stream": self.config.stream_id,
            "filled_until": "–" if filled_until is None else filled_until.isoformat(),
        }
        return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)

    @callback
    def notify(self) -> None:
        """Tell those who wait at once, and the listeners soon."""
        self._changed.set()
        loop = self.hass.loop
        if self._timer is None and self._listeners:
            delay_s = max(0.0, self._notified_s + NOTIFY_S - loop.time())
            if delay_s:
                self._timer = loop.call_later(delay_s, self._tell)
            else:
                self._tell()

    @callback
    def _tell(self) -> None:
        self._timer = None
        self._notified_s = self.hass.loop.time()
        for listener in list(self._listeners):
            listener()

    @callback
    def report(self, problem: Problem | None, detail: str | None = None) -> None:
        """Take on a problem, or none: the repair issue and one line in the log follow."""
        if (problem, detail) == (self.problem, self._detail):
            return
        if problem is not None and problem is not self.problem:
            # Without the detail, which may quote the cloud.
            _LOGGER.warning("Forwarding to the stream %s stands still: %s", self.config.stream_id, problem)
        if self.problem in ISSUES and self.problem is not problem:
            ir.async_delete_issue(self.hass, DOMAIN, self._issue_id(self.problem))
        self.problem, self._detail = problem, detail
        if problem in ISSUES:
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                self._issue_id(problem),
                is_fixable=False,
                severity=ir.IssueSeverity.ERROR,
                translation_key=f"stream_{problem}",
                translation_placeholders={"stream": self.config.stream_id, "detail": detail or "–"},
            )
        self.notify()

    def _issue_id(self, problem: Problem) -> str:
        return f"{self.subentry_id}_{problem}"

    @callback
    def clear(self, *problems: Problem) -> None:
        """Take back one of these problems, if the stream has it."""
        if self.problem in problems:
            _LOGGER.info("Forwarding to the stream %s goes on", self.config.stream_id)
            self.report(None)

    def begin_look(self) -> int:
        """Note that the recorder is looked at, from now on; returns the number of the look."""
        self._wake.clear()
        self._looks += 1
        return self._looks

    def note_reading(self, reading: Reading) -> None:
        """Keep up to where periods are closed."""
        self._closed_s, self._next_row_s = reading.closed_s, reading.next_row_s

    def note_idle(self, look: int) -> None:
        """Note that a look found nothing more to send."""
        if not self._idle_look:
            self._notified_s = 0.0
        self._idle_look = look
        self.notify()

    def note_receipt(self, receipt: Receipt) -> None:
        """Count a packet for those who wait."""
        self.note_answer()
        for counts in self._counting:
            counts.repeated += receipt.repeated
            if receipt.outcome is Outcome.REJECTED:
                counts.rejected += 1
                continue
            counts.accepted += 1
            counts.confirmed += receipt.outcome is Outcome.CONFIRMED
            counts.note_packet(receipt.packet.timestamp)

    def note_answer(self) -> None:
        """Forget the waits: the cloud answers."""
        self._waiting_since_s = self._paused_until = None
        self.clear(Problem.CANNOT_CONNECT)

    def note_holes(self, holes: int) -> None:
        """Count empty periods for those who wait."""
        for counts in self._counting:
            counts.holes += holes

    @callback
    def note_wait(self, wait: Wait) -> None:
        """Show until when nothing is sent, and when the waiting lasts, that the cloud cannot be reached."""
        now_s = self.hass.loop.time()
        self._waiting_since_s = self._waiting_since_s or now_s
        self._paused_until = wait.until
        if now_s - self._waiting_since_s > LONG_WAIT_S and self.problem is None:
            self.report(Problem.CANNOT_CONNECT, wait.reason.reason)
        self.notify()

    @callback
    def note_stopped(self) -> None:
        """Let no timer run on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def wait_for_rows(self, *, compiled: bool) -> None:
        """Wait for a reason to look again; `compiled`: the recorder's events tell up to where rows must come."""
        timeout_s = TIMER_S
        if compiled and self._expected_s > (self._closed_s or 0) and self._rereads < len(REREADS_S):
            timeout_s = REREADS_S[self._rereads]
            self._rereads += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
