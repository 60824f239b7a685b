"""Series as the CSV text that WattCarbon takes, `datetime,value_kwh`, written to the digit and read by the letter.

    datetime,value_kwh
    2022-08-01T00:00:00+00:00,0.1

The guide shows this form for the series of assets; that of meters is not shown, and taken to be the same.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from re import ASCII
from re import compile as pattern
from typing import Final

from .energy import HourlyEnergy, IntervalEnergy

COLUMNS: Final = ("datetime", "value_kwh")
_HEADER: Final = ",".join(COLUMNS)
_BYTE_ORDER_MARK: Final = "\ufeff"

# A time down to the seconds with its offset; the parser alone would also take dates, weeks and naive times.
_TIME: Final = pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.0+)?(Z|[+-]\d\d:?\d\d)", ASCII)
_NUMBER: Final = pattern(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", ASCII)


def write_csv(rows: Iterable[IntervalEnergy]) -> Iterator[str]:
    """Yield the lines of a CSV, each with its line break: UTC with its offset, plain decimals without exponent."""
    yield f"{_HEADER}\n"
    for row in rows:
        yield f"{row.start.isoformat(timespec='seconds')},{row.energy_kwh:f}\n"


def read_csv(lines: Iterable[str]) -> Iterator[HourlyEnergy]:
    """Yield the rows of a CSV as they are read; blank lines are passed over.

    A time may have any offset from UTC. Order and alignment are not looked at here: see `survey`. Raises ValueError
    naming column and line for a header that is another, for a naive time, for what is no number, and for a line of
    more or fewer columns.
    """
    given = iter(lines)
    header = next(given, "").removeprefix(_BYTE_ORDER_MARK)
    reader = csv.reader(chain([header], given), strict=True)
    if header.rstrip("\r\n") != _HEADER:
        raise ValueError(f"header (line 1): has to be {_HEADER}")
    try:
        for cells in reader:
            if cells and reader.line_num > 1:
                yield _read_row(cells, reader.line_num)
    except csv.Error:
        raise ValueError(f"row (line {reader.line_num}): is no line of a CSV") from None


def _read_row(cells: list[str], line: int) -> HourlyEnergy:
    """Read one line; raises ValueError naming the column and the line."""
    if len(cells) != len(COLUMNS):
        raise ValueError(f"row (line {line}): has to have {len(COLUMNS)} columns, and has {len(cells)}")
    time, number = (cell.strip() for cell in cells)
    start = parse_time(time) if _TIME.fullmatch(time) else None
    if start is None:
        raise ValueError(f"{COLUMNS[0]} (line {line}): has to be a time with its offset, as 2022-08-01T00:00:00+00:00")
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{COLUMNS[1]} (line {line}): has to be a number in kWh; an unknown hour is left out")
    try:
        return HourlyEnergy(start, Decimal(number))
    except ValueError as error:
        raise ValueError(f"{COLUMNS[1]} (line {line}): {error}") from None


def parse_time(text: str) -> datetime | None:
    """Read an ISO time; None if it is none or cannot be said in UTC."""
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo is None else time.astimezone(UTC)
    except ValueError, OverflowError:
        return None
