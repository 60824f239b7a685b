"""What a CSV file is and where its rows go: one file fills one stream."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Final

from .client import PRODUCTION_URL
from .packets import ValuePacket

# A century either way: whatever shifts by more is a slip of the finger.
_MOST_MINUTES: Final = 100 * 366 * 24 * 60


class ChannelType(StrEnum):
    """What the columns after the time are."""

    REAL_ELECTRICITY = "real_electricity"
    """Up to 21 electricity values, in the order of `ELECTRICITY_PARAMETERS`."""
    FAKE_ELECTRICITY = "fake_electricity"
    """One reading of energy, sent as `pC_1`, and as `aP_1` the power it would be if it were a slot's energy."""
    OTHER = "other"
    """One value of anything."""


@dataclass(frozen=True, slots=True)
class CsvChannel:
    """A CSV file without a header, and how its rows become packets of a stream.

    `zone` is the one the file's times are in, read by the clock on the wall; `minutes_shift` moves every packet by real
    minutes, and where it moves them forward, a packet with the values of the first row goes before them at that row's
    own time. `minutes_in_slot` is needed for `fake_electricity`, and means nothing elsewhere. `destination` is the base
    URL the packets go to: the progress made with one collector is none with another. Raises ValueError beginning with
    the field's name.
    """

    path: Path
    stream_id: str
    channel_type: ChannelType
    zone: tzinfo = UTC
    minutes_shift: int | None = None
    minutes_in_slot: int | None = None
    destination: str = PRODUCTION_URL

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        # The packet knows best what a stream may be called.
        ValuePacket(self.stream_id, datetime(2000, 1, 1, tzinfo=UTC), 0)
        if not self.path.name:
            raise ValueError("path: must be that of a file")
        if self.minutes_shift is not None and abs(self.minutes_shift) > _MOST_MINUTES:
            raise ValueError(f"minutes_shift: must lie between -{_MOST_MINUTES} and {_MOST_MINUTES}")
        if self.channel_type is ChannelType.FAKE_ELECTRICITY and not (
            self.minutes_in_slot is not None and 0 < self.minutes_in_slot <= _MOST_MINUTES
        ):
            raise ValueError("minutes_in_slot: fake_electricity needs a whole number of minutes, 1 or more")

    @property
    def progress_path(self) -> Path:
        """Where the progress of this file's upload is kept: beside it."""
        return self.path.with_name(f"{self.path.name}.progress")

    @property
    def settings(self) -> dict[str, str]:
        """Tell all that decides what is made of a row and where it goes, as text that can be kept and compared."""
        is_fake = self.channel_type is ChannelType.FAKE_ELECTRICITY
        return {
            "stream_id": self.stream_id,
            "destination": self.destination.strip().rstrip("/"),
            "channel_type": self.channel_type.value,
            "zone": str(self.zone),
            "minutes_shift": str(self.minutes_shift or 0),
            "minutes_in_slot": str(self.minutes_in_slot) if is_fake else "",
        }
