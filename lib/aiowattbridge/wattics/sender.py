"""The sender: many streams at once, strict order within each, and no packet given up.

A sender stands between the caller and the client, one per account. For every stream it keeps at most one packet on its
way (stop and wait), so nothing newer can overtake it. What happens to that packet:

- accepted, or refused for good (4xx): the delivery ends with a `Receipt`;
- no connection, no answer, 408, 425, 429, 5xx: it is sent again for as long as it takes, after waits that grow;
- `Retry-After`: nothing of any stream of the account is sent before it is over;
- 401 or 403: every stream stops with `CredentialsError` until `resume`;
- its answer was lost, so nobody knows whether it was stored: the cloud's last packet decides before it is repeated.

Two ways in share the streams and their order. `deliver` is for callers that want to decide after every packet:

    receipt = await sender.deliver(packet)

`submit` is for callers that have many; it waits for room when the stream's queue is full, and `drain` for the rest:

    async with Sender(client, on_receipt=print) as sender:
        for packet in packets:
            await sender.submit(packet)
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Self

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import CredentialsError
from .delivery import Account, Delivery, Lane, Patience
from .receipts import AnotherSenderError, OrderError
from .window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random
    from types import TracebackType

    from .delivery import PacketClient
    from .packets import LastPacket, Packet
    from .receipts import Receipt, Wait


@dataclass(slots=True)
class _Backlog:
    """What was submitted for one stream and is not settled yet, the packet on its way being the first."""

    packets: deque[Packet] = field(default_factory=deque)
    # Held by the one whose submission is next, so that those who wait for room keep their order.
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    room: asyncio.Event = field(default_factory=asyncio.Event)
    newest: datetime | None = None
    problem: OrderError | AnotherSenderError | None = None
    worker: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody works on it."""
        return self.worker is None or self.worker.done()


