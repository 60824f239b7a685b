"""One stream at work: read, plan, deliver one by one, and move the cursor only over what has a class."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..aiowattbridge.errors import CredentialsError, WattbridgeError
from ..aiowattbridge.wattics import AnotherSenderError, LastPacket, OrderError, Outcome, Receipt
from .account import Account
from .cursor import CursorError, StreamCursor
from .model import Problem, StreamConfig
from .plan import PlanState, Step, plan
from .reconcile import HeldError, begin, is_behind, reconcile
from .source import Reading, SourceError, StreamSource
from .watch import StreamWatch
from .wire import packet_of, units_of

# So many rejections in a row are no accident of single packets.
REJECTIONS_IN_A_ROW: Final = 3
# A cloud of many machines may need as long until all of them know of a packet.
LAGGING_S: Final = (1.0, 5.0, 15.0)
# How long a stream rests before it looks whether its problem is gone; without a number it waits to be resumed.
REST_S: Final = {
    Problem.SOURCE_MISSING: 60.0,
    Problem.SOURCE_UNFIT: 60.0,
    Problem.CURSOR_UNWRITABLE: 60.0,
    Problem.CANNOT_CONNECT: 60.0,
    Problem.CLOUD_BEHIND: 300.0,
    Problem.ANOTHER_SENDER: 300.0,
}

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A period whose class is known only when a later packet is accepted: rejected, or a hole after one."""

    step: Step
    answer: str | None


