"""What can be odd about a month's results; any of these may come and go while the cloud runs."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class OfMonth:
    """Something that is so in one month, of one device or (None) of all."""

    year: int
    month: int

    def concerns(self, day: date) -> bool:
        """Tell whether a day lies in the month."""
        return (day.year, day.month) == (self.year, self.month)


@dataclass(frozen=True, slots=True)
class MonthRevision(OfMonth):
    """From a moment on, all figures of the month are so many percent of what they were (its cycles are not)."""

    percent: float
    available_at: datetime
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class MonthDisagreement(OfMonth):
    """The month's own figures are this much higher than its weeks and days together; "others" has the difference."""

    by_wh: float
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class MonthDisconnection(OfMonth):
    """The device was not connected for so much of the month, and of the weeks that begin in it."""

    percent: float
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class MissingMonth(OfMonth):
    """The month is never calculated, nor are the weeks that begin in it."""

    device_id: str | None = None


type Quirk = MonthRevision | MonthDisagreement | MonthDisconnection | MissingMonth
