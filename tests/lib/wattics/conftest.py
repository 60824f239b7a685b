"""A collector on loopback with its own time, and clients and senders that talk to it."""

from collections.abc import AsyncIterator
from random import Random

import aiohttp
import pytest
from wattics_bench import CANARY, RecordingClock

from aiowattbridge.simulators import WatticsSimulator
from aiowattbridge.wattics import Receipt, Sender, Wait, WatticsClient


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests of this folder talk to loopback."""


@pytest.fixture
def clock() -> RecordingClock:
    """Return the clock that client, sender and cloud share."""
    return RecordingClock()


@pytest.fixture
async def cloud(clock: RecordingClock) -> AsyncIterator[WatticsSimulator]:
    """Run a collector whose password is easy to recognise."""
    async with WatticsSimulator(clock=clock) as running:
        running.password = CANARY
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open an HTTP session without a cookie jar."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
def client(cloud: WatticsSimulator, session: aiohttp.ClientSession, clock: RecordingClock) -> WatticsClient:
    """Return a client that is let in."""
    return WatticsClient(cloud.username, CANARY, session=session, base_url=cloud.url, clock=clock, timeout_s=5)


@pytest.fixture
def waits() -> list[Wait]:
    """Collect what the sender waits for."""
    return []


@pytest.fixture
def receipts() -> list[Receipt]:
    """Collect the receipts in the order they are told."""
    return []


@pytest.fixture
def sender(client: WatticsClient, clock: RecordingClock, waits: list[Wait], receipts: list[Receipt]) -> Sender:
    """Return a sender that tells everything."""
    jitter = Random(1)  # noqa: S311 - the same every time
    return Sender(client, clock=clock, random=jitter, on_wait=waits.append, on_receipt=receipts.append)
