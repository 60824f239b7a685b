"""Whose turn it is to upload: a few streams of an account at a time, the one with the least to send first.

Once the cloud has refused the credentials it is nobody's: they would be refused again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from typing import Final

from ..aiowattbridge.errors import CredentialsError

AT_A_TIME: Final = 2


class Turns:
    """Lets few in at a time; live data goes before history, since who has less to send goes first."""

    def __init__(self, at_a_time: int = AT_A_TIME) -> None:
        """Let nobody wait yet."""
        self._free = at_a_time
        self._refusal: CredentialsError | None = None
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, backlog: int) -> AsyncIterator[None]:
        """Wait for a turn, and have it; raises CredentialsError when anybody's turn has ended with that."""
        await self._enter(backlog)
        try:
            self._raise_if_refused()
            yield
        except CredentialsError as err:
            self._refusal = self._refusal or err
            raise
        finally:
            self._leave()

    def _raise_if_refused(self) -> None:
        if (refusal := self._refusal) is not None:
            # An error of its own for each that raises it: every one has its own way up.
            raise CredentialsError(
                refusal.reason, vendor=refusal.vendor, endpoint=refusal.endpoint, status=refusal.status
            )

    async def _enter(self, backlog: int) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (backlog, next(self._order), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # It was our turn already, and nobody else would ever get it.
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, _, place = heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
