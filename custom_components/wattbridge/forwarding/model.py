"""What a stream is, what it says of itself, and what a piece of forwarding came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from ..const import CONF_INTERVAL_MIN, CONF_KIND, CONF_PARAMETERS, CONF_START, CONF_START_AT, CONF_STREAM_ID
from ..vendors.wattics import HOURLY_MIN, Kind, Measure, Start

MINUTE_S: Final = 60
ROW_S: Final = 300
HOUR_S: Final = 3600


class Problem(StrEnum):
    """Why a stream does not go on; the values are translation keys."""

    REJECTED = "rejected"
    ANOTHER_SENDER = "another_sender"
    CLOUD_BEHIND = "cloud_behind"
    CREDENTIALS = "credentials"
    CANNOT_CONNECT = "cannot_connect"
    CURSOR_NEWER = "cursor_newer"
    CURSOR_CORRUPT = "cursor_corrupt"
    CURSOR_UNWRITABLE = "cursor_unwritable"
    SOURCE_MISSING = "source_missing"
    SOURCE_UNFIT = "source_unfit"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ParameterConfig:
    """One number of a packet: its wire name, the series it is made of, and what is taken from a row."""

    name: str
    source: str
    measure: Measure

    @property
    def is_cumulative(self) -> bool:
        """Tell whether the cloud wants a meter reading here, where we have the energy of each period."""
        return self.name.startswith("pC_") and self.measure is Measure.CHANGE


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What the user chose for a stream."""

    stream_id: str
    kind: Kind
    interval_s: int
    start: Start
    start_at: datetime | None
    parameters: tuple[ParameterConfig, ...]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of a subentry."""
        start_at = data[CONF_START_AT]
        return cls(
            stream_id=data[CONF_STREAM_ID],
            kind=Kind(data[CONF_KIND]),
            interval_s=int(data[CONF_INTERVAL_MIN]) * MINUTE_S,
            start=Start(data[CONF_START]),
            start_at=None if start_at is None else datetime.fromisoformat(start_at).astimezone(UTC),
            parameters=tuple(
                ParameterConfig(name, parameter["source"], Measure(parameter["measure"]))
                for name, parameter in data[CONF_PARAMETERS].items()
            ),
        )

    @property
    def row_s(self) -> int:
        """How long a row is that the stream reads: an hour, or five minutes for everything shorter."""
        return HOUR_S if self.interval_s == HOURLY_MIN * MINUTE_S else ROW_S

    @property
    def first_s(self) -> int:
        """The start of the first period: the one that begins at or after the chosen time."""
        if self.start_at is None:
            return 0
        return -(-int(self.start_at.timestamp()) // self.interval_s) * self.interval_s


def utc(epoch_s: float) -> datetime:
    """Return the aware UTC time of an epoch second."""
    return datetime.fromtimestamp(epoch_s, UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamStatus:
    """What a stream says of itself.

    `delivered_to`: the time of the newest packet the cloud accepted; `filled_until`: up to where every period has a
    class (accepted, rejected, confirmed hole); `continued_after`: the cloud held packets up to here when the stream
    was new; `caught_up`: since the account was loaded, there was a moment when nothing was left to send.
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
    problem: str | None = None
    detail: str | None = None
    paused_until: datetime | None = None


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
