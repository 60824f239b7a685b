"""Adding and changing carbonTRACK accounts: their devices, and what the readings mean."""

from typing import Any

import pytest
from flows import READINGS, add_carbontrack, choose, login, offered, sign_in, submit, suggested
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from accounts import make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, House
from custom_components.wattbridge.const import CONF_BASE_URL, CONF_DEVICES, DOMAIN

SETTINGS = {"grid_field": "power_usage", "power_unit": "Wh", "history_days": 1}
BARE = ("PowerUsage", "Generating", "PowerExported")


async def settle(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let an entry be set up, and stop it before the cloud goes."""
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry, cloud: CarbonTrackSimulator) -> Any:
    """Open the form of changes and submit it as it is."""
    context = ConfigFlowContext(source="reconfigure", entry_id=entry.entry_id)
    form = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    return await submit(hass, form["flow_id"], {"advanced": {CONF_BASE_URL: cloud.url}})


async def test_account_is_added_with_its_devices(hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator) -> None:
    """Menu, credentials, devices, readings, entry; the interval of the device has been learned."""
    result = await add_carbontrack(hass, carbontrack_cloud)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    device_id = carbontrack_cloud.house.device_ids[0]
    data = result["data"]
    assert data["vendor"] == "carbontrack"
    assert result["options"] == {
        "grid_field": "power_usage_net",
        "power_unit": "Wh",
        "history_days": 2,
        "statistics": ["usage", "generation", "export"],
        "follow_new_devices": False,
    }
    assert data["devices"] == {device_id: {"name": "Home", "interval_s": 300}}
    assert data["left_out"] == []
    entry = result["result"]
    assert carbontrack_cloud.username not in (entry.unique_id or "")
    assert carbontrack_cloud.username not in entry.title
    await settle(hass, entry)


async def test_readings_are_previewed_and_channels_offered_where_they_are_reported(hass: HomeAssistant) -> None:
    """The figures of the text are the simulator's; only the channels that it has can be chosen, and are kept."""
    async with CarbonTrackSimulator(house=House(seed=7)) as cloud:
        form = await sign_in(hass, "carbontrack", cloud)
        form = await submit(hass, form["flow_id"], {"devices": [cloud.house.device_ids[0]]})
        assert offered(form["data_schema"], "statistics") == [
            "usage",
            "generation",
            "export",
            "channel_1",
            "channel_1_reverse",
            "channel_2",
        ]
        shown = form["description_placeholders"]
        reading = float(shown["reading"])
        # Of energies in five minutes; small powers are shown in watts.
        power, unit = shown["wh_power"].split()
        power_w = float(power) * {"W": 1, "kW": 1000}[unit]
        assert power_w == pytest.approx(reading * 12, abs=20)
        assert shown["w_power"] == f"{reading:.0f} W"
        assert shown["wh_day"] == shown["power_usage"]
        assert shown["kw_power"].endswith(" kW")
        assert suggested(form["data_schema"], "grid_field") == "power_usage_net"
        # All there are were chosen: what appears later is suggested to be wanted too.
        assert suggested(form["data_schema"], "follow_new_devices") is True
        flow_id = form["flow_id"]
        form = await submit(hass, flow_id, READINGS | {"statistics": []})
        assert form["errors"] == {"statistics": "no_statistic_chosen"}
        assert suggested(form["data_schema"], "history_days") == 2
        chosen = {"statistics": ["channel_2", "usage"], "follow_new_devices": True}
        result = await submit(hass, flow_id, READINGS | chosen)
        assert result["options"]["statistics"] == ["usage", "channel_2"]
        assert result["options"]["follow_new_devices"] is True
        await settle(hass, result["result"])


async def test_device_without_net_figures_and_channels(hass: HomeAssistant) -> None:
    """Nothing is suggested that it does not report, and nothing stands for what is missing."""
    async with CarbonTrackSimulator(house=House(seed=7, fields=BARE)) as cloud:
        form = await sign_in(hass, "carbontrack", cloud)
        form = await submit(hass, form["flow_id"], {"devices": list(cloud.house.device_ids)})
        assert suggested(form["data_schema"], "grid_field") == "power_usage"
        assert offered(form["data_schema"], "statistics") == ["usage", "generation", "export"]
        assert form["description_placeholders"]["power_usage_net"] == "–"


async def test_device_that_reported_nothing_is_added_with_the_usual_interval(hass: HomeAssistant) -> None:
    """Its readings may begin tomorrow."""
    async with CarbonTrackSimulator(house=House(seed=7, delay_s=10**7)) as cloud:
        result = await add_carbontrack(hass, cloud)
        assert result["data"]["devices"][cloud.house.device_ids[0]]["interval_s"] == 300
        await hass.async_block_till_done(wait_background_tasks=False)
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_devices_that_were_not_wanted_are_not_new_later(hass: HomeAssistant) -> None:
    """A choice of some is a choice against the others: they are noted, and following is not suggested."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=3)) as cloud:
        first, *others = cloud.house.device_ids
        form = await sign_in(hass, "carbontrack", cloud)
        form = await submit(hass, form["flow_id"], {"devices": [first]})
        assert suggested(form["data_schema"], "follow_new_devices") is False
        result = await submit(hass, form["flow_id"], READINGS)
        assert result["data"]["left_out"] == others
        await settle(hass, result["result"])


async def test_account_without_devices_is_not_added(hass: HomeAssistant) -> None:
    """There would be nothing to read."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=0)) as cloud:
        result = await sign_in(hass, "carbontrack", cloud)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "no_devices"


async def test_second_account_brings_devices_of_its_own(hass: HomeAssistant) -> None:
    """A series has one source: a device of the first account is refused, another one goes through."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=2)) as cloud:
        first, second = cloud.house.device_ids
        devices = {first: {"name": "Roof", "interval_s": 300}}
        make_entry("carbontrack", cloud, base_url="https://example.com", devices=devices, **SETTINGS).add_to_hass(hass)
        form = await sign_in(hass, "carbontrack", cloud)
        form = await submit(hass, form["flow_id"], {"devices": [first]})
        assert form["errors"] == {"devices": "device_taken"}
        form = await submit(hass, form["flow_id"], {"devices": []})
        assert form["errors"] == {"devices": "no_device_chosen"}
        form = await submit(hass, form["flow_id"], {"devices": [second]})
        result = await submit(hass, form["flow_id"], READINGS)
        assert list(result["data"]["devices"]) == [second]
        await settle(hass, result["result"])


async def test_large_account_is_searched_instead_of_listed(hass: HomeAssistant) -> None:
    """Above 200 devices nothing is fetched that was not asked for; a hit goes on like any other."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=250)) as cloud:
        form = await sign_in(hass, "carbontrack", cloud)
        assert form["step_id"] == "search"
        flow_id = form["flow_id"]
        form = await submit(hass, flow_id, {})
        assert form["errors"] == {"base": "nothing_asked"}
        form = await submit(hass, flow_id, {"reference": "nobody's"})
        assert form["errors"] == {"base": "nothing_found"}
        assert suggested(form["data_schema"], "reference") == "nobody's"
        cloud.faults.script("/ctapi/Customer", [Fault("html")])
        form = await submit(hass, flow_id, {"reference": "nobody's"})
        assert form["errors"] == {"base": "answer_unreadable"}
        one, other = cloud.house.device_ids[150], cloud.house.device_ids[7]
        form = await submit(hass, flow_id, {"reference": cloud.house.owner(one).reference})
        assert form["step_id"] == "devices"
        form = await submit(hass, flow_id, {"devices": [one], "search_more": True})
        assert form["step_id"] == "search"
        form = await submit(hass, flow_id, {"device_id": other})
        assert suggested(form["data_schema"], CONF_DEVICES) == [one]
        assert cloud.log.count("/ctapi/Measurement") == 0
        form = await submit(hass, flow_id, {"devices": [one, other]})
        assert form["step_id"] == "readings"
        assert cloud.log.count("/ctapi/Measurement") == 2
        # Of thousands of devices nobody can say which are new.
        assert "follow_new_devices" not in form["data_schema"].schema


async def test_devices_that_cannot_be_listed_leave_the_login_as_it_was_typed(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The cloud lets us in and then fails: the same form comes back, and the next try goes through."""
    flow_id = await choose(hass, "carbontrack")
    carbontrack_cloud.faults.script("/ctapi/Device", [Fault("in_band")])
    form = await submit(hass, flow_id, login(carbontrack_cloud))
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "carbontrack"
    assert form["errors"]
    assert suggested(form["data_schema"], "username") == carbontrack_cloud.username
    form = await submit(hass, flow_id, login(carbontrack_cloud))
    assert form["step_id"] == "devices"


async def test_failure_while_looking_at_devices_keeps_the_choice(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The form comes back with what was chosen, and the next try goes through."""
    form = await sign_in(hass, "carbontrack", carbontrack_cloud)
    device_id = carbontrack_cloud.house.device_ids[0]
    carbontrack_cloud.faults.script("/ctapi/Measurement", [Fault("in_band")])
    form = await submit(hass, form["flow_id"], {"devices": [device_id]})
    assert form["step_id"] == "devices"
    assert form["errors"]["base"] in {"request_rejected", "answer_unreadable", "cannot_connect"}
    assert suggested(form["data_schema"], CONF_DEVICES) == [device_id]
    form = await submit(hass, form["flow_id"], {"devices": [device_id]})
    assert form["step_id"] == "readings"


async def test_reconfigure_adds_and_drops_devices_and_asks_nothing_else(hass: HomeAssistant) -> None:
    """What was learned of a device is kept, a new one is looked at, and the options stay as they are."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=3, interval_s=600)) as cloud:
        first, second, third = cloud.house.device_ids
        devices = {device_id: {"name": "Roof", "interval_s": 60} for device_id in (first, second)}
        entry = make_entry("carbontrack", cloud, devices=devices, **SETTINGS)
        entry.add_to_hass(hass)
        form = await reconfigure(hass, entry, cloud)
        assert form["step_id"] == "devices"
        assert suggested(form["data_schema"], CONF_DEVICES) == [first, second]
        result = await submit(hass, form["flow_id"], {"devices": [second, third]})
        assert result["reason"] == "reconfigure_successful"
        kept = entry.data["devices"]
        assert list(kept) == [second, third]
        assert kept[second]["interval_s"] == 60
        assert kept[third] == {"name": "Building 3", "interval_s": 600}
        assert entry.data["left_out"] == [first]
        assert entry.options == SETTINGS
        await settle(hass, entry)


async def test_reconfigured_large_account_keeps_its_devices_over_a_search(hass: HomeAssistant) -> None:
    """What it has is suggested beside the hits: a search for one more drops none."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=203)) as cloud:
        known, other = cloud.house.device_ids[150], cloud.house.device_ids[7]
        devices = {known: {"name": "Roof", "interval_s": 300}}
        entry = make_entry("carbontrack", cloud, devices=devices, **SETTINGS)
        entry.add_to_hass(hass)
        form = await reconfigure(hass, entry, cloud)
        assert form["step_id"] == "search"
        form = await submit(hass, form["flow_id"], {"device_id": other})
        assert suggested(form["data_schema"], CONF_DEVICES) == [known]
        result = await submit(hass, form["flow_id"], {"devices": [known, other]})
        assert result["reason"] == "reconfigure_successful"
        assert list(entry.data["devices"]) == [known, other]
        assert entry.data["devices"][known] == {"name": "Roof", "interval_s": 300}
        assert "left_out" not in entry.data
        await settle(hass, entry)


async def test_account_that_is_empty_now_can_still_be_changed(hass: HomeAssistant) -> None:
    """Its devices have vanished from the cloud; they are kept, and so is the way to a new password."""
    async with CarbonTrackSimulator(house=House(seed=3, devices=0)) as cloud:
        entry = make_entry("carbontrack", cloud, devices={"4801": {"name": "Roof", "interval_s": 300}}, **SETTINGS)
        entry.add_to_hass(hass)
        form = await reconfigure(hass, entry, cloud)
        assert suggested(form["data_schema"], CONF_DEVICES) == ["4801"]
        result = await submit(hass, form["flow_id"], {"devices": ["4801"]})
        assert result["reason"] == "reconfigure_successful"
        assert entry.data["devices"] == {"4801": {"name": "Roof", "interval_s": 300}}
        await hass.async_block_till_done(wait_background_tasks=False)
