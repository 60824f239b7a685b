"""The account's window: open, closed for a while, or shut until there are new credentials; one for all streams."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from ..errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from random import Random

    from ..clock import Clock

# A cloud that asks for more than a day is not believed.
LONGEST_PAUSE_S = 24 * 3600.0
# After a pause the streams come back one after another within this time, not all in one instant.
SPREAD_S = 1.0


class _Places(asyncio.Semaphore):
    """The places for requests on their way."""

    def take(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self._value == 0 or self._waiters:
            return False
        self._value -= 1
        return True


class Window:
    """Lets requests pass while the account may send, a bounded number of them at a time, first come first served."""

    def __init__(
        self, clock: Clock, random: Random, max_in_flight: int, on_refusal: Callable[[], None] | None = None
    ) -> None:
        """Begin open; `on_refusal` is called as soon as credentials are refused."""
        self._clock = clock
        self._random = random
        self._on_refusal = on_refusal
        self._slots = _Places(max_in_flight)
        self._open_at: float | None = None
        self._paused_until: datetime | None = None
        self._refusal: CredentialsError | None = None
        # Made when somebody waits, for only then there is surely an event loop.
        self._refused: asyncio.Future[CredentialsError] | None = None
        self._resumed = asyncio.Event()

    @property
    def paused_until(self) -> datetime | None:
        """When the cloud lets the account send again; None while it may."""
        return self._paused_until if self._left_s() else None

    def pause(self, delay_s: float) -> None:
        """Let nothing pass for so long; a longer pause under way stays."""
        delay_s = min(delay_s, LONGEST_PAUSE_S)
        if delay_s > self._left_s():
            self._open_at = self._clock.monotonic() + delay_s
            self._paused_until = self._clock.now() + timedelta(seconds=delay_s)

    def refuse(self, error: CredentialsError) -> None:
        """Let nothing pass until `resume`; wake all that wait, they raise the error."""
        self._refusal = error
        self._resumed.clear()
        if self._refused is not None and not self._refused.done():
            self._refused.set_result(error)
        if self._on_refusal is not None:
            self._on_refusal()

    def resume(self) -> None:
        """Let requests pass again after credentials were refused."""
        self._refusal = self._refused = None
        self._resumed.set()

    async def wait_until_resumed(self) -> None:
        """Wait out a refusal of the credentials."""
        while self._refusal is not None:
            await self._resumed.wait()

    def raise_if_refused(self) -> None:
        """Raise the refusal of the credentials, if there is one."""
        if self._refusal is not None:
            raise _again(self._refusal)

    def try_enter(self) -> bool:
        """Take one of the places if there is nothing to wait for; `leave` must follow if it was taken.

        That is how nearly every packet gets in, and it costs a quarter of awaiting `enter`.
        """
        return self._refusal is None and self._open_at is None and self._slots.take()

    async def enter(self) -> None:
        """Wait until a request may be sent, and take one of the places; `leave` must follow."""
        while True:
            self.raise_if_refused()
            if left_s := self._left_s():
                await self.sleep(left_s + self._random.uniform(0, SPREAD_S))
                continue
            await self._slots.acquire()
            # While this one waited for its place, the answer to another may have shut the window.
            if self._refusal is None and not self._left_s():
                return
            self._slots.release()

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()

    async def sleep(self, delay_s: float) -> None:
        """Wait; raise at once when the credentials are refused."""
        await self.unless_refused(self._clock.sleep(delay_s))

    async def unless_refused[T](self, work: Awaitable[T]) -> T:
        """Await something that takes long; drop it and raise when the credentials are refused."""
        task = asyncio.ensure_future(work)
        if self._refused is None:
            self._refused = asyncio.get_running_loop().create_future()
            if self._refusal is not None:
                self._refused.set_result(self._refusal)
        refused = self._refused
        try:
            await asyncio.wait((task, refused), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise _again(refused.result())
        finally:
            task.cancel()

    def _left_s(self) -> float:
        """Return the seconds until the window opens, zero while it is open."""
        if self._open_at is None:
            return 0.0
        left_s = self._open_at - self._clock.monotonic()
        if left_s > 0:
            return left_s
        self._open_at = self._paused_until = None
        return 0.0


def _again(refusal: CredentialsError) -> CredentialsError:
    """Make an error of its own for each that raises it: every one has its own way up."""
    return CredentialsError(
        refusal.reason, vendor=refusal.vendor, endpoint=refusal.endpoint, status=refusal.status, answer=refusal.answer
    )
