"""Reads on while the last batch is being sent, so that nobody waits for the recorder."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from .source import Reading

# What was read longer ago may have been corrected since.
FRESH_S: Final = 30.0


class ReadAhead:
    """The next batch of a stream, as far as it is certain that there is one."""

    def __init__(self, read: Callable[[int], Awaitable[Reading]]) -> None:
        """Have read nothing yet."""
        self._read = read
        self._task: asyncio.Task[Reading] | None = None
        self._position_s = 0
        self._begun_s = 0.0

    def begin(self, reading: Reading) -> None:
        """Begin to read what follows a batch, if something does and that was not begun."""
        if reading.batch is None or reading.closed_s is None or reading.batch.end_s >= reading.closed_s:
            return
        if self._task is not None and self._position_s == reading.batch.end_s:
            return
        self.drop()
        self._position_s, self._begun_s = reading.batch.end_s, monotonic()
        self._task = asyncio.create_task(self._reading(self._position_s))

    async def take(self, position_s: int) -> Reading:
        """Return what follows a position, from what was read ahead if that is it."""
        task = self._task
        if task is not None and position_s == self._position_s and monotonic() - self._begun_s < FRESH_S:
            self._task = None
            return await task
        self.drop()
        return await self._read(position_s)

    def drop(self) -> None:
        """Forget what was read."""
        if self._task is not None:
            if not self._task.cancel() and not self._task.cancelled():
                # What went wrong with it goes wrong again when it is needed.
                self._task.exception()
            self._task = None

    async def _reading(self, position_s: int) -> Reading:
        return await self._read(position_s)
