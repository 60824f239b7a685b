"""One packet's way to its cloud: send, wait, ask whether it arrived, send again, until it is settled."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from ..errors import CredentialsError, RejectedError, ResponseError, TryLaterError, WattbridgeError
from ..retry import RetryPolicy
from .receipts import AnotherSenderError, OrderError, Outcome, Receipt, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from ..clock import Clock
    from .client import SendAnswer
    from .packets import LastPacket, Packet
    from .window import Window

# Only the waits count here: a packet is tried for as long as it takes.
PATIENCE: Final = RetryPolicy(base_s=2, cap_s=300)
# A spoiled answer may come from a proxy on a bad day, so we ask again; so many are the cloud's way of not saying.
SPOILED_ANSWERS: Final = 5


class PacketClient(Protocol):
    """What a sender needs of a client: every call is one request."""

    async def send(self, packet: Packet) -> SendAnswer:
        """Send one packet."""
        ...

    async def ask_last_packet(self, stream_id: str) -> LastPacket | None:
        """Ask for a stream's last packet; None where the cloud does not say, ResponseError for a spoiled answer."""
        ...


@dataclass(slots=True)
class Lane:
    """What we know of one stream: whose turn it is and how far it is filled."""

    stream_id: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    filled_until: datetime | None = None
    accepted_until: datetime | None = None
    # The newest instant that was sent and may have been accepted without our knowing.
    doubtful: datetime | None = None

    def check(self, instant: datetime) -> None:
        """Refuse a packet that is not newer than what the stream has."""
        if self.filled_until is not None and instant <= self.filled_until:
            raise OrderError(self.stream_id, instant, self.filled_until)

    def fill(self, instant: datetime) -> None:
        """Take note that the stream is filled up to an instant."""
        if self.filled_until is None or instant > self.filled_until:
            self.filled_until = instant

    def accept(self, instant: datetime) -> None:
        """Take note that the cloud has the packet of this instant."""
        self.fill(instant)
        self.accepted_until = instant
        if self.doubtful is not None and self.doubtful <= instant:
            self.doubtful = None

    def doubts(self, instant: datetime) -> bool:
        """Tell whether a packet of this instant, or a newer one, may have been accepted already."""
        return self.doubtful is not None and instant <= self.doubtful

    def doubt(self, instant: datetime) -> None:
        """Take note that the packet of this instant may be accepted from now on."""
        if self.doubtful is None or instant > self.doubtful:
            self.doubtful = instant


@dataclass(slots=True)
class Account:
    """What all deliveries of one login share."""

    client: PacketClient
    window: Window
    clock: Clock
    random: Random
    on_wait: Callable[[Wait], None] | None

    def note(self, error: WattbridgeError) -> None:
        """Shut the window for every stream where an answer asks for it."""
        if isinstance(error, CredentialsError):
            self.window.refuse(error)
        elif isinstance(error, TryLaterError) and error.retry_after_s is not None:
            self.window.pause(error.retry_after_s)

    async def last_packet(self, stream_id: str, patience: Patience) -> LastPacket | None:
        """Ask until there is an answer: that the cloud cannot be asked is not the same as that it does not know."""
        spoiled = 0
        while True:
            try:
                return await self._ask(stream_id)
            except TryLaterError as error:
                await patience.after(error)
            except ResponseError as error:
                spoiled += 1
                if spoiled == SPOILED_ANSWERS:
                    return None
                await patience.after(error)

    async def _ask(self, stream_id: str) -> LastPacket | None:
        """Ask once, through the window."""
        await self.window.enter()
        try:
            return await self.client.ask_last_packet(stream_id)
        except WattbridgeError as error:
            self.note(error)
            raise
        finally:
            self.window.leave()


class Patience:
    """The waits of one delivery, longer after every failure."""

    def __init__(self, account: Account, stream_id: str) -> None:
        """Begin without a failure."""
        self._account = account
        self._stream_id = stream_id
        self._failures = 0

    async def after(self, error: WattbridgeError) -> None:
        """Wait after a failure, telling that we do; the rest of a pause of the account is waited out at its window."""
        self._failures += 1
        account = self._account
        delay_s = PATIENCE.backoff_s(self._failures, account.random)
        if account.on_wait is not None:
            until = account.clock.now() + timedelta(seconds=delay_s)
            opens_at = account.window.paused_until
            if whole_account := opens_at is not None and opens_at > until:
                until = opens_at
            wait = Wait(self._stream_id, until, whole_account, error)
            # Not called from here: what goes wrong in the caller's code must not end a delivery.
            asyncio.get_running_loop().call_soon(account.on_wait, wait)
        await account.window.sleep(delay_s)


class Delivery:
    """One packet on its way, in its stream's turn."""

    def __init__(self, account: Account, lane: Lane, packet: Packet) -> None:
        """Begin with nothing sent."""
        self._account = account
        self._lane = lane
        self._packet = packet
        self._instant = packet.instant
        self._patience = Patience(account, lane.stream_id)
        self._attempts = 0
        self._repeated = 0

    async def run(self) -> Receipt:
        """Bring the packet to its end, however long that takes."""
        self._lane.check(self._instant)
        while True:
            if self._lane.doubts(self._instant) and await self._is_stored():
                return self._receipt(Outcome.CONFIRMED)
            try:
                answer = await self._send()
            except RejectedError as error:
                return self._receipt(Outcome.REJECTED, error.status, error.answer)
            except (TryLaterError, ResponseError) as error:
                await self._patience.after(error)
            else:
                self._lane.accept(self._instant)
                return self._receipt(Outcome.ACCEPTED, answer.status, answer.answer)

    async def _send(self) -> SendAnswer:
        """Send once, through the window; whatever ends this before the answer leaves the stream in doubt."""
        lane, instant, window = self._lane, self._instant, self._account.window
        if not window.try_enter():
            await window.enter()
        before = lane.doubtful
        again = lane.doubts(instant)
        lane.doubt(instant)
        self._attempts += 1
        try:
            answer = await self._account.client.send(self._packet)
        except WattbridgeError as error:
            if not error.may_have_arrived:
                lane.doubtful = before
            elif again:
                self._repeated += 1
            self._account.note(error)
            raise
        finally:
            window.leave()
        self._repeated += again
        return answer

    async def _is_stored(self) -> bool:
        """Ask the cloud whether it has the packet; False also where it does not know, and then the doubt stays."""
        lane, instant = self._lane, self._instant
        last = await self._account.last_packet(lane.stream_id, self._patience)
        if last is None:
            return False
        if last.timestamp == instant:
            lane.accept(instant)
            return True
        if last.timestamp < instant:
            # An answer that is behind what was accepted before comes from a lagging copy and tells nothing.
            if lane.accepted_until is None or last.timestamp >= lane.accepted_until:
                lane.doubtful = None
            return False
        if lane.doubts(last.timestamp):
            lane.accept(last.timestamp)
            raise OrderError(lane.stream_id, instant, last.timestamp)
        raise AnotherSenderError(lane.stream_id, instant, last.timestamp)

    def _receipt(self, outcome: Outcome, status: int | None = None, answer: str | None = None) -> Receipt:
        """Write down how it ended."""
        return Receipt(self._packet, outcome, status, self._attempts, self._repeated, answer)
