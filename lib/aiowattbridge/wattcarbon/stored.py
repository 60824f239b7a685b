"""Reads back what a meter holds. The shape of that answer is documented nowhere, so all about it is decided here.

What has a time and a number is a row, wherever it stands: in a list of objects or of pairs, in columns, in an object
from time to number, inside of any wrapping, or as CSV. A time without an offset is UTC, as in the uploads. A row
without a number holds nothing and is left out.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ..answer import Answer
from ..errors import ResponseError
from .csv_text import parse_time
from .door import VENDOR
from .energy import IntervalEnergy

_TIME_NAMES: Final = ("datetime", "start", "timestamp", "time", "date", "startTime", "start_time")
_VALUE_NAMES: Final = ("value_kwh", "valueKwh", "value", "energy_kwh", "energyKwh", "kwh", "energy", "usage")

# Deeper than any wrapping; an answer of brackets alone must not exhaust the stack.
_DEEPEST: Final = 6
_PAIR: Final = 2


def decode_stored(answer: Answer, endpoint: str) -> list[IntervalEnergy]:
    """Return the rows of an answer in the order of time; raises ResponseError where none can be made out.

    An empty list is an answer: nothing is there.
    """
    rows = _from_csv(answer.body) if _is_csv(answer) else _from_json(answer.body)
    if rows is None:
        message = "the answer holds no times with numbers that can be made out"
        raise ResponseError(message, vendor=VENDOR, endpoint=endpoint, status=answer.status)
    return sorted(rows, key=lambda row: row.start)


def _is_csv(answer: Answer) -> bool:
    """Tell a CSV by what it is declared as."""
    declared: str = answer.headers.get("Content-Type", "")
    return declared.partition(";")[0].strip().lower() == "text/csv"


def _from_csv(body: bytes) -> list[IntervalEnergy] | None:
    """Read a CSV whose header has names that we know."""
    reader = csv.DictReader(body.decode(errors="replace").splitlines())
    try:
        names = reader.fieldnames or ()
        items = list(reader)
    except csv.Error:
        return None
    return _from_list(items) if set(_TIME_NAMES) & set(names) else None


def _from_json(body: bytes) -> list[IntervalEnergy] | None:
    """Read JSON, its numbers to the digit."""
    try:
        data = json.loads(body, parse_float=Decimal)
    except ValueError, RecursionError:
        return None
    return _find(data, _DEEPEST)


def _find(data: object, depth: int) -> list[IntervalEnergy] | None:
    """Return the rows of the first thing that has the form of a series with rows; None if nothing has the form."""
    if isinstance(data, list):
        return _from_list(data)
    if not isinstance(data, dict) or not depth:
        return None
    for attempt in (_from_columns, _from_mapping):
        if (rows := attempt(data)) is not None:
            return rows
    found = [rows for inner in data.values() if (rows := _find(inner, depth - 1)) is not None]
    # An empty list may be of anything; it counts only where there is nothing else.
    return next(filter(None, found), found[0] if found else None)


def _from_list(items: list[Any]) -> list[IntervalEnergy] | None:
    """Read a list of objects or pairs; one that holds anything else is no series."""
    pairs = [_pair(item) for item in items]
    return None if None in pairs else list(_rows(pair for pair in pairs if pair is not None))


def _pair(item: object) -> tuple[datetime, object] | None:
    """Read the time and the value of one item, whatever the value is; None if it has no time."""
    if isinstance(item, list):
        time, value = item if len(item) == _PAIR else (None, None)
    elif isinstance(item, dict):
        time, value = _first(item, _TIME_NAMES), _first(item, _VALUE_NAMES)
    else:
        return None
    when = _time(time)
    return None if when is None else (when, value)


def _from_columns(data: Mapping[str, object]) -> list[IntervalEnergy] | None:
    """Read one list of times beside one of values."""
    times, values = _first(data, _TIME_NAMES), _first(data, _VALUE_NAMES)
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        return None
    return _from_list([list(pair) for pair in zip(times, values, strict=True)])


def _from_mapping(data: Mapping[str, object]) -> list[IntervalEnergy] | None:
    """Read an object whose names are times."""
    return _from_list([list(pair) for pair in data.items()]) if data else None


def _rows(pairs: Iterator[tuple[datetime, object]]) -> Iterator[IntervalEnergy]:
    """Yield a row for every pair that has a number."""
    for time, value in pairs:
        energy_kwh = _number(value)
        if energy_kwh is None:
            continue
        try:
            yield IntervalEnergy(time, energy_kwh)
        except ValueError:
            continue


def _first(data: Mapping[str, object], names: tuple[str, ...]) -> object:
    """Return the value of the first of these names that is there."""
    return next((data[name] for name in names if name in data), None)


def _time(value: object) -> datetime | None:
    """Read a time; one without an offset is UTC."""
    time = parse_time(value) if isinstance(value, str) else None
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)


def _number(value: object) -> Decimal | None:
    """Read a number, as JSON or as text; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
