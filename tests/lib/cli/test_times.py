"""Times as they are typed."""

from datetime import UTC, datetime, timedelta

import pytest

from aiowattbridge.cli.endings import Stop
from aiowattbridge.cli.times import read_date, read_time, read_zone

BERLIN = read_zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", "2026-03-01T00:00:00+01:00"),
        ("2026-07-01", "2026-07-01T00:00:00+02:00"),
        ("2026-03-01T06:30", "2026-03-01T06:30:00+01:00"),
        ("2026-03-01 06:30:15", "2026-03-01T06:30:15+01:00"),
        ("2026-03-01T06:30Z", "2026-03-01T06:30:00+00:00"),
        ("2025-10-26T02:30+02:00", "2025-10-26T02:30:00+02:00"),
    ],
)
def test_time_is_of_the_zone_unless_it_says_otherwise(text: str, expected: str) -> None:
    """A date is its first instant."""
    assert read_time(text, BERLIN, "--from").isoformat() == expected


def test_day_whose_midnight_is_skipped_begins_at_its_first_instant() -> None:
    """There are zones that change their clocks at midnight."""
    zone = read_zone("America/Santiago")
    found = read_time("2026-09-06", zone, "--from").astimezone(UTC)
    assert found == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert (found - timedelta(seconds=1)).astimezone(zone).day == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025-10-26T02:30", "comes twice"),
        ("2026-03-29T02:30", "does not exist"),
        ("2026-03-32", "is no time"),
        ("tomorrow", "is no time"),
        ("", "is no time"),
    ],
)
def test_time_that_is_none_is_refused(text: str, reason: str) -> None:
    """With the option's name."""
    with pytest.raises(Stop, match=rf"^--from: .*{reason}"):
        read_time(text, BERLIN, "--from")


@pytest.mark.parametrize("text", ["Europe", "Mars/Olympus", "../etc/passwd", ""])
def test_zone_that_is_none_is_refused(text: str) -> None:
    """Whatever the system's data make of it."""
    with pytest.raises(Stop, match=r"^--zone: "):
        read_zone(text)


def test_date_that_is_none_is_refused() -> None:
    """With the option's name."""
    with pytest.raises(Stop, match=r"^--since: "):
        read_date("2026", "--since")
