"""Repairing and changing Voltaware accounts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from flows import submit, suggested
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowContext
from homeassistant.core import HomeAssistant

from accounts import make_entry
from aiowattbridge.simulators import VoltawareSimulator
from custom_components.wattbridge.const import CONF_BASE_URL, CONF_DEVICES, DOMAIN


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A Voltaware cloud with three meters of little history."""
    async with VoltawareSimulator(devices=3) as simulator:
        yield simulator


def earlier(cloud: VoltawareSimulator, *device_ids: str, **settings: Any) -> Any:
    """Make an account that was set up earlier with some meters."""
    return make_entry(
        "voltaware", cloud, devices={found: {"name": f"Home {found}"} for found in device_ids}, **settings
    )


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry, cloud: VoltawareSimulator, **values: Any) -> Any:
    """Open the form of changes and submit it."""
    context = ConfigFlowContext(source="reconfigure", entry_id=entry.entry_id)
    form = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert form["step_id"] == "reconfigure_secret"
    return await submit(hass, form["flow_id"], {**values, "advanced": {CONF_BASE_URL: cloud.url}})


async def settle(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let an entry be set up, and stop it before the cloud goes."""
    await hass.async_block_till_done(wait_background_tasks=False)
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_secret_starts_reauth_and_the_right_one_ends_it(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """The question is for the client secret; a wrong one is said, and the right one is kept."""
    entry = earlier(cloud, cloud.device_ids[0], password="outdated")
    entry.add_to_hass(hass)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_secret"
    form = await submit(hass, flow["flow_id"], {"password": "still wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    assert form["description_placeholders"]["vendor"] == "Voltaware"
    result = await submit(hass, flow["flow_id"], {"password": cloud.password})
    assert result["reason"] == "reauth_successful"
    assert entry.data["password"] == cloud.password
    await settle(hass, entry)


async def test_reconfigure_adds_and_drops_meters_and_keeps_the_rest(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """The secret stays when none is typed, a known meter keeps its name, and the options are not touched."""
    first, second, third = cloud.device_ids
    entry = earlier(cloud, first, second)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"follow_new_devices": True})
    form = await reconfigure(hass, entry, cloud)
    assert form["step_id"] == "meters"
    assert suggested(form["data_schema"], CONF_DEVICES) == [first, second]
    result = await submit(hass, form["flow_id"], {"devices": [second, third]})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["devices"] == {second: {"name": f"Home {second}"}, third: {"name": f"Meter {third}"}}
    assert entry.data["left_out"] == [first]
    assert entry.data["password"] == cloud.password
    assert entry.options == {"follow_new_devices": True}
    await settle(hass, entry)


async def test_reconfigure_with_a_wrong_secret_changes_nothing(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """The form comes back; what the account has is as it was."""
    entry = earlier(cloud, cloud.device_ids[0])
    entry.add_to_hass(hass)
    form = await reconfigure(hass, entry, cloud, password="wrong")
    assert form["step_id"] == "reconfigure_secret"
    assert form["errors"] == {"base": "invalid_auth"}
    assert entry.data["password"] == cloud.password


async def test_meter_that_has_vanished_can_be_kept(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """The cloud lists it no longer; it is offered and suggested all the same."""
    entry = earlier(cloud, "gone")
    entry.add_to_hass(hass)
    form = await reconfigure(hass, entry, cloud)
    assert suggested(form["data_schema"], CONF_DEVICES) == ["gone"]
    result = await submit(hass, form["flow_id"], {"devices": ["gone", cloud.device_ids[0]]})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["devices"]["gone"] == {"name": "Home gone"}
    await settle(hass, entry)
