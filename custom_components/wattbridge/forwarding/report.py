"""What a reconciliation found: the figures of a stream, month by month, and whether they agree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

# A difference up to this is no mismatch.
TOLERATED_WH: Final = 1.0


class ReadBack(StrEnum):
    """What kind of read-back a cloud offers; the values are shown in reports."""

    LAST_PACKET = "last_packet"
    COVERED = "covered"
    NOT_OFFERED = "not_offered"
    SAYS_NOTHING = "says_nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """One UTC month of a stream, in hours with data (`rows`) and in Wh.

    `home`: in Home Assistant now. `acknowledged`: taken by the cloud. `revised`: changed here afterwards, and known not
    to be in the cloud. `refused`: by the cloud, for good. `read_back`: what the cloud says it has, None where it does
    not say.
    """

    month: str
    home_rows: int
    home_wh: float
    acknowledged_rows: int
    acknowledged_wh: float
    revised_rows: int
    revised_wh: float
    refused_rows: int
    refused_wh: float
    read_back_rows: int | None = None
    read_back_wh: float | None = None

    @property
    def difference_wh(self) -> float:
        """What is here and nowhere explained; where the cloud says what it has, that counts."""
        there_wh = self.acknowledged_wh if self.read_back_wh is None else self.read_back_wh
        return self.home_wh - there_wh - self.revised_wh - self.refused_wh

    @property
    def missing_rows(self) -> int:
        """How many hours are here and nowhere explained."""
        there = self.acknowledged_rows if self.read_back_rows is None else self.read_back_rows
        return max(0, self.home_rows - there - self.revised_rows - self.refused_rows)

    def as_dict(self) -> dict[str, Any]:
        """Write the month as a part of an action's response."""
        return {
            "month": self.month,
            "rows": {
                "home_assistant": self.home_rows,
                "acknowledged": self.acknowledged_rows,
                "revised": self.revised_rows,
                "rejected": self.refused_rows,
                "read_back": self.read_back_rows,
                "missing": self.missing_rows,
            },
            "energy_kwh": {
                "home_assistant": _kwh(self.home_wh),
                "acknowledged": _kwh(self.acknowledged_wh),
                "revised": _kwh(self.revised_wh),
                "rejected": _kwh(self.refused_wh),
                "read_back": _kwh(self.read_back_wh),
                "difference": _kwh(self.difference_wh),
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What became of a stream up to now; `start` and `end` are None before anything can be compared.

    `reading_wh`: by how much our own meter readings are ahead of those in the cloud's last packet; None where that
    packet is not the last one we know of. `is_known`: the last packet there is ours, and the one we expect.
    `expected`: corrections that were only seen, and would be sent or counted; they stand among the revised.
    """

    stream_id: str
    at: datetime
    start: datetime | None = None
    end: datetime | None = None
    months: tuple[MonthReport, ...] = ()
    kind: ReadBack
    last_packet: datetime | None = None
    is_known: bool = True
    reading_wh: float | None = None
    rejected: int = 0
    holes: int = 0
    revised: int = 0
    expected: int = 0

    @property
    def difference_wh(self) -> float:
        """What is here and nowhere explained, over all months; of opposite ones the larger counts alone."""
        differences = [month.difference_wh for month in self.months]
        if self.reading_wh is not None and abs(self.reading_wh) > TOLERATED_WH:
            differences.append(self.reading_wh)
        total = sum(differences)
        return max((total, *differences), key=abs)

    @property
    def missing_rows(self) -> int:
        """How many hours are here and nowhere explained."""
        return sum(month.missing_rows for month in self.months)

    @property
    def is_matching(self) -> bool:
        """Tell whether everything is explained."""
        return abs(self.difference_wh) <= TOLERATED_WH and not self.missing_rows

    def as_dict(self) -> dict[str, Any]:
        """Write the report as the response of an action."""
        return {
            "at": self.at.isoformat(),
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "matches": self.is_matching,
            "difference_kwh": _kwh(self.difference_wh),
            "missing_rows": self.missing_rows,
            "rejected": self.rejected,
            "holes": self.holes,
            "revised": self.revised,
            "to_revise": self.expected,
            "read_back": {
                "kind": self.kind.value,
                "last_packet": self.last_packet.isoformat() if self.last_packet else None,
                "reading_difference_kwh": _kwh(self.reading_wh),
            },
            "months": [month.as_dict() for month in self.months],
        }


def _kwh(energy_wh: float | None) -> float | None:
    """Write an energy in kWh, to the milliwatt hour."""
    return None if energy_wh is None else round(energy_wh / 1000.0, 6) + 0.0
