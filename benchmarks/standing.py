"""What a large backlog does to the rest of Home Assistant: the memory it takes, and who else waits for the event loop.

64 streams have a million rows between them that nobody forwarded yet. The memory of the process while they go out is
held against the same with ten thousand rows; what our own modules hold at most is told by `tracemalloc`, over a part of
the way, because it makes everything slow.
"""

import asyncio
import gc
import os
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import func, select

from .backlog import fill, forwarding, until_delivered
from .collector import Collector, collector
from .home import home
from .kill_scene import HOUR_S
from .report import Emit, judged, rounded, say
from .watching import Watched, percentile_99, watched

_STREAMS: Final = 64
_QUICK_STREAMS: Final = 4
_MANY_ROWS: Final = 15_625
_QUICK_ROWS: Final = 120
_FEW_ROWS: Final = 156
_QUICK_FEW_ROWS: Final = 12
_WATCHED_ROWS: Final = 400
_GROWTH_MB: Final = 20
_STEP_MS: Final = 20
_LAG_MS: Final = 20
_CONTROL_S: Final = 10.0
_QUICK_CONTROL_S: Final = 0.5
_TRACED_S: Final = 45.0
_QUICK_TRACED_S: Final = 1.0
_SNAPSHOT_EVERY_S: Final = 3.0
_SAMPLE_EVERY_S: Final = 0.1
# What has its turn in the recorder's executor has a connection for each of so many threads.
_CONNECTIONS: Final = 4
_MB: Final = 1024 * 1024
_OURS: Final = ("*/custom_components/wattbridge/*", "*/aiowattbridge/*")


