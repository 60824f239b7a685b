"""The Wattics `Sender` beside what one would write without it: packets per second, and CPU time per packet.

All contestants send the same packets to the same collector, which runs in a process of its own. They take turns in this
process, with a full garbage collection before each, and every ratio is of two runs side by side. The first packet of
every stream opens its connection and is not measured. Writing a packet down as JSON is, making it is not.

CPU time is that of this process with all its threads: all that runs in it meanwhile is the contestant.
"""

import asyncio
import gc
import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import Final

import aiohttp
import requests
from multidict import CIMultiDict
from yarl import URL

from aiowattbridge.wattics import ELECTRICITY_PARAMETERS, ElectricityPacket, Sender, WatticsClient

from .collector import PATH, Collector, collector
from .report import Emit, of_pairs, rounded, say

_STREAMS: Final = (1, 8, 64)
_BUSY_STREAMS: Final = (8, 64)
_LATENCY_S: Final = 0.02
_OF_PLAIN_RATE: Final = 0.95
_OF_REQUESTS_CPU: Final = 0.2
_OF_PLAIN_CPU: Final = 0.7
_RATE_PAIRS: Final = 7
_CPU_PAIRS: Final = 15
_QUICK_PAIRS: Final = 2

_USERNAME: Final = "meter@plant.example"
_PASSWORD: Final = "invented"
_BASIC: Final = "Basic " + b64encode(f"{_USERNAME}:{_PASSWORD}".encode()).decode()
_HEADERS: Final = {"Authorization": _BASIC, "Content-Type": "application/json"}

type Stream = Sequence[ElectricityPacket]
type Work = Callable[[Sequence[Stream]], Awaitable[object]]
# A contestant prepares, hands its work to the stopwatch, and cleans up.
type Contestant = Callable[[str, Callable[[Work], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Lap:
    """What one run took."""

    packets_per_s: float
    cpu_s_per_1000: float


def _streams(count: int, length: int) -> list[list[ElectricityPacket]]:
    """Make so many streams of so many full electricity packets, five minutes apart."""
    start = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1)))
    values = {parameter.name: 1234.5678 + index for index, parameter in enumerate(ELECTRICITY_PARAMETERS)}
    return [
        [ElectricityPacket(f"meter-{stream}", start + timedelta(minutes=5 * index), values) for index in range(length)]
        for stream in range(count)
    ]


def _as_json(packet: ElectricityPacket) -> str:
    """Write a packet as one would without the library."""
    timestamp = packet.timestamp.isoformat(timespec="milliseconds")
    return json.dumps({"id": packet.stream_id, "tsISO8601": timestamp, **packet.values})


async def _sender(base_url: str, clock: Callable[[Work], Awaitable[None]]) -> None:
    """Submit every stream's packets to one sender, with a session of its own."""
    async with WatticsClient(_USERNAME, _PASSWORD, base_url=base_url) as client, Sender(client) as sender:

        async def submit(stream: Stream) -> None:
            for packet in stream:
                await sender.submit(packet)

        async def work(streams: Sequence[Stream]) -> None:
            await asyncio.gather(*map(submit, streams))
            await sender.drain()

        await clock(work)


async def _bare(base_url: str, clock: Callable[[Work], Awaitable[None]]) -> None:
    """Post in a worker a stream with all made before that can be: what plain aiohttp can do at best."""
    url, headers = URL(base_url + PATH), CIMultiDict(_HEADERS)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def post(stream: Stream) -> None:
            for packet in stream:
                async with session.post(url, data=packet.to_bytes(), headers=headers) as response:
                    await response.read()

        await clock(lambda streams: asyncio.gather(*map(post, streams)))


async def _plain(base_url: str, clock: Callable[[Work], Awaitable[None]]) -> None:
    """Post in a worker a stream with aiohttp as it comes, the cookies in its jar.

    The jar takes cookies of a bare address here, or it would have none of the work it has with a real host.
    """
    url = base_url + PATH
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:

        async def post(stream: Stream) -> None:
            for packet in stream:
                async with session.post(url, data=_as_json(packet), headers=_HEADERS) as response:
                    await response.read()

        await clock(lambda streams: asyncio.gather(*map(post, streams)))


