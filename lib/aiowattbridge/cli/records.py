"""Records written one after another as CSV, JSON lines or Parquet: the same values, and the same ones missing."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from .endings import Ending, Stop
from .screen import to_json

if TYPE_CHECKING:
    import pyarrow as pa

# So many rows are a row group: some megabytes, whatever the length of the file.
_ROWS_OF_A_GROUP: Final = 10_000

type Cell = str | float | datetime | None


class Format(StrEnum):
    """What a file of records may be."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Column[T]:
    """A column's name, what kind of values it has, and where a record has its value."""

    name: str
    kind: type[str | float | datetime]
    value: Callable[[T], Cell]


class Writer(Protocol):
    """Takes rows until it is closed."""

    def write(self, row: Sequence[Cell]) -> None:
        """Take one row."""
        ...

    def close(self) -> None:
        """Write what is still held; the file itself stays open."""
        ...


class CsvWriter:
    """A line of names, then a line for each record; a missing value is an empty cell."""

    def __init__(self, stream: IO[str], names: Sequence[str], *, goes_on: bool) -> None:
        """Write the names, unless the stream goes on after others."""
        self._writer = csv.writer(stream, lineterminator="\n")
        if not goes_on:
            self._writer.writerow(names)

    def write(self, row: Sequence[Cell]) -> None:
        """Write one line."""
        self._writer.writerow(
            ["" if cell is None else cell if not isinstance(cell, datetime) else cell.isoformat() for cell in row]
        )

    def close(self) -> None:
        """Do nothing more."""


class JsonLinesWriter:
    """An object on a line for each record; a missing value is null."""

    def __init__(self, stream: IO[str], names: Sequence[str]) -> None:
        """Remember the names."""
        self._stream = stream
        self._names = tuple(names)

    def write(self, row: Sequence[Cell]) -> None:
        """Write one line."""
        self._stream.write(to_json(dict(zip(self._names, row, strict=True))) + "\n")

    def close(self) -> None:
        """Do nothing more."""


class ParquetWriter:
    """Row groups of doubles, texts and UTC times in microseconds; a missing value is null."""

    def __init__(self, path: Path, columns: Sequence[tuple[str, type[str | float | datetime]]]) -> None:
        """Begin a file."""
        import pyarrow as pa  # noqa: PLC0415 - an extra of its own
        from pyarrow import parquet  # noqa: PLC0415 - the same

        types = {str: pa.string(), float: pa.float64(), datetime: pa.timestamp("us", tz="UTC")}
        self._schema: pa.Schema = pa.schema([(name, types[kind]) for name, kind in columns])
        self._make: Callable[..., pa.RecordBatch] = pa.RecordBatch.from_arrays
        self._array: Callable[..., pa.Array[Any]] = pa.array
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._rows: list[Sequence[Cell]] = []

    def write(self, row: Sequence[Cell]) -> None:
        """Take a row, and write a group when there are enough."""
        self._rows.append([cell.astimezone(UTC) if isinstance(cell, datetime) else cell for cell in row])
        if len(self._rows) >= _ROWS_OF_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Write the last group and the file's footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        """Write the rows held as one group."""
        if not self._rows:
            return
        arrays = [
            self._array(cells, kind)
            for cells, kind in zip(zip(*self._rows, strict=True), self._schema.types, strict=True)
        ]
        self._writer.write_batch(self._make(arrays, schema=self._schema))
        self._rows.clear()


def need_parquet() -> None:
    """End the run where the Parquet library is not there."""
    if find_spec("pyarrow") is None:
        raise Stop(Ending.USAGE, '--format parquet needs an extra package: pip install "aiowattbridge[parquet]"')
