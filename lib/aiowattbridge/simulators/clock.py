"""A clock that tests can set: the simulators' tokens, windows and newest records go by it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class SimulatorClock:
    """Time as the simulated clouds see it: real unless it is started elsewhere, moved, or frozen.

    It also has `monotonic` and `sleep`, so that the same clock can be handed to a client.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        """Start at `start` (default: now) and run with real time, or stand still when frozen."""
        self._frozen = frozen
        self._origin = time.monotonic()
        self._base = _aware(start) if start is not None else datetime.now(UTC)
        self._slept_s = 0.0

    def now(self) -> datetime:
        """Tell the time, aware, in UTC."""
        return self._base + timedelta(seconds=self._running_s())

    def monotonic(self) -> float:
        """Count seconds that never go back, whatever the time of day is set to."""
        return self._slept_s + self._running_s()

    def set(self, moment: datetime) -> None:
        """Make it `moment` now; the monotonic seconds follow a step forward and ignore one back."""
        self.advance((_aware(moment) - self.now()).total_seconds())

    def advance(self, seconds: float) -> None:
        """Move the time by this much."""
        self._base += timedelta(seconds=seconds)
        self._slept_s += max(seconds, 0.0)

    async def sleep(self, delay_s: float) -> None:
        """Wait; a frozen clock jumps to the wake-up time after letting the others have a turn."""
        if not self._frozen:
            await asyncio.sleep(delay_s)
            return
        wake_up_s = self.monotonic() + delay_s
        for _ in range(3):
            await asyncio.sleep(0)
        self.advance(max(wake_up_s - self.monotonic(), 0.0))

    def _running_s(self) -> float:
        """Count the real seconds since the start."""
        return 0.0 if self._frozen else time.monotonic() - self._origin


def _aware(moment: datetime) -> datetime:
    """Turn an aware moment into UTC and refuse a naive one."""
    if moment.tzinfo is None:
        raise ValueError("the simulators' clock takes aware times")
    return moment.astimezone(UTC)
