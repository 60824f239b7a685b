"""What came of hours that somebody had sent by hand."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .model import HOUR_S, utc

# More stretches than this are only counted.
MOST_STRETCHES: Final = 100
_DIGITS: Final = 6


@dataclass(slots=True)
class HourCounts:
    """Hours by what became of them; `first` and `last` are the starts of the first and the last one that is there.

    `from_s` and `to_s` are up to where somebody looked; what lies between without data is a hole. `energy_kwh` is that
    of the hours that were accepted, or would be sent.
    """

    from_s: int
    to_s: int
    planned: int = 0
    accepted: int = 0
    rejected: int = 0
    energy_kwh: float = 0.0
    first_s: int | None = None
    last_s: int | None = None
    filled_until: datetime | None = None
    _missing: list[tuple[int, int]] = field(default_factory=list)
    _holes: int = 0

    def note_hour(self, start_s: int) -> None:
        """Note an hour that has data, and the hole before it; hours come in order."""
        self._note_hole(start_s)
        self.first_s = start_s if self.first_s is None else self.first_s
        self.last_s = start_s

    def end(self, to_s: int) -> None:
        """Note up to where there is anything to look at."""
        self.to_s = max(to_s, self.from_s)
        self._note_hole(self.to_s)

    def _note_hole(self, to_s: int) -> None:
        from_s = self.from_s if self.last_s is None else self.last_s + HOUR_S
        if from_s < to_s:
            self._holes += (to_s - from_s) // HOUR_S
            if len(self._missing) < MOST_STRETCHES:
                self._missing.append((from_s, to_s))

    def as_dict(self) -> dict[str, Any]:
        """Write the counts as the response of an action."""
        return {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "planned": self.planned,
            "energy_kwh": round(self.energy_kwh, _DIGITS) + 0.0,
            "holes": self._holes,
            "missing": [
                {"start": utc(from_s).isoformat(), "end": utc(to_s).isoformat()} for from_s, to_s in self._missing
            ],
            "first": None if self.first_s is None else utc(self.first_s).isoformat(),
            "last": None if self.last_s is None else utc(self.last_s).isoformat(),
            "filled_until": None if self.filled_until is None else self.filled_until.isoformat(),
        }