class Sender:
    """Sends the packets of many streams at once, each stream's in order, for as long as it takes.

    `on_receipt` is called for every settled packet, `on_wait` for every wait; both from the event loop, so that what
    goes wrong in them goes to its exception handler and not into a stream.
    """

    def __init__(
        self,
        client: PacketClient,
        *,
        clock: Clock = SYSTEM_CLOCK,
        random: Random | None = None,
        max_in_flight: int = 64,
        queue_size: int = 100,
        on_wait: Callable[[Wait], None] | None = None,
        on_receipt: Callable[[Receipt], None] | None = None,
    ) -> None:
        """Bound what is on its way for the account and what waits of each stream."""
        random = random or SystemRandom()
        self._window = Window(clock, random, max_in_flight, self._wake_all)
        self._account = Account(client, self._window, clock, random, on_wait)
        self._queue_size = queue_size
        self._on_receipt = on_receipt
        self._lanes: dict[str, Lane] = {}
        self._backlogs: dict[str, _Backlog] = {}

    @property
    def paused_until(self) -> datetime | None:
        """When the cloud lets the account send again; None while it may."""
        return self._window.paused_until

    def pause(self, delay_s: float) -> None:
        """Send nothing for so long: the cloud has asked for it before, maybe of another sender of the account."""
        if delay_s > 0:
            self._window.pause(delay_s)

    @property
    def pending(self) -> int:
        """How many submitted packets are not settled yet."""
        return sum(len(backlog.packets) for backlog in self._backlogs.values())

    def filled_until(self, stream_id: str, instant: datetime) -> None:
        """Take note that a stream is filled up to an instant: nothing as old or older will be sent."""
        self._lane(stream_id).fill(instant)

    def forget(self, stream_id: str) -> None:
        """Know nothing of a stream any more, since it is begun anew; raises RuntimeError while a packet is settled."""
        lane = self._lanes.get(stream_id)
        if lane is not None and lane.turn.locked():
            raise RuntimeError(f"stream {stream_id} is at work")
        self._lanes.pop(stream_id, None)

    def accepted_until(self, stream_id: str) -> datetime | None:
        """Return the instant (UTC) of the last packet of a stream that was accepted through this sender."""
        return self._lane(stream_id).accepted_until

    async def deliver(self, packet: Packet) -> Receipt:
        """Send a packet in its stream's turn, and return when it is settled, before anything newer of it is sent.

        Raises OrderError for a packet that is not newer than what its stream has, CredentialsError when the account
        stops (also while it waits), AnotherSenderError when somebody else fills the stream. May be cancelled at any
        time: the stream remembers that a packet was on its way, and asks the cloud before that packet is sent again.
        """
        lane = self._lane(packet.stream_id)
        async with lane.turn:
            receipt = await Delivery(self._account, lane, packet).run()
        if self._on_receipt is not None:
            asyncio.get_running_loop().call_soon(self._on_receipt, receipt)
        return receipt

    async def last_packet(self, stream_id: str) -> LastPacket | None:
        """Ask for a stream's last packet in the stream's turn, patiently and within the account's pauses.

        None where the cloud does not know or cannot say it readably.
        """
        lane = self._lane(stream_id)
        async with lane.turn:
            return await self._account.last_packet(stream_id, Patience(self._account, stream_id))

    async def submit(self, packet: Packet) -> None:
        """Queue a packet; a full queue makes it wait until half of it is settled. `on_receipt` tells how it ended.

        Raises OrderError unless the packet is newer than all before it, CredentialsError while the account is stopped,
        and what stopped the stream if its order was broken. When it raises or is cancelled, the packet is not queued.
        """
        lane = self._lane(packet.stream_id)
        backlog = self._backlog(packet.stream_id)
        async with backlog.gate:
            await self._wait_for_room(backlog)
            instant = packet.instant
            lane.check(instant)
            if backlog.newest is not None and instant <= backlog.newest:
                raise OrderError(lane.stream_id, instant, backlog.newest)
            backlog.newest = instant
            backlog.packets.append(packet)
            self._set_to_work(backlog)

    async def drain(self) -> None:
        """Wait until everything submitted is settled.

        Raises CredentialsError as soon as the account stops, and in the end what stopped a stream, if one was stopped.
        """
        while workers := [backlog.worker for backlog in self._backlogs.values() if not backlog.is_idle]:
            self._window.raise_if_refused()
            await self._window.unless_refused(asyncio.wait([worker for worker in workers if worker is not None]))
        for backlog in self._backlogs.values():
            if backlog.worker is not None and not backlog.worker.cancelled():
                backlog.worker.result()
            if backlog.problem is not None:
                raise backlog.problem

    def take_back(self, stream_id: str) -> list[Packet]:
        """Empty the queue of a stopped stream and let it start anew; returns what was not settled, in order."""
        backlog = self._backlog(stream_id)
        if not backlog.is_idle:
            raise RuntimeError(f"stream {stream_id} is at work")
        packets = list(backlog.packets)
        backlog.packets.clear()
        backlog.newest = backlog.problem = None
        backlog.room.set()
        return packets

    def resume(self, client: PacketClient | None = None) -> None:
        """Go on after CredentialsError, where a client with new credentials is given with that one."""
        if client is not None:
            self._account.client = client
        self._window.resume()

    async def aclose(self) -> None:
        """Stop working on the queues; what is left in them stays `pending`."""
        workers = [backlog.worker for backlog in self._backlogs.values() if backlog.worker is not None]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle all that was submitted; after an error only stop."""
        try:
            if kind is None:
                await self.drain()
        finally:
            await self.aclose()

    def _lane(self, stream_id: str) -> Lane:
        """Return what we know of a stream."""
        if (lane := self._lanes.get(stream_id)) is None:
            lane = self._lanes[stream_id] = Lane(stream_id)
        return lane

    def _backlog(self, stream_id: str) -> _Backlog:
        """Return a stream's queue."""
        if (backlog := self._backlogs.get(stream_id)) is None:
            backlog = self._backlogs[stream_id] = _Backlog()
        return backlog

    async def _wait_for_room(self, backlog: _Backlog) -> None:
        """Return when the queue takes another packet; raise when it will not."""
        while True:
            self._window.raise_if_refused()
            if backlog.problem is not None:
                raise backlog.problem
            if len(backlog.packets) < self._queue_size:
                return
            self._set_to_work(backlog)
            backlog.room.clear()
            # A refusal of the credentials sets it too, which costs less than to wait for either with every packet.
            await backlog.room.wait()

    def _wake_all(self) -> None:
        """Let all that wait for room see that there will be none."""
        for backlog in self._backlogs.values():
            backlog.room.set()

    def _set_to_work(self, backlog: _Backlog) -> None:
        """Make sure that somebody works on a queue; raises what should never have ended that work."""
        if backlog.is_idle:
            if backlog.worker is not None and not backlog.worker.cancelled():
                backlog.worker.result()
            backlog.worker = asyncio.create_task(self._work(backlog))

    async def _work(self, backlog: _Backlog) -> None:
        """Settle a stream's packets one by one; a packet leaves the queue only when it is settled."""
        enough = self._queue_size // 2
        try:
            while backlog.packets:
                try:
                    await self.deliver(backlog.packets[0])
                except CredentialsError:
                    await self._window.wait_until_resumed()
                    continue
                except (OrderError, AnotherSenderError) as error:
                    backlog.problem = error
                    return
                backlog.packets.popleft()
                if len(backlog.packets) <= enough:
                    # Whoever waits is not woken for every packet: it finds room for many.
                    backlog.room.set()
        finally:
            backlog.room.set()
