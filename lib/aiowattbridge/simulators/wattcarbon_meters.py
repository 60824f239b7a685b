"""WattCarbon's meters: what makes one, and the days of its series."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from .wattcarbon_fields import Check, check_fields, day, location, one_of
from .wattcarbon_refusals import Problem, missing, problem, unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .server import Call
    from .wattcarbon_csv import Rows

METER: Mapping[str, Check] = {
    "apiProvider": one_of("manual"),
    "meterType": one_of("gas", "electricity"),
    "location": location,
}
PERIOD = ("start", "end")


def check_meter(body: Mapping[str, object]) -> None:
    """Refuse what is no meter."""
    if problems := check_fields(body, METER, tuple(METER), is_open=False, place=("body",)):
        raise unprocessable(*problems)


def read_period(call: Call, end_day: Literal["included", "excluded"]) -> tuple[datetime, datetime]:
    """Read the days asked for, in UTC, as the instants from and before which rows are shown."""
    problems: list[Problem] = []
    for name in PERIOD:
        if name not in call.query:
            problems.append(missing("query", name))
        else:
            problems.extend(day(call.query[name], ("query", name)))
    # A mapping of several values for a name counts them all, and names the name once.
    if len(call.query) > len(set(call.query_keys)):
        problems.append(problem(("query",), "A parameter comes twice."))
    if problems:
        raise unprocessable(*problems)
    first, last = (date.fromisoformat(call.query[name]) for name in PERIOD)
    if first > last:
        raise unprocessable(problem(("query", "end"), "The end lies before the start."))
    until = last + timedelta(days=end_day == "included") if last < date.max else last
    return datetime.combine(first, time(), UTC), datetime.combine(until, time(), UTC)


def unknown_parameters(call: Call, known: tuple[str, ...]) -> list[Problem]:
    """List the query parameters that a call does not have."""
    return [
        problem(("query", name), "This parameter is not known.", "extra_forbidden")
        for name in call.query_keys
        if name not in known
    ]


def shown_rows(rows: Rows, start: datetime, end: datetime) -> list[dict[str, object]]:
    """Write the rows in [start, end) as the cloud shows them."""
    return [
        {"datetime": instant.isoformat(), "value_kwh": value}
        for instant, value in sorted(rows.items())
        if start <= instant < end
    ]
