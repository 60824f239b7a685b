"""What became of the stretches that were passed without being accepted: a help for people, and no ledger."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from .model import HOUR_S

# More marks of a sort than this are only counted.
MOST_MARKS: Final = 500
HOLE: Final = "hole"
REJECTED: Final = "rejected"
# The cloud had it once, and has it no longer.
LOST: Final = "lost"
# Somebody else filled it.
FOREIGN: Final = "foreign"


@dataclass(slots=True)
class Mark:
    """A stretch of periods that were passed without being accepted."""

    start_s: int
    end_s: int
    kind: str
    answer: str | None = None

    def to_json(self) -> list[Any]:
        """Write the mark as a short list."""
        return [self.start_s, self.end_s, self.kind, *([self.answer] if self.answer else [])]


@dataclass(slots=True)
class Marks:
    """The marks of one stream. Holes may be many, and must not push out what else happened.

    `unlisted`: how many stretches of each kind are not kept any more, since there were too many.
    """

    holes: list[Mark] = field(default_factory=list)
    others: list[Mark] = field(default_factory=list)
    unlisted: dict[str, int] = field(default_factory=dict)
    # The marks as text: they seldom change, and every commit writes them again.
    _text: str | None = field(default=None, compare=False, repr=False)

    def __iter__(self) -> Iterator[Mark]:
        """Go through all marks as time goes."""
        return iter(sorted([*self.holes, *self.others], key=lambda mark: mark.start_s))

    def add(self, mark: Mark) -> None:
        """Remember a stretch; one that follows another of its kind makes that longer."""
        self._text = None
        marks = self.holes if mark.kind == HOLE else self.others
        last = marks[-1] if marks else None
        if last is not None and (last.end_s, last.kind, last.answer) == (mark.start_s, mark.kind, mark.answer):
            last.end_s = mark.end_s
            return
        marks.append(mark)
        while len(marks) > MOST_MARKS:
            kind = marks.pop(0).kind
            self.unlisted[kind] = self.unlisted.get(kind, 0) + 1

    def redeem(self, starts_s: Collection[int]) -> int:
        """Take hours out of what was rejected; returns how many they are."""
        redeemed = 0
        for mark in [mark for mark in self.others if mark.kind == REJECTED]:
            hours = range(mark.start_s, mark.end_s, HOUR_S)
            left = [Mark(hour_s, hour_s + HOUR_S, REJECTED, mark.answer) for hour_s in hours if hour_s not in starts_s]
            if len(left) < len(hours):
                redeemed += len(hours) - len(left)
                place = self.others.index(mark)
                self.others[place : place + 1] = left
        self._text = None
        return redeemed

    def to_text(self) -> str:
        """Write the marks as members of a JSON object."""
        if self._text is None:
            listed = dumps([mark.to_json() for mark in self])
            self._text = f'"marks":{listed},"unlisted":{dumps(self.unlisted)}'
        return self._text

    @classmethod
    def from_json(cls, listed: Iterable[list[Any]], unlisted: Mapping[str, Any]) -> Self:
        """Read what `to_text` wrote."""
        marks = [Mark(int(mark[0]), int(mark[1]), str(mark[2]), *mark[3:4]) for mark in listed]
        return cls(
            holes=[mark for mark in marks if mark.kind == HOLE],
            others=[mark for mark in marks if mark.kind != HOLE],
            unlisted={str(kind): int(number) for kind, number in unlisted.items()},
        )


def dumps(value: object) -> str:
    """Write JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
