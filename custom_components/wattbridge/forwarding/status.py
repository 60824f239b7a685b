"""What a stream says of itself, and what a piece of forwarding came to."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamStatus:
    """What a stream says of itself.

    `delivered_to`: the time of the newest packet the cloud accepted; `filled_until`: up to where every period has a
    class (accepted, rejected, confirmed hole); `continued_after`: the cloud held packets up to here when the stream
    was new; `caught_up`: since the account was loaded, there was a moment when nothing was left to send.
    `hourly_until`: up to here a stream of shorter intervals was sent by the hour, since older rows are hours.
    `revised` are hours that changed here after they were delivered, and `revised_kwh` by how much in all (of Wattics:
    what the cloud does not have); `difference_kwh` is what the last reconciliation could not explain.
    """

    delivered_to: datetime | None = None
    filled_until: datetime | None = None
    continued_after: datetime | None = None
    caught_up: bool = False
    backlog: int | None = None
    delivered: int = 0
    rejected: int = 0
    repeated: int = 0
    holes: int = 0
    resets: int = 0
    revised: int = 0
    revised_kwh: float | None = None
    difference_kwh: float | None = None
    reconciled_at: datetime | None = None
    hourly_until: datetime | None = None
    is_paused: bool = False
    problem: str | None = None
    detail: str | None = None
    paused_until: datetime | None = None

    def lag_s(self, now: datetime) -> float | None:
        """Return for how long (s) now nothing is settled; None before the stream has a place."""
        return None if self.filled_until is None else max(0.0, (now - self.filled_until).total_seconds())


@dataclass(slots=True)
class ForwardCounts:
    """What a piece of forwarding came to; `confirmed` are the accepted packets that took a read-back to know."""

    accepted: int = 0
    confirmed: int = 0
    rejected: int = 0
    holes: int = 0
    repeated: int = 0
    first: datetime | None = None
    last: datetime | None = None
    filled_until: datetime | None = None
    planned: int = field(default=0)

    def note_packet(self, timestamp: datetime) -> None:
        """Widen the stretch of packets by one."""
        self.last = timestamp.astimezone(UTC)
        self.first = self.first or self.last

    def as_dict(self) -> dict[str, int | str | None]:
        """Write the counts as the response of an action."""
        return {
            "accepted": self.accepted,
            "confirmed": self.confirmed,
            "rejected": self.rejected,
            "holes": self.holes,
            "repeated": self.repeated,
            "planned": self.planned,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "filled_until": self.filled_until.isoformat() if self.filled_until else None,
        }
