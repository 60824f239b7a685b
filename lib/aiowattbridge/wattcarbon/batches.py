"""Cuts a series of any length into batches, checking every row on its way; one batch at a time is in memory."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from ..clock import Clock
from .csv_text import write_csv
from .energy import Grid, Hole, IntervalEnergy, add_kwh
from .receipts import Encoding, UploadReceipt

type Rows[R: IntervalEnergy] = Iterable[R] | AsyncIterable[R]

BATCH_ROWS: Final = 2_000
"""So many rows are written in a few milliseconds and make some 70 kB."""
LARGEST_BATCH_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Checked rows, in order, and the holes before and between them."""

    rows: tuple[IntervalEnergy, ...]
    holes: tuple[Hole, ...]

    def to_csv(self) -> bytes:
        """Write the batch as a whole CSV with its header."""
        return "".join(write_csv(self.rows)).encode("ascii")

    def receipt(self, encoding: Encoding, status: int, answer: str | None) -> UploadReceipt:
        """Say that the cloud has it."""
        total_kwh = Decimal()
        for row in self.rows:
            total_kwh = add_kwh(total_kwh, row.energy_kwh)
        return UploadReceipt(
            rows=len(self.rows),
            first=self.rows[0].start,
            last=self.rows[-1].start,
            total_kwh=total_kwh,
            holes=self.holes,
            encoding=encoding,
            status=status,
            answer=answer,
        )


class _Checks:
    """What must hold of every row, seen from the row before it."""

    def __init__(self, grid: Grid | None, clock: Clock) -> None:
        """Begin before the first row; without a grid rows may begin anywhere."""
        self._grid = grid
        self._clock = clock
        self._number = 0
        self._before: datetime | None = None

    def pass_row(self, row: IntervalEnergy) -> Hole | None:
        """Take the next row and return the hole before it; raises ValueError naming the row, counted from 1."""
        self._number += 1
        start, before = row.start, self._before
        if self._grid is not None and not self._grid.holds(start):
            raise self._error(start, f"has to be {self._grid}")
        if before is not None and start <= before:
            raise self._error(start, f"has to be later than the row before it, of {before.isoformat()}")
        if (start if self._grid is None else self._grid.after(start)) > self._clock.now():
            raise self._error(start, "has to be over: what is not complete is not uploaded")
        self._before = start
        if before is None or self._grid is None or (expected := self._grid.after(before)) >= start:
            return None
        return Hole(expected, start)

    def _error(self, start: datetime, demand: str) -> ValueError:
        """Name the row at fault."""
        return ValueError(f"start: row {self._number} ({start.isoformat()}) {demand}")


async def batches[R: IntervalEnergy](
    rows: Rows[R], *, grid: Grid | None, clock: Clock, batch_rows: int
) -> AsyncGenerator[Batch]:
    """Yield the rows in batches; raises ValueError at the first row that may not be sent.

    The rows have to be in ascending order, so that one look back is enough to find what comes twice.
    """
    checks = _Checks(grid, clock)
    held: list[IntervalEnergy] = []
    holes: list[Hole] = []
    async with aclosing(_each(rows)) as source:
        async for row in source:
            if (hole := checks.pass_row(row)) is not None:
                holes.append(hole)
            held.append(row)
            if len(held) == batch_rows:
                yield Batch(tuple(held), tuple(holes))
                held, holes = [], []
    if held:
        yield Batch(tuple(held), tuple(holes))


async def _each[R: IntervalEnergy](rows: Rows[R]) -> AsyncGenerator[R]:
    """Yield rows from either kind of source."""
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row
