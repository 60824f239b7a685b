"""A carbonTRACK client against a scripted cloud and against the simulator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from carbontrack_bench import PASSWORD, USERNAME, TokenDesk
from kernel_bench import JumpingClock, ScriptedCloud

from aiowattbridge.carbontrack import CarbonTrackClient
from aiowattbridge.simulators import CarbonTrackSimulator, SimulatorClock


@pytest.fixture
def desk(cloud: ScriptedCloud) -> TokenDesk:
    """The scripted cloud's token endpoint, with its data behind it."""
    return TokenDesk(cloud)


@pytest.fixture
def client(
    session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock, desk: TokenDesk
) -> CarbonTrackClient:
    """A client of the scripted cloud."""
    return CarbonTrackClient(USERNAME, PASSWORD, session=session, base_url=cloud.url, clock=clock)


@pytest.fixture
async def simulator() -> AsyncIterator[CarbonTrackSimulator]:
    """The vendor's cloud as its pages describe it, its time standing still."""
    now = SimulatorClock(datetime(2026, 3, 14, 12, 2, tzinfo=UTC), frozen=True)
    async with CarbonTrackSimulator(clock=now) as running:
        yield running


@pytest.fixture
def visitor(session: aiohttp.ClientSession, simulator: CarbonTrackSimulator, clock: JumpingClock) -> CarbonTrackClient:
    """A client of the simulator."""
    return CarbonTrackClient(
        simulator.username, simulator.password, session=session, base_url=simulator.url, clock=clock
    )
