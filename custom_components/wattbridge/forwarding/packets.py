"""Carries packets, one by one and in order: for a cloud where nothing can be put in front of what it has."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Final, override

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..aiowattbridge.wattics import AnotherSenderError, LastPacket, OrderError, Outcome, Packet, Sender
from .courier import Courier, answer_of
from .cursor import StreamCursor
from .desk import StreamDesk
from .model import Choice, Problem, StreamConfig
from .plan import Step
from .reconcile import HeldError, begin, follow, is_behind, keep, reconcile
from .wire import async_zone_of, packet_of

# A cloud of many machines may need as long until all of them know of a packet.
LAGGING_S: Final = (1.0, 5.0, 15.0)
# So many packets are made at a time. More would make the garbage collector stop the event loop for longer.
AHEAD: Final = 8


class PacketCourier(Courier):
    """Delivers to a stream of packets, and asks for the last one where that tells what arrived."""

    def __init__(self, desk: StreamDesk, sender: Sender) -> None:
        """Know nothing of the cloud's side yet."""
        super().__init__(desk)
        self._sender = sender
        self._choice: Choice | None = None
        self._has_begun = False
        self._cloud_tells = False
        self._in_flight = False
        self._zone: tzinfo | None = None

    @override
    async def async_agree(self) -> None:
        """Ask the cloud for its last packet and find the place to go on from."""
        desk, cursor = self._desk, self._desk.cursor
        self.start_over()
        self._zone = await async_zone_of(desk.config) if desk.config.time_zone else None
        last = await self._last_packet(cursor)
        self._cloud_tells = last is not None
        cursor = await self._agreed(cursor, last)
        cursor.unsure = not self._cloud_tells
        self._has_begun, self._choice = True, None
        await desk.place(cursor)

    async def _agreed(self, cursor: StreamCursor | None, last: LastPacket | None) -> StreamCursor:
        """Return the cursor to go on from; raises HeldError where that is not certain."""
        desk, now_s = self._desk, self._desk.now_s()
        if cursor is None or cursor.stream_id != desk.config.stream_id:
            # The sender may know it from before: somebody changed the id to another one, and back.
            self._sender.forget(desk.config.stream_id)
            return begin(desk.config, last, now_s)
        if last is None:
            if cursor.unsure and not self._has_begun:
                # We did not stop cleanly and the cloud cannot say what it has: the next packet may be there already.
                cursor.repeated += 1
            return cursor
        if self._choice is Choice.FOLLOW_CLOUD:
            return follow(desk.config, cursor, last, now_s)
        if self._choice is Choice.KEEP_CURSOR and is_behind(cursor, last):
            return keep(desk.config, cursor, last)
        return await reconcile(desk.config, cursor, last, now_s, desk.replay)

    async def _last_packet(self, cursor: StreamCursor | None) -> LastPacket | None:
        """Ask for the cloud's last packet; an answer from before our cursor may only come a moment too early."""
        last = await self._ask()
        for delay_s in LAGGING_S:
            if cursor is None or not is_behind(cursor, last):
                break
            await asyncio.sleep(delay_s)
            last = await self._ask()
        return last

    async def _ask(self) -> LastPacket | None:
        last = await self._sender.last_packet(self._desk.config.stream_id)
        self._desk.last_packet = last
        self._desk.note_answer()
        return last

    @override
    async def async_take(self, steps: Iterable[Step]) -> None:
        """Deliver steps one by one until somebody pauses the stream; each is settled before the next goes out."""
        coming = Coming(iter(steps), self._desk.config, self._zone or dt_util.get_default_time_zone())
        try:
            while (ready := coming.take()) is not None:
                step, packet = ready
                if self._desk.is_paused:
                    return
                if packet is None:
                    self.hole(step)
                    continue
                if coming.is_empty:
                    # While a packet is on its way the next ones are made.
                    self._desk.hass.loop.call_soon(coming.look_ahead)
                await self._deliver(step, packet)
        finally:
            self.catch_up()

    async def _deliver(self, step: Step, packet: Packet) -> None:
        desk = self._desk
        desk.check_writable()
        self._in_flight = True
        try:
            receipt = await self._sender.deliver(packet)
        except (AnotherSenderError, OrderError) as err:
            raise HeldError(Problem.ANOTHER_SENDER, _newest(err).isoformat()) from err
        self._in_flight = False
        if receipt.outcome is Outcome.REJECTED:
            self.reject(step, answer_of(receipt.status, receipt.answer), repeated=receipt.repeated)
            return
        if receipt.outcome is Outcome.ACCEPTED and not receipt.repeated and self.is_usual(step):
            self.accept_usual(step)
        else:
            self.accept((step,), confirmed=receipt.outcome is Outcome.CONFIRMED, repeated=receipt.repeated)
        if not self._cloud_tells:
            await desk.account.committer.flush()
            await self._ask_again(desk.moving)

    async def _ask_again(self, cursor: StreamCursor) -> None:
        """Ask a cloud that said nothing about an empty stream again, now that it has a packet."""
        if cursor.delivered == 1:
            self._cloud_tells = await self._ask() is not None
            cursor.unsure = not self._cloud_tells

    @override
    def choose(self, choice: Choice) -> None:
        """Do what somebody chose; where to go on is settled when the cloud is asked again."""
        super().choose(choice)
        self._choice = choice

    @override
    def note_stopped(self) -> None:
        """Be sure again of what the cloud has: nothing was on its way."""
        cursor = self._desk.cursor
        if cursor is not None and cursor.unsure and not self._in_flight:
            cursor.unsure = False
            self._desk.account.committer.mark()


class Coming:
    """The steps that come, with their packets where they have one; as many are ready as there was time to make."""

    def __init__(self, steps: Iterator[Step], config: StreamConfig, zone: tzinfo) -> None:
        """Have looked at none yet."""
        self._steps = steps
        self._config = config
        self._zone = zone
        self._ready: deque[tuple[Step, Packet | None]] = deque()

    @property
    def is_empty(self) -> bool:
        """Tell whether none is ready."""
        return not self._ready

    def take(self) -> tuple[Step, Packet | None] | None:
        """Return the next step and its packet; None after the last one."""
        if not self._ready:
            self._make(1)
        if not self._ready:
            return None
        step, packet = self._ready.popleft()
        return step, self._packet_of(step) if packet is None else packet

    @callback
    def look_ahead(self) -> None:
        """Plan some steps and make their packets: many at a time cost half as much as one by one."""
        if not self._ready:
            self._make(AHEAD)

    def _make(self, most: int) -> None:
        for step in islice(self._steps, most):
            packet = None
            try:
                packet = self._packet_of(step)
            finally:
                # What cannot be made is no reason to leave the step out: it says so when it is taken.
                self._ready.append((step, packet))

    def _packet_of(self, step: Step) -> Packet | None:
        return None if step.values is None else packet_of(self._config, step, self._zone)


def _newest(err: AnotherSenderError | OrderError) -> datetime:
    return (err.filled_until if isinstance(err, OrderError) else err.last).astimezone(UTC)
