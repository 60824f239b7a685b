"""What the tests of the command line share: the result of a command, and files to send."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

SECRET = "kanarienvogel geheim"
"""The password of every simulated account; it must show nowhere."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read the one document of stdout."""
        (document,) = self.documents
        return document

    @property
    def documents(self) -> list[Any]:
        """Read stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """Find the one line that says why the command failed."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return line.removeprefix("error: ")


class Shell(Protocol):
    """Runs a command to its end."""

    async def __call__(self, *arguments: str | Path) -> Result:
        """Run it."""
        ...


class Child(Protocol):
    """Starts a command as a process."""

    async def __call__(self, *arguments: str | Path) -> asyncio.subprocess.Process:
        """Start it."""
        ...


async def end_of(process: asyncio.subprocess.Process) -> Result:
    """Wait for the end of a process."""
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    assert SECRET not in (out + err).decode()
    return Result(process.returncode, out.decode(), err.decode())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened to a cloud or a file, which tell nobody."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


def partials(folder: Path) -> list[Path]:
    """List the unfinished files of a folder that hold something."""
    return [path for path in folder.glob("*.partial") if path.stat().st_size]


def content(path: Path) -> str:
    """Read a file."""
    return path.read_text()


def write_rows(path: Path, rows: int, *, bad: int | None = None) -> Path:
    """Write a file of values, quarter-hours from midnight; `bad` is a line whose value is none."""
    start = datetime(2026, 2, 1)  # noqa: DTZ001 - as it stands in the file
    lines = [f"{start + timedelta(minutes=15 * row):%Y-%m-%d %H:%M:%S},{row}.5\n" for row in range(rows)]
    if bad is not None:
        lines[bad - 1] = lines[bad - 1].replace(".5", ".x")
    path.write_text("".join(lines))
    return path
