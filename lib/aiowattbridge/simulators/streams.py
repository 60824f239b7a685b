"""What the Wattics collector accepted, in the order of arrival, and how well-behaved that order was."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """An accepted packet, the instant it speaks of, by which route and when it came."""

    packet: dict[str, object]
    instant: datetime
    route: str
    received_at: datetime


class Store:
    """Accepted packets by stream."""

    def __init__(self, *, keep_packets: bool) -> None:
        """Start empty."""
        self.accepted: dict[str, list[Stored]] = {}
        self.counts: Counter[str] = Counter()
        self.total = 0
        self.duplicates = 0
        self.out_of_order = 0
        self._keep = keep_packets
        self._newest: dict[str, datetime] = {}
        self._instants: dict[str, dict[datetime, frozenset[str] | None]] = {}

    def add(self, stored: Stored) -> None:
        """Take a packet."""
        stream_id = str(stored.packet["id"])
        kept = self.accepted.setdefault(stream_id, [])
        if not self._keep:
            kept.clear()
        kept.append(stored)
        self.total += 1
        self.counts[stream_id] += 1
        self._judge(stream_id, stored)

    def newest(self, stream_id: str, most: int) -> list[Stored]:
        """Show the packets received last, the last one last."""
        return self.accepted.get(stream_id, [])[-most:]

    def _judge(self, stream_id: str, stored: Stored) -> None:
        """Count a packet that repeats an instant or lies before one already there.

        Partial packets may share an instant as long as they carry different parameters.
        """
        instants = self._instants.setdefault(stream_id, {})
        # A whole packet is noted as None, which saves memory on long runs.
        names = frozenset(stored.packet) - {"id", "tsISO8601"} if stored.route == "partial" else None
        if stored.instant not in instants:
            instants[stored.instant] = names
        else:
            earlier = instants[stored.instant]
            if earlier is None or names is None or earlier & names:
                self.duplicates += 1
            instants[stored.instant] = None if earlier is None or names is None else earlier | names
        newest = self._newest.setdefault(stream_id, stored.instant)
        if stored.instant < newest:
            self.out_of_order += 1
        self._newest[stream_id] = max(newest, stored.instant)
