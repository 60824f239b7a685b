"""Fixtures of all library tests: loopback is open, time stands still, and a cloud answers as told."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from kernel_bench import JumpingClock, ScriptedCloud, scripted_cloud


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """Let the tests open sockets; the plugin keeps them to 127.0.0.1."""


@pytest.fixture
def clock() -> JumpingClock:
    """The time of the test."""
    return JumpingClock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An ordinary HTTP session."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def cloud() -> AsyncIterator[ScriptedCloud]:
    """A cloud that answers as it is told."""
    async with scripted_cloud() as running:
        yield running
