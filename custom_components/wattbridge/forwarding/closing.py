"""When a period is closed: nothing that is still to come may belong to it.

Our own series are whole as far as their source says. A row of anybody else's external statistic is final when a later
one exists, or when it has not changed for two hours. Entity statistics are compiled all together, so that a row of
one of them tells that the others have theirs, or have a hole; a hole that nothing follows is believed after two
hours.
"""

from collections.abc import Mapping
from typing import Final

from .model import HOUR_S, StreamConfig
from .survey import Stock

SETTLED_S: Final = 2 * HOUR_S
# Importers of other external statistics may be days behind: a parameter without rows holds the others back for so long.
EXTERNAL_PATIENCE_S: Final = 48 * HOUR_S


class Closing:
    """The rules for one stream, with its memory of since when a last row is unchanged."""

    def __init__(self, config: StreamConfig) -> None:
        """Begin without a memory."""
        self._row_s = config.row_s
        self._begun_s: float | None = None
        self._unchanged: dict[str, tuple[tuple[object, ...], float]] = {}

    def closed_s(
        self, stocks: Mapping[str, Stock], own: Mapping[str, int | None], now_s: float, replay_to_s: int | None
    ) -> int | None:
        """Return up to where every series of the stream is closed; None while one of them cannot say.

        `own` holds the ends of our own series by source, None for one that has not said anything about this position.
        """
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        closed: list[int] = []
        for source in stocks:
            if source in own:
                end_s = own[source]
            elif ":" in source:
                end_s = self._later(self._external_s(source, stocks, now_s), replay_to_s)
            else:
                end_s = self._later(self._compiled_s(stocks, now_s), replay_to_s)
            if end_s is None:
                return None
            closed.append(end_s)
        # A row of the future may be a forecast, or the clock of somebody's cloud may be ahead of ours.
        return min(*closed, int(now_s))

    @staticmethod
    def _later(end_s: int | None, other_s: int | None) -> int | None:
        return max((end for end in (end_s, other_s) if end is not None), default=None)

    def _compiled_s(self, stocks: Mapping[str, Stock], now_s: float) -> int | None:
        """Return the end of what the recorder has compiled of the entities of this stream."""
        compiled = [
            s.last_s + self._row_s for source, s in stocks.items() if ":" not in source and s.last_s is not None
        ]
        # After a long stop the recorder compiles what it missed at its start, which takes a while: nobody believes
        # in holes before it has had the time.
        waited = self._begun_s is not None and now_s - self._begun_s >= SETTLED_S
        return self._later(max(compiled, default=None), int(now_s - SETTLED_S) if waited else None)

    def _external_s(self, source: str, stocks: Mapping[str, Stock], now_s: float) -> int | None:
        """Return the end of what is final of somebody else's external statistic."""
        stock = stocks[source]
        others = [s.last_s for key, s in stocks.items() if key != source and s.last_s is not None]
        given_up_s = min(max(others), int(now_s - EXTERNAL_PATIENCE_S)) if others else None
        if stock.last_s is None:
            return given_up_s
        row = (stock.last_s, *stock.last_values)
        known, since_s = self._unchanged.get(source, (None, now_s))
        if known != row:
            since_s = now_s
            self._unchanged[source] = (row, now_s)
        settled = now_s - since_s >= SETTLED_S
        return self._later(stock.last_s + (self._row_s if settled else 0), given_up_s)
