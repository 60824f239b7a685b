"""Voltaware on loopback, its time standing still in November, with a client that is let in."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from voltaware_bench import NOVEMBER, SECRET, ScriptedVoltaware

from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from aiowattbridge.voltaware import VoltawareClient


@pytest.fixture
def clock() -> SimulatorClock:
    """The clock that client and cloud share."""
    return SimulatorClock(NOVEMBER, frozen=True)


@pytest.fixture
async def simulator(clock: SimulatorClock) -> AsyncIterator[VoltawareSimulator]:
    """The vendor's cloud as its page describes it, with a home in each zone."""
    async with VoltawareSimulator(clock=clock, devices=6) as running:
        running.password = SECRET
        yield running
        # Whatever a test asked for, it was asked as the page wants it.
        assert not running.log.violations
        assert running.log.count(status=400) == 0


@pytest.fixture
async def client(
    simulator: VoltawareSimulator, session: aiohttp.ClientSession, clock: SimulatorClock
) -> VoltawareClient:
    """A client of the simulator."""
    return VoltawareClient(simulator.username, SECRET, session=session, base_url=simulator.url, clock=clock)


@pytest.fixture
async def scripted(session: aiohttp.ClientSession, clock: SimulatorClock) -> AsyncIterator[ScriptedVoltaware]:
    """A cloud that answers what a test has set, whatever is asked."""
    async with ScriptedVoltaware(session, clock) as running:
        yield running
