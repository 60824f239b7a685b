"""What may stand behind the question mark of the simulated Voltaware cloud: exactly what the page documents."""

import re
from datetime import date
from typing import TYPE_CHECKING

from .checks import Refused
from .voltaware_meters import DAY
from .voltaware_results import month_period

if TYPE_CHECKING:
    from .server import Call
    from .voltaware_results import Period

YEAR = re.compile(r"[12][0-9]{3}")
MONTH = re.compile(r"[1-9]|1[0-2]")
# Python reads 20240708 and 2024-W28-1 too, which are no dates of the page.
DATE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")


def check_query(call: Call, names: set[str]) -> None:
    """Accept exactly these parameters, each once."""
    if set(call.query_keys) != names or len(call.query_keys) != len(names):
        raise Refused(400, f"The parameters are {', '.join(sorted(names)) or 'none'}.")


def asked_month(call: Call) -> Period:
    """Read a month, as in `year=2024&month=7`."""
    check_query(call, {"year", "month"})
    year, month = call.query["year"], call.query["month"]
    if not YEAR.fullmatch(year):
        raise Refused(400, "year has four digits.")
    if not MONTH.fullmatch(month):
        raise Refused(400, "month is a number from 1 to 12.")
    return month_period(int(year), int(month))


def asked_week(call: Call) -> Period:
    """Read a week, which is a Monday and the Sunday after it."""
    check_query(call, {"startDate", "endDate"})
    monday, sunday = _date(call, "startDate"), _date(call, "endDate")
    if monday.weekday():
        raise Refused(400, "startDate is a Monday.")
    if sunday - monday != 6 * DAY:
        raise Refused(400, "endDate is the Sunday of the same week.")
    return monday, sunday


def _date(call: Call, name: str) -> date:
    """Read a date, as in `2024-07-08`."""
    text = call.query[name]
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, f"{name} is no day of the calendar.") from error
    raise Refused(400, f"{name} is a date such as 2024-07-08.")
