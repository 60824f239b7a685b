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
    async_last_day,
    async_learn_interval_s,
    series_id,
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
    assert series_id("4800000700000001", USAGE) == "wattbridge:carbontrack_4800000700000001_usage"
    assert series_id("4800000700000001", EXPORT) == "wattbridge:carbontrack_4800000700000001_export"
    assert series_id("AB-1", USAGE) == "wattbridge:carbontrack_ab_1_22bb3d_usage"


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=8))
def test_ids_are_valid_and_differ_whatever_the_devices_are_called(device_ids: list[str]) -> None:
    """Also where only a sign or the case of a letter makes the difference."""
    ids = [series_id(device_id, series) for device_id in device_ids for series in SERIES]
    assert all(valid_statistic_id(found) for found in ids)
    assert len(set(ids)) == len(ids)


async def test_usual_interval_is_learned_from_the_last_day(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Gaps make no difference; a silent day teaches nothing."""
    device_id = cloud.house.device_ids[0]
    cloud.house.oddities.append(Gap(NOW - timedelta(hours=20), NOW - timedelta(hours=5)))
    assert await async_learn_interval_s(client_of(hass, cloud), device_id, NOW) == 600
    cloud.house.oddities.append(Gap(NOW - timedelta(days=2), NOW))
    assert await async_learn_interval_s(client_of(hass, cloud), device_id, NOW) is None


async def test_last_day_adds_up_every_field(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Both candidates for the grid: with the panels' own consumption, and without."""
    (device,) = cloud.house.devices
    day = await async_last_day(client_of(hass, cloud), device.device_id, NOW)
    pieces = cloud.house.stamps(device.device_id, NOW - timedelta(days=1), NOW, NOW)
    rows = cloud.house.rows(device.device_id, [stamp for piece in pieces for stamp in piece], NOW)
    for field, wire in (("power_usage", "PowerUsage"), ("power_usage_net", "PowerUsageNet")):
        values = [row[device.fields.index(wire)] for row in rows]
        assert day.energy_kwh(field, PowerUnit.WH) == pytest.approx(sum(values) / 100_000)
        assert day.last[field] == values[-1] / 100
    assert day.totals["power_usage"] != day.totals["power_usage_net"]


async def test_last_figure_is_read_in_every_unit(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Ten minutes: what is Wh then is six times as much in W."""
    day = await async_last_day(client_of(hass, cloud), cloud.house.device_ids[0], NOW)
    figure, total = day.last["power_usage"], day.totals["power_usage"]
    powers = [day.power_w("power_usage", unit) for unit in PowerUnit]
    assert powers == pytest.approx([figure * 6, figure * 6000, figure, figure * 1000])
    energies = [day.energy_kwh("power_usage", unit) for unit in PowerUnit]
    assert energies == pytest.approx([total / 1000, total, total / 6000, total / 6])


async def test_last_day_tells_a_field_that_is_not_reported_from_zero(hass: HomeAssistant) -> None:
    """So that the form can leave it out."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=3, fields=("PowerUsage",)), clock=clock) as cloud:
        day = await async_last_day(client_of(hass, cloud), cloud.house.device_ids[0], NOW)
    assert day.energy_kwh("power_usage", PowerUnit.WH) is not None
    assert day.energy_kwh("power_usage_net", PowerUnit.WH) is None
    assert day.power_w("power_usage_net", PowerUnit.WH) is None
