"""When Voltaware is asked, by the device's own calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.wattbridge.aiowattbridge.voltaware import Month, Week
from custom_components.wattbridge.voltaware_archive import MeterRecord, make_result
from custom_components.wattbridge.voltaware_data import Figures
from custom_components.wattbridge.voltaware_months import next_to_compare
from custom_components.wattbridge.voltaware_schedule import (
    is_due,
    month_every,
    newest_month,
    newest_week,
    week_every,
)

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MAY = Month(2026, 5)
# May is expected from the third of June on, by the device's clocks.
THIRD = datetime(2026, 6, 3, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "zone", "month"),
    [
        (THIRD - timedelta(seconds=1), BERLIN, Month(2026, 4)),
        (THIRD, BERLIN, MAY),
        (datetime(2026, 6, 2, 13, 30, tzinfo=UTC), LORD_HOWE, MAY),
        (datetime(2026, 6, 2, 13, 29, tzinfo=UTC), LORD_HOWE, Month(2026, 4)),
    ],
)
def test_newest_month_is_the_last_one_that_may_be_there(now: datetime, zone: ZoneInfo, month: Month) -> None:
    """The third day begins earlier in the east."""
    assert newest_month(now, zone) == month


def test_newest_week_is_there_on_its_third_day() -> None:
    """The week to Sunday the 7th is asked for from the 10th on."""
    tenth = datetime(2026, 6, 10, tzinfo=BERLIN)
    assert newest_week(tenth, BERLIN) == Week(date(2026, 6, 1))
    assert newest_week(tenth - timedelta(seconds=1), BERLIN) == Week(date(2026, 5, 25))


@pytest.mark.parametrize(
    ("after", "is_there", "every"),
    [
        (timedelta(seconds=-1), False, None),
        (timedelta(0), False, timedelta(hours=3)),
        (timedelta(days=4), False, timedelta(hours=3)),
        (timedelta(days=5), False, timedelta(days=1)),
        (timedelta(days=42), False, timedelta(days=1)),
        (timedelta(days=44), False, None),
        (timedelta(0), True, timedelta(days=1)),
        (timedelta(days=32), True, timedelta(days=1)),
        (timedelta(days=34), True, timedelta(days=7)),
    ],
)
def test_month_is_asked_for_as_often_as_it_may_bring_news(
    after: timedelta,
    is_there: bool,  # noqa: FBT001 - a column of the table
    every: timedelta | None,
) -> None:
    """Often when it is due, daily when it is late, not at all when it will not come; corrections daily, then weekly."""
    assert month_every(MAY, THIRD + after, BERLIN, LONG_AGO, is_there=is_there) == every


def test_past_of_a_new_meter_is_expected_within_days() -> None:
    """What a meter sent before it was connected is calculated within a day and a half."""
    now = THIRD + timedelta(days=20)
    assert month_every(MAY, now, BERLIN, now - timedelta(days=1), is_there=False) == timedelta(hours=3)
    assert month_every(MAY, now, BERLIN, now - timedelta(days=9), is_there=False) == timedelta(days=1)


def test_only_three_months_of_the_past_of_a_new_meter_are_expected() -> None:
    """Asking for years that never come, every few hours and for days, is no way to begin."""
    now = THIRD + timedelta(days=20)
    since = now - timedelta(days=1)
    assert month_every(Month(2026, 3), now, BERLIN, since, is_there=False) == timedelta(hours=3)
    assert month_every(Month(2026, 1), now, BERLIN, since, is_there=False) is None
    assert month_every(Month(2024, 5), now, BERLIN, since, is_there=False) is None


def test_week_is_asked_for_like_a_month() -> None:
    """Its third day is a Wednesday."""
    week = Week(date(2026, 6, 1))
    tenth = datetime(2026, 6, 10, tzinfo=BERLIN)
    assert week_every(week, tenth - timedelta(hours=1), BERLIN, LONG_AGO, is_there=False) is None
    assert week_every(week, tenth, BERLIN, LONG_AGO, is_there=False) == timedelta(hours=3)
    assert week_every(week, tenth, BERLIN, LONG_AGO, is_there=True) == timedelta(days=1)


def test_what_was_never_asked_for_is_due() -> None:
    """And what was asked for so long ago."""
    now = datetime(2026, 6, 3, tzinfo=UTC)
    assert is_due(None, timedelta(days=1), now)
    assert is_due(int(now.timestamp()) - 86_400, timedelta(days=1), now)
    assert not is_due(int(now.timestamp()) - 86_399, timedelta(days=1), now)


def test_question_that_was_noted_in_the_future_is_due() -> None:
    """The clock was wrong then, or is now."""
    now = datetime(2026, 6, 3, tzinfo=UTC)
    assert is_due(int(now.timestamp()) + 1, timedelta(days=1), now)


def test_only_months_that_are_known_are_compared_with_their_rows() -> None:
    """The newest that is due; one that is not known any more would be due for ever."""
    now = datetime(2026, 6, 10, tzinfo=UTC)
    record = MeterRecord(known_since_s=0)
    compared_s = {"2026-04": 0, "2026-05": 0}
    assert next_to_compare(record, compared_s, now, BERLIN) is None
    april = Figures(first_day=date(2026, 4, 1), last_day=date(2026, 4, 30))
    record.months["2026-04"] = make_result(april)
    assert next_to_compare(record, compared_s, now, BERLIN) == Month(2026, 4)
    assert next_to_compare(record, {"2026-04": int(now.timestamp()) - 3 * 86_400}, now, BERLIN) is None
