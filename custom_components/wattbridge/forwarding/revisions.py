"""What is known to differ between here and the cloud: hours that changed after they were sent, and hours it refuses.

Totals by the month are kept of everything; single hours only as a help for people, and no more than a bound.
"""

from dataclasses import dataclass, field
from typing import Final

MOST_HOURS: Final = 500
# A change this small, in Wh or beside the value, is the noise of sums that were subtracted and converted.
NOISE_WH: Final = 0.05
NOISE: Final = 1e-9


@dataclass(slots=True)
class Revision:
    """A stretch, an hour or a month, that changed after it was sent; `sent_wh` is None for a hole that was filled.

    `also`: what changed is not the energy alone, or not the energy at all.
    """

    start_s: int
    end_s: int
    sent_wh: float | None
    now_wh: float
    also: bool = False

    @property
    def change_wh(self) -> float:
        """By how much the energy grew."""
        return self.now_wh - (self.sent_wh or 0.0)

    @property
    def is_undone(self) -> bool:
        """Tell whether everything is as it was sent."""
        return not self.also and self.sent_wh is not None and is_same(self.now_wh, self.sent_wh)


@dataclass(slots=True)
class Unsent:
    """What the cloud lacks of a month: hours it has not at all, and energy."""

    rows: int = 0
    energy_wh: float = 0.0


@dataclass(slots=True)
class Revisions:
    """The revisions of one stream; `unsent` by the number of the month, `refused` (Wh) by the number of the hour.

    `unlisted`: how many revisions are not listed any more, since there were too many.
    """

    count: int = 0
    energy_wh: float = 0.0
    listed: dict[int, Revision] = field(default_factory=dict)
    unsent: dict[int, Unsent] = field(default_factory=dict)
    refused: dict[int, float] = field(default_factory=dict)
    unlisted: int = 0

    def note(self, revision: Revision, month: int, *, rows: int = 0, is_sent: bool) -> None:
        """Count a revision, which the cloud has by now or never will; `rows` are hours that were none before."""
        self.count += 1
        self.energy_wh += revision.change_wh
        if not is_sent:
            unsent = self.unsent.setdefault(month, Unsent())
            unsent.rows += rows
            unsent.energy_wh += revision.change_wh
        self._list(revision)

    def refuse(self, hour: int, energy_wh: float) -> None:
        """Note an hour that the cloud refuses."""
        self.refused[hour] = energy_wh
        while len(self.refused) > MOST_HOURS:
            del self.refused[next(iter(self.refused))]

    def take(self, hour: int) -> None:
        """Note that the cloud has an hour, whatever it said of it before."""
        self.refused.pop(hour, None)

    def clear(self) -> None:
        """Forget what was, but not how much it was."""
        self.listed.clear()
        self.unsent.clear()
        self.refused.clear()
        self.unlisted = 0

    def _list(self, revision: Revision) -> None:
        """Keep a revision for people; one of the same hour goes on from what was sent at first."""
        known = self.listed.get(revision.start_s)
        if known is not None:
            self.count -= 1
            revision = Revision(
                known.start_s, revision.end_s, known.sent_wh, revision.now_wh, known.also or revision.also
            )
        self.listed[revision.start_s] = revision
        if revision.is_undone:
            self.count -= 1
            del self.listed[revision.start_s]
        while len(self.listed) > MOST_HOURS:
            del self.listed[next(iter(self.listed))]
            self.unlisted += 1


def is_same(one_wh: float, other_wh: float) -> bool:
    """Tell whether two energies differ by no more than noise."""
    return abs(one_wh - other_wh) <= max(NOISE_WH, NOISE * max(abs(one_wh), abs(other_wh)))
