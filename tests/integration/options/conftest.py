"""An account whose options are changed, and what is loaded anew after that."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from moving import same_time
from options_bench import earlier
from pytest_homeassistant_custom_component.common import MockConfigEntry

from aiowattbridge.simulators import CarbonTrackSimulator, House, SimulatorClock


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK cloud with two devices whose readings are ten minutes apart."""
    async with CarbonTrackSimulator(house=House(seed=7, devices=2, interval_s=600)) as simulator:
        yield simulator


@pytest.fixture
def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> MockConfigEntry:
    """An account with both devices, which is not loaded."""
    return earlier(hass, cloud, cloud.house.device_ids)


@pytest.fixture
def reloads(hass: HomeAssistant) -> Iterator[list[str]]:
    """The entries that were loaded anew; they are not, so that a test is about its flow."""
    seen: list[str] = []
    with patch.object(hass.config_entries, "async_schedule_reload", seen.append):
        yield seen


@pytest.fixture
async def frozen_cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(datetime(2026, 6, 10, 20, 2, tzinfo=UTC), frozen=True)
    async with CarbonTrackSimulator(house=House(seed=5, interval_s=600), clock=clock) as cloud:
        with same_time(clock):
            yield cloud
