"""Times as they are typed: dates, local times and times with an offset, in a zone that is said."""

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .endings import Ending, Stop


def read_zone(text: str) -> tzinfo:
    """Find a time zone by its name."""
    if text.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(text)
    except ZoneInfoNotFoundError, ValueError, OSError:
        raise Stop(Ending.USAGE, f"--zone: {text!r} is no time zone; give one like Europe/Berlin or UTC") from None


def read_time(text: str, zone: tzinfo, option: str) -> datetime:
    """Read a date (its first instant in the zone) or a time; one without an offset is a time of the zone."""
    try:
        if len(text) == len("2026-03-01"):
            return datetime.combine(date.fromisoformat(text), time(), zone)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(
            Ending.USAGE,
            f"{option}: {text!r} is no time; give one like 2026-03-01 or 2026-03-01T06:30 or 2026-03-01T06:30+01:00",
        ) from None
    return found if found.tzinfo is not None else _in_zone(found, zone, option)


def _in_zone(found: datetime, zone: tzinfo, option: str) -> datetime:
    """Give a time the zone; refuses the hour that comes twice a year, and the one that does not come at all."""
    first, second = (found.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    # Where an hour is left out, the way to UTC and back does not lead to where it began.
    is_there = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == found
    trouble = "comes twice" if is_there else "does not exist"
    raise Stop(
        Ending.USAGE, f"{option}: {found.isoformat(' ', 'minutes')} {trouble} in {zone}; add an offset, like +01:00"
    )


def read_date(text: str, option: str) -> date:
    """Read a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stop(Ending.USAGE, f"{option}: {text!r} is no date; give one like 2026-03-01") from None
