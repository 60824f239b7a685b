"""A shell to type commands into, and clouds on loopback whose credentials are in its environment."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_bench import SECRET, Child, Result, Shell

import aiowattbridge
from aiowattbridge.cli.app import run
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    House,
    SimulatorClock,
    VoltawareSimulator,
    WattCarbonSimulator,
    WatticsSimulator,
)

LIB = Path(aiowattbridge.__file__).parents[1]
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No account of whoever runs the tests, a narrow terminal, and a folder of one's own."""
    for name in list(os.environ):
        if name.startswith("WATTBRIDGE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    """Whatever a run switched on ends with its process, which here is that of the tests."""
    loggers = [logging.getLogger("aiowattbridge"), logging.getLogger("aiowattbridge.cli.push")]
    before = [(logger, logger.level) for logger in loggers]
    yield
    for logger, level in before:
        logger.setLevel(level)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run a command as the installed program would, on a thread, so that the clouds of the test can answer it."""

    async def type_in(*arguments: str | Path) -> Result:
        capsys.readouterr()
        async with asyncio.timeout(30):
            code = await asyncio.to_thread(run, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        # Whatever a command says, it never says a secret.
        assert SECRET not in out + err
        return Result(code, out, err)

    return type_in


@pytest.fixture
async def start() -> AsyncIterator[Child]:
    """Start the program as a process of its own, which can be interrupted."""
    running: list[asyncio.subprocess.Process] = []

    async def start_child(*arguments: str | Path) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "aiowattbridge", *map(str, arguments)),
            env=os.environ | {"PYTHONPATH": str(LIB)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        running.append(process)
        return process

    yield start_child
    for process in running:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def sun(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK with two meters, to which the environment has the credentials."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(7, devices=2), clock=clock, page_size=100) as cloud:
        cloud.password = SECRET
        monkeypatch.setenv("WATTBRIDGE_CARBONTRACK_URL", cloud.url)
        monkeypatch.setenv("WATTBRIDGE_CARBONTRACK_USERNAME", cloud.username)
        monkeypatch.setenv("WATTBRIDGE_CARBONTRACK_PASSWORD", SECRET)
        yield cloud


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WatticsSimulator]:
    """Wattics, to which the environment has the credentials."""
    async with WatticsSimulator() as cloud:
        cloud.password = SECRET
        monkeypatch.setenv("WATTBRIDGE_WATTICS_URL", cloud.url)
        monkeypatch.setenv("WATTBRIDGE_WATTICS_USERNAME", cloud.username)
        monkeypatch.setenv("WATTBRIDGE_WATTICS_PASSWORD", SECRET)
        yield cloud


@pytest.fixture
async def registry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WattCarbonSimulator]:
    """WattCarbon with one asset, to which the environment has the credentials."""
    async with WattCarbonSimulator(assets=1) as cloud:
        cloud.password = SECRET
        monkeypatch.setenv("WATTBRIDGE_WATTCARBON_URL", cloud.url)
        monkeypatch.setenv("WATTBRIDGE_WATTCARBON_EMAIL", cloud.username)
        monkeypatch.setenv("WATTBRIDGE_WATTCARBON_API_KEY", SECRET)
        yield cloud


@pytest.fixture
async def homes(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[VoltawareSimulator]:
    """Voltaware with two meters, to which the environment has the credentials."""
    clock = SimulatorClock(NOW, frozen=True)
    async with VoltawareSimulator(devices=2, clock=clock, first_event=NOW - timedelta(days=100)) as cloud:
        cloud.password = SECRET
        monkeypatch.setenv("WATTBRIDGE_VOLTAWARE_URL", cloud.url)
        monkeypatch.setenv("WATTBRIDGE_VOLTAWARE_CLIENT_ID", cloud.username)
        monkeypatch.setenv("WATTBRIDGE_VOLTAWARE_CLIENT_SECRET", SECRET)
        yield cloud