class _Peak:
    """The most memory (MB) that something was seen to take."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.most_mb = 0.0

    def note(self, mb: float) -> None:
        """Take a sample."""
        self.most_mb = max(self.most_mb, mb)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB


def _read_all(hass: HomeAssistant) -> None:
    with session_scope(hass=hass, read_only=True) as session:
        session.execute(select(func.sum(Statistics.sum))).one()


@asynccontextmanager
async def _resident_peak() -> AsyncGenerator[_Peak]:
    """Sample the memory of the process."""
    peak = _Peak()

    async def sample() -> None:
        while True:
            peak.note(_resident_mb())
            await asyncio.sleep(_SAMPLE_EVERY_S)

    gc.collect()
    task = asyncio.create_task(sample())
    try:
        yield peak
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _forward(hass: HomeAssistant, server: Collector, name: str, streams: int, rows: int, last_s: int) -> None:
    """Forward the newest rows of every series."""
    async with forwarding(hass, server.base_url, name, range(streams), last_s - rows * HOUR_S) as entry:
        await until_delivered(entry, rows)
    await server.check(streams * rows)


async def _measure_growth(
    hass: HomeAssistant, emit: Emit, server: Collector, streams: int, rows: tuple[int, int], last_s: int
) -> None:
    """Compare the memory of the process with few rows and with many.

    Home Assistant lets each connection to SQLite keep 16 MB of pages, whoever reads them: they are there before both.
    """
    few, many = rows
    reads = [get_instance(hass).async_add_executor_job(_read_all, hass) for _ in range(_CONNECTIONS)]
    await asyncio.gather(*reads)
    await _forward(hass, server, "warm", streams, few, last_s)
    async with _resident_peak() as small:
        await _forward(hass, server, "few", streams, few, last_s)
    async with _resident_peak() as large:
        await _forward(hass, server, "many", streams, many, last_s)
    emit(
        judged(
            "forward_backlog_resident_growth_mb",
            large.most_mb - small.most_mb,
            _GROWTH_MB,
            "lower",
            unit="MB",
            rows=streams * many,
            rows_compared=streams * few,
            resident_mb=rounded(large.most_mb),
        )
    )


async def _measure_ours(
    hass: HomeAssistant, emit: Emit, server: Collector, streams: int, rows: int, last_s: int, at_most_s: float
) -> None:
    """Tell what our modules hold at most on the way."""
    peak, filters = _Peak(), [tracemalloc.Filter(True, pattern) for pattern in _OURS]  # noqa: FBT003 - its own order
    tracemalloc.start()
    try:
        async with forwarding(hass, server.base_url, "traced", range(streams), last_s - rows * HOUR_S) as entry:
            engines = list(entry.runtime_data.forwarder.streams.values())
            try:
                async with asyncio.timeout(at_most_s):
                    while any(engine.status.delivered < rows for engine in engines):
                        await asyncio.sleep(min(_SNAPSHOT_EVERY_S, at_most_s / 3))
                        traces = tracemalloc.take_snapshot().filter_traces(filters).traces
                        peak.note(sum(trace.size for trace in traces) / _MB)
            except TimeoutError:
                pass
            delivered = sum(engine.status.delivered for engine in engines)
    finally:
        tracemalloc.stop()
    emit(
        judged("forward_backlog_held_by_us_mb", peak.most_mb, _GROWTH_MB, "lower", unit="MB", rows_delivered=delivered)
    )


def _judge(emit: Emit, control: Watched, begin: Watched, seen: Watched) -> None:
    """Hold what others noticed against the same Home Assistant with nothing to forward."""
    longest_s, place = max(begin.steps + seen.steps)
    emit(
        judged(
            "forward_longest_step_of_ours_ms",
            1000 * longest_s,
            _STEP_MS,
            "lower",
            unit="ms",
            place=place,
            steps=len(begin.steps) + len(seen.steps),
        )
    )
    idle_ms, busy_ms = (1000 * percentile_99(watch.loop_lags_s) for watch in (control, seen))
    emit(judged("forward_loop_lag_p99_ms", busy_ms - idle_ms, _LAG_MS, "lower", unit="ms", idle_ms=rounded(idle_ms)))


async def _measure_loop(
    hass: HomeAssistant, emit: Emit, streams: int, rows: int, last_s: int, control_s: float
) -> None:
    """Watch the event loop with a cloud that takes its time, as real ones do.

    Our steps are watched from the beginning. The lag is watched from when all streams are at work: until then Home
    Assistant makes a thousand entities, and who waits for that does not wait for forwarding.
    """
    async with watched(hass) as control:
        await asyncio.sleep(control_s)
    async with collector(0.02) as server:
        async with AsyncExitStack() as accounts:
            # A full collection of all that Home Assistant is stops every thread for a tenth of a second.
            gc.collect()
            gc.freeze()
            async with watched(hass) as begin:
                account = forwarding(hass, server.base_url, "watched", range(streams), last_s - rows * HOUR_S)
                entry = await accounts.enter_async_context(account)
                await until_delivered(entry, 1 + rows // 8)
            # The entities stay, too.
            gc.collect()
            gc.freeze()
            async with watched(hass) as seen:
                await until_delivered(entry, rows)
        await server.check(streams * rows)
    gc.unfreeze()
    _judge(emit, control, begin, seen)


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure both; `quick` is for seeing that it works."""
    streams = _QUICK_STREAMS if quick else _STREAMS
    few, many = (_QUICK_FEW_ROWS, _QUICK_ROWS) if quick else (_FEW_ROWS, _MANY_ROWS)
    async with home() as hass:
        say(f"  {streams} streams of {many} rows: filling the recorder")
        last_s = await fill(hass, streams, many) + many * HOUR_S
        say("  the event loop")
        rows = min(_WATCHED_ROWS, many)
        await _measure_loop(hass, emit, streams, rows, last_s, _QUICK_CONTROL_S if quick else _CONTROL_S)
        async with collector() as server:
            say("  the memory of the process")
            await _measure_growth(hass, emit, server, streams, (few, many), last_s)
            say("  what our modules hold")
            await _measure_ours(hass, emit, server, streams, many, last_s, _QUICK_TRACED_S if quick else _TRACED_S)
