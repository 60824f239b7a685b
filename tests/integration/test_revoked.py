"""Credentials that are revoked while everything runs: asked for within one request, and nothing is lost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from comparison import assert_equal_to_cloud, runtime_of, wait_complete
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from moving import same_time

from accounts import async_load_carbontrack, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, House, SimulatorClock

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with two days of readings, and whose time is moved by the test."""
    clock = SimulatorClock(NOON, frozen=True)
    house = House(seed=11, start=NOON - timedelta(days=20))
    async with CarbonTrackSimulator(house=house, clock=clock) as simulator:
        with same_time(clock):
            yield simulator


def revoke(cloud: CarbonTrackSimulator) -> None:
    """Change the password at the cloud; nobody who was signed in stays so."""
    cloud.password = "a new one"
    cloud.tokens.expire_all()
    cloud.tokens.revoke_refresh_tokens()


def asks_for_password(hass: HomeAssistant) -> bool:
    """Tell whether somebody is being asked for new credentials."""
    return [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]


async def give_password(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Answer that question."""
    (flow,) = hass.config_entries.flow.async_progress()
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: cloud.password})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_password_is_asked_for_at_the_next_poll_and_nothing_is_lost(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """What happened meanwhile is in the statistics afterwards."""
    entry = await async_load_carbontrack(hass, cloud, history_days=3)
    device_id = cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    revoke(cloud)
    cloud.clock.advance(300)
    cloud.log.clear()
    await runtime_of(entry).coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)
    assert asks_for_password(hass)
    # The request that was refused, and one attempt to sign in again: the refused password is not tried over and over.
    assert cloud.log.count("/ctapi/Measurement") == 1
    assert cloud.log.count("/oauth/token") <= 2
    state = hass.states.get("sensor.roof_power_used")
    assert state is not None
    assert state.state == STATE_UNAVAILABLE
    cloud.clock.advance(2 * 86400)
    await give_password(hass, cloud)
    assert entry.state is ConfigEntryState.LOADED
    await wait_complete(entry, device_id)
    state = hass.states.get("sensor.roof_power_used")
    assert state is not None
    assert state.state != STATE_UNAVAILABLE
    await assert_equal_to_cloud(hass, cloud, days=5)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_history_that_is_refused_asks_for_the_password_and_goes_on_where_it_was(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """Also while it is being filled in."""
    cloud.page_size = 500
    entry = await async_load_carbontrack(hass, cloud, history_days=18)
    device_id = cloud.house.device_ids[0]
    await wait_for(lambda: runtime_of(entry).history.device_progress(device_id).fraction > 0)
    revoke(cloud)
    await wait_for(lambda: asks_for_password(hass))
    assert not runtime_of(entry).history.device_progress(device_id).complete
    await give_password(hass, cloud)
    await wait_complete(entry, device_id)
    await assert_equal_to_cloud(hass, cloud, days=18)
    await hass.config_entries.async_unload(entry.entry_id)