class StreamEngine(StreamWatch):
    """Forwards one stream until it is stopped; what it does can be watched."""

    def __init__(self, account: Account, subentry_id: str, config: StreamConfig) -> None:
        """Prepare a stream; nothing runs yet."""
        super().__init__(account.hass, subentry_id, config, account.cursors)
        self._account = account
        self._source = StreamSource(account.hass, config, units_of(config))
        self._state = PlanState(0)
        self._pending: list[_Pending] = []
        self._task: asyncio.Task[None] | None = None
        self._agreed = False
        self._began = False
        self._cloud_tells = False
        self._in_flight = False

    @callback
    def async_start(self) -> None:
        """Begin to forward."""
        if self._task is None and not self.is_blocked:
            name = f"wattbridge stream {self.subentry_id}"
            self._task = self._account.entry.async_create_background_task(self.hass, self._run(), name)
            self._task.add_done_callback(self._ended)

    async def async_stop(self) -> None:
        """Stop where we are; the cursor knows how to go on."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.note_stopped()
        cursor = self.cursor
        if cursor is not None and cursor.unsure and not self._in_flight:
            cursor.unsure = False
            self._account.committer.mark()

    async def async_reconfigure(self, config: StreamConfig) -> None:
        """Go on with other settings from the same place; another stream id begins anew."""
        await self.async_stop()
        if config.stream_id != self.config.stream_id and not self.is_blocked:
            self._account.cursors.pop(self.subentry_id, None)
            self._account.committer.mark()
        self.config = config
        self._source = StreamSource(self.hass, config, units_of(config))
        self._agreed = False
        if not self.is_blocked:
            self.report(None)
            self.async_start()

    @property
    def source(self) -> StreamSource:
        """The series of the stream."""
        return self._source

    @property
    def state(self) -> PlanState:
        """From where the stream plans on."""
        return self._state

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say so when the stream ended by an error that nobody foresaw; the other streams go on."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("Forwarding of a stream stopped unexpectedly", exc_info=error)
            self.report(Problem.STOPPED, type(error).__name__)

    async def _run(self) -> None:
        """Forward for ever: what stands in the way is said, waited out, and tried again."""
        while True:
            try:
                await self._forward()
            except CredentialsError:
                # Signing in again reloads the entry, and with it this stream.
                self.report(Problem.CREDENTIALS)
                self._account.entry.async_start_reauth(self.hass)
                return
            except SourceError as err:
                self.report(err.problem, err.statistic)
            except HeldError as err:
                self._agreed = False
                self.report(err.problem, err.detail)
            except CursorError as err:
                self.report(err.problem, str(err))
                await self._rest(err.problem)
                await self._write_again()
                continue
            except (AnotherSenderError, OrderError) as err:
                self._agreed = False
                self.report(Problem.ANOTHER_SENDER, _newest(err).isoformat())
            except WattbridgeError as err:
                self._agreed = False
                self.report(Problem.CANNOT_CONNECT, err.reason)
            except SQLAlchemyError as err:
                _LOGGER.warning("The recorder could not be read for forwarding: %s", type(err).__name__)
                await self._wait()
                continue
            await self._rest(self.problem)

    async def _rest(self, problem: Problem | None) -> None:
        self.resumed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if problem is None else REST_S.get(problem)):
                await self.resumed.wait()

    async def _write_again(self) -> None:
        with suppress(CursorError):
            await self._account.committer.flush()
            self.clear(Problem.CURSOR_UNWRITABLE)

    async def _wait(self) -> None:
        await self.wait_for_rows(compiled=self._source.has_entities)

    async def _forward(self) -> None:
        """Agree with the cloud on where we are, then send period after period as they close."""
        if not self._agreed:
            await self._agree()
        while True:
            look = self.begin_look()
            reading = await self._read(self._state.position_s)
            self.clear(Problem.SOURCE_MISSING, Problem.SOURCE_UNFIT)
            if reading.batch is None:
                self.note_idle(look)
                await self._wait()
                continue
            for step in plan(self.config, self._state, reading.batch):
                await self._take(step)

    async def _read(self, position_s: int, *, replay_to_s: int | None = None) -> Reading:
        reading = await self._source.read(position_s, dt_util.utcnow().timestamp(), replay_to_s=replay_to_s)
        self.note_reading(reading)
        return reading

    async def _agree(self) -> None:
        """Ask the cloud for its last packet and find the place to go on from."""
        config, cursor = self.config, self.cursor
        last = await self._last_packet(cursor)
        now_s = dt_util.utcnow().timestamp()
        self._cloud_tells = last is not None
        if cursor is None or cursor.stream_id != config.stream_id:
            cursor = begin(config, last, now_s)
        elif last is not None:
            cursor = await reconcile(config, cursor, last, now_s, self._replay)
        elif cursor.unsure and not self._began:
            # We did not stop cleanly and the cloud cannot say what it has: the next packet may be there already.
            cursor.repeated += 1
        cursor.unsure = not self._cloud_tells
        self._account.cursors[self.subentry_id] = cursor
        self._pending.clear()
        self._state = cursor.state
        self._account.committer.mark()
        await self._account.committer.flush()
        self._agreed = self._began = True
        self.clear(Problem.ANOTHER_SENDER, Problem.CLOUD_BEHIND)
        self.notify()

    async def _last_packet(self, cursor: StreamCursor | None) -> LastPacket | None:
        """Ask for the cloud's last packet; an answer from before our cursor may only come a moment too early."""
        ask = self._account.sender.last_packet
        last = await ask(self.config.stream_id)
        for delay_s in LAGGING_S:
            if cursor is None or not is_behind(cursor, last):
                break
            await asyncio.sleep(delay_s)
            last = await ask(self.config.stream_id)
        self.note_answer()
        return last

    async def _replay(self, state: PlanState, end_s: int) -> AsyncIterator[Step]:
        """Plan again what follows a state up to a time, waiting for series that are not whole yet."""
        while state.position_s < end_s:
            reading = await self._read(state.position_s, replay_to_s=end_s)
            if reading.batch is None:
                await self._wait()
                continue
            for step in plan(self.config, state, reading.batch):
                yield step
                state = step.after

    async def _take(self, step: Step) -> None:
        """Deliver a step and move the cursor over it when its class is certain."""
        if step.values is None:
            self._state = step.after
            self._pass(step)
            return
        committer = self._account.committer
        if committer.error is not None:
            raise committer.error
        self._in_flight = True
        receipt = await self._account.sender.deliver(packet_of(self.config, step, dt_util.get_default_time_zone()))
        self._in_flight = False
        self._state = step.after
        self.note_receipt(receipt)
        if receipt.outcome is Outcome.REJECTED:
            self._reject(step, receipt)
        else:
            await self._accept(step, receipt)

    def _pass(self, step: Step) -> None:
        if self._pending:
            self._pending.append(_Pending(step, None))
            return
        self.note_holes(self._moving.pass_hole(step, self.config.interval_s))
        self._moved()

    def _reject(self, step: Step, receipt: Receipt) -> None:
        """Keep a rejection until we know whether it is the packet or the stream; hold the stream in the second case."""
        answer = f"{receipt.status}: {receipt.answer}" if receipt.answer else str(receipt.status)
        self._pending.append(_Pending(step, answer))
        in_a_row = sum(1 for pending in self._pending if pending.step.values is not None)
        if self._moving.is_fresh or in_a_row >= REJECTIONS_IN_A_ROW:
            self._pending.clear()
            self._state = self._moving.state
            raise HeldError(Problem.REJECTED, answer)

    async def _accept(self, step: Step, receipt: Receipt) -> None:
        """Move over the packet, and over what was waiting for one to be accepted."""
        cursor = self._moving
        for pending in self._pending:
            if pending.step.values is None:
                self.note_holes(cursor.pass_hole(pending.step, self.config.interval_s))
            else:
                cursor.reject(pending.step, pending.answer)
        self._pending.clear()
        cursor.accept(step, receipt.repeated)
        self.clear(Problem.REJECTED)
        self._moved()
        if not self._cloud_tells:
            await self._account.committer.flush()
            await self._ask_again(cursor)

    async def _ask_again(self, cursor: StreamCursor) -> None:
        """Ask a cloud that said nothing about an empty stream again, now that it has a packet."""
        if cursor.delivered == 1:
            last = await self._account.sender.last_packet(self.config.stream_id)
            self._cloud_tells = last is not None
            cursor.unsure = not self._cloud_tells

    @property
    def _moving(self) -> StreamCursor:
        return self._account.cursors[self.subentry_id]

    def _moved(self) -> None:
        self._account.committer.mark()
        self.notify()


def _newest(err: AnotherSenderError | OrderError) -> datetime:
    return (err.filled_until if isinstance(err, OrderError) else err.last).astimezone(UTC)
