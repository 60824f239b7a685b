"""Pure: when which part of a device's history is looked at again, and where an unfinished look stands.

A cloud brings readings late and corrects what it has said. So what is recent is compared again every day, all the rest
every week, and of the rest every day what is missing; always window by window, the newest first.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from .fold import HOUR_S
from .gaps import Stretch, Stretches

DAY_S: Final = 24 * HOUR_S
RECENT_S: Final = 35 * DAY_S
# A device that is silent every night has thousands of holes: so many windows are asked for a day, the rest weekly.
HOLE_WINDOWS: Final = 12


class Scan(StrEnum):
    """The looks, in the order in which they are taken when several are due."""

    RECENT = "recent"
    HOLES = "holes"
    OLD = "old"


EVERY_S: Final = {Scan.RECENT: DAY_S, Scan.HOLES: DAY_S, Scan.OLD: 7 * DAY_S}


@dataclass(slots=True)
class Standing:
    """When a look was begun last, and down to where it has come; None: it is finished."""

    begun_s: int
    at_s: int | None = None


class Healing:
    """Says what to look at next."""

    def __init__(self, note: Mapping[str, Any] | None, now_s: int) -> None:
        """Go on as noted. Without a note everything is being fetched for the first time, which is a look, too."""
        self._standings = {scan: Standing(now_s) for scan in Scan}
        for scan, standing in self._standings.items():
            if note is not None and scan in note:
                # A clock that was wrong must not put the next look off for years.
                standing.begun_s = min(note[scan]["begun_s"], now_s)
                standing.at_s = note[scan]["at_s"]
        self._looking: Scan | None = None

    @property
    def note(self) -> dict[str, Any]:
        """Return what is to be remembered, as JSON."""
        return {scan.value: asdict(standing) for scan, standing in self._standings.items()}

    def next(self, now_s: int, parts: Callable[[Scan], Stretches], window_s: int) -> Stretch | None:
        """Return the next stretch to look at, None when nothing is due; `parts` tells what each look takes in."""
        for scan, standing in self._standings.items():
            if standing.at_s is None:
                if now_s - standing.begun_s < EVERY_S[scan]:
                    continue
                standing.begun_s, standing.at_s = now_s, now_s
            stretch = parts(scan).newest_part(standing.at_s, window_s)
            if stretch is not None:
                self._looking = scan
                return stretch
            standing.at_s = None
        return None

    def seen(self, stretch: Stretch) -> None:
        """Note that the stretch that was told last has been looked at."""
        if self._looking is not None:
            self._standings[self._looking].at_s = stretch[0]


def parts_of(scan: Scan, first_s: int, until_s: int, missing: Stretches, window_s: int) -> Stretches:
    """Tell what a look takes in of a history from `first_s` to `until_s` in which some hours are missing."""
    old_until_s = max(first_s, until_s - RECENT_S)
    match scan:
        case Scan.RECENT:
            return Stretches([(old_until_s, until_s)])
        case Scan.OLD:
            return Stretches([(first_s, old_until_s)])
        case Scan.HOLES:
            return _newest(missing.within(first_s, old_until_s), window_s)


def _newest(missing: Stretches, window_s: int) -> Stretches:
    """Keep the newest that fit into the windows of a day."""
    below_s = missing.newest[1] if missing.newest is not None else 0
    floor_s = below_s
    for _ in range(HOLE_WINDOWS):
        part = missing.newest_part(floor_s, window_s)
        if part is None:
            break
        floor_s = part[0]
    return missing.within(floor_s, below_s)
