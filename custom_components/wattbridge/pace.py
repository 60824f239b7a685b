"""How fast the recorder is given work: jobs of a size that lets others in between, and half of the time is theirs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

FIRST_CHUNK_ROWS: Final = 100
SMALLEST_CHUNK_ROWS: Final = 10
LARGEST_CHUNK_ROWS: Final = 500
# The recorder does nothing else while it writes: so long may others have to wait.
JOB_S: Final = 0.12


class Pace:
    """How many rows make a recorder job of `JOB_S`, learned from the jobs done; and a rest as long as each job.

    What its owner does meanwhile, fetching and comparing say, is part of the rest.
    """

    def __init__(self) -> None:
        """Begin small."""
        self.chunk_rows = FIRST_CHUNK_ROWS
        self._turn = asyncio.Lock()
        self._rested_s = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait until the recorder has had its rest, and until whoever came before has had a turn."""
        async with self._turn:
            await asyncio.sleep(max(0.0, self._rested_s - monotonic()))
            yield

    def learn(self, rows: int, job_s: float) -> None:
        """Note a job that is just done: the next one may begin after as long again."""
        self._rested_s = max(self._rested_s, monotonic()) + job_s
        if rows >= SMALLEST_CHUNK_ROWS:
            fitting = int(rows * JOB_S / max(job_s, 0.001))
            # Smaller at once, larger by and by: on a busy machine one job may be three times as slow as the one before.
            wanted = min(fitting, self.chunk_rows + (fitting - self.chunk_rows) // 4)
            self.chunk_rows = min(max(wanted, SMALLEST_CHUNK_ROWS), LARGEST_CHUNK_ROWS)
