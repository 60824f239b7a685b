"""What the tests of the Wattics client and sender share: a clock that jumps, packets by the hour, and what arrived."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from aiowattbridge.simulators import SimulatorClock, WatticsSimulator
from aiowattbridge.wattics import ValuePacket

CANARY = "canary pass:word äß"
START = datetime(2026, 3, 1, tzinfo=UTC)
POST_PATH = "/measurements/v2/unifiedjson/"


class RecordingClock(SimulatorClock):
    """Stands still, jumps over every wait, and remembers how long it was."""

    def __init__(self) -> None:
        """Stand at noon."""
        super().__init__(datetime(2026, 3, 14, 12, tzinfo=UTC), frozen=True)
        self.sleeps_s: list[float] = []
        self.free = asyncio.Event()
        self.free.set()

    async def sleep(self, delay_s: float) -> None:
        """Jump, once the clock is free."""
        self.sleeps_s.append(delay_s)
        await self.free.wait()
        await super().sleep(delay_s)


class Highest(Random):
    """Draws the largest number it may, so that the bounds of a wait show."""

    def uniform(self, a: float, b: float) -> float:
        """Return the upper end."""
        return max(a, b)


def packet(hours: float = 0, stream_id: str = "meter") -> ValuePacket:
    """Make the packet of so many hours after the start; its value is the number of hours."""
    return ValuePacket(stream_id, START + timedelta(hours=hours), hours)


def values_of(cloud: WatticsSimulator, stream_id: str = "meter") -> list[object]:
    """List the values that the cloud accepted for a stream, in its order."""
    return [stored.packet["value"] for stored in cloud.accepted.get(stream_id, [])]


async def until(condition: Callable[[], object]) -> None:
    """Give the others turns until something is so."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to that")
