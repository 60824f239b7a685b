"""A cloud that asks to be left alone is left alone by all streams of the account, over a restart too."""

from collections.abc import AsyncIterator
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from forwarding_bench import HOUR, OWN, async_store, hours_ago, metadata, publish, stream_data, sum_rows, until
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from review_bench import series_data

from accounts import make_entry
from aiowattbridge.simulators import Fault, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.const import SUBENTRY_SERIES, SUBENTRY_STREAM
from custom_components.wattbridge.data import SinkRuntime
from custom_components.wattbridge.forwarding import Forwarder

HOURS = 8
WINDOW_S = 2.0


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store some hours of a series of ours; returns when it starts."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata(OWN), sum_rows(first, [1.0] * HOURS))
    publish(hass, first + HOURS * HOUR)
    return first


@pytest.fixture(params=["wattics", "wattcarbon"])
async def cloud(request: pytest.FixtureRequest) -> AsyncIterator[WatticsSimulator | WattCarbonSimulator]:
    """Either cloud."""
    made = WatticsSimulator() if request.param == "wattics" else WattCarbonSimulator(assets=2)
    async with made as simulator:
        yield simulator


def two_streams(cloud: WatticsSimulator | WattCarbonSimulator) -> list[ConfigSubentry]:
    """Make two streams of the same series."""
    if isinstance(cloud, WatticsSimulator):
        datas: list[dict[str, Any]] = [
            stream_data({"pC_1": (OWN, "change")}, stream_id=stream_id) for stream_id in ("meter-1", "meter-2")
        ]
        kind, key = SUBENTRY_STREAM, "stream_id"
    else:
        datas = [series_data(asset_id, (OWN, "generation")) for asset_id in cloud.assets]
        kind, key = SUBENTRY_SERIES, "target_id"
    return [
        ConfigSubentry(data=MappingProxyType(data), subentry_type=kind, title=data[key], unique_id=data[key])
        for data in datas
    ]


async def async_account(hass: HomeAssistant, cloud: WatticsSimulator | WattCarbonSimulator) -> MockConfigEntry:
    """Add an account with two streams; it is not set up yet."""
    entry = make_entry("wattics" if isinstance(cloud, WatticsSimulator) else "wattcarbon", cloud)
    entry.add_to_hass(hass)
    for subentry in two_streams(cloud):
        hass.config_entries.async_add_subentry(entry, subentry)
    return entry


def forwarder_of(entry: MockConfigEntry) -> Forwarder:
    """Return the way out of a loaded account."""
    assert isinstance(entry.runtime_data, SinkRuntime)
    return entry.runtime_data.forwarder


def is_whole(cloud: WatticsSimulator | WattCarbonSimulator) -> bool:
    """Tell whether both streams have everything, once."""
    if isinstance(cloud, WatticsSimulator):
        report = cloud.report()
        assert not report["duplicates"]
        return [len(cloud.accepted.get(stream_id, [])) for stream_id in ("meter-1", "meter-2")] == [HOURS] * 2
    return [len(cloud.hours(asset_id)) for asset_id in cloud.assets] == [HOURS] * 2


@pytest.mark.parametrize("kind", ["unavailable", "rate_limited"])
async def test_closed_window_is_kept_by_all_streams_over_a_restart(
    hass: HomeAssistant, cloud: WatticsSimulator | WattCarbonSimulator, start: datetime, kind: str
) -> None:
    """Not even the credentials are tried, nor a last packet asked for, before the time has come; then all goes on."""
    entry = await async_account(hass, cloud)
    cloud.faults.script("*", [None, None, Fault(kind, retry_after_s=WINDOW_S, enforced=True)])
    assert await hass.config_entries.async_setup(entry.entry_id)
    forwarder = forwarder_of(entry)
    await until(lambda: forwarder.paused_until)
    opens = forwarder.paused_until
    assert await hass.config_entries.async_unload(entry.entry_id)
    asked = cloud.log.total
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    forwarder = forwarder_of(entry)
    assert forwarder.paused_until == opens
    assert opens is not None
    await until(lambda: is_whole(cloud))
    assert dt_util.utcnow() >= opens
    assert forwarder.paused_until is None
    assert cloud.log.total > asked
    assert not cloud.report()["violations"]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_setup_is_repeated_without_a_request_inside_the_window(
    hass: HomeAssistant, cloud: WatticsSimulator | WattCarbonSimulator, start: datetime
) -> None:
    """The first call of all may be the one that closes the window; Home Assistant tries again sooner than that."""
    entry = await async_account(hass, cloud)
    cloud.faults.script("*", [Fault("unavailable", retry_after_s=100, enforced=True)])
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    asked = cloud.log.total
    assert await hass.config_entries.async_reload(entry.entry_id)
    forwarder = forwarder_of(entry)
    await until(lambda: all(engine.status.paused_until for engine in forwarder.streams.values()))
    assert cloud.log.total == asked
    assert await hass.config_entries.async_unload(entry.entry_id)
