"""A whole file looked through before anything of it is sent: what it holds and what is wrong with it."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .csv_packets import CsvPacket, EmptyRow, read_packets
from .csv_rows import BadRow

if TYPE_CHECKING:
    from .csv_channel import CsvChannel
    from .csv_packets import CsvItem
    from .packets import Packet

# More are only counted: who has so many has one cause to find, not a thousand.
MOST_LISTED: Final = 100
_MOST_IN_MESSAGE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSurvey:
    """What a file holds. `rows` counts all rows but blank lines, `empty_rows` those without a value.

    `first` and `last` are the times of the rows that are sent, before any shift, and `first_packet` is what would be
    sent first. `bad_rows` lists the first of `bad_row_count`.
    """

    rows: int
    packets: int
    empty_rows: int
    bad_row_count: int
    bad_rows: tuple[BadRow, ...]
    first: datetime | None
    last: datetime | None
    first_packet: Packet | None
    last_line: int


class BadRowsError(ValueError):
    """The file has bad rows, and it was not asked for to skip them: nothing more of it is sent."""

    def __init__(self, bad_rows: tuple[BadRow, ...], count: int) -> None:
        """Name the first of them."""
        shown = "; ".join(str(row) for row in bad_rows[:_MOST_IN_MESSAGE])
        more = count - min(len(bad_rows), _MOST_IN_MESSAGE)
        super().__init__(f"{count} bad {'row' if count == 1 else 'rows'}: {shown}{f'; and {more} more' * bool(more)}")
        self.bad_rows = bad_rows
        self.count = count


def survey_csv(channel: CsvChannel) -> CsvSurvey:
    """Look through a channel's file in constant memory, without sending anything; blocks, and raises OSError."""
    surveyor = Surveyor()
    with closing(read_packets(channel)) as items:
        for item in items:
            surveyor.add(item)
    return surveyor.survey()


@dataclass(slots=True)
class Surveyor:
    """Counts what goes by."""

    rows: int = 0
    packets: int = 0
    empty_rows: int = 0
    bad_row_count: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    first: CsvPacket | None = None
    last: CsvPacket | None = None
    last_line: int = 0

    def add(self, item: CsvItem) -> None:
        """Take note of one."""
        self.last_line = item.line
        if isinstance(item, CsvPacket):
            self.rows += not item.is_padding
            self.packets += 1
            self.first = self.first or item
            self.last = item
            return
        self.rows += 1
        if isinstance(item, EmptyRow):
            self.empty_rows += 1
            return
        self.bad_row_count += 1
        if len(self.bad_rows) < MOST_LISTED:
            self.bad_rows.append(item)

    def survey(self) -> CsvSurvey:
        """Return what was seen."""
        return CsvSurvey(
            rows=self.rows,
            packets=self.packets,
            empty_rows=self.empty_rows,
            bad_row_count=self.bad_row_count,
            bad_rows=tuple(self.bad_rows),
            first=self.first.row_time if self.first else None,
            last=self.last.row_time if self.last else None,
            first_packet=self.first.packet if self.first else None,
            last_line=self.last_line,
        )
