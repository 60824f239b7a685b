"""What became of a packet, what a sender waits for, and what makes it stop."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..errors import WattbridgeError

if TYPE_CHECKING:
    from datetime import datetime

    from .packets import Packet

VENDOR = "Wattics"


class Outcome(StrEnum):
    """What became of a packet."""

    ACCEPTED = "accepted"
    """The cloud answered that it has the packet."""
    CONFIRMED = "confirmed"
    """The answer was lost, and the cloud's last packet shows that it has the packet."""
    REJECTED = "rejected"
    """The cloud refuses this packet: the same bytes will be refused again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The end of one packet's way.

    `attempts` counts the times it was sent by this delivery. `repeated` counts those of them that may have stored it
    once more, because an earlier sending may have been accepted and the cloud could not say. `answer` is a short
    excerpt of what the cloud said.
    """

    packet: Packet
    outcome: Outcome
    status: int | None
    attempts: int
    repeated: int
    answer: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """A sender waits: which stream, until when, and why.

    `whole_account`: the cloud asked for it, so nothing of any stream is sent before `until`.
    """

    stream_id: str
    until: datetime
    whole_account: bool
    reason: WattbridgeError


class OrderError(ValueError):
    """The packet is not newer than what its stream already has; it was not sent."""

    def __init__(self, stream_id: str, instant: datetime, filled_until: datetime) -> None:
        """Name the stream, the packet's instant and the newest instant of the stream."""
        super().__init__(
            f"stream {stream_id}: a packet of {instant.isoformat()} cannot follow one of {filled_until.isoformat()}"
        )
        self.stream_id = stream_id
        self.instant = instant
        self.filled_until = filled_until


class AnotherSenderError(WattbridgeError):
    """The cloud has a newer packet of the stream than we ever sent: somebody else writes to it."""

    def __init__(self, stream_id: str, instant: datetime, last: datetime) -> None:
        """Name the stream, our packet's instant and that of the cloud's last packet."""
        super().__init__(
            f"another sender fills stream {stream_id}: its last packet is of {last.isoformat()}, "
            f"ours of {instant.isoformat()}",
            vendor=VENDOR,
        )
        self.stream_id = stream_id
        self.instant = instant
        self.last = last
