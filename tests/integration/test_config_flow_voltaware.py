"""Adding Voltaware accounts: sign-in, meters, and a word on homes that produce energy."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from flows import choose, login, offered, sign_in, submit, suggested
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from accounts import make_entry
from aiowattbridge.simulators import Fault, VoltawareSimulator
from custom_components.wattbridge import voltaware_steps
from custom_components.wattbridge.const import CONF_DEVICES

SUNNY: dict[str, object] = {"property_type": "OFFICE", "power_generator_source": "SOLAR", "version": "1.0"}


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


async def settle(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Let an entry be set up, and stop it before the cloud goes."""
    await hass.async_block_till_done(wait_background_tasks=False)
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_account_is_added_with_all_its_meters(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """Menu, client id and secret, meters, entry; what appears later is wanted too, since all were."""
    form = await sign_in(hass, "voltaware", cloud)
    assert form["step_id"] == "meters"
    assert form["description_placeholders"] == {"count": "3"}
    labels = {option["value"]: option["label"] for option in offered(form["data_schema"], CONF_DEVICES)}
    assert labels == {device_id: f"Meter {device_id}" for device_id in cloud.device_ids}
    assert suggested(form["data_schema"], CONF_DEVICES) == []
    result = await submit(hass, form["flow_id"], {"devices": list(cloud.device_ids)})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Voltaware"
    assert result["data"] == {
        "vendor": "voltaware",
        "base_url": cloud.url,
        "username": cloud.username,
        "password": cloud.password,
        "devices": {device_id: {"name": f"Meter {device_id}"} for device_id in cloud.device_ids},
        "left_out": [],
    }
    assert result["options"] == {"follow_new_devices": True}
    assert cloud.username not in str(result["result"].unique_id)
    await settle(hass, result["result"])


async def test_meters_that_were_not_wanted_are_not_new_later(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """A choice of some is a choice against the others, and against those that follow."""
    form = await sign_in(hass, "voltaware", cloud)
    first, *others = cloud.device_ids
    result = await submit(hass, form["flow_id"], {"devices": [first]})
    assert result["title"] == f"Meter {first}"
    assert list(result["data"]["devices"]) == [first]
    assert result["data"]["left_out"] == others
    assert result["options"] == {"follow_new_devices": False}
    await settle(hass, result["result"])


async def test_only_meter_is_suggested(hass: HomeAssistant) -> None:
    """There is nothing to choose from."""
    async with VoltawareSimulator(devices=1) as cloud:
        form = await sign_in(hass, "voltaware", cloud)
        assert suggested(form["data_schema"], CONF_DEVICES) == list(cloud.device_ids)


async def test_flow_needs_one_token(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """The vendor wants tokens used until they expire: listing meters and asking about homes share one."""
    form = await sign_in(hass, "voltaware", cloud)
    cloud.metadata[cloud.device_ids[0], "property"] = SUNNY
    form = await submit(hass, form["flow_id"], {"devices": list(cloud.device_ids)})
    assert form["step_id"] == "producing_homes"
    assert cloud.log.count("/auth/token") == 1
    hass.config_entries.flow.async_abort(form["flow_id"])


async def test_wrong_secret_is_said_and_what_was_typed_is_kept(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """After the error the same flow goes on with the right secret."""
    flow_id = await choose(hass, "voltaware")
    form = await submit(hass, flow_id, login(cloud, password="wrong"))
    assert form["step_id"] == "voltaware"
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form["data_schema"], "username") == cloud.username
    form = await submit(hass, flow_id, login(cloud))
    assert form["step_id"] == "meters"


async def test_cloud_that_is_down_is_said_and_tried_again(
    hass: HomeAssistant, cloud: VoltawareSimulator, unused_tcp_port: int
) -> None:
    """Nobody listens at the address; the right one goes through."""
    flow_id = await choose(hass, "voltaware")
    form = await submit(hass, flow_id, login(cloud, base_url=f"http://127.0.0.1:{unused_tcp_port}"))
    assert form["errors"] == {"base": "cannot_connect"}
    form = await submit(hass, flow_id, login(cloud))
    assert form["step_id"] == "meters"


async def test_answer_that_cannot_be_read_is_said(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """The cloud lets us in and then answers with a page; the next try goes through."""
    flow_id = await choose(hass, "voltaware")
    cloud.faults.script("/sensors", [Fault("html")])
    form = await submit(hass, flow_id, login(cloud))
    assert form["errors"] == {"base": "answer_unreadable"}
    form = await submit(hass, flow_id, login(cloud))
    assert form["step_id"] == "meters"


async def test_same_account_is_refused_a_second_time(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """An account is its address and client id."""
    earlier(cloud, *cloud.device_ids).add_to_hass(hass)
    result = await sign_in(hass, "voltaware", cloud)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_second_account_brings_meters_of_its_own(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """A meter of the first is refused by the field's name; the others go through."""
    first, second, _ = cloud.device_ids
    earlier(cloud, first, base_url="https://example.com").add_to_hass(hass)
    form = await sign_in(hass, "voltaware", cloud)
    form = await submit(hass, form["flow_id"], {"devices": [first, second]})
    assert form["errors"] == {"devices": "device_taken"}
    assert suggested(form["data_schema"], CONF_DEVICES) == [first, second]
    form = await submit(hass, form["flow_id"], {"devices": []})
    assert form["errors"] == {"devices": "no_device_chosen"}
    result = await submit(hass, form["flow_id"], {"devices": [second]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass, result["result"])


async def test_device_of_another_vendor_with_the_same_id_is_another_device(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """Ids are a vendor's own."""
    first = cloud.device_ids[0]
    make_entry("carbontrack", cloud, devices={first: {"name": "Roof", "interval_s": 300}}).add_to_hass(hass)
    form = await sign_in(hass, "voltaware", cloud)
    result = await submit(hass, form["flow_id"], {"devices": [first]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass, result["result"])


async def test_account_without_meters_is_not_added(hass: HomeAssistant) -> None:
    """There would be nothing to read."""
    async with VoltawareSimulator(devices=0) as cloud:
        result = await sign_in(hass, "voltaware", cloud)
        assert result["reason"] == "no_devices"


async def test_large_account_is_searched_and_hits_add_up(hass: HomeAssistant) -> None:
    """Above 200 meters a part of the id leads to at most a hundred of them, and to what was chosen before."""
    async with VoltawareSimulator(devices=250) as cloud:
        form = await sign_in(hass, "voltaware", cloud)
        assert form["step_id"] == "meter_search"
        assert form["description_placeholders"] == {"count": "250", "limit": "100"}
        flow_id = form["flow_id"]
        form = await submit(hass, flow_id, {"part_of_id": " "})
        assert form["errors"] == {"base": "nothing_asked"}
        form = await submit(hass, flow_id, {"part_of_id": "no such"})
        assert form["errors"] == {"base": "nothing_found"}
        assert suggested(form["data_schema"], "part_of_id") == "no such"
        one, other = cloud.device_ids[3], cloud.device_ids[249]
        form = await submit(hass, flow_id, {"part_of_id": one})
        assert one in [option["value"] for option in offered(form["data_schema"], CONF_DEVICES)]
        form = await submit(hass, flow_id, {"devices": [one], "search_more": True})
        assert form["step_id"] == "meter_search"
        form = await submit(hass, flow_id, {"part_of_id": other[:1]})
        assert len(offered(form["data_schema"], CONF_DEVICES)) <= 101
        form = await submit(hass, flow_id, {"devices": [one], "search_more": True})
        form = await submit(hass, flow_id, {"part_of_id": other})
        assert suggested(form["data_schema"], CONF_DEVICES) == [one]
        asked = [request.path for request in cloud.log.entries]
        assert not any(path.startswith("/sensors/") for path in asked)
        result = await submit(hass, flow_id, {"devices": [one, other]})
        assert list(result["data"]["devices"]) == [one, other]
        # Nothing is added to such an account by itself, and what it has beside is not written down.
        assert result["options"] == {"follow_new_devices": False}
        assert "left_out" not in result["data"]
        await settle(hass, result["result"])


async def test_homes_that_produce_energy_are_named_before_they_are_added(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """The service does not support them: that is said, and no meter is refused."""
    sunny, *others = cloud.device_ids
    cloud.metadata[sunny, "property"] = SUNNY
    cloud.metadata[others[0], "property"] = SUNNY | {"power_generator_source": "NONE"}
    form = await sign_in(hass, "voltaware", cloud)
    form = await submit(hass, form["flow_id"], {"devices": list(cloud.device_ids)})
    assert form["step_id"] == "producing_homes"
    assert form["description_placeholders"] == {"homes": f"- Meter {sunny}"}
    result = await submit(hass, form["flow_id"], {})
    assert list(result["data"]["devices"]) == list(cloud.device_ids)
    await settle(hass, result["result"])


async def test_homes_that_are_not_known_or_cannot_be_asked_about_are_added(
    hass: HomeAssistant, cloud: VoltawareSimulator
) -> None:
    """A meter that is not registered, and a cloud that stumbles: the note is a courtesy and holds nobody up."""
    form = await sign_in(hass, "voltaware", cloud)
    first, second, _ = cloud.device_ids
    cloud.meters[first].registered_at = None
    cloud.faults.script(f"/sensors/{second}/metadata/property", [Fault("html")])
    result = await submit(hass, form["flow_id"], {"devices": [first, second]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass, result["result"])


async def test_twenty_homes_of_many_are_asked_about(hass: HomeAssistant) -> None:
    """A repair tells the same later of every meter."""
    async with VoltawareSimulator(devices=25) as cloud:
        cloud.metadata[cloud.device_ids[0], "property"] = SUNNY
        form = await sign_in(hass, "voltaware", cloud)
        form = await submit(hass, form["flow_id"], {"devices": list(cloud.device_ids)})
        assert form["step_id"] == "producing_homes"
        assert sum(entry.path.endswith("/property") for entry in cloud.log.entries) == 20
        hass.config_entries.flow.async_abort(form["flow_id"])


async def test_cloud_that_takes_its_time_holds_nobody_up(
    hass: HomeAssistant, cloud: VoltawareSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note on homes that produce energy is left out then."""
    cloud.metadata[cloud.device_ids[0], "property"] = SUNNY
    form = await sign_in(hass, "voltaware", cloud)
    monkeypatch.setattr(voltaware_steps, "PREVIEW_S", 0)
    result = await submit(hass, form["flow_id"], {"devices": [cloud.device_ids[0]]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass, result["result"])
