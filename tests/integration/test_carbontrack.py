"""What the integration knows of carbonTRACK: ids that last, the usual interval, and which field is the grid."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from homeassistant.components.recorder.statistics import valid_statistic_id
from homeassistant.core import HomeAssistant
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.simulators import CarbonTrackSimulator, Gap, House, SimulatorClock
from custom_components.wattbridge.aiowattbridge.carbontrack import CarbonTrackClient
from custom_components.wattbridge.aiowattbridge.carbontrack.units import PowerUnit
from custom_components.wattbridge.vendors import CARBONTRACK, entry_session
from custom_components.wattbridge.vendors.carbontrack import (
    EXPORT,
    SERIES,
    USAGE,
    async_grid_preview,
    async_learn_interval_s,
    statistic_id,
)

NOW = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud that is asked for the day before its time."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=3, interval_s=600), clock=clock) as simulator:
        yield simulator


def client_of(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> CarbonTrackClient:
    """Connect as a config flow does."""
    data = {"username": cloud.username, "password": cloud.password, "base_url": cloud.url}
    return CARBONTRACK.connect(entry_session(hass), data)


def test_id_of_a_usual_device_is_its_number() -> None:
    """These ids are in users' dashboards: they never change."""
    assert statistic_id("4800000700000001", USAGE) == "wattbridge:carbontrack_4800000700000001_usage"
    assert statistic_id("4800000700000001", EXPORT) == "wattbridge:carbontrack_4800000700000001_export"
    assert statistic_id("AB-1", USAGE) == "wattbridge:carbontrack_ab_1_22bb3d_usage"


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=8))
def test_ids_are_valid_and_differ_whatever_the_devices_are_called(device_ids: list[str]) -> None:
    """Also where only a sign or the case of a letter makes the difference."""
    ids = [statistic_id(device_id, series) for device_id in device_ids for series in SERIES]
    assert all(valid_statistic_id(found) for found in ids)
    assert len(set(ids)) == len(ids)


async def test_usual_interval_is_learned_from_the_last_day(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Gaps make no difference; a silent day teaches nothing."""
    device_id = cloud.house.device_ids[0]
    cloud.house.oddities.append(Gap(NOW - timedelta(hours=20), NOW - timedelta(hours=5)))
    assert await async_learn_interval_s(client_of(hass, cloud), device_id, NOW) == 600
    cloud.house.oddities.append(Gap(NOW - timedelta(days=2), NOW))
    assert await async_learn_interval_s(client_of(hass, cloud), device_id, NOW) is None


async def test_preview_adds_up_both_candidates_for_the_grid(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """With the panels' own consumption, and without."""
    (device,) = cloud.house.devices
    preview = await async_grid_preview(client_of(hass, cloud), device.device_id, NOW, 600, PowerUnit.WH)
    pieces = cloud.house.stamps(device.device_id, NOW - timedelta(days=1), NOW, NOW)
    rows = cloud.house.rows(device.device_id, [stamp for piece in pieces for stamp in piece], NOW)
    for field, found in (("PowerUsage", preview.power_usage_kwh), ("PowerUsageNet", preview.power_usage_net_kwh)):
        assert found == pytest.approx(sum(row[device.fields.index(field)] for row in rows) / 100_000)
    assert preview.power_usage_kwh != preview.power_usage_net_kwh


async def test_preview_tells_a_field_that_is_not_reported_from_zero(hass: HomeAssistant) -> None:
    """So that the form can leave it out."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=3, fields=("PowerUsage",)), clock=clock) as cloud:
        preview = await async_grid_preview(client_of(hass, cloud), cloud.house.device_ids[0], NOW, 300, PowerUnit.WH)
    assert preview.power_usage_kwh is not None
    assert preview.power_usage_net_kwh is None
