"""Forwarding that is killed again and again, at random moments and with clouds that fail: what is there in the end.

A thousand lives take turns on the same recorder and the same clouds (`kill_life.py`). The clouds keep everything that
they accept, so that in the end it can be held, packet by packet and hour by hour, against what the recorder has.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final, Literal, cast

from aiowattbridge.simulators import WattCarbonSimulator, WatticsSimulator

from .kill_findings import FAULTS, Findings, compare
from .kill_scene import Scene
from .report import Emit, rounded, say

SEED: Final = 20_263
STREAMS: Final = {"plant-0": 0, "plant-1": 1, "plant-2": 2}
_PACKET_LATENCY_S: Final = 0.01
_UPLOAD_LATENCY_S: Final = 0.2
_AT_MOST_S: Final = 300.0
_KILLS: Final = 1000
_QUICK_KILLS: Final = 5
_LATEST_S: Final = 0.9
_MOST_PACKETS: Final = 60

type Shape = Literal["object", "unknown"]


@dataclass(frozen=True, slots=True)
class _Size:
    """How many kills a round has, what there is to send in it, and how often the last packet cannot be read."""

    kills: int
    hours: int
    rows: int
    unreadable_every: int


_LARGE: Final = _Size(50, 24_000, 1200, 5)
_SMALL: Final = _Size(3, 4000, 250, 2)


@dataclass(slots=True)
class Lives:
    """The program that forks the lives, and what it told."""

    process: asyncio.subprocess.Process
    pid: int = 0
    is_done: bool = False
    told: list[str] = field(default_factory=list)

    async def begin(self, scene: Scene) -> None:
        """Begin a life."""
        self.is_done = False
        cast("asyncio.StreamWriter", self.process.stdin).write(scene.line().encode())
        self.pid = int(await self._until("pid"))

    async def kill(self) -> None:
        """End it as nothing else does, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    async def ended(self) -> None:
        """Wait for the end of a life."""
        await self._until("ended")

    async def _until(self, word: str) -> str:
        """Read until a word comes; returns what follows it."""
        async with asyncio.timeout(_AT_MOST_S):
            while line := await cast("asyncio.StreamReader", self.process.stdout).readline():
                first, _, rest = line.decode().strip().partition(" ")
                self.is_done |= first == "done"
                self.told.append(line.decode().strip())
                if first == word:
                    return rest
        raise RuntimeError("the program of the lives has ended")


@asynccontextmanager
async def lives() -> AsyncGenerator[Lives]:
    """Run the program that forks the lives."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", f"{__package__}.kill_life"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Lives(process)
    finally:
        process.kill()
        await process.wait()


async def filled(program: Lives, folder: Path, hours: int, rows: int) -> Scene:
    """Fill a recorder; the scene that is returned has no clouds yet."""
    empty = Scene(str(folder), {}, STREAMS, {"all": [0, 1, 2]}, 0, hours, rows)
    await program.begin(empty)
    await program.ended()
    told = next(line for line in program.told if line.startswith("filled"))
    return Scene(str(folder), {}, STREAMS, {}, int(told.split()[1]), hours, rows)


async def _moment(chance: Random, wattics: WatticsSimulator) -> None:
    """Wait for a moment to kill at: some time after the begin, or some packets and a little later."""
    if chance.random() < 0.5:  # noqa: PLR2004 - every second time
        await asyncio.sleep(chance.uniform(0, _LATEST_S))
        return
    wanted = wattics.store.total + chance.randrange(1, _MOST_PACKETS)
    until_s = time.monotonic() + 2 * _LATEST_S
    while wattics.store.total < wanted and time.monotonic() < until_s:  # noqa: ASYNC110 - the cloud knows no event
        await asyncio.sleep(0.002)
    await asyncio.sleep(chance.uniform(0, 0.03))


async def round_of_kills(program: Lives, scene: Scene, kills: int, shape: Shape, chance: Random) -> Findings:
    """Kill a scene's lives so often, let the last one live, and compare what is there then."""
    wattics = WatticsSimulator(latency_s=_PACKET_LATENCY_S, get_shape=shape)
    async with wattics, WattCarbonSimulator(latency_s=_UPLOAD_LATENCY_S, assets=2) as wattcarbon:
        assets = dict(zip(wattcarbon.assets, ([0], [1, 2]), strict=True))
        for number, cloud in enumerate((wattics, wattcarbon)):
            cloud.faults.profile(chance.randrange(1_000_000) + number, FAULTS)
        clouds = {
            name: {"base_url": cloud.url, "username": cloud.username, "password": cloud.password}
            for name, cloud in (("wattics", wattics), ("wattcarbon", wattcarbon))
        }
        played = Scene(scene.folder, clouds, scene.streams, assets, scene.from_s, scene.hours, scene.rows)
        shutil.rmtree(Path(scene.folder) / ".storage", ignore_errors=True)
        findings = Findings()
        for _ in range(kills):
            await program.begin(played)
            await _moment(chance, wattics)
            if program.is_done or wattics.store.total >= len(scene.streams) * scene.rows:
                break
            findings.kills += 1
            findings.kills_amid_uploads += any(len(wattcarbon.hours(asset)) < scene.hours for asset in assets)
            await program.kill()
        else:
            await program.begin(played)
        await program.ended()
        compare(findings, played, wattics, wattcarbon, is_readable=shape == "object")
    return findings


async def kill(emit: Emit, kills: int) -> None:
    """Kill so often, in rounds, and tell what was lost, doubled or out of order in all."""
    chance, total, number = Random(SEED + kills), Findings(), 0  # noqa: S311 - a seeded moment is no secret
    started_s = time.perf_counter()
    with TemporaryDirectory() as folder:
        async with lives() as program:
            size = _LARGE if kills >= _LARGE.kills else _SMALL
            scene = await filled(program, Path(folder), size.hours, size.rows)
            while total.kills < kills:
                number += 1
                shape: Shape = "unknown" if number % size.unreadable_every == 0 else "object"
                wanted = min(size.kills, kills - total.kills)
                total += await round_of_kills(program, scene, wanted, shape, chance)
                say(f"  {total.kills} kills after {time.perf_counter() - started_s:.0f} s: {total.line()}")
    total.emit(emit, "engine", elapsed_s=rounded(time.perf_counter() - started_s))


async def run(emit: Emit, *, quick: bool, kills: int = _KILLS) -> None:
    """Kill the engine alone; `quick` is for seeing that it works."""
    await kill(emit, _QUICK_KILLS if quick else kills)
