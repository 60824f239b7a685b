"""Goes through what is closed now, read and planned as it will be when it is sent, and counts it."""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from copy import replace
from math import inf
from typing import Final

from homeassistant.util import dt as dt_util

from .model import StreamConfig
from .plan import PlanState, Step, plan
from .source import StreamSource

# More stretches than this are only counted.
MOST_HOLES: Final = 100
# So many hours are shown of a file.
SHOWN_HOURS: Final = 3


async def closed_steps(
    source: StreamSource, config: StreamConfig, state: PlanState, end_s: float = inf
) -> AsyncGenerator[Step]:
    """Plan what is closed now, up to a time; a hole that goes on after it is cut there. Raises SourceError."""
    end_s = end_s // config.interval_s * config.interval_s if end_s < inf else end_s
    now_s = dt_util.utcnow().timestamp()
    while (reading := await source.read(state.position_s, now_s)).batch is not None:
        for step in plan(config, state, reading.batch):
            if step.end_s > end_s:
                if step.values is None and step.start_s < end_s:
                    yield replace(step, end_s=int(end_s))
                return
            yield step
            state = step.after


class Tally:
    """Counts steps; of what may be many it keeps the first ones."""

    def __init__(self, config: StreamConfig) -> None:
        """Begin with nothing."""
        self._config = config
        self._shown = SHOWN_HOURS if config.is_hourly_energy else 1
        self.firsts: list[Step] = []
        self.last: Step | None = None
        self.rows = self.hourly_rows = self.holes_count = self.resets = 0
        self.holes: list[tuple[int, int]] = []
        self.changes: defaultdict[str, float] = defaultdict(float)
        self.missing: Counter[str] = Counter()

    def count(self, step: Step) -> None:
        """Take the next step."""
        self.resets += len(step.resets)
        if step.values is None:
            self._count_hole(step)
            return
        self.rows += 1
        # An hour in the place of shorter intervals.
        self.hourly_rows += step.end_s - step.start_s > self._config.interval_s
        self.last = step
        if len(self.firsts) < self._shown:
            self.firsts.append(step)
        for name, change in step.changes.items():
            self.changes[name] += change

    def _count_hole(self, step: Step) -> None:
        """Count a hole, unless nothing was sent before it."""
        if self.last is None:
            return
        periods = (step.end_s - step.start_s) // self._config.interval_s
        self.holes_count += periods
        for name in step.missing:
            self.missing[name] += periods
        if self.holes and self.holes[-1][1] == step.start_s:
            self.holes[-1] = (self.holes[-1][0], step.end_s)
        elif len(self.holes) < MOST_HOLES:
            self.holes.append((step.start_s, step.end_s))
