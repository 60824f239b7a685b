"""A Voltaware cloud whose time stands still unless it is moved, and an account of it with a short history."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from homeassistant.core import HomeAssistant
from meter_bench import meter, wait_whole
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware
from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from custom_components.wattbridge import history

# May's results came a week ago, those of the week to the 7th of June today.
NOW = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
FIRST_EVENT = datetime(2026, 4, 28, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are minutes in life take moments here."""
    monkeypatch.setattr("custom_components.wattbridge.patience.FIRST_WAIT_S", 0.05)
    monkeypatch.setattr("custom_components.wattbridge.patience.LONGEST_WAIT_S", 0.2)
    assert history.SAVE_DELAY_S


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud with one meter that has sent since the end of April."""
    clock = SimulatorClock(NOW, frozen=True)
    async with VoltawareSimulator(meters=[meter("Europe/Berlin", FIRST_EVENT)], clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
def device_id(cloud: VoltawareSimulator) -> str:
    """The id of the meter."""
    return cloud.device_ids[0]


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str) -> AsyncIterator[MockConfigEntry]:
    """A loaded account whose months are all in the recorder."""
    entry = await async_load_voltaware(hass, cloud)
    await wait_whole(entry, device_id)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
