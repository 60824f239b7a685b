"""Fixtures for the simulators: real sockets on loopback and a plain HTTP client that knows nothing of ours."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from aiowattbridge.simulators import SimulatorClock

NOON = datetime(2026, 3, 4, 12, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests of this folder talk to loopback."""


@pytest.fixture
def clock() -> SimulatorClock:
    """Stop the clouds' time."""
    return SimulatorClock(NOON, frozen=True)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a plain session that keeps cookies of bare addresses too and one connection at most."""
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(limit=1)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(cookie_jar=jar, connector=connector, timeout=timeout) as session:
        yield session
