"""A real Home Assistant with a real recorder, and the clouds on loopback."""

import logging
from collections.abc import AsyncIterator

import pytest
from homeassistant.components.recorder import Recorder

import custom_components.wattbridge  # noqa: F401 - before the plugin's own custom_components hide it
from aiowattbridge.simulators import CarbonTrackSimulator, House, WatticsSimulator

# The plugin has every SQL statement logged and printed, which takes longer than most of them.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger().handlers.clear()


@pytest.fixture(autouse=True)
def prepared(recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None) -> None:
    """The recorder before Home Assistant, our integration found, and sockets that may reach loopback."""


@pytest.fixture
async def carbontrack_cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK cloud with one house."""
    async with CarbonTrackSimulator(house=House(seed=7)) as cloud:
        yield cloud


@pytest.fixture
async def wattics_cloud() -> AsyncIterator[WatticsSimulator]:
    """A Wattics collector that has nothing yet."""
    async with WatticsSimulator() as cloud:
        yield cloud
