"""When the cursors are written: together, at most a quarter of a second after they moved."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from homeassistant.core import HomeAssistant, callback

from .cursor import CursorWriteError
from .cursor_file import CursorFile

GROUP_S: Final = 0.25

_LOGGER = logging.getLogger(__name__)


class Committer:
    """Groups the moves of all streams of an account into few writes; who asks for its own waits until it lasts."""

    def __init__(self, hass: HomeAssistant, file: CursorFile, snapshot: Callable[[], bytes]) -> None:
        """Write what `snapshot` returns into the file."""
        self._hass = hass
        self._file = file
        self._snapshot = snapshot
        self._lock = asyncio.Lock()
        self._moved = 0
        self._durable = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self.error: CursorWriteError | None = None

    @callback
    def mark(self) -> None:
        """Note that a cursor moved: it is written soon."""
        if self._is_over:
            return
        self._moved += 1
        if self._timer is None and self.error is None:
            self._timer = self._hass.loop.call_later(GROUP_S, self._write_group)

    @callback
    def _write_group(self) -> None:
        self._timer = None
        self._task = self._hass.async_create_background_task(self._flush_quietly(), "wattbridge cursors")

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except CursorWriteError as err:
            # Every stream looks at `error` before it sends; here it is only said once.
            _LOGGER.error("The forwarding cursors cannot be written, so nothing more is sent: %s", err)  # noqa: TRY400

    async def flush(self) -> None:
        """Return when everything marked so far lasts; raises CursorWriteError, which also stays in `error`."""
        wanted = self._moved
        async with self._lock:
            if self._is_over or (self._durable >= wanted and self.error is None):
                return
            covered = self._moved
            try:
                await self._hass.async_add_executor_job(self._file.write, covered, self._snapshot())
            except CursorWriteError as err:
                self.error = err
                raise
            self._durable = max(self._durable, covered)
            self.error = None

    async def stop(self) -> None:
        """Write what is left, now. Nothing is written afterwards: the file may be somebody else's by then."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._flush_quietly()
        self._is_over = True
