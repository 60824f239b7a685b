"""Pure: when what is asked of Voltaware, so that no request is made that cannot bring news.

A month is calculated when it is over, and is there on its third day; what a meter sent before it was connected is
calculated within a day and a half. Results may be corrected: what is recent is looked at every day, the rest every
week.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from .aiowattbridge.voltaware import Month, Week

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
DESCRIPTION_EVERY: Final = 6 * HOUR
# It was due, and could not be read twice.
DESCRIPTION_OLD_AFTER: Final = 8 * HOUR
PROPERTY_EVERY: Final = DAY
# While a result is expected any time, and when it should have been there long ago.
EXPECTED_EVERY: Final = 3 * HOUR
EXPECTED_FOR: Final = 4 * DAY
OVERDUE_EVERY: Final = DAY
# A month that is not there by then will not come any more.
GIVEN_UP_AFTER: Final = 45 * DAY
# A result that is there is looked at again: it may have been corrected.
RECENT: Final = 35 * DAY
RECENT_EVERY: Final = DAY
OLD_EVERY: Final = 7 * DAY
WEEK_THERE_AFTER: Final = 2 * DAY
# Of what a meter sent before it was connected, at most three months are calculated.
CALCULATED_BACK: Final = 3 * 31 * DAY


def is_due(asked_s: int | None, every: timedelta, now: datetime) -> bool:
    """Tell whether something is to be asked for that was asked for last at a time (epoch seconds)."""
    # A time to come was noted by a clock that was wrong: it must not put the question off for years.
    return asked_s is None or not 0 <= now.timestamp() - asked_s < every.total_seconds()


def newest_month(now: datetime, zone: tzinfo) -> Month:
    """Return the newest month whose results may be there."""
    month = Month.of(now.astimezone(zone).date()).previous
    return month if now >= month.expected_at(zone) else month.previous


def newest_week(now: datetime, zone: tzinfo) -> Week:
    """Return the newest week whose results may be there."""
    week = Week.of(now.astimezone(zone).date()).previous
    return week if now >= week_expected_at(week, zone) else week.previous


def week_expected_at(week: Week, zone: tzinfo) -> datetime:
    """Return when a week's results may be there: like a month's, on the third day after its end."""
    return _midnight(week.next.first_day, zone) + WEEK_THERE_AFTER


def month_every(
    month: Month, now: datetime, zone: tzinfo, known_since: datetime, *, is_there: bool
) -> timedelta | None:
    """Return how often a month is asked for now; None: it is not, since nothing can have come."""
    return _every(_midnight(month.next.first_day, zone), month.expected_at(zone), now, known_since, is_there=is_there)


def week_every(week: Week, now: datetime, zone: tzinfo, known_since: datetime, *, is_there: bool) -> timedelta | None:
    """Return how often a week is asked for now; None: it is not, since nothing can have come."""
    end = _midnight(week.next.first_day, zone)
    return _every(end, week_expected_at(week, zone), now, known_since, is_there=is_there)


def _every(
    end: datetime, expected_at: datetime, now: datetime, known_since: datetime, *, is_there: bool
) -> timedelta | None:
    if now < expected_at:
        return None
    if is_there:
        return RECENT_EVERY if now - end <= RECENT else OLD_EVERY
    is_calculated_late = expected_at < known_since <= end + CALCULATED_BACK
    if now - (known_since if is_calculated_late else expected_at) <= EXPECTED_FOR:
        return EXPECTED_EVERY
    return OVERDUE_EVERY if now - end <= GIVEN_UP_AFTER else None


def look_every(month: Month, now: datetime, zone: tzinfo) -> timedelta:
    """Return how often what is there of a month is looked at again."""
    return RECENT_EVERY if now - _midnight(month.next.first_day, zone) <= RECENT else OLD_EVERY


def is_given_up(month: Month, now: datetime, zone: tzinfo) -> bool:
    """Tell whether a month that is not there is taken for one that the vendor does not have."""
    return now - _midnight(month.next.first_day, zone) > GIVEN_UP_AFTER


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
