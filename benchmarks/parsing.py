"""Reading measurements beside `orjson.loads` of the same pages, which makes no record, no time and no number of them.

The pages are the simulator's, with all 34 measured fields, once as they come and once with a quarter of the numbers
made large enough for grouped thousands; each figure is that of the slower of the two. CPU time is that of this process;
floor and contestant take turns. Memory and event loop are watched in a fresh process that reads the year from files.

The year comes in twenty-four pages. The floor depends on that: objects of a page that outgrow the processor's cache
cost orjson two to three times as much, while the library works in stretches. The ratios for smaller pages stand beside.
"""

import asyncio
import gc
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp
import orjson
from multidict import CIMultiDict, CIMultiDictProxy

from aiowattbridge.answer import Answer
from aiowattbridge.carbontrack import CarbonTrackClient, Measurement
from aiowattbridge.carbontrack.wire import decode_measurements
from aiowattbridge.paging import Page, PageWalk
from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, House, SimulatorClock

from .report import Emit, Result, judged, of_pairs, rounded, say

_PAGE_BAR: Final = 4.0
_YEAR_BAR: Final = 2.5
_RSS_BAR_MIB: Final = 60.0
_GAP_BAR_MS: Final = 50.0
_PAIRS: Final = 9
_QUICK_PAIRS: Final = 3
_DAYS: Final = 365
_QUICK_DAYS: Final = 61
_PAGE: Final = 1_000
_YEAR_PAGE: Final = 4_380
_SMALLER_PAGES: Final = (1_000, 2_000)
_RECORDS_A_DAY: Final = 288
_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_FIVE_MINUTES: Final = timedelta(minutes=5)
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"

_NUMBER: Final = re.compile(r'(?<=":")-?[0-9]+\.[0-9]{2}(?=")')
_SHARE_GROUPED: Final = 0.25
_JSON: Final = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/json"}))

type Pages = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Watched:
    """What a process that read the year says of itself."""

    records: int
    rss_mib: float
    gap_ms: float
    cpu_s: float


def _simulator(days: int) -> CarbonTrackSimulator:
    """Make the cloud with so many days of a device that measures everything."""
    now = SimulatorClock(_START + timedelta(days=days, minutes=1), frozen=True)
    return CarbonTrackSimulator(clock=now, house=House(7, start=_START, fields=ALL_FIELDS))


async def _published(cloud: CarbonTrackSimulator, page_size: int, days: int) -> list[bytes]:
    """Fetch the pages of a period as they are, without the library."""
    cloud.page_size = page_size
    grant = {"grant_type": "password", "username": cloud.username, "password": cloud.password}
    body: dict[str, object] = {
        "DeviceID": cloud.house.device_ids[0],
        "FromUTCDate": (_START + _FIVE_MINUTES).strftime(_FORMAT),
        "ToUTCDate": (_START + timedelta(days=days)).strftime(_FORMAT),
    }
    pages: list[bytes] = []
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{cloud.url}/oauth/token", data=grant) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        for number in range(-(-days * _RECORDS_A_DAY // page_size)):
            asked = body | {"PageIndex": number}
            async with http.post(f"{cloud.url}/ctapi/Measurement", json=asked, headers=headers) as answer:
                pages.append(await answer.read())
    return pages


def _grouped(page: bytes, draw: random.Random) -> bytes:
    """Make some of a page's numbers large, so that their thousands are grouped."""

    def respell(number: re.Match[str]) -> str:
        large = draw.uniform(1_000, 99_999) if draw.random() < _SHARE_GROUPED else 0.0
        return f"{float(number[0]) + large:,.2f}"

    return _NUMBER.sub(respell, page.decode()).encode()


async def _decode(pages: Pages) -> None:
    """Read pages into records, without a walk."""
    for page in pages:
        await decode_measurements(Answer(200, _JSON, page), "")


async def _walk(read: Callable[[int], bytes]) -> int:
    """Walk through pages as the client does, and let go of every record at once."""

    async def fetch(number: int) -> Page[Measurement]:
        found, records = await decode_measurements(Answer(200, _JSON, read(number)), "")
        return found.page(records, "", "Measurements")

    count = 0
    async for _ in PageWalk(fetch, attrgetter("device_id", "recorded_at"), vendor="", endpoint="").from_zero():
        count += 1
    return count


async def _walk_all(pages: Pages) -> None:
    """Walk through all of these pages."""
    await _walk(pages.__getitem__)


async def _ratios(pages: Pages, read: Callable[[Pages], Awaitable[None]], pairs: int, repeats: int = 1) -> list[float]:
    """Return how many times as much CPU reading the pages takes as the floor, for each pair of runs."""
    ratios = []
    for _ in range(pairs):
        gc.collect()
        started_s = time.process_time()
        for _ in range(repeats):
            for page in pages:
                orjson.loads(page)
        floor_s = time.process_time() - started_s
        gc.collect()
        started_s = time.process_time()
        for _ in range(repeats):
            await read(pages)
        ratios.append((time.process_time() - started_s) / floor_s)
    return ratios


