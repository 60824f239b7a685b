"""Adding, repairing and changing accounts: every step, every error, and the way on after it."""

from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowContext
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House, WatticsSimulator
from custom_components.wattbridge.const import CONF_BASE_URL, CONF_DEVICES, DOMAIN

type Cloud = CarbonTrackSimulator | WatticsSimulator


def login(cloud: Cloud, **changes: str) -> dict[str, Any]:
    """Fill in the form of an account."""
    values = {"username": cloud.username, "password": cloud.password, "base_url": cloud.url, **changes}
    base_url = values.pop("base_url")
    return {**values, "advanced": {"base_url": base_url}}


async def choose(hass: HomeAssistant, vendor: str) -> str:
    """Open the menu and choose a cloud; returns the flow's id."""
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["carbontrack", "wattics"]
    form = await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": vendor})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == vendor
    return str(form["flow_id"])


def suggested(schema: Any, field: str) -> Any:
    """Return what a shown form suggests for a field."""
    for marker in schema.schema:
        if marker == field:
            return (marker.description or {}).get("suggested_value")
    raise AssertionError(field)


def state_of(entry: ConfigEntry) -> ConfigEntryState:
    """Return the state an entry has by now."""
    return entry.state


async def add_carbontrack(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> Any:
    """Go all the way through the flow of a source."""
    flow_id = await choose(hass, "carbontrack")
    form = await hass.config_entries.flow.async_configure(flow_id, login(cloud))
    assert form["step_id"] == "devices", form
    device_id = cloud.house.device_ids[0]
    form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id]})
    assert form["step_id"] == "readings", form
    return await hass.config_entries.flow.async_configure(
        flow_id, {"grid_field": "power_usage_net", "power_unit": "wh", "history_days": 2}
    )


async def test_carbontrack_account_is_added_with_its_devices(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Menu, credentials, devices, readings, entry; the interval of the device has been learned."""
    result = await add_carbontrack(hass, carbontrack_cloud)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    device_id = carbontrack_cloud.house.device_ids[0]
    data = result["data"]
    assert data["vendor"] == "carbontrack"
    assert data["grid_field"] == "power_usage_net"
    assert data["power_unit"] == "Wh"
    assert data["history_days"] == 2
    assert data["devices"][device_id]["interval_s"] == 300
    entry = result["result"]
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert carbontrack_cloud.username not in (entry.unique_id or "")
    assert carbontrack_cloud.username not in entry.title
    assert await hass.config_entries.async_unload(entry.entry_id)


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


async def test_account_without_devices_is_not_added(hass: HomeAssistant) -> None:
    """There would be nothing to read."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=0)) as cloud:
        flow_id = await choose(hass, "carbontrack")
        result = await hass.config_entries.flow.async_configure(flow_id, login(cloud))
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "no_devices"


async def test_device_of_another_account_is_refused(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """A series has one source."""
    device_id = carbontrack_cloud.house.device_ids[0]
    MockConfigEntry(
        domain=DOMAIN, unique_id="carbontrack_other", data={"vendor": "carbontrack", CONF_DEVICES: {device_id: {}}}
    ).add_to_hass(hass)
    flow_id = await choose(hass, "carbontrack")
    await hass.config_entries.flow.async_configure(flow_id, login(carbontrack_cloud))
    form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id]})
    assert form["errors"] == {"base": "device_taken"}
    form = await hass.config_entries.flow.async_configure(flow_id, {"devices": []})
    assert form["errors"] == {"base": "no_device_chosen"}


