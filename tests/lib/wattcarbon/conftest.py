"""A WattCarbon client against a small cloud."""

import aiohttp
import pytest
from kernel_bench import JumpingClock, ScriptedCloud
from wattcarbon_bench import API_KEY, EMAIL, SmallCloud

from aiowattbridge.wattcarbon import WattCarbonClient


@pytest.fixture
def small(cloud: ScriptedCloud) -> SmallCloud:
    """The cloud, its assets under `/assets`."""
    return SmallCloud(cloud)


@pytest.fixture
def client(
    session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock, small: SmallCloud
) -> WattCarbonClient:
    """A client that has to find out where the assets are."""
    return WattCarbonClient(EMAIL, API_KEY, session=session, base_url=cloud.url, clock=clock)
