"""What is known about our own external statistics while they are being written: up to where they may be read on.

A source writes its series in several recorder jobs, and between two of them the sums do not fit together
(`statistics.py`). Whoever reads such a series holds its lock, and waits until the source has published
what it knows to be whole.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN


@dataclass(frozen=True, slots=True)
class Published:
    """The stretch of a series that is whole.

    `contiguous_from`: every hour from here on that the cloud knows is stored; None: all of the history is.
    `watermark`: the time of the newest reading; an hour is closed when the watermark has reached its end.
    Both are aware UTC times.
    """

    contiguous_from: datetime | None
    watermark: datetime


class SeriesBook:
    """The published stretches by statistic id, and one lock for each series."""

    def __init__(self) -> None:
        """Start with nothing published."""
        self._published: dict[str, Published] = {}
        self._expected: set[str] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._listeners: list[Callable[[str], None]] = []

    def lock(self, statistic_id: str) -> asyncio.Lock:
        """Return the lock that is held while the series is written or read."""
        return self._locks[statistic_id]

    @callback
    def async_expect(self, statistic_id: str) -> None:
        """Note that a configured source will publish this series, so that readers wait for it."""
        self._expected.add(statistic_id)

    @callback
    def async_publish(self, statistic_id: str, published: Published) -> None:
        """Tell readers what is whole now."""
        if self._published.get(statistic_id) == published:
            return
        self._expected.add(statistic_id)
        self._published[statistic_id] = published
        for listener in list(self._listeners):
            listener(statistic_id)

    @callback
    def async_withdraw(self, statistic_id: str) -> None:
        """Forget a series whose source was unloaded; readers that expect it wait until it is back."""
        self._published.pop(statistic_id, None)

    @callback
    def async_release(self, statistic_id: str) -> None:
        """Forget a series whose source was removed: from now on it is read like anybody's."""
        self._published.pop(statistic_id, None)
        self._expected.discard(statistic_id)

    def is_expected(self, statistic_id: str) -> bool:
        """Tell whether a source of ours writes this series."""
        return statistic_id in self._expected

    def get(self, statistic_id: str) -> Published | None:
        """Return what is whole, or None while its source has said nothing."""
        return self._published.get(statistic_id)

    @callback
    def async_listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the statistic id at every publication; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


DATA_SERIES: HassKey[SeriesBook] = HassKey(f"{DOMAIN}_series")


@callback
def async_series_book(hass: HomeAssistant) -> SeriesBook:
    """Return the one book of this Home Assistant."""
    return hass.data.setdefault(DATA_SERIES, SeriesBook())