async def test_large_account_is_searched_instead_of_listed(hass: HomeAssistant) -> None:
    """Above 200 devices nothing is fetched that was not asked for; a hit goes on like any other."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=203)) as cloud:
        flow_id = await choose(hass, "carbontrack")
        form = await hass.config_entries.flow.async_configure(flow_id, login(cloud))
        assert form["step_id"] == "search"
        form = await hass.config_entries.flow.async_configure(flow_id, {})
        assert form["errors"] == {"base": "nothing_asked"}
        form = await hass.config_entries.flow.async_configure(flow_id, {"reference": "nobody's"})
        assert form["errors"] == {"base": "nothing_found"}
        assert suggested(form["data_schema"], "reference") == "nobody's"
        cloud.faults.script("/ctapi/Customer", [Fault("html")])
        form = await hass.config_entries.flow.async_configure(flow_id, {"reference": "nobody's"})
        assert form["errors"] == {"base": "answer_unreadable"}
        device_id = cloud.house.device_ids[150]
        form = await hass.config_entries.flow.async_configure(
            flow_id, {"reference": cloud.house.owner(device_id).reference}
        )
        assert form["step_id"] == "devices"
        other_id = cloud.house.device_ids[7]
        form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id], "search_more": True})
        assert form["step_id"] == "search"
        form = await hass.config_entries.flow.async_configure(flow_id, {"device_id": other_id})
        assert suggested(form["data_schema"], CONF_DEVICES) == [device_id]
        form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id, other_id]})
        assert form["step_id"] == "readings"


async def test_reconfigured_large_account_keeps_its_devices_over_a_search(hass: HomeAssistant) -> None:
    """What it has is suggested beside the hits: a search for one more drops none."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=203)) as cloud:
        known, other = cloud.house.device_ids[150], cloud.house.device_ids[7]
        devices = {known: {"name": "Roof", "interval_s": 300}}
        settings = {"grid_field": "power_usage", "power_unit": "Wh", "history_days": 1}
        entry = make_entry("carbontrack", cloud, devices=devices, **settings)
        entry.add_to_hass(hass)
        form = await entry.start_reconfigure_flow(hass)
        form = await hass.config_entries.flow.async_configure(form["flow_id"], {"advanced": {CONF_BASE_URL: cloud.url}})
        assert form["step_id"] == "search"
        form = await hass.config_entries.flow.async_configure(form["flow_id"], {"device_id": other})
        assert suggested(form["data_schema"], CONF_DEVICES) == [known]
        form = await hass.config_entries.flow.async_configure(form["flow_id"], {"devices": [known, other]})
        assert form["step_id"] == "readings"
        await hass.config_entries.flow.async_configure(
            form["flow_id"], {"grid_field": "power_usage", "power_unit": "wh", "history_days": 1}
        )
        assert list(entry.data["devices"]) == [known, other]
        assert entry.data["devices"][known] == {"name": "Roof", "interval_s": 300}
        await hass.async_block_till_done(wait_background_tasks=False)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_devices_that_cannot_be_listed_leave_the_login_as_it_was_typed(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The cloud lets us in and then fails: the same form comes back, and the next try goes through."""
    flow_id = await choose(hass, "carbontrack")
    carbontrack_cloud.faults.script("/ctapi/Device", [Fault("in_band")])
    form = await hass.config_entries.flow.async_configure(flow_id, login(carbontrack_cloud))
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "carbontrack"
    assert form["errors"]
    assert suggested(form["data_schema"], CONF_USERNAME) == carbontrack_cloud.username
    form = await hass.config_entries.flow.async_configure(flow_id, login(carbontrack_cloud))
    assert form["step_id"] == "devices"


async def test_failure_while_looking_at_devices_keeps_the_choice(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The form comes back with what was chosen, and the next try goes through."""
    flow_id = await choose(hass, "carbontrack")
    await hass.config_entries.flow.async_configure(flow_id, login(carbontrack_cloud))
    device_id = carbontrack_cloud.house.device_ids[0]
    carbontrack_cloud.faults.script("/ctapi/Measurement", [Fault("in_band")])
    form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id]})
    assert form["step_id"] == "devices"
    assert form["errors"] is not None
    assert form["errors"]["base"] in {"request_rejected", "answer_unreadable", "cannot_connect"}
    assert suggested(form["data_schema"], CONF_DEVICES) == [device_id]
    form = await hass.config_entries.flow.async_configure(flow_id, {"devices": [device_id]})
    assert form["step_id"] == "readings"


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


async def test_reconfiguring_a_source_goes_on_to_its_devices(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The devices it has are suggested, and what was learned of them is kept."""
    entry = (await add_carbontrack(hass, carbontrack_cloud))["result"]
    await hass.async_block_till_done()
    context = ConfigFlowContext(source="reconfigure", entry_id=entry.entry_id)
    form = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    form = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"advanced": {CONF_BASE_URL: carbontrack_cloud.url}}
    )
    assert form["step_id"] == "devices"
    chosen = suggested(form["data_schema"], CONF_DEVICES)
    assert chosen == [carbontrack_cloud.house.device_ids[0]]
    form = await hass.config_entries.flow.async_configure(form["flow_id"], {"devices": chosen})
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"grid_field": "power_usage", "power_unit": "wh", "history_days": 1}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["grid_field"] == "power_usage"
    await hass.config_entries.async_unload(entry.entry_id)


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
