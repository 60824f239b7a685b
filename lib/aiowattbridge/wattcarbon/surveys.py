"""What a series holds, before it is uploaded or after it was read back: how much, from when to when, what not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from .energy import HOURS, Grid, Hole, IntervalEnergy, add_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found in a series; all times are UTC.

    `first` and `last` are the earliest and the latest start. `holes`: the stretches between them without a row.
    `duplicates`: starts that came before, once for every time too many. `misaligned`: starts off the grid.
    `unordered`: starts of rows that are not later than the row before them, duplicates left out.
    """

    rows: int
    first: datetime | None
    last: datetime | None
    total_kwh: Decimal
    holes: tuple[Hole, ...]
    duplicates: tuple[datetime, ...]
    misaligned: tuple[datetime, ...]
    unordered: tuple[datetime, ...]

    @property
    def is_uploadable(self) -> bool:
        """Tell whether an upload takes these rows as they are; holes are no obstacle."""
        return not (self.duplicates or self.misaligned or self.unordered)


def survey(rows: Iterable[IntervalEnergy], grid: Grid = HOURS) -> Survey:
    """Look through a series in any order; it remembers every start."""
    seen: set[datetime] = set()
    duplicates, misaligned, unordered = [], [], []
    count, total_kwh, before = 0, Decimal(), None
    for row in rows:
        count += 1
        total_kwh = add_kwh(total_kwh, row.energy_kwh)
        if row.start in seen:
            duplicates.append(row.start)
        elif before is not None and row.start < before:
            unordered.append(row.start)
        if not grid.holds(row.start):
            misaligned.append(row.start)
        seen.add(row.start)
        before = row.start
    starts = sorted(seen)
    return Survey(
        rows=count,
        first=starts[0] if starts else None,
        last=starts[-1] if starts else None,
        total_kwh=total_kwh,
        holes=tuple(Hole(end, later) for start, later in pairwise(starts) if (end := grid.after(start)) < later),
        duplicates=tuple(duplicates),
        misaligned=tuple(misaligned),
        unordered=tuple(unordered),
    )