def _memory_mib(name: str) -> float:
    """Read a line of what the kernel says of this process's memory: now (VmRSS) or at its highest (VmHWM)."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0]) / 1024


async def _watch(read: Callable[[], Awaitable[int]]) -> _Watched:
    """Watch this process while it reads."""
    longest_s = 0.0

    async def tick() -> None:
        nonlocal longest_s
        before_s = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now_s = time.perf_counter()
            longest_s = max(longest_s, now_s - before_s)
            before_s = now_s

    gc.collect()
    start_mib = _memory_mib("VmRSS")
    started_s = time.process_time()
    ticking = asyncio.create_task(tick())
    records = await read()
    ticking.cancel()
    cpu_s = time.process_time() - started_s
    return _Watched(records, _memory_mib("VmHWM") - start_mib, 1000 * longest_s, cpu_s)


async def _watched(*source: str) -> _Watched:
    """Read the year in a fresh process and return what it says of itself."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.parsing", *source, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    return _Watched(**json.loads(said))


async def _read_files(folder: str) -> int:
    """Walk through pages in files."""
    return await _walk(lambda number: (Path(folder) / f"{number}.json").read_bytes())


async def _read_cloud(url: str, username: str, password: str, device_id: str, days: str) -> int:
    """Read a period with the client itself, over HTTP."""
    count = 0
    async with CarbonTrackClient(username, password, base_url=url) as client:
        until = _START + timedelta(days=int(days))
        async for _ in client.measurements(device_id, _START + _FIVE_MINUTES, until):
            count += 1
    return count


def _worse(name: str, found: Mapping[str, Sequence[float]], bar: float, **details: float) -> Result:
    """Judge the slower kind of pages, with the medians of all of them beside."""
    medians = {kind: rounded(median(ratios)) for kind, ratios in found.items()}
    return of_pairs(name, max(found.values(), key=median), bar, "lower", **medians, **details)


async def _cpu(emit: Emit, kinds: Mapping[str, Mapping[int, Pages]], pairs: int) -> None:
    """Measure one page, and the year."""
    found = {kind: await _ratios(pages[_PAGE][:1], _decode, pairs, repeats=20) for kind, pages in kinds.items()}
    emit(_worse("parse_page_1000_vs_orjson", found, _PAGE_BAR))
    found = {kind: await _ratios(pages[_YEAR_PAGE], _walk_all, pairs) for kind, pages in kinds.items()}
    smaller: dict[str, float] = {}
    for size in _SMALLER_PAGES:
        ratios = [median(await _ratios(pages[size], _walk_all, _QUICK_PAIRS)) for pages in kinds.values()]
        smaller[f"in_pages_of_{size}"] = rounded(max(ratios))
    emit(_worse("parse_year_vs_orjson", found, _YEAR_BAR, records_a_page=_YEAR_PAGE, **smaller))


async def _footprint(emit: Emit, cloud: CarbonTrackSimulator, pages: Pages, days: int) -> None:
    """Read the year in a fresh process, from files and, to compare, with the client over HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"{number}.json").write_bytes(page)
        year = await _watched(folder)
    cloud.page_size = _YEAR_PAGE
    over_http = await _watched(cloud.url, cloud.username, cloud.password, cloud.house.device_ids[0], str(days))
    if {year.records, over_http.records} != {days * _RECORDS_A_DAY}:
        raise RuntimeError("not every record of the year was read")
    cpu_s = rounded(over_http.cpu_s)
    rss, gap = rounded(over_http.rss_mib), rounded(over_http.gap_ms)
    emit(judged("parse_year_peak_rss_mb", year.rss_mib, _RSS_BAR_MIB, "lower", over_http=rss))
    emit(
        judged(
            "parse_year_longest_loop_gap_ms", year.gap_ms, _GAP_BAR_MS, "lower", over_http=gap, over_http_cpu_s=cpu_s
        )
    )


async def run(emit: Emit, *, quick: bool) -> None:
    """Publish the pages, then measure."""
    days, pairs = (_QUICK_DAYS, _QUICK_PAIRS) if quick else (_DAYS, _PAIRS)
    draw = random.Random(7)  # noqa: S311 - a seed, so that every run reads the same pages
    async with _simulator(days) as cloud:
        plain = {size: await _published(cloud, size, days) for size in sorted({_PAGE, *_SMALLER_PAGES, _YEAR_PAGE})}
        grouped = {size: [_grouped(page, draw) for page in pages] for size, pages in plain.items()}
        # What is there by now is neither the floor's nor the library's to be looked through by the garbage collector.
        gc.collect()
        gc.freeze()
        await _cpu(emit, {"plain": plain, "grouped": grouped}, pairs)
        say("reading the year in a fresh process")
        await _footprint(emit, cloud, grouped[_YEAR_PAGE], days)


if __name__ == "__main__":
    reader = _read_files if len(sys.argv) == 2 else _read_cloud  # noqa: PLR2004 - a folder, or an account
    sys.stdout.write(json.dumps(asdict(asyncio.run(_watch(lambda: reader(*sys.argv[1:]))))))
