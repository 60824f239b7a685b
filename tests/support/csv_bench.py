"""What the tests of the CSV upload share: files, channels, what arrived, and an upload that can be killed.

Run as a program it uploads one file: `python csv_bench.py URL CSV STREAM`.
"""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, timedelta, tzinfo
from pathlib import Path

from wattics_bench import CANARY, START

from aiowattbridge.simulators import WatticsSimulator
from aiowattbridge.wattics import ChannelType, CsvChannel, PushReport, Sender, WatticsClient, push


def hours(count: int, begin: int = 0) -> list[str]:
    """Write hourly rows from the start on, whose values are their numbers."""
    return [f"{START + timedelta(hours=number):%Y-%m-%d %H:%M:%S},{number}" for number in range(begin, begin + count)]


def write(path: Path, rows: Iterable[str]) -> Path:
    """Write rows into a file."""
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8", newline="")
    return path


def add(path: Path, rows: Iterable[str]) -> None:
    """Add rows to a file."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{row}\n" for row in rows)


def other(path: Path, stream_id: str = "meter", zone: tzinfo = UTC, shift: int | None = None) -> CsvChannel:
    """Make a channel of single values."""
    return CsvChannel(path, stream_id, ChannelType.OTHER, zone, shift)


def is_clean(cloud: WatticsSimulator) -> bool:
    """Tell whether nothing came twice or out of order, and nobody misbehaved."""
    report = cloud.report()
    return not any(report[key] for key in ("duplicates", "out_of_order", "malformed", "violations", "cookie_breaks"))


async def push_one(sender: Sender, channel: CsvChannel, *, skip_bad_rows: bool = False) -> PushReport:
    """Upload one file."""
    (report,) = await push(sender, [channel], skip_bad_rows=skip_bad_rows)
    return report


async def _main(url: str, path: str, stream_id: str) -> int:
    """Upload one file to a simulated cloud; 0 when all of it is there."""
    async with WatticsClient("meter-pusher", CANARY, base_url=url) as client, Sender(client) as sender:
        report = await push_one(sender, other(Path(path), stream_id))
    if report.problem is not None:
        raise report.problem
    return 0 if report.is_complete else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(*sys.argv[1:])))
