"""Adding, repairing and changing accounts: every step, every error, and the way on after it."""

import pytest
from flows import Cloud, add_carbontrack, choose, login, suggested
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from accounts import make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WatticsSimulator
from custom_components.wattbridge.const import CONF_BASE_URL


def state_of(entry: ConfigEntry) -> ConfigEntryState:
    """Return the state an entry has by now."""
    return entry.state


async def test_wattics_account_goes_straight_on_to_its_first_stream(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The entry's creation opens the flow of a stream."""
    flow_id = await choose(hass, "wattics")
    result = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kind, next_id = result["next_flow"]
    assert kind == "config_subentries_flow"
    assert hass.config_entries.subentries.async_get(next_id)["step_id"] == "user"


@pytest.mark.parametrize("vendor", ["carbontrack", "wattics"])
async def test_wrong_password_is_said_and_what_was_typed_is_kept(
    hass: HomeAssistant, vendor: str, carbontrack_cloud: CarbonTrackSimulator, wattics_cloud: WatticsSimulator
) -> None:
    """After the error the same flow goes on with the right password."""
    cloud: Cloud = carbontrack_cloud if vendor == "carbontrack" else wattics_cloud
    flow_id = await choose(hass, vendor)
    form = await hass.config_entries.flow.async_configure(flow_id, login(cloud, password="wrong"))
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form["data_schema"], CONF_USERNAME) == cloud.username
    result = await hass.config_entries.flow.async_configure(flow_id, login(cloud))
    assert result.get("errors", {}) in ({}, None)
    assert result.get("step_id") == "devices" or result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "address", ["http://example.com", "ftp://127.0.0.1", "https://user:pw@example.com", "nonsense"]
)
async def test_address_that_would_expose_the_login_is_refused(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, address: str
) -> None:
    """Only https, or http on this machine; then the flow recovers."""
    flow_id = await choose(hass, "wattics")
    form = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud, base_url=address))
    assert form["errors"] == {"base": "invalid_base_url"}
    result = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_user_name_that_basic_authentication_cannot_carry_is_refused(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """A colon would end the user name on the wire."""
    flow_id = await choose(hass, "wattics")
    form = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud, username="a:b"))
    assert form["errors"] == {"username": "username_colon"}
    result = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_cloud_that_is_down_is_said_and_tried_again(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, unused_tcp_port: int
) -> None:
    """Nobody listens at the address; the right one goes through."""
    flow_id = await choose(hass, "wattics")
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"
    form = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud, base_url=nowhere))
    assert form["errors"] == {"base": "cannot_connect"}
    result = await hass.config_entries.flow.async_configure(flow_id, login(wattics_cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("vendor", ["carbontrack", "wattics"])
async def test_same_account_is_refused_a_second_time(
    hass: HomeAssistant, vendor: str, carbontrack_cloud: CarbonTrackSimulator, wattics_cloud: WatticsSimulator
) -> None:
    """An account is its vendor, address and login."""
    cloud: Cloud = carbontrack_cloud if vendor == "carbontrack" else wattics_cloud
    if vendor == "carbontrack":
        entry = (await add_carbontrack(hass, carbontrack_cloud))["result"]
    else:
        flow_id = await choose(hass, vendor)
        entry = (await hass.config_entries.flow.async_configure(flow_id, login(cloud)))["result"]
    flow_id = await choose(hass, vendor)
    result = await hass.config_entries.flow.async_configure(flow_id, login(cloud))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_cannot_be_changed_into_another_one(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> None:
    """Two entries with one login would fill the same streams."""
    make_entry("wattics", wattics_cloud).add_to_hass(hass)
    other = make_entry("wattics", wattics_cloud, base_url="https://example.com")
    other.add_to_hass(hass)
    form = await other.start_reconfigure_flow(hass)
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"advanced": {CONF_BASE_URL: wattics_cloud.url}}
    )
    assert form["errors"] == {"base": "account_taken"}


async def test_refused_password_starts_reauth_and_the_right_one_ends_it(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """A wrong password is said; the right one loads the account again."""
    entry = make_entry("wattics", wattics_cloud, password="outdated")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: "still wrong"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: wattics_cloud.password})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert state_of(entry) is ConfigEntryState.LOADED
    assert entry.data[CONF_PASSWORD] == wattics_cloud.password


async def test_reauth_with_the_same_password_loads_the_account_again(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The cloud was wrong, not the password: nothing changes, and still the account comes back."""
    entry = make_entry("wattics", wattics_cloud)
    entry.add_to_hass(hass)
    wattics_cloud.faults.script("*", [Fault("status", status=401)])
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: wattics_cloud.password})
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure_keeps_the_password_when_none_is_typed(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The stored password is never shown, and stays unless another is given."""
    entry = make_entry("wattics", wattics_cloud)
    entry.add_to_hass(hass)
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    assert suggested(form["data_schema"], CONF_PASSWORD) is None
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"advanced": {CONF_BASE_URL: "http://example.com"}}
    )
    assert form["errors"] == {"base": "invalid_base_url"}
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"advanced": {CONF_BASE_URL: wattics_cloud.url}}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data[CONF_PASSWORD] == wattics_cloud.password
    assert entry.state is ConfigEntryState.LOADED


async def test_account_that_waits_for_its_password_can_be_reconfigured(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The question for the password is open, and the user answers it in the other form."""
    entry = make_entry("wattics", wattics_cloud, password="outdated")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_confirm"]
    form = await entry.start_reconfigure_flow(hass)
    values = {CONF_PASSWORD: wattics_cloud.password, "advanced": {CONF_BASE_URL: wattics_cloud.url}}
    result = await hass.config_entries.flow.async_configure(form["flow_id"], values)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert state_of(entry) is ConfigEntryState.LOADED
