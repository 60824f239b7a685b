"""The packets of a CSV file, one row after another, as they will be sent."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Final

from .csv_channel import ChannelType, CsvChannel
from .csv_rows import BadCellError, BadRow, CsvRow, read_rows
from .csv_times import LocalTimes, parse_local_time
from .packets import ELECTRICITY_PARAMETERS, ElectricityPacket, Packet, ValuePacket

_NAMES: Final = tuple(parameter.name for parameter in ELECTRICITY_PARAMETERS)
_MINUTES_PER_HOUR: Final = 60.0


@dataclass(frozen=True, slots=True)
class CsvPacket:
    """A packet, and the row it was made of; the packet before the first shifted row `is_padding`."""

    packet: Packet
    instant: datetime
    row: CsvRow
    row_time: datetime
    is_padding: bool = False

    @property
    def line(self) -> int:
        """Where the row begins."""
        return self.row.line


@dataclass(frozen=True, slots=True)
class EmptyRow:
    """A row with a time and no value: nothing is sent of it."""

    row: CsvRow
    row_time: datetime

    @property
    def line(self) -> int:
        """Where the row begins."""
        return self.row.line


type CsvItem = CsvPacket | EmptyRow | BadRow


def read_packets(channel: CsvChannel) -> Generator[CsvItem]:
    """Yield what becomes of each row of a channel's file; raises OSError where that cannot be read.

    A row whose time can be read counts for the order of the rows, whatever else is wrong with it.
    """
    maker = _PacketMaker(channel)
    with closing(read_rows(channel.path)) as rows:
        for row in rows:
            if isinstance(row, BadRow):
                yield row
                continue
            try:
                yield from maker.items_of(row)
            except BadCellError as error:
                yield error.at(row.line)


class _PacketMaker:
    """Makes the packets of one file, in the order of its rows."""

    def __init__(self, channel: CsvChannel) -> None:
        """Begin before the first row."""
        self._channel = channel
        self._times = LocalTimes(channel.zone)
        self._shift = timedelta(minutes=channel.minutes_shift or 0)
        self._is_first = True

    def items_of(self, row: CsvRow) -> list[CsvItem]:
        """Make the packets of a row: one, none, or two of the first; raises BadCellError."""
        row_time = self._times.instant(parse_local_time(row.cells[0])).astimezone(self._channel.zone)
        values = self._values(row.cells)
        if not values:
            return [EmptyRow(row, row_time)]
        items: list[CsvItem] = [self._packet(row, row_time, self._shift, values)]
        # Backwards or not at all, the packet of the first row's own time would not be before the others.
        if self._is_first and self._shift > timedelta():
            items.insert(0, self._packet(row, row_time, timedelta(), values, is_padding=True))
        self._is_first = False
        return items

    def _packet(
        self, row: CsvRow, row_time: datetime, shift: timedelta, values: dict[str, float], *, is_padding: bool = False
    ) -> CsvPacket:
        """Make one packet, stamped with the local time and its true offset."""
        stream_id = self._channel.stream_id
        packet: Packet
        try:
            # Added in UTC: the clocks may change on the way.
            timestamp = (row_time.astimezone(UTC) + shift).astimezone(self._channel.zone)
            if self._channel.channel_type is ChannelType.OTHER:
                packet = ValuePacket(stream_id, timestamp, values["value"])
            else:
                packet = ElectricityPacket(stream_id, timestamp, values)
        except (ValueError, OverflowError) as error:
            raise BadCellError(f"makes no packet ({error})") from None
        return CsvPacket(packet, packet.instant, row, row_time, is_padding)

    def _values(self, cells: list[str]) -> dict[str, float]:
        """Read the cells after the time; what is not there is left out."""
        channel = self._channel
        if channel.channel_type is ChannelType.REAL_ELECTRICITY:
            if len(cells) > 1 + len(_NAMES):
                raise BadCellError(f"has {len(cells)} columns, more than a time and {len(_NAMES)} values")
            numbers = (_read_number(cell, column) for column, cell in enumerate(cells[1:], start=2))
            given = zip(_NAMES, numbers, strict=False)
            return {name: number for name, number in given if number is not None}
        if len(cells) != 2:  # noqa: PLR2004 - it is said in the message
            raise BadCellError(f"must have a time and one value, and has {len(cells)} columns in all")
        value = _read_number(cells[1], 2)
        if value is None:
            return {}
        if channel.channel_type is ChannelType.OTHER or channel.minutes_in_slot is None:
            return {"value": value}
        return {"pC_1": value, "aP_1": value * _MINUTES_PER_HOUR / channel.minutes_in_slot}


def _read_number(cell: str, column: int) -> float | None:
    """Read a number; None for an empty cell."""
    if not cell or cell.isspace():
        return None
    try:
        number = float(cell)
    except ValueError:
        raise BadCellError("is no number like 12.5", column) from None
    if not isfinite(number):
        raise BadCellError("is not a finite number", column)
    return number
