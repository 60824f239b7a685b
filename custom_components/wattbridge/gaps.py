"""Pure: stretches of whole hours in as few numbers as they need: which are known, which have a row, which are missing.

All times are epoch seconds, and the end of a stretch is not in it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import takewhile
from operator import itemgetter
from typing import Final

from .fold import HOUR_S

type Stretch = tuple[int, int]

_start: Final = itemgetter(0)
_end: Final = itemgetter(1)


class Stretches:
    """Stretches of time, oldest first, that neither overlap nor touch."""

    def __init__(self, stretches: Iterable[Stretch] = ()) -> None:
        """Begin with these, which may overlap."""
        self._stretches: list[Stretch] = []
        for start_s, end_s in stretches:
            self.add(start_s, end_s)

    @classmethod
    def of_hours(cls, hours: Iterable[int]) -> Stretches:
        """Put the hours that start at these times together; there may be years of them."""
        found: list[Stretch] = []
        for hour_s in sorted(hours):
            if found and found[-1][1] == hour_s:
                found[-1] = (found[-1][0], hour_s + HOUR_S)
            else:
                found.append((hour_s, hour_s + HOUR_S))
        return cls(found)

    def __iter__(self) -> Iterator[Stretch]:
        """Go through them, oldest first."""
        return iter(self._stretches)

    def __len__(self) -> int:
        """Count the stretches."""
        return len(self._stretches)

    def __eq__(self, other: object) -> bool:
        """Compare what is covered."""
        return isinstance(other, Stretches) and self._stretches == other._stretches

    __hash__ = None  # type: ignore[assignment] # they change

    @property
    def first_s(self) -> int | None:
        """Return where the oldest begins."""
        return self._stretches[0][0] if self._stretches else None

    @property
    def newest(self) -> Stretch | None:
        """Return the newest."""
        return self._stretches[-1] if self._stretches else None

    @property
    def hours(self) -> int:
        """Count the hours of all."""
        return sum(end_s - start_s for start_s, end_s in self._stretches) // HOUR_S

    def add(self, start_s: int, end_s: int) -> None:
        """Add a stretch; what it touches becomes one with it."""
        if start_s >= end_s:
            return
        low = bisect_left(self._stretches, start_s, key=_end)
        high = bisect_right(self._stretches, end_s, key=_start)
        if low < high:
            start_s = min(start_s, self._stretches[low][0])
            end_s = max(end_s, self._stretches[high - 1][1])
        self._stretches[low:high] = [(start_s, end_s)]

    def add_all(self, others: Iterable[Stretch]) -> None:
        """Add several."""
        for start_s, end_s in others:
            self.add(start_s, end_s)

    def remove(self, start_s: int, end_s: int) -> None:
        """Take a stretch out."""
        low = bisect_right(self._stretches, start_s, key=_end)
        high = bisect_left(self._stretches, end_s, key=_start)
        if low >= high or start_s >= end_s:
            return
        before = (self._stretches[low][0], start_s)
        after = (end_s, self._stretches[high - 1][1])
        self._stretches[low:high] = [piece for piece in (before, after) if piece[0] < piece[1]]

    def within(self, start_s: int, end_s: int) -> Stretches:
        """Return what of them lies in a stretch."""
        low = bisect_right(self._stretches, start_s, key=_end)
        met = takewhile(lambda piece: piece[0] < end_s, self._stretches[low:])
        return Stretches((max(piece[0], start_s), min(piece[1], end_s)) for piece in met)

    def missing(self, start_s: int, end_s: int) -> Stretches:
        """Return what of a stretch they leave out."""
        rest = Stretches([(start_s, end_s)])
        for piece in self.within(start_s, end_s):
            rest.remove(*piece)
        return rest

    def newest_part(self, below_s: int, length_s: int) -> Stretch | None:
        """Return the newest stretch below a time that takes in as much of them as fits into a length."""
        below = self.within(0, below_s)
        if below.newest is None:
            return None
        end_s = below.newest[1]
        start_s = below.within(end_s - length_s, end_s).first_s
        return None if start_s is None else (start_s, end_s)


def hour_of(epoch_s: float) -> int:
    """Return the start of the hour that a moment lies in."""
    return int(epoch_s // HOUR_S) * HOUR_S


def utc(epoch_s: int) -> datetime:
    """Return epoch seconds as an aware time."""
    return datetime.fromtimestamp(epoch_s, UTC)


def holes(present: Stretches, known: Stretches, until_s: int) -> Stretches:
    """Find the hours between the first and the last row that have none, although it is known what the cloud has.

    Hours from `until_s` on are left out: their readings may still be on their way.
    """
    found = Stretches()
    if present.first_s is not None and present.newest is not None:
        for start_s, end_s in present.missing(present.first_s, min(present.newest[1], until_s)):
            found.add_all(known.within(start_s, end_s))
    return found
