"""A process killed with SIGKILL at any moment: what it was sending goes on with nothing lost and nothing twice."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from csv_bench import hours, other, write
from wattics_bench import CANARY

from aiowattbridge.simulators import WatticsSimulator
from aiowattbridge.wattics.csv_progress import ProgressFile

ROWS = 400
KILLS = 3
PROGRAM = Path(__file__).parents[2] / "support" / "csv_bench.py"
LIBRARY = Path(__file__).parents[3] / "lib"


async def upload(cloud: WatticsSimulator, path: Path, kill_after: int | None) -> int:
    """Run an upload in a process of its own, kill it when the cloud has so many more packets; return how it ended."""
    begun_with = cloud.store.total
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        cloud.url,
        str(path),
        "meter",
        env={**os.environ, "PYTHONPATH": f"{LIBRARY}:{PROGRAM.parent}"},
    )
    if kill_after is not None:
        async with asyncio.timeout(60):
            while cloud.store.total < begun_with + kill_after:  # noqa: ASYNC110 - another process fills it
                await asyncio.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    return await process.wait()


@pytest.mark.parametrize("shape", ["object", "unknown"])
async def test_killed_upload_loses_nothing(tmp_path: Path, shape: str) -> None:
    """0 missing and 0 out of order; 0 twice where the cloud tells its last packet, and else at most 1 a kill."""
    path = write(tmp_path / "data.csv", hours(ROWS))
    chance = random.Random(shape)  # noqa: S311 - the same kills every time
    async with WatticsSimulator(latency_s=0.001) as cloud:
        cloud.password = CANARY
        cloud.get_shape = shape  # type: ignore[assignment]  # one of them
        for _ in range(KILLS):
            assert await upload(cloud, path, chance.randrange(1, ROWS // (KILLS + 1))) == -signal.SIGKILL
        assert await upload(cloud, path, None) == 0
        report = cloud.report()
        values = [stored.packet["value"] for stored in cloud.accepted["meter"]]
    assert list(dict.fromkeys(values)) == list(range(ROWS))
    assert (report["out_of_order"], report["malformed"], report["violations"]) == (0, 0, 0)
    assert report["duplicates"] == len(values) - ROWS
    assert len(values) - ROWS <= (KILLS if shape == "unknown" else 0)
    assert ProgressFile(other(path)).load().accepted == ROWS
