"""Records on their way out: to stdout, or into a file that has its name only when it is whole."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from .endings import Ending, Stop
from .output import Partial
from .records import Column, CsvWriter, Format, JsonLinesWriter, ParquetWriter, Writer, need_parquet


class Export[T]:
    """Writes records; their first column is their time, which only rises. Leaving it without `finish` is a failure."""

    def __init__(self, columns: Sequence[Column[T]], form: Format, partial: Partial | None, *, resume: bool) -> None:
        """Open what is to be written; with `resume`, after the last whole record that is there."""
        self.count = 0
        self.last: datetime | None = None
        self._columns = tuple(columns)
        self._form = form
        self._partial = partial
        self._is_whole = False
        if resume and partial is not None:
            self.last = _time_of(partial.last_line(), form)
        self.resumed_after = self.last
        self._stream: IO[str] | None = None
        self._writer = self._open()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Keep what can be gone on with, and throw away what cannot."""
        if not self._is_whole:
            with suppress(OSError):
                self._writer.close()
        if self._stream is not None and self._partial is not None:
            self._stream.close()
        is_of_use = self._is_whole or (self.last is not None and self._form is not Format.PARQUET)
        if self._partial is not None and not is_of_use:
            self._partial.remove()

    def write(self, record: T) -> None:
        """Write a record."""
        row = [column.value(record) for column in self._columns]
        self._writer.write(row)
        self.count += 1
        time = row[0]
        if isinstance(time, datetime):
            self.last = time

    def finish(self) -> None:
        """Make the file whole."""
        self._writer.close()
        if self._stream is not None:
            self._stream.flush()
        if self._partial is not None:
            self._partial.finish()
        self._is_whole = True

    def where(self) -> str:
        """Say how far it came, and how to go on."""
        if self._is_whole:
            return ""
        if self.last is None:
            return "no record was written"
        reached = f"{self.count} records were written, up to {self.last.isoformat(' ')}"
        if self._partial is None:
            return reached
        if self._form is Format.PARQUET:
            return f"{reached}; an unfinished Parquet file is of no use and was removed"
        return f"{reached}, to {self._partial.path}; the same command with --resume goes on from there"

    def _open(self) -> Writer:
        """Open the stream or the file."""
        names = [column.name for column in self._columns]
        if self._form is Format.PARQUET:
            if self._partial is None:
                raise Stop(Ending.USAGE, "--output: Parquet is no text for stdout, give a file")
            need_parquet()
            return ParquetWriter(self._partial.path, [(column.name, column.kind) for column in self._columns])
        goes_on = self.last is not None
        if self._partial is None:
            self._stream = sys.stdout
        else:
            self._stream = self._partial.path.open("a" if goes_on else "w", encoding="utf-8", newline="")
        if self._form is Format.CSV:
            return CsvWriter(self._stream, names, goes_on=goes_on)
        return JsonLinesWriter(self._stream, names)


def form_of(form: Format | None, output: Path | None, *, as_json: bool) -> Format:
    """Decide what is written: as asked, or by the file's ending, or CSV for people and JSON lines for programs."""
    if form is not None:
        return form
    endings = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".parquet": Format.PARQUET}
    if output is not None and output.suffix.lower() in endings:
        return endings[output.suffix.lower()]
    return Format.JSONL if as_json and output is None else Format.CSV


def _time_of(line: str | None, form: Format) -> datetime | None:
    """Read the time of a record from its line; None for a line of names or for none."""
    if not line:
        return None
    try:
        text = line.partition(",")[0] if form is Format.CSV else next(iter(json.loads(line).values()))
        return datetime.fromisoformat(text)
    except ValueError, TypeError, AttributeError, StopIteration:
        return None
