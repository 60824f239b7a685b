"""The WattCarbon cloud's file format, by the letter: `datetime,value_kwh`, and an offset in every instant."""

import re
from datetime import UTC, datetime, timedelta

from .wattcarbon_forms import FILE
from .wattcarbon_refusals import Problem, problem, unprocessable

HEADER = "datetime,value_kwh"
ROW = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)),(-?\d{1,15}(?:\.\d+)?)",
    re.ASCII,
)
MOST_PROBLEMS = 20

type Rows = dict[datetime, float]


def read_rows(content: bytes, *, hourly: bool) -> Rows:
    """Read a whole file or refuse it, naming the lines that are wrong."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unprocessable(problem(FILE, "The file has to be UTF-8.")) from error
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines[0] != HEADER:
        raise unprocessable(_at_line(1, f"The first line has to be {HEADER}."))
    if len(lines) == 1:
        raise unprocessable(problem(FILE, "There is no row."))
    rows: Rows = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines[1:], 2):
        wrong = _take(rows, line, hourly=hourly)
        if wrong is not None and len(problems) < MOST_PROBLEMS:
            problems.append(_at_line(number, wrong))
    if problems:
        raise unprocessable(*problems)
    return rows


def _take(rows: Rows, line: str, *, hourly: bool) -> str | None:
    """Add a row, or say what is wrong with it."""
    found = ROW.fullmatch(line)
    if found is None:
        return "a row is an instant with its offset, a comma, and a plain decimal number"
    try:
        instant = datetime.fromisoformat(found[1]).astimezone(UTC)
    except ValueError, OverflowError:
        return "there is no such date"
    if hourly and instant - instant.replace(minute=0, second=0) != timedelta():
        return "the hour has to be full"
    if instant in rows:
        return "this instant was there before"
    rows[instant] = float(found[2])
    return None


def _at_line(number: int, message: str) -> Problem:
    """Name a line of the file, the header being line 1."""
    return problem((*FILE, number), f"line {number}: {message}")
