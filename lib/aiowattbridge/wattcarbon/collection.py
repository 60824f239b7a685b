"""Under which path this cloud keeps assets: `/assets`, or `/devices` as it called them before.

Found out once a session, by the first call, whichever that is; calls made meanwhile wait for it. Its success settles
it. A 404 may also mean that there is no such asset, so then the collections themselves are asked for, and the one that
is there is the one. Any other failure settles nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

from ..errors import NotFoundError, RejectedError
from ..transport import Answer
from .door import VENDOR, Door

type CollectionName = Literal["assets", "devices"]
type Send = Callable[[str], Awaitable[Answer]]
"""Sends a request whose path begins with what it is given: `/assets` or `/devices`."""

NAMES: Final[tuple[CollectionName, ...]] = get_args(CollectionName.__value__)


class Collection:
    """Sends requests to the collection that this cloud has."""

    def __init__(self, door: Door, pinned: CollectionName | None) -> None:
        """Know the name already if it is pinned; raises ValueError for one that there is not."""
        if pinned is not None and pinned not in NAMES:
            raise ValueError(f"collection: has to be one of {', '.join(NAMES)}")
        self._door = door
        self._name = pinned
        self._settling = asyncio.Lock()

    @property
    def name(self) -> CollectionName | None:
        """Which it is; None until a call has found out."""
        return self._name

    async def request(self, send: Send, *, is_list: bool = False) -> Answer:
        """Send a request to the collection, finding out which one it is if that is not known yet.

        `is_list`: it asks for the collection itself, so that its 404 needs no second question.
        """
        if self._name is None:
            async with self._settling:
                if (answer := await self._settle(send, is_list=is_list)) is not None:
                    return answer
        return await send(f"/{self._name}")

    async def _settle(self, send: Send, *, is_list: bool) -> Answer | None:
        """Send the first request to the newer name; None if it is to be sent to the name that is known by then."""
        if self._name is not None:
            # Another call has settled it while this one waited.
            return None
        newer, older = NAMES
        try:
            answer = await send(f"/{newer}")
        except NotFoundError as error:
            if not is_list and await self._is_there(newer):
                self._name = newer
                raise
            if not await self._is_there(older):
                # Not kept: it may be a passing fault of something in between.
                raise NotFoundError(
                    f"has neither /{newer} nor /{older}", vendor=VENDOR, endpoint=f"/{newer}", status=error.status
                ) from None
            self._name = older
            return None
        self._name = newer
        return answer

    async def _is_there(self, name: CollectionName) -> bool:
        """Ask for a collection's list; a refusal of another kind than 404 shows that it is there, too."""
        try:
            await self._door.request("GET", f"/{name}", repeatable=True)
        except NotFoundError:
            return False
        except RejectedError:
            return True
        return True
