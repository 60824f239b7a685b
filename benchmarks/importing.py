"""Our import beside Home Assistant's own: a year of hours, in windows of a backfill, newest first.

Both take turns window by window in one Home Assistant, each with a series of its own: a machine that others use, too,
changes its speed within seconds. The recorder is busy while its thread works on what came out of its queue.
"""

import math
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from statistics import median
from typing import Final

from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant

from custom_components.wattbridge.pace import Pace
from custom_components.wattbridge.statistics import SeriesWriter, Written, queue_mark

from .home import home, read_hours
from .report import Emit, judged, of_pairs, rounded, say
from .watching import busy_recorder

_OF_OWN_RATE: Final = 0.9
_OF_OWN_TIME: Final = 2.3
_OF_BLIND_RATE: Final = 50
_PAIRS: Final = 3
_QUICK_PAIRS: Final = 2
_WINDOW_HOURS: Final = 15 * 24
_YEAR_HOURS: Final = 365 * 24
_QUICK_HOURS: Final = 50 * 24
_START_S: Final = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())

type Hours = dict[int, float]


@dataclass(slots=True)
class _Laps:
    """What the windows of one contestant took together."""

    busy_s: float = 0.0
    cpu_s: float = 0.0
    elapsed_s: float = 0.0


def _hours(count: int) -> Hours:
    """Make so many hours of a household."""
    return {_START_S + 3600 * n: round(0.3 + 0.2 * math.sin(n / 3.8) + n % 17 / 100, 9) for n in range(count)}


def _windows(hours: Hours) -> list[Hours]:
    """Cut the hours as a backfill does, newest first."""
    starts = sorted(hours)
    cuts = range(0, len(starts), _WINDOW_HOURS)
    return [{hour_s: hours[hour_s] for hour_s in starts[cut : cut + _WINDOW_HOURS]} for cut in reversed(cuts)]


async def _write(writer: SeriesWriter, hours: Hours) -> Written:
    """Let our writer fill a series from its newest window on."""
    total = Written()
    for window in _windows(hours):
        total += await writer.async_write(window)
    return total


def _rows(hours: Hours) -> dict[int, StatisticData]:
    """Make what Home Assistant's import is given, with sums that fit."""
    sums = zip(hours.items(), accumulate(hours.values()), strict=True)
    return {
        hour_s: StatisticData(start=datetime.fromtimestamp(hour_s, UTC), state=kwh, sum=total)
        for (hour_s, kwh), total in sums
    }


async def _import(hass: HomeAssistant, statistic_id: str, rows: list[StatisticData]) -> None:
    """Import rows as Home Assistant does it by itself."""
    metadata = StatisticMetaData(
        has_sum=True,
        mean_type=StatisticMeanType.NONE,
        name="Home Assistant's",
        source="wattbridge",
        statistic_id=statistic_id,
        unit_class="energy",
        unit_of_measurement="kWh",
    )
    async_add_external_statistics(hass, metadata, rows)
    await queue_mark(hass)


async def _timed(hass: HomeAssistant, laps: _Laps, work: Awaitable[object]) -> None:
    """Add what a piece of work takes."""
    async with busy_recorder(hass) as busy:
        started_s = time.perf_counter()
        await work
        laps.elapsed_s += time.perf_counter() - started_s
    laps.busy_s += busy.elapsed_s
    laps.cpu_s += busy.cpu_s


async def _pair(hass: HomeAssistant, number: int, hours: Hours) -> tuple[_Laps, _Laps]:
    """Import the same hours in both ways, window by window in turn, and make sure that all of them are there."""
    ours_id, theirs_id = (f"wattbridge:bench_{who}_{number}" for who in ("ours", "theirs"))
    pace, rows = Pace(), _rows(hours)
    writer = SeriesWriter(hass, ours_id, "Ours", pace)

    async def write(window: Hours) -> None:
        await writer.async_write(window)
        # The rest that the recorder is left at is ours to wait for.
        async with pace.turn():
            pass

    ours, theirs = _Laps(), _Laps()
    for place, window in enumerate(_windows(hours)):
        mine = (ours, write(window))
        others = (theirs, _import(hass, theirs_id, [rows[hour_s] for hour_s in window]))
        for laps, work in (mine, others) if place % 2 else (others, mine):
            await _timed(hass, laps, work)
    for statistic_id in (ours_id, theirs_id):
        if await read_hours(hass, statistic_id) != hours:
            raise RuntimeError(f"{statistic_id} is not what was imported")
    return ours, theirs


async def _measure_rates(hass: HomeAssistant, emit: Emit, hours: Hours, pairs: int) -> None:
    """Compare the rows per second of busy recorder time, and the time until all is there."""
    both = [await _pair(hass, number, hours) for number in range(pairs)]
    emit(
        of_pairs(
            "import_rows_per_busy_s_vs_home_assistants_own",
            [theirs.busy_s / ours.busy_s for ours, theirs in both],
            _OF_OWN_RATE,
            "higher",
            rows_per_busy_s=rounded(median(len(hours) / ours.busy_s for ours, _ in both)),
            rows_per_busy_s_theirs=rounded(median(len(hours) / theirs.busy_s for _, theirs in both)),
            of_cpu_time=rounded(median(theirs.cpu_s / ours.cpu_s for ours, theirs in both)),
        )
    )
    emit(
        of_pairs(
            "import_time_vs_home_assistants_own",
            [ours.elapsed_s / theirs.elapsed_s for ours, theirs in both],
            _OF_OWN_TIME,
            "lower",
            elapsed_s=rounded(median(ours.elapsed_s for ours, _ in both)),
        )
    )


async def _measure_second_run(hass: HomeAssistant, emit: Emit, hours: Hours, rounds: int) -> None:
    """Compare a second run, which finds nothing new, with importing all once more."""
    rates, checked_per_s, rows = [], [], 0
    writer = SeriesWriter(hass, "wattbridge:bench_second", "Second", Pace())
    await _write(writer, hours)
    for _ in range(rounds):
        blind = _Laps()
        await _timed(hass, blind, _import(hass, "wattbridge:bench_theirs_0", list(_rows(hours).values())))
        started_s = time.perf_counter()
        rows += (await _write(writer, hours)).rows
        checked_per_s.append(len(hours) / (time.perf_counter() - started_s))
        rates.append(checked_per_s[-1] * blind.elapsed_s / len(hours))
    rate = median(checked_per_s)
    emit(of_pairs("second_run_rows_per_s_vs_blind_import", rates, _OF_BLIND_RATE, "higher", rows_per_s=rounded(rate)))
    emit(judged("second_run_rows_written", rows, 0, "lower", unit="rows"))


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure both; `quick` is for seeing that it works."""
    hours, pairs = _hours(_QUICK_HOURS if quick else _YEAR_HOURS), _QUICK_PAIRS if quick else _PAIRS
    async with home() as hass:
        say(f"  {len(hours)} hours, ours and Home Assistant's in turn")
        # The recorder's first imports in a process cost more.
        await _pair(hass, pairs, _hours(_WINDOW_HOURS))
        await _measure_rates(hass, emit, hours, pairs)
        await _measure_second_run(hass, emit, hours, pairs)
