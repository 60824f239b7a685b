"""What is watched while something is imported: the recorder's time, how long others wait for it, and the event loop."""

import asyncio
import time
from asyncio import events
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant

from custom_components.wattbridge.statistics import queue_mark

PROBE_EVERY_S: Final = 0.05
TICK_S: Final = 0.005
_OURS: Final = ("custom_components/wattbridge", "aiowattbridge")
_CODES: Final = ("cr_code", "ag_code", "gi_code", "__code__")


def percentile_99(values: list[float]) -> float:
    """Return what one value in a hundred is above."""
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


@dataclass(slots=True)
class Busy:
    """How long the recorder's thread has worked on what came out of its queue."""

    elapsed_s: float = 0.0
    cpu_s: float = 0.0


@asynccontextmanager
async def busy_recorder(hass: HomeAssistant) -> AsyncGenerator[Busy]:
    """Time every task and event that the recorder processes."""
    recorder: Any = get_instance(hass)
    process, busy = recorder._guarded_process_one_task_or_event_or_recover, Busy()  # noqa: SLF001 - all goes through it

    def timed(task: object) -> None:
        elapsed_s, cpu_s = time.perf_counter(), time.thread_time()
        process(task)
        busy.elapsed_s += time.perf_counter() - elapsed_s
        busy.cpu_s += time.thread_time() - cpu_s

    recorder._guarded_process_one_task_or_event_or_recover = timed  # noqa: SLF001
    # The thread waits for its next task with the function that it had before.
    await queue_mark(hass)
    busy.elapsed_s = busy.cpu_s = 0.0
    try:
        yield busy
    finally:
        recorder._guarded_process_one_task_or_event_or_recover = process  # noqa: SLF001


@dataclass(slots=True)
class _Probe(RecorderTask):
    """Tells how long it waited in the recorder's queue."""

    queued_s: float
    delays_s: list[float]
    # Nothing of it is written.
    commit_before = False

    @override
    def run(self, instance: Recorder) -> None:
        """Note the delay."""
        self.delays_s.append(time.perf_counter() - self.queued_s)


@dataclass(slots=True)
class Watched:
    """What was seen meanwhile.

    `steps`: the thread CPU time (s) of every step of the loop that our modules had a part in, and where it was.
    """

    recorder_delays_s: list[float] = field(default_factory=list)
    loop_lags_s: list[float] = field(default_factory=list)
    steps: list[tuple[float, str]] = field(default_factory=list)


@asynccontextmanager
async def watched(hass: HomeAssistant) -> AsyncGenerator[Watched]:
    """Put a probe into the recorder's queue every 50 ms, feel the loop's pulse, and time its steps."""
    seen = Watched()

    async def probe() -> None:
        while True:
            get_instance(hass).queue_task(_Probe(time.perf_counter(), seen.recorder_delays_s))
            await asyncio.sleep(PROBE_EVERY_S)

    async def tick() -> None:
        while True:
            due_s = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            seen.loop_lags_s.append(time.perf_counter() - due_s)

    with _timed_steps(seen.steps):
        watchers = [asyncio.create_task(probe()), asyncio.create_task(tick())]
        try:
            yield seen
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)


@contextmanager
def _timed_steps(steps: list[tuple[float, str]]) -> Generator[None]:
    """Time what the event loop runs, and keep what is ours."""
    handles: Any = events.Handle
    original = handles._run  # noqa: SLF001 - every callback and every step of a task goes through it

    def run(handle: Any) -> None:
        callback = handle._callback  # noqa: SLF001
        before = _place(callback)
        cpu_s = time.thread_time()
        original(handle)
        cpu_s = time.thread_time() - cpu_s
        # Where it stood before and where it stands now: the step's work lies between.
        ours = [place for place in (before, _place(callback)) if place]
        if ours:
            steps.append((cpu_s, " to ".join(ours)))

    handles._run = run  # noqa: SLF001
    try:
        yield
    finally:
        handles._run = original  # noqa: SLF001


def _place(callback: Any) -> str:
    """Name the line of ours that a callback stands at, its own or its task's innermost one; empty if it is not ours."""
    place, awaited = "", getattr(callback, "__self__", None)
    awaited = awaited.get_coro() if isinstance(awaited, asyncio.Task) else callback
    while awaited is not None:
        code = next((found for name in _CODES if (found := getattr(awaited, name, None)) is not None), None)
        if code is None:
            break
        if any(name in code.co_filename for name in _OURS):
            frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
            line = code.co_firstlineno if frame is None else frame.f_lineno
            place = f"{Path(code.co_filename).name}:{line}"
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
    return place
