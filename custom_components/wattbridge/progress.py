"""What is told of a device's history, and what the importer needs of whoever writes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .statistics import Written


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of whole hours without a row (aware UTC, end not included): the cloud has nothing for it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the history of a device has come.

    `imported_from`: the oldest hour that is there. `missing_hours`: how many hours between the oldest and the newest
    have no row although the cloud was asked for them; `holes`: the stretches they make up, oldest first.
    `revised_hours`: how many stored hours the cloud has corrected since the account was loaded, the last time at
    `revised_at`, when they lay between the times of `revised_between`.
    """

    fraction: float = 0.0
    imported_from: datetime | None = None
    complete: bool = False
    missing_hours: int = 0
    holes: Sequence[Hole] = ()
    revised_hours: int = 0
    revised_at: datetime | None = None
    revised_between: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What an import of a range came to, as read back: records or results read, and the hours they made.

    `refused`: hours that could not be written.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0

    def __add__(self, other: ImportCounts) -> ImportCounts:
        """Add two counts."""
        return ImportCounts(
            read=self.read + other.read,
            new=self.new + other.new,
            changed=self.changed + other.changed,
            same=self.same + other.same,
            refused=self.refused + other.refused,
        )


class DeviceHistory(Protocol):
    """All series of one device, written by the importer's task for it; one step at a time is asked for."""

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of the device that are known by now."""

    @property
    def statistic_names(self) -> dict[str, str]:
        """Return the names of these series by their ids."""

    @property
    def note(self) -> dict[str, Any] | None:
        """Return what is worth remembering over a restart, as JSON; None if nothing yet."""

    @property
    def progress(self) -> Progress:
        """Tell how far the history has come."""

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole past that is wanted has been fetched."""

    async def async_begin(self, note: Mapping[str, Any] | None) -> None:
        """Put the stored series right, and find out what is there."""

    async def async_update(self) -> Written:
        """Write what the last poll has brought."""

    async def async_fill_in(self) -> Written:
        """Fetch and write the next stretch below what is there."""

    async def async_heal(self) -> Written | None:
        """Compare the next stretch that is due to be looked at again; None when nothing is due.

        What it has changed is told by `progress`.
        """

    async def async_import(self, start: datetime, end: datetime) -> ImportCounts:
        """Fetch and write a range (aware times) now, whatever is remembered of it."""

    async def async_restart(self) -> None:
        """Forget what is known of the stored series: they were cleared, and are filled again from the newest on."""

    def withdraw(self) -> None:
        """Let readers of the series wait until somebody writes them again."""
