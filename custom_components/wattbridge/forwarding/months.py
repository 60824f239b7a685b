"""What the hours of a UTC month come to, so that a month is compared without keeping its hours."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zlib import crc32

from .model import HOUR_S
from .revisions import NOISE, is_same

_MONTHS_A_YEAR: Final = 12
_HOURS_A_DAY: Final = 24
_LARGEST_WEIGHT: Final = 1000.0
_WEIGHTED_NOISE_WH: Final = 1.0


@dataclass(slots=True)
class Month:
    """The hours of a month that have left the window.

    `unknown` are those nothing is known of, `undigested` those of which only the energy is.
    """

    rows: int = 0
    energy_wh: float = 0.0
    weighted_wh: float = 0.0
    digests: int = 0
    unknown: int = 0
    undigested: int = 0

    def add(self, hour: int, energy_wh: float, digest: int) -> None:
        """Add an hour with data."""
        self.rows += 1
        self.energy_wh += energy_wh
        self.weighted_wh += energy_wh * _weight(hour)
        self.digests = (self.digests + digest) % 2**64
        self.undigested += not digest

    def is_same(self, now: Month) -> bool:
        """Tell whether the month holds the same now; as far as it is known what it held."""
        return (
            self.rows == now.rows
            and is_same(self.energy_wh, now.energy_wh)
            and abs(self.weighted_wh - now.weighted_wh) <= max(_WEIGHTED_NOISE_WH, NOISE * abs(self.weighted_wh))
            and (bool(self.undigested) or self.digests == now.digests)
        )


def _weight(hour: int) -> float:
    """Return the weight of an hour, which has no pattern in it."""
    return crc32(hour.to_bytes(8)) / 2**32 * _LARGEST_WEIGHT


def month_of(hour: int) -> int:
    """Return the number of the UTC month that an hour, itself numbered since the epoch, belongs to."""
    return _month_of_day(hour // _HOURS_A_DAY)


@lru_cache(maxsize=256)
def _month_of_day(day: int) -> int:
    """Return the month of a day: a long backlog asks for hour after hour."""
    time = datetime.fromtimestamp(day * _HOURS_A_DAY * HOUR_S, UTC)
    return time.year * _MONTHS_A_YEAR + time.month - 1


def month_start_s(month: int) -> int:
    """Return when a numbered month begins."""
    return int(datetime(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1, tzinfo=UTC).timestamp())
