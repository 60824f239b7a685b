"""Streams whose neighbours cannot reach their cloud: how long it is from one of their packets to the next.

An account with a healthy cloud forwards its backlog alone, and then beside another account with 64 streams, whose cloud
went away when they had just begun.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from typing import Final

from homeassistant.core import HomeAssistant

from .backlog import fill, forwarding, until_delivered
from .collector import collector
from .home import home
from .kill_scene import HOUR_S
from .report import Emit, of_pairs, rounded, say

_OF_ALONE: Final = 1.05
_LATENCY_S: Final = 0.02
_HEALTHY: Final = 8
_OTHERS: Final = 64
_QUICK_OTHERS: Final = 4
_ROWS: Final = 200
_QUICK_ROWS: Final = 5
_PAIRS: Final = 7
_QUICK_PAIRS: Final = 1


async def _gap_p95_s(hass: HomeAssistant, name: str, rows: int, last_s: int) -> float:
    """Forward with the healthy account; returns what nineteen of twenty packets are sooner than."""
    async with collector(_LATENCY_S) as server:
        async with forwarding(hass, server.base_url, name, range(_HEALTHY), last_s - rows * HOUR_S) as entry:
            await until_delivered(entry, rows)
        return (await server.check(_HEALTHY * rows)).gap_p95_s


@asynccontextmanager
async def _outage(hass: HomeAssistant, name: str, streams: int, rows: int, last_s: int) -> AsyncGenerator[None]:
    """Have an account whose cloud is gone, with more to send than it could."""
    async with AsyncExitStack() as clouds:
        server = await clouds.enter_async_context(collector(1.0))
        async with forwarding(hass, server.base_url, name, range(streams), last_s - rows * HOUR_S):
            await clouds.aclose()
            yield


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure both in turn; `quick` is for seeing that it works."""
    rows, pairs = (_QUICK_ROWS, _QUICK_PAIRS) if quick else (_ROWS, _PAIRS)
    others = _QUICK_OTHERS if quick else _OTHERS
    alone: list[float] = []
    beside: list[float] = []
    async with home() as hass:
        last_s = await fill(hass, max(_HEALTHY, others), rows) + rows * HOUR_S
        say(f"  {_HEALTHY} streams alone, and beside {others} whose cloud is gone")
        await _gap_p95_s(hass, "warm", rows, last_s)
        for pair in range(pairs):
            for is_alone in (True, False) if pair % 2 else (False, True):
                name = f"{'alone' if is_alone else 'beside'}-{pair}"
                if is_alone:
                    alone.append(await _gap_p95_s(hass, name, rows, last_s))
                    continue
                async with _outage(hass, f"gone-{pair}", others, rows, last_s):
                    beside.append(await _gap_p95_s(hass, name, rows, last_s))
    emit(
        of_pairs(
            "forward_gap_p95_beside_an_outage_vs_alone",
            [one / other for one, other in zip(beside, alone, strict=True)],
            _OF_ALONE,
            "lower",
            gap_p95_ms=rounded(1000 * median(beside)),
            gap_p95_alone_ms=rounded(1000 * median(alone)),
            latency_ms=1000 * _LATENCY_S,
        )
    )
