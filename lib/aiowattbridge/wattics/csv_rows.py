"""A CSV file row by row: read piece by piece, every row with its true line number, and what cannot be read told."""

import csv
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TextIO

# What a stray quote or a file of another kind could make of a row must not fill the memory.
LONGEST_LINE: Final = 65_536
MOST_LINES_A_ROW: Final = 20


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: its cells, its first and last line (counted from 1), and the fingerprint of the file up to its end.

    The fingerprint leaves the ends of the lines out, so that a last line is the same with and without one.
    """

    line: int
    last_line: int
    digest: bytes
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be sent: its line, its column (both counted from 1; None: the whole row), and why."""

    line: int
    column: int | None
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        column = "" if self.column is None else f", column {self.column}"
        return f"line {self.line}{column}: {self.reason}"


class BadCellError(ValueError):
    """A cell cannot be read; `column` counts from 1, None where it is not about one cell."""

    def __init__(self, reason: str, column: int | None = None) -> None:
        """Say why, and where."""
        super().__init__(reason)
        self.column = column

    def at(self, line: int) -> BadRow:
        """Tell it of a row."""
        return BadRow(line, self.column, str(self))


@dataclass(frozen=True, slots=True)
class _Line:
    """One physical line; `text` is None where it is longer than any row of this kind can be."""

    number: int
    text: str | None
    digest: bytes


class _Lines:
    """Hands lines to the CSV reader, and remembers those of the row at hand."""

    def __init__(self, file: TextIO) -> None:
        """Begin at the file's start."""
        self._unread = _read_lines(file)
        self._again: deque[_Line] = deque()
        self.row: list[_Line] = []

    def __iter__(self) -> Iterator[str]:
        """Be what a CSV reader reads."""
        return self

    def __next__(self) -> str:
        """Return the next line of the row; raises BadCellError where it cannot be part of one."""
        if len(self.row) == MOST_LINES_A_ROW:
            raise BadCellError("a quote is not closed")
        line = self._again.popleft() if self._again else next(self._unread)
        self.row.append(line)
        if line.text is None:
            raise BadCellError(f"is longer than {LONGEST_LINE} characters")
        return line.text

    def give_back(self) -> None:
        """Keep all but the row's first line for the rows that follow: the trouble began in that one."""
        self._again.extendleft(reversed(self.row[1:]))
        del self.row[1:]


def read_rows(path: Path) -> Generator[CsvRow | BadRow]:
    """Yield the rows of a file in UTF-8, with or without a byte order mark; blank lines are no rows.

    Raises OSError where the file cannot be read.
    """
    # Bytes that are no UTF-8 come through as marks, so that the row that holds them can be named.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, strict=True)
        while True:
            lines.row = []
            try:
                cells = _next_cells(reader, lines)
                if cells is None:
                    return
                _check_encoding(cells)
            except BadCellError as error:
                yield error.at(lines.row[0].number)
            else:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    last = lines.row[-1]
                    yield CsvRow(lines.row[0].number, last.number, last.digest, cells)


def _next_cells(reader: Iterator[list[str]], lines: _Lines) -> list[str] | None:
    """Read one row; None at the end. Raises BadCellError, and goes on with the line after the one that is to blame."""
    try:
        return next(reader, None)
    except csv.Error:
        lines.give_back()
        raise BadCellError("its quotes do not fit together") from None
    except BadCellError:
        if len(lines.row) == 1:
            raise
        lines.give_back()
        raise BadCellError("a quote is not closed") from None


def _read_lines(file: TextIO) -> Iterator[_Line]:
    """Yield the lines of a file with the fingerprint of all up to their end."""
    number, digest = 0, b""
    while text := file.readline(LONGEST_LINE):
        number += 1
        digest = _digest(digest, text)
        is_too_long = len(text) == LONGEST_LINE
        while len(text) == LONGEST_LINE and not text.endswith(("\n", "\r")):
            text = file.readline(LONGEST_LINE)
            digest = _digest(digest, text)
        yield _Line(number, None if is_too_long else text, digest)


def _digest(before: bytes, text: str) -> bytes:
    """Return the fingerprint of all before and this."""
    return sha256(before + text.rstrip("\r\n").encode("utf-8", "surrogateescape")).digest()


def _check_encoding(cells: list[str]) -> None:
    """Refuse bytes that are no UTF-8."""
    for column, cell in enumerate(cells, start=1):
        if not cell.isascii() and any("\udc80" <= character <= "\udcff" for character in cell):
            raise BadCellError("holds bytes that are not UTF-8", column)
