"""Months and weeks as values."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.voltaware import Month, Week

DAYS = st.dates(min_value=date(1980, 1, 1), max_value=date(2100, 1, 1))


@given(DAYS)
def test_day_lies_in_its_month_and_week_and_in_no_other(day: date) -> None:
    """Neighbours touch and do not overlap."""
    month, week = Month.of(day), Week.of(day)
    assert month.first_day <= day <= month.last_day
    assert week.first_day <= day <= week.last_day
    assert (month.last_day - month.next.first_day).days == -1
    assert (week.last_day - week.next.first_day).days == -1
    assert month.next.previous == month
    assert week.next.previous == week
    assert month.previous < month < month.next
    assert Month.parse(str(month)) == month
    assert Week.parse(str(week)) == week


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "2026-3", "0000-01", "9999-12", "2026-03-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    """The message says how one is written."""
    with pytest.raises(ValueError, match=r"^month: has to be"):
        Month.parse(text)


@pytest.mark.parametrize("text", ["2026-W54", "2026-W1", "2026-03-03", "2026-W10-2", "last", ""])
def test_what_is_no_week_is_refused(text: str) -> None:
    """A Tuesday begins none."""
    with pytest.raises(ValueError, match=r"^week: has to be"):
        Week.parse(text)


def test_week_is_written_by_its_iso_number_or_its_monday() -> None:
    """Both mean the same."""
    assert Week.parse("2026-W10") == Week.parse("2026-03-02") == Week(date(2026, 3, 2))
    for other in (date(2026, 3, 3), datetime(2026, 3, 2, 12, tzinfo=UTC)):
        with pytest.raises(ValueError, match="Monday"):
            Week(other)


def test_month_is_expected_on_the_third_by_the_devices_clocks() -> None:
    """In Adelaide earlier than in New York."""
    month = Month(2026, 10)
    assert month.expected_at(ZoneInfo("Australia/Adelaide")) == datetime(2026, 11, 2, 13, 30, tzinfo=UTC)
    assert month.expected_at(ZoneInfo("America/New_York")) == datetime(2026, 11, 3, 5, tzinfo=UTC)
