"""Reads again what was passed, by the hour: as it would be sent today."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from math import isfinite
from time import monotonic
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..series import async_series_book
from .ledger import WINDOW_HOURS, digest_of, energy_factors, energy_of
from .model import HOUR_S, StreamConfig
from .plan import PlanState, Step, plan
from .source import StreamSource
from .wire import units_of

# Others have their turn after so long.
_BUSY_S: Final = 0.004
# Of a hole that is longer, only the end matters to anybody: what the ledger keeps by the hour.
_LONGEST_HOLE: Final = WINDOW_HOURS


@dataclass(frozen=True, slots=True)
class PastHour:
    """One hour, numbered since the epoch, as the recorder has it now; `energy_wh` is None for a hole."""

    number: int
    energy_wh: float | None
    digest: int

    @property
    def start_s(self) -> int:
        """When the hour begins."""
        return self.number * HOUR_S


class Losses:
    """Knows the hours of which nothing can be said, because hours just before them were sent and are gone here since.

    A sum rises over a gap by all that was counted meanwhile. Of a database that was restored, the lost hours are in the
    cloud by themselves already.
    """

    def __init__(self) -> None:
        """Begin where nothing is lost."""
        self._is_after_loss = False

    def precede(self, hour: PastHour, known_wh: float) -> bool:
        """Tell whether an hour may hold what was lost before it; `known_wh` is what is known to be sent of this one."""
        is_after_loss = self._is_after_loss
        self._is_after_loss = hour.energy_wh is None and (is_after_loss or isfinite(known_wh))
        return is_after_loss and hour.energy_wh is not None


class Hindsight:
    """The past of one stream; where it reads one of our own series, only as far as that is whole.

    `read_to_s`: up to where the last reading came.
    """

    def __init__(self, hass: HomeAssistant, config: StreamConfig, state: PlanState) -> None:
        """Look back at the series of a stream that has come to a state: first sums count if they did then."""
        self._config = replace(config, interval_s=HOUR_S)
        self._factors = energy_factors(config)
        self._source = StreamSource(hass, self._config, units_of(self._config))
        self._book = async_series_book(hass)
        self._begin = PlanState(0, uncounted_firsts=state.uncounted_firsts)
        self.read_to_s = 0

    def whole_from_s(self) -> int | None:
        """Return from when on all series are whole; None while one of them cannot say. Raises SourceError."""
        from_s = 0
        for statistic_id in self._source.resolve().values():
            if not self._book.is_expected(statistic_id):
                continue
            published = self._book.get(statistic_id)
            if published is None:
                return None
            if published.contiguous_from is not None:
                from_s = max(from_s, -(-int(published.contiguous_from.timestamp()) // HOUR_S) * HOUR_S)
        return from_s

    async def hours(self, from_s: int, to_s: int) -> AsyncIterator[PastHour]:
        """Yield the hours of a stretch in order; of a hole longer than the ledger's window only the end.

        It ends early where a series is not whole any more. Raises SourceError.
        """
        state = self._begin._replace(position_s=from_s)
        self.read_to_s = from_s
        begun_s = monotonic()
        while state.position_s < to_s:
            reading = await self._source.read(state.position_s, dt_util.utcnow().timestamp(), replay_to_s=to_s)
            if reading.batch is None:
                return
            for step in plan(self._config, state, reading.batch):
                for hour in self._hours_of(step, min(to_s, step.end_s)):
                    yield hour
                state = step.after
                self.read_to_s = min(to_s, step.end_s)
                if monotonic() - begun_s > _BUSY_S:
                    await asyncio.sleep(0)
                    begun_s = monotonic()

    def _hours_of(self, step: Step, to_s: int) -> list[PastHour]:
        first, end = step.start_s // HOUR_S, to_s // HOUR_S
        if step.values is None:
            return [PastHour(number, None, 0) for number in range(max(first, end - _LONGEST_HOLE), end)]
        if step.end_s > to_s:
            return []
        return [
            PastHour(first, energy_of(self._config, step, self._factors), digest_of(self._config, step, self._factors))
        ]
