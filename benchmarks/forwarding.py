"""Forwarding end to end beside the bare `Sender`: rows per second out of the recorder to a collector.

A real Home Assistant with its accounts, devices and entities reads hours that were written beforehand, plans, sends and
keeps its cursor; the other contestant has the same numbers in memory, makes a packet of each and submits it to a
`Sender` of the library. The collector, in a process of its own, times the packets from the second to the last but one
of ten parts: before, Home Assistant makes the entities of the streams, and afterwards some have nothing left to send.
"""

import asyncio
import gc
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from aiowattbridge.wattics import ElectricityPacket, Sender, WatticsClient

from .backlog import fill, forwarding, until_delivered
from .collector import Collector, collector
from .home import home
from .kill_scene import HOUR_S, energy_kwh
from .report import Emit, of_pairs, rounded, say

_OF_BARE_RATE: Final = 0.9
_LATENCY_S: Final = 0.02
_STREAMS: Final = (1, 8, 64)
# By streams: rows of each where the cloud answers at once, which are read in several batches, and where it takes its
# time.
_ROWS: Final = {1: (10_000, 200), 8: (5000, 200), 64: (3000, 250)}
_QUICK_ROWS: Final = {1: (20, 5), 8: (5, 3), 64: (3, 2)}
_PAIRS: Final = 5
_QUICK_PAIRS: Final = 1


async def _forward(hass: HomeAssistant, server: Collector, name: str, streams: int, rows: int, last_s: int) -> float:
    """Let Home Assistant forward the newest rows of the first streams; returns rows per second."""
    from_s = last_s - rows * HOUR_S
    async with forwarding(hass, server.base_url, name, range(streams), from_s) as entry:
        await until_delivered(entry, rows)
    return _rate(streams * rows, (await server.check(streams * rows)).within_s)


async def _send(server: Collector, name: str, streams: int, rows: int, last_s: int) -> float:
    """Send the same numbers without Home Assistant; returns packets per second."""
    zone = dt_util.get_default_time_zone()
    hours_s = range(last_s - rows * HOUR_S, last_s, HOUR_S)
    energies_kwh = [[energy_kwh(number, hour_s) for hour_s in hours_s] for number in range(streams)]

    async def submit(sender: Sender, number: int) -> None:
        total_wh = 0.0
        for hour_s, kwh in zip(hours_s, energies_kwh[number], strict=True):
            total_wh += 1000 * kwh
            timestamp = datetime.fromtimestamp(hour_s + HOUR_S, zone)
            await sender.submit(ElectricityPacket(f"{name}-{number}", timestamp, {"pC_1": total_wh}))

    async with WatticsClient(name, "invented", base_url=server.base_url) as client, Sender(client) as sender:
        await asyncio.gather(*(submit(sender, number) for number in range(streams)))
        await sender.drain()
    return _rate(streams * rows, (await server.check(streams * rows)).within_s)


def _timed(packets: int) -> tuple[int, int]:
    """Return the numbers of the packets that begin and end what is timed."""
    return 1 + packets // 10, packets - packets // 10


def _rate(packets: int, elapsed_s: float) -> float:
    first, last = _timed(packets)
    return (last - first) / elapsed_s


async def _measure(
    hass: HomeAssistant, emit: Emit, latency_s: float, streams: int, rows: int, pairs: int, last_s: int
) -> None:
    """Let both take turns; who begins changes with every pair."""
    say(f"  {streams} streams of {rows} rows, {1000 * latency_s:.0f} ms a request")
    ours: list[float] = []
    bare: list[float] = []
    async with collector(latency_s, timed=_timed(streams * rows)) as server:
        for pair in range(pairs):
            for is_ours in (True, False) if pair % 2 else (False, True):
                name = f"{'ours' if is_ours else 'bare'}-{streams}-{pair}"
                gc.collect()
                if is_ours:
                    ours.append(await _forward(hass, server, name, streams, rows, last_s))
                else:
                    bare.append(await _send(server, name, streams, rows, last_s))
    emit(
        of_pairs(
            f"forward_rows_per_s_vs_bare_sender_{streams}_streams_{1000 * latency_s:.0f}_ms",
            [mine / theirs for mine, theirs in zip(ours, bare, strict=True)],
            _OF_BARE_RATE,
            "higher",
            rows_per_s=rounded(median(ours)),
            rows_per_s_bare=rounded(median(bare)),
            rows=rows,
        )
    )


async def measure_rates(emit: Emit, streams: Sequence[int], *, quick: bool) -> None:
    """Measure with a collector that answers at once, and with one that takes its time as a real one does."""
    rows_by_streams = _QUICK_ROWS if quick else _ROWS
    async with home() as hass:
        most = max(max(rows) for rows in rows_by_streams.values())
        last_s = await fill(hass, max(streams), most) + most * HOUR_S
        # Whatever is imported and made once.
        async with collector(timed=_timed(2)) as server:
            await _forward(hass, server, "warm", 1, 2, last_s)
        for place, latency_s in enumerate((0.0, _LATENCY_S)):
            for count in streams:
                rows = rows_by_streams[count][place]
                await _measure(hass, emit, latency_s, count, rows, _QUICK_PAIRS if quick else _PAIRS, last_s)


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure the rates; `quick` is for seeing that it works."""
    await measure_rates(emit, _STREAMS, quick=quick)
