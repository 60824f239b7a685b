"""The calendar months and the weeks, Monday to Sunday, that Voltaware's results are made for; all in local days."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, Self

_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_DAY: Final = timedelta(days=1)
_DAYS_A_WEEK: Final = 7
_LAST_MONTH: Final = 12
# The page: a month is calculated at the beginning of the next one, and is there on its third day.
_THIRD: Final = 2 * _DAY


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month; raises ValueError for one that does not exist."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Refuse what is no month."""
        if not (1 <= self.month <= _LAST_MONTH and 1 < self.year < 9999):  # noqa: PLR2004 - what a date can hold, and a month to either side
            raise ValueError("month: has to be a year and a month from 1 to 12")

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-03`; raises ValueError for anything else."""
        found = _MONTH.fullmatch(text)
        if found is None:
            raise ValueError("month: has to be written like 2026-03")
        return cls(int(found[1]), int(found[2]))

    @property
    def first_day(self) -> date:
        """Return the month's first day."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """Return the month's last day."""
        return self.next.first_day - _DAY

    @property
    def previous(self) -> Self:
        """Return the month before."""
        return type(self).of(self.first_day - _DAY)

    @property
    def next(self) -> Self:
        """Return the month after."""
        return type(self).of(self.first_day + 31 * _DAY)

    def expected_at(self, zone: tzinfo) -> datetime:
        """Return when the month's results are to be there: on the third day of the next month, in the device's zone."""
        return datetime.combine(self.next.first_day + _THIRD, time(), zone)

    def __str__(self) -> str:
        """Write it as `2026-03`."""
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week by its Monday; raises ValueError for another day."""

    monday: date

    def __post_init__(self) -> None:
        """Refuse what is no Monday; a datetime is a date to Python, and would be written with its time."""
        if isinstance(self.monday, datetime) or self.monday.weekday():
            raise ValueError("week: has to begin with the date of a Monday")

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the week of a day."""
        return cls(day - day.weekday() * _DAY)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2026-W10` or the date of a Monday; raises ValueError for anything else."""
        try:
            return cls(date.fromisoformat(text))
        except ValueError:
            raise ValueError("week: has to be written like 2026-W10, or as the date of a Monday") from None

    @property
    def first_day(self) -> date:
        """Return the Monday."""
        return self.monday

    @property
    def last_day(self) -> date:
        """Return the Sunday."""
        return self.monday + (_DAYS_A_WEEK - 1) * _DAY

    @property
    def previous(self) -> Self:
        """Return the week before."""
        return type(self)(self.monday - _DAYS_A_WEEK * _DAY)

    @property
    def next(self) -> Self:
        """Return the week after."""
        return type(self)(self.monday + _DAYS_A_WEEK * _DAY)

    def __str__(self) -> str:
        """Write it as `2026-W10`."""
        year, week, _ = self.monday.isocalendar()
        return f"{year:04}-W{week:02}"
