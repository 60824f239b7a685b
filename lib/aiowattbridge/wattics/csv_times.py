"""The times of a CSV file: local, without an offset, and in one hour of the year said twice."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .csv_rows import BadCellError

FORMAT: Final = "%Y-%m-%d %H:%M:%S"
_USUAL = re.compile(r"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):\d\d:\d\d", re.ASCII)
_COLUMN: Final = 1


def parse_local_time(text: str) -> datetime:
    """Read a time as it stands in the file, without a zone; raises BadCellError."""
    try:
        # The first way is much faster, the second also takes what is not padded with zeros.
        return datetime.fromisoformat(text) if _USUAL.fullmatch(text) else datetime.strptime(text, FORMAT)  # noqa: DTZ007 - its zone is the file's
    except ValueError:
        raise BadCellError("is no time like 2026-01-31 23:59:59", _COLUMN) from None


class LocalTimes:
    """Turns the local times of one file, in the order of its rows, into instants that rise.

    Where the clocks go back, an hour comes twice: a time is of the first pass unless the rows are past that already. It
    is of the second, too, where the first would follow the row before sooner than rows do in this file and the second
    exactly in time: that tells hourly rows in a zone whose clocks go back half an hour.
    """

    def __init__(self, zone: tzinfo) -> None:
        """Begin before the first row."""
        self._zone = zone
        self._before: datetime | None = None
        self._step: timedelta | None = None

    def instant(self, local: datetime) -> datetime:
        """Return the instant (UTC) of the next row's time; raises BadCellError where it is none or not newer."""
        try:
            readings = self._readings(local)
        except OverflowError, ValueError:
            raise BadCellError("is a time out of range", _COLUMN) from None
        if not readings:
            raise BadCellError(f"is a time that the clocks in {self._zone} skip", _COLUMN)
        before = self._before
        if before is None:
            self._before = readings[0]
            return readings[0]
        instant = self._choose([reading - before for reading in readings if reading > before], before)
        self._before = instant
        return instant

    def _readings(self, local: datetime) -> list[datetime]:
        """List the instants at which the clocks show this time, in order: one, two, or none."""
        aware = local.replace(tzinfo=self._zone)
        first = aware.astimezone(UTC)
        second = aware.replace(fold=1)
        if aware.utcoffset() == second.utcoffset():
            return [first]
        both = sorted((first, second.astimezone(UTC)))
        return [instant for instant in both if instant.astimezone(self._zone).replace(tzinfo=None, fold=0) == local]

    def _choose(self, steps: list[timedelta], before: datetime) -> datetime:
        """Choose among the steps that lead onwards, the shortest first."""
        if not steps:
            raise BadCellError("is a time not newer than that of the row before", _COLUMN)
        step = steps[-1] if steps[-1] == self._step else steps[0]
        self._step = step if self._step is None else min(step, self._step)
        return before + step