async def _requests(base_url: str, clock: Callable[[Work], Awaitable[None]]) -> None:
    """Post one packet after another with a session of requests, as the vendor's Python program does."""
    url = base_url + PATH
    with requests.Session() as session:
        session.auth = (_USERNAME, _PASSWORD)

        async def work(streams: Sequence[Stream]) -> None:
            for stream in streams:
                for packet in stream:
                    session.post(url, data=_as_json(packet), headers={"Content-Type": "application/json"})

        await clock(work)


async def _lap(contestant: Contestant, server: Collector, streams: Sequence[Stream]) -> _Lap:
    """Let a contestant send all the packets once."""
    laps: list[_Lap] = []
    rest = [stream[1:] for stream in streams]
    packets = sum(map(len, rest))

    async def clock(work: Work) -> None:
        await work([stream[:1] for stream in streams])
        gc.collect()
        cpu_s, started_s = time.process_time(), time.perf_counter()
        await work(rest)
        elapsed_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_s
        laps.append(_Lap(packets / elapsed_s, 1000 * cpu_s / packets))

    await contestant(server.base_url, clock)
    await server.check(packets + len(streams))
    return laps[0]


async def _rounds(
    contestants: Mapping[str, Contestant], server: Collector, lengths: Mapping[str, int], streams: int, pairs: int
) -> dict[str, list[_Lap]]:
    """Let the contestants take turns; who begins changes with every round."""
    sets = {name: _streams(streams, 1 + lengths[name]) for name in contestants}
    laps: dict[str, list[_Lap]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(pairs):
        for name in names if number % 2 else reversed(names):
            laps[name].append(await _lap(contestants[name], server, sets[name]))
    return laps


async def _measure_rates(emit: Emit, *, quick: bool) -> None:
    """Compare packets per second with a collector that takes its time, as a real one does."""
    contestants = {"sender": _sender, "bare": _bare}
    length, pairs = (3, _QUICK_PAIRS) if quick else (50, _RATE_PAIRS)
    async with collector(_LATENCY_S) as server:
        for streams in _STREAMS:
            say(f"  {streams} streams, {1000 * _LATENCY_S:.0f} ms a request")
            laps = await _rounds(contestants, server, dict.fromkeys(contestants, length), streams, pairs)
            own, bare = ([lap.packets_per_s for lap in laps[name]] for name in ("sender", "bare"))
            emit(
                of_pairs(
                    f"sender_packets_per_s_vs_bare_aiohttp_{streams}_streams",
                    [mine / theirs for mine, theirs in zip(own, bare, strict=True)],
                    _OF_PLAIN_RATE,
                    "higher",
                    packets_per_s=rounded(median(own)),
                    share_of_theory=rounded(median(own) * _LATENCY_S / streams),
                    latency_ms=1000 * _LATENCY_S,
                )
            )


async def _measure_cpu(emit: Emit, *, quick: bool) -> None:
    """Compare the CPU time of a packet with a collector that answers at once."""
    contestants = {"sender": _sender, "plain_aiohttp": _plain, "requests": _requests}
    targets = {"plain_aiohttp": _OF_PLAIN_CPU, "requests": _OF_REQUESTS_CPU}
    packets, pairs = (256, _QUICK_PAIRS) if quick else (4096, _CPU_PAIRS)
    async with collector() as server:
        for streams in _BUSY_STREAMS:
            say(f"  {streams} streams, answered at once")
            length = packets // streams
            # One packet costs requests as much as the next: fewer will do.
            lengths = {"sender": length, "plain_aiohttp": length, "requests": max(1, length // 4)}
            laps = await _rounds(contestants, server, lengths, streams, pairs)
            cpu = {name: [lap.cpu_s_per_1000 for lap in laps[name]] for name in contestants}
            for name, target in targets.items():
                emit(
                    of_pairs(
                        f"sender_cpu_vs_{name}_{streams}_streams",
                        [mine / theirs for mine, theirs in zip(cpu["sender"], cpu[name], strict=True)],
                        target,
                        "lower",
                        cpu_s_per_1000_packets=rounded(median(cpu["sender"])),
                        cpu_s_per_1000_packets_theirs=rounded(median(cpu[name])),
                    )
                )


async def run(emit: Emit, *, quick: bool) -> None:
    """Measure both; `quick` is for seeing that it works."""
    await _measure_rates(emit, quick=quick)
    await _measure_cpu(emit, quick=quick)
