"""One stream at work: read, plan, have it delivered, and stand still where somebody has to look first."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from homeassistant.core import callback
from sqlalchemy.exc import SQLAlchemyError

from ..aiowattbridge.errors import CredentialsError, RejectedError, WattbridgeError
from .account import Account, HourWay
from .ahead import ReadAhead
from .courier import Courier, answer_of
from .cursor import CursorError
from .desk import StreamDesk
from .errands import Errands
from .hours import HourCourier
from .model import Choice, Notice, Problem, SourceError, StreamConfig, utc
from .packets import PacketCourier
from .plan import Batch, PlanState, Step, plan
from .reconcile import HeldError
from .review import StreamReview
from .source import Reading, StreamSource
from .wire import units_of

# How long a stream rests before it looks whether its problem is gone; without a number it waits to be resumed.
REST_S: Final = {
    Problem.SOURCE_MISSING: 60.0,
    Problem.SOURCE_UNFIT: 60.0,
    Problem.UNIT_CHANGED: 60.0,
    Problem.CURSOR_UNWRITABLE: 60.0,
    Problem.CANNOT_CONNECT: 60.0,
    Problem.CLOUD_BEHIND: 300.0,
    Problem.ANOTHER_SENDER: 300.0,
}
# What somebody can do about a problem, the mildest first; about all others: to try again.
CHOICES: Final[Mapping[Problem, tuple[Choice, ...]]] = {
    Problem.REJECTED: (Choice.RETRY, Choice.SKIP),
    Problem.ANOTHER_SENDER: (Choice.RETRY, Choice.FOLLOW_CLOUD),
    Problem.CLOUD_BEHIND: (Choice.RETRY, Choice.KEEP_CURSOR),
    Problem.CREDENTIALS: (),
    Problem.CURSOR_NEWER: (),
    Problem.CURSOR_CORRUPT: (Choice.BEGIN_ANEW,),
    Problem.DATABASE_NEW: (Choice.GO_ON, Choice.PAUSE),
}
# So long before the recorder drops what is not sent yet, somebody should know.
EXPIRING_S: Final = 24 * 3600.0
# It drops them once a day: so long afterwards they are surely gone, and there is nothing left to be saved.
PURGING_S: Final = 24 * 3600.0
# With so many periods left of what was read, the next ones are read.
AHEAD_PERIODS: Final = 200
# What is on its way when somebody pauses a stream may arrive, unless it takes longer than this.
GRACE_S: Final = 2.0

_SOURCE_PROBLEMS: Final = (
    Problem.SOURCE_MISSING,
    Problem.SOURCE_UNFIT,
    Problem.UNIT_CHANGED,
)
_LOGGER = logging.getLogger(__name__)


class StreamEngine(StreamDesk):
    """Forwards one stream until it is stopped; what it does can be watched."""

    def __init__(self, account: Account, subentry_id: str, config: StreamConfig) -> None:
        """Prepare a stream; nothing runs yet."""
        super().__init__(account, subentry_id, config)
        self._ahead = ReadAhead(self.read)
        self.courier = self._new_courier()
        self.review = StreamReview(self, lambda: self.courier)
        self._task: asyncio.Task[None] | None = None
        self._agreed = False
        # What others have begun on the past of the stream.
        self.errands = Errands(self.hass, self.entry)

    def _new_courier(self) -> Courier:
        way = self.account.way
        return HourCourier(self, way) if isinstance(way, HourWay) else PacketCourier(self, way.sender)

    @callback
    def async_start(self) -> None:
        """Begin to forward, unless somebody paused the stream."""
        if self._task is None and not self.is_blocked and not self.is_paused:
            name = f"wattbridge stream {self.subentry_id}"
            self._task = self.entry.async_create_background_task(self.hass, self._run(), name)
            self._task.add_done_callback(self._ended)

    async def async_stop(self) -> None:
        """Stop where we are; the cursor knows how to go on."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.errands.async_end()
        self._ahead.drop()
        self.forget_waits()
        self.note_stopped()
        self.courier.note_stopped()

    async def async_reconfigure(self, config: StreamConfig) -> None:
        """Go on with other settings from the same place; another stream id begins anew."""
        await self.async_stop()
        if config.stream_id != self.config.stream_id and not self.is_blocked:
            self.account.cursors.pop(self.subentry_id, None)
            self.state = PlanState(0)
            self.ledger.clear()
            self.withdraw(*Notice)
            self.account.committer.mark()
        self.config = config
        self.source = StreamSource(self.hass, config, units_of(config))
        self.courier = self._new_courier()
        self._agreed = False
        if not self.is_blocked:
            self.report(None)
            self.async_start()

    async def async_set_paused(self, paused: bool) -> None:  # noqa: FBT001 - the one thing that is set
        """Pause the stream, or let it go on; that stays so over restarts."""
        if paused == self.is_paused:
            return
        if paused:
            self.account.cursors.paused.add(self.subentry_id)
            self.async_resume()
            if self._task is not None:
                # What is on its way had better arrive: not every cloud can tell afterwards whether it did.
                await asyncio.wait((self._task,), timeout=GRACE_S)
            if self.is_paused:
                await self.async_stop()
            if not self.is_paused:
                # Somebody has let it go on meanwhile.
                self.async_start()
                return
            if not self.is_blocked:
                self.report(None)
        else:
            self.account.cursors.paused.discard(self.subentry_id)
            self._agreed = False
            self.async_start()
        if not self.is_blocked:
            self.account.committer.mark()
        self.notify_at_once()

    @callback
    def async_send_now(self) -> None:
        """Look for new rows now; a stream that stands still is tried again."""
        if self.problem is Problem.STOPPED:
            self.report(None)
            self.async_start()
        self.async_resume()

    @callback
    def async_agree_anew(self) -> None:
        """Find out where we are once more: what the cloud says does not go with what we know."""
        self._agreed = False
        self.async_wake()

    @callback
    def async_check_expiry(self) -> None:
        """Tell in time when a stream that stands still is about to lose its short rows to the recorder's purge."""
        cursor = self.cursor
        expires_s = self.source.expires_s(cursor.state.position_s) if self.stands_still and cursor is not None else None
        left_s = None if expires_s is None else expires_s - self.now_s()
        if expires_s is None or left_s is None or not -PURGING_S < left_s < EXPIRING_S:
            self.withdraw(Notice.ROWS_EXPIRING)
        elif self.subentry_id not in self.account.cursors.silenced:
            self.raise_notice(Notice.ROWS_EXPIRING, utc(expires_s).isoformat())

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be done about the present problem."""
        if self.problem is None:
            return ()
        choices = CHOICES.get(self.problem, (Choice.RETRY,))
        return tuple(choice for choice in choices if choice is not Choice.SKIP or self.courier.can_skip())

    async def async_choose(self, choice: Choice) -> None:
        """Do what somebody chose about the present problem; raises ValueError for what cannot be done."""
        if choice not in self.choices:
            raise ValueError(f"{choice} is no choice about {self.problem}")
        if choice is Choice.PAUSE:
            await self.async_set_paused(paused=True)
            return
        if choice is Choice.BEGIN_ANEW:
            await self.account.begin_anew()
            return
        if choice is Choice.GO_ON:
            # The new sums have nothing to do with those that are kept: count from the next ones.
            cursor = self.moving
            cursor.state = self.state = cursor.state._replace(last_sums={}, uncounted_firsts=frozenset())
            self.ledger.begin_at(cursor.state.position_s)
            self.clear(Problem.DATABASE_NEW)
            self.moved()
        self.courier.choose(choice)
        self.async_send_now()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say so when the stream ended by an error that nobody foresaw; the other streams go on."""
        if self._task is task:
            self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("Forwarding of a stream stopped unexpectedly", exc_info=error)
            self.report(Problem.STOPPED, type(error).__name__)

    async def _run(self) -> None:
        """Forward until somebody pauses the stream: what stands in the way is said, waited out, and tried again."""
        while not self.is_paused:
            self.begin_attempt()
            try:
                await self._forward()
                continue
            except CredentialsError:
                # Signing in again reloads the entry, and with it this stream.
                self.report(Problem.CREDENTIALS)
                self.entry.async_start_reauth(self.hass)
                return
            except SourceError as err:
                self.report(err.problem, err.statistic)
            except HeldError as err:
                self._agreed = False
                self.report(err.problem, err.detail)
            except CursorError as err:
                self.report(err.problem, str(err))
                self.note_failed()
                await self._rest(err.problem)
                await self._write_again()
                continue
            except RejectedError as err:
                self.report(Problem.REJECTED, answer_of(err.status, err.answer))
            except WattbridgeError as err:
                self._agreed = False
                self.report(Problem.CANNOT_CONNECT, err.reason)
            except SQLAlchemyError as err:
                _LOGGER.warning("The recorder could not be read for forwarding: %s", type(err).__name__)
                await self.wait()
                continue
            self.note_failed()
            await self._rest(self.problem)

    async def _rest(self, problem: Problem | None) -> None:
        if self.is_paused:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None if problem is None else REST_S.get(problem)):
                await self.resumed.wait()

    async def _write_again(self) -> None:
        with suppress(CursorError):
            await self.account.committer.flush()
            self.clear(Problem.CURSOR_UNWRITABLE)

    async def _forward(self) -> None:
        """Agree with the cloud on where we are, then send period after period as they close."""
        if not self._agreed:
            await self.courier.async_agree()
            self._agreed = True
            self.clear(Problem.ANOTHER_SENDER, Problem.CLOUD_BEHIND)
            self.notify()
        while self._agreed and not self.is_paused:
            look = self.begin_look()
            reading = await self._ahead.take(self.state.position_s)
            self.note_sources(reading, self.state.position_s)
            self.clear(*_SOURCE_PROBLEMS)
            if reading.batch is None:
                self.note_idle(look)
                await self.review.async_look_if_due()
                await self.wait()
                continue
            await self.courier.async_take(self._planned(reading, reading.batch))

    def _planned(self, reading: Reading, batch: Batch) -> Iterator[Step]:
        """Plan what was read; with the first step it is certain that its sums go on from ours.

        Towards the end the next batch is read: earlier, it would be old when its turn comes.
        """
        ahead_from_s = batch.end_s - AHEAD_PERIODS * batch.interval_s
        for step in plan(self.config, self.state, batch):
            self.clear(Problem.DATABASE_NEW)
            if step.end_s > ahead_from_s:
                self._ahead.begin(reading)
            yield step
