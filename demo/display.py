"""What a person sees while the demo works: one line a step, alive on a terminal, plain anywhere else."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TextIO

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_S = 0.1
ERASE_LINE = "\r\x1b[K"


class Display:
    """Steps one after the other; each may say how far it is."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to standard error, so that standard output holds results alone."""
        self._stream = stream or sys.stderr
        self._alive = self._stream.isatty()
        self.detail = ""

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[Display]:
        """Show that something goes on, and how long it took."""
        self.detail = ""
        begun_s = time.monotonic()
        spinner = asyncio.create_task(self._spin(title, begun_s)) if self._alive else None
        if not self._alive:
            self._write(f"… {title}\n")
        mark = "✗"
        try:
            yield self
            mark = "✓"
        except asyncio.CancelledError:
            mark = "■"
            raise
        finally:
            if spinner is not None:
                spinner.cancel()
                with suppress(asyncio.CancelledError):
                    await spinner
            detail = f": {self.detail}" if self.detail else ""
            self._write(
                f"{ERASE_LINE if self._alive else ''}{mark} {title}{detail} ({time.monotonic() - begun_s:.1f} s)\n"
            )

    async def _spin(self, title: str, begun_s: float) -> None:
        """Draw the running step over and over."""
        turn = 0
        while True:
            detail = f": {self.detail}" if self.detail else ""
            self._write(
                f"{ERASE_LINE}{FRAMES[turn % len(FRAMES)]} {title}{detail} ({time.monotonic() - begun_s:.0f} s)"
            )
            turn += 1
            await asyncio.sleep(FRAME_S)

    def _write(self, text: str) -> None:
        # A terminal whose encoding has no such signs still gets its lines.
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()
