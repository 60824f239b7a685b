"""A CSV file read on a thread, a piece at a time, so that neither the event loop nor the memory is filled by it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
from itertools import islice
from threading import Lock
from typing import Final

from .csv_channel import CsvChannel
from .csv_packets import CsvItem, read_packets

# Some milliseconds of a thread's work.
_PIECE_ROWS: Final = 256


async def read_items(channel: CsvChannel) -> AsyncGenerator[CsvItem]:
    """Yield what becomes of each row of a channel's file, without blocking; raises OSError. To be closed."""
    with closing(_Pieces(channel)) as pieces:
        while piece := await asyncio.to_thread(pieces.next):
            for item in piece:
                yield item


class _Pieces:
    """Reads a file once from its start; may be closed while a piece is being read."""

    def __init__(self, channel: CsvChannel) -> None:
        """Open nothing yet."""
        self._items = read_packets(channel)
        self._lock = Lock()

    def next(self) -> list[CsvItem]:
        """Read a piece; an empty one is the end."""
        with self._lock:
            return list(islice(self._items, _PIECE_ROWS))

    def close(self) -> None:
        """Close the file, when the piece that may be under way is read."""
        with self._lock:
            self._items.close()
