"""Pure: the months of a meter, by what is known of it: which there may be, and their hours."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from .aiowattbridge.voltaware import Month
from .fold import HOUR_S
from .spread import day_hours
from .voltaware_archive import MeterRecord
from .voltaware_schedule import is_due, is_given_up, look_every, newest_month


def months_of(record: MeterRecord, now: datetime, zone: tzinfo) -> Iterator[Month]:
    """Go through the months that there may be results of, newest first."""
    if record.first_day is None:
        return
    first = Month.of(record.first_day)
    month = newest_month(now, zone)
    while month >= first:
        yield month
        month = month.previous


def missing_months(record: MeterRecord, now: datetime, zone: tzinfo) -> Iterator[Month]:
    """Go through the months between the first and the last with data that are not there and will not come."""
    oldest, newest = record.oldest_month, record.newest_month
    for month in reversed(list(months_of(record, now, zone))):
        is_between = oldest is not None and newest is not None and oldest < month < newest
        if is_between and record.month(month) is None and is_given_up(month, now, zone):
            yield month


def next_to_compare(record: MeterRecord, compared_s: Mapping[str, int], now: datetime, zone: tzinfo) -> Month | None:
    """Return the newest month whose rows are due to be compared with what the cloud said, by when they were last."""
    for key in sorted(compared_s, reverse=True):
        month = Month.parse(key)
        if record.month(month) is not None and is_due(compared_s[key], look_every(month, now, zone), now):
            return month
    return None


def settled_down_to(months: Iterable[Month], newest: Month, is_settled: Callable[[Month], bool]) -> Month:
    """Return the lowest month of the unbroken run below the newest; `months` come newest first."""
    lowest = newest
    for month in months:
        if month < lowest:
            if not is_settled(month):
                break
            lowest = month
    return lowest


def hours_of(record: MeterRecord, month: Month, zone: tzinfo) -> range:
    """Return the UTC hours of a month that the meter was there, in epoch seconds."""
    first_day = max(month.first_day, record.first_day or month.first_day)
    return range(day_hours(first_day, zone).start, day_hours(month.last_day, zone).stop, HOUR_S)
