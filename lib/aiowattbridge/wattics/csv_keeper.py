"""Progress written down often enough and not for every packet: a group commit for one upload."""

import asyncio
from typing import Final

from .csv_progress import Bookmark, ProgressFile

COMMIT_WITHIN_S: Final = 0.25
COMMIT_WITHIN_PACKETS: Final = 500


class ProgressKeeper:
    """Writes the newest bookmark at most a quarter of a second, or some hundred packets, after it was noted."""

    def __init__(self, file: ProgressFile) -> None:
        """Begin with nothing to write."""
        self._file = file
        self._latest: Bookmark | None = None
        self._noted = 0
        self._saved = 0
        self._soon: asyncio.Task[None] | None = None

    async def note(self, bookmark: Bookmark) -> None:
        """Take note of the progress; raises OSError when it could not be written lately."""
        self._latest = bookmark
        self._noted += 1
        if self._soon is not None and self._soon.done():
            done, self._soon = self._soon, None
            done.result()
        if self._noted - self._saved >= COMMIT_WITHIN_PACKETS:
            await self.save()
        elif self._soon is None:
            self._soon = asyncio.create_task(self._save_soon())

    async def note_now(self, bookmark: Bookmark) -> None:
        """Write the progress down and return when it lasts; raises OSError."""
        self._latest = bookmark
        self._noted += 1
        await self.save()

    async def save(self) -> None:
        """Write what was noted and is not written; raises OSError."""
        sequence, latest = self._noted, self._latest
        if latest is not None and sequence > self._saved:
            await asyncio.to_thread(self._file.write, sequence, latest)
            self._saved = max(self._saved, sequence)

    async def aclose(self) -> None:
        """Write the last of it; raises OSError."""
        if self._soon is not None:
            self._soon.cancel()
            await asyncio.gather(self._soon, return_exceptions=True)
        await self.save()

    async def _save_soon(self) -> None:
        """Write until there is nothing new."""
        while self._noted > self._saved:
            await asyncio.sleep(COMMIT_WITHIN_S)
            await self.save()
