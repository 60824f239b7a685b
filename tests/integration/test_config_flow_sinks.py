"""The accounts we write to: where their clouds are, their keys, and what comes after them."""

from typing import Any
from unittest.mock import patch

import pytest
from flows import choose, login, suggested
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigFlowContext
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, make_entry
from aiowattbridge.simulators import WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.aiowattbridge.errors import RateLimitedError
from custom_components.wattbridge.vendors.wattics import ENVIRONMENTS


def filled(cloud: WattCarbonSimulator, collection: str = "found_out", **changes: str) -> dict[str, Any]:
    """Fill in the form of a WattCarbon account."""
    values = login(cloud, **changes)
    return values | {"advanced": values["advanced"] | {"collection": collection}}


async def submit(hass: HomeAssistant, flow_id: str, values: dict[str, Any]) -> Any:
    """Submit a form of an account's flow."""
    return await hass.config_entries.flow.async_configure(flow_id, values)


async def submit_subentry(hass: HomeAssistant, flow_id: str, values: dict[str, Any]) -> Any:
    """Submit a form of a series' flow."""
    return await hass.config_entries.subentries.async_configure(flow_id, values)


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> Any:
    """Begin to change an account."""
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    return await hass.config_entries.flow.async_init(entry.domain, context=context)


async def test_wattcarbon_account_is_verified_by_signing_in_and_goes_on_to_its_first_series(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """What collection there is, is found out; then the menu of a series is open."""
    flow_id = await choose(hass, "wattcarbon")
    form = await submit(hass, flow_id, filled(wattcarbon_cloud, password="outdated"))
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form["data_schema"], "username") == wattcarbon_cloud.username
    result = await submit(hass, flow_id, filled(wattcarbon_cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "WattCarbon"
    assert "collection" not in result["data"]
    kind, next_id = result["next_flow"]
    assert kind == "config_subentries_flow"
    assert hass.config_entries.subentries.async_get(next_id)["step_id"] == "user"


async def test_collection_of_assets_can_be_pinned_and_let_go_again(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """What the account pins is what its series ask for; reconfiguring shows it."""
    flow_id = await choose(hass, "wattcarbon")
    result = await submit(hass, flow_id, filled(wattcarbon_cloud, "devices"))
    entry = result["result"]
    assert entry.data["collection"] == "devices"
    await submit_subentry(hass, result["next_flow"][1], {"next_step_id": "link_asset"})
    assert "/assets" not in {request.path for request in wattcarbon_cloud.log.entries}
    form = await reconfigure(hass, entry)
    assert form["step_id"] == "reconfigure_api_key"
    (advanced,) = (value for marker, value in form["data_schema"].schema.items() if marker == "advanced")
    assert {str(marker): marker.default() for marker in advanced.schema.schema} == {
        "base_url": wattcarbon_cloud.url,
        "collection": "devices",
    }
    values = {"advanced": {"base_url": wattcarbon_cloud.url, "collection": "found_out"}}
    assert (await submit(hass, form["flow_id"], values))["reason"] == "reconfigure_successful"
    assert "collection" not in entry.data
    assert entry.data[CONF_PASSWORD] == wattcarbon_cloud.password
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_api_key_that_was_taken_back_is_asked_for(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """By its own name; an empty one is refused before anybody is asked."""
    entry = make_entry("wattcarbon", wattcarbon_cloud, password="outdated")
    entry.add_to_hass(hass)
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_api_key"
    form = await submit(hass, form["flow_id"], {CONF_PASSWORD: " "})
    assert form["errors"] == {"base": "login_empty"}
    assert not wattcarbon_cloud.log.entries
    form = await submit(hass, form["flow_id"], {CONF_PASSWORD: "still wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await submit(hass, form["flow_id"], {CONF_PASSWORD: wattcarbon_cloud.password})
    assert result["reason"] == "reauth_successful"
    assert entry.data[CONF_PASSWORD] == wattcarbon_cloud.password
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_same_wattcarbon_account_is_refused_a_second_time(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Two entries with one login would fill the same assets."""
    make_entry("wattcarbon", wattcarbon_cloud).add_to_hass(hass)
    result = await submit(hass, await choose(hass, "wattcarbon"), filled(wattcarbon_cloud))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
async def test_environment_of_wattics_can_be_chosen(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, environment: str
) -> None:
    """Each is an address; an address that is given goes before it, and may be taken back later."""
    with patch.dict(ENVIRONMENTS, {environment: wattics_cloud.url}):
        values = {"username": wattics_cloud.username, "password": wattics_cloud.password, "environment": environment}
        result = await submit(hass, await choose(hass, "wattics"), values | {"advanced": {}})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"]["base_url"] == wattics_cloud.url
        form = await reconfigure(hass, result["result"])
        (marker,) = (marker for marker in form["data_schema"].schema if marker == "environment")
        assert marker.default() == environment
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_address_of_ones_own_goes_before_the_environment(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """Reconfiguring shows it; emptied, the environment counts again."""
    result = await submit(hass, await choose(hass, "wattics"), login(wattics_cloud) | {"environment": "demo"})
    entry = result["result"]
    assert entry.data["base_url"] == wattics_cloud.url
    form = await reconfigure(hass, entry)
    (advanced,) = (value for marker, value in form["data_schema"].schema.items() if marker == "advanced")
    assert suggested(advanced.schema, "base_url") == wattics_cloud.url
    async with WatticsSimulator() as other:
        with patch.dict(ENVIRONMENTS, {"development": other.url}):
            values = {"environment": "development", "advanced": {}}
            assert (await submit(hass, form["flow_id"], values))["reason"] == "reconfigure_successful"
        assert entry.data["base_url"] == other.url
        await hass.async_block_till_done(wait_background_tasks=False)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_ignored_account_offers_nothing(hass: HomeAssistant) -> None:
    """Home Assistant asks for its kinds of subentries all the same."""
    entry = MockConfigEntry(domain="wattbridge", source="ignore", data={})
    entry.add_to_hass(hass)
    assert dict(entry.supported_subentry_types) == {}


@pytest.mark.parametrize("vendor", ["wattics", "wattcarbon"])
@pytest.mark.parametrize("is_loaded", [True, False])
async def test_cloud_that_wants_to_be_left_alone_verifies_no_password(
    hass: HomeAssistant,
    wattics_cloud: WatticsSimulator,
    wattcarbon_cloud: WattCarbonSimulator,
    vendor: str,
    *,
    is_loaded: bool,
) -> None:
    """Neither when one signs in again nor for a change; another address is another cloud, and is asked."""
    cloud = wattics_cloud if vendor == "wattics" else wattcarbon_cloud
    entry = await async_load(hass, make_entry(vendor, cloud))
    enough = RateLimitedError("enough", vendor=vendor, status=429, retry_after_s=600)
    entry.runtime_data.forwarder.account.pause.note(enough)
    await hass.async_block_till_done(wait_background_tasks=False)
    if not is_loaded:
        await hass.config_entries.async_unload(entry.entry_id)
    before = cloud.log.total
    form = await entry.start_reauth_flow(hass)
    form = await submit(hass, form["flow_id"], {"password": cloud.password})
    assert form["errors"] == {"base": "cannot_connect"}
    form = await reconfigure(hass, entry)
    form = await submit(hass, form["flow_id"], {"advanced": {"base_url": cloud.url}})
    assert form["errors"] == {"base": "cannot_connect"}
    assert cloud.log.total == before
    async with type(cloud)() as other:
        result = await submit(hass, form["flow_id"], {"advanced": {"base_url": other.url}})
        assert result["reason"] == "reconfigure_successful"
        assert other.log.total
        await hass.async_block_till_done(wait_background_tasks=False)
        await hass.config_entries.async_unload(entry.entry_id)
