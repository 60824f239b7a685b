"""A Voltaware cloud whose time stands still unless it is moved, and an account of it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from unittest.mock import PropertyMock, patch

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from accounts import async_load_voltaware
from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator

# May's results came a week ago, those of the week to the 7th of June today.
NOON = datetime(2026, 6, 10, 10, 2, tzinfo=UTC)
FIRST_EVENT = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots that know Home Assistant's objects."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Entities are enabled that are not by default."""
    with patch.object(Entity, "entity_registry_enabled_default", new_callable=PropertyMock, return_value=True):
        yield


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud with one of the vendor's own sensors, in a home with a car."""
    clock = SimulatorClock(NOON, frozen=True)
    async with VoltawareSimulator(seed=7, zones=("Europe/Berlin",), first_event=FIRST_EVENT, clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
def device_id(cloud: VoltawareSimulator) -> str:
    """The id of the meter."""
    return cloud.device_ids[0]


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: VoltawareSimulator) -> AsyncIterator[MockConfigEntry]:
    """A loaded account."""
    entry = await async_load_voltaware(hass, cloud)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
