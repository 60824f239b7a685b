"""Creating an asset or a meter of WattCarbon in the flow of a series: once, and nothing typed is lost over an error."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry
from series_flows import PANELS, Form, fields_of, finish, open_series, store_energies, submit, suggestions

from accounts import make_entry
from aiowattbridge.simulators import Fault, WattCarbonSimulator
from aiowattbridge.wattcarbon import KINDS

SOLAR = {
    "name": "Barn roof",
    "custom_id": "barn-1",
    "nameplate_capacity_kw": 9.5,
    "inverter_data_id": "1204",
    "inverter_data_source": "panelmaker",
    "external_registry_name": "GATS",
    "external_registry_device_id": "77",
}
PERSONAL = {"owner_name": "Kanarielle Sonderbar", "street": "7 Canary-Sonder Way", "city": "Sampletown"}


@pytest.fixture
async def wattcarbon_cloud() -> AsyncIterator[WattCarbonSimulator]:
    """An account without assets, with a meter; ids are numbers."""
    async with WattCarbonSimulator(numeric_ids=True) as cloud:
        cloud.add_meter({"apiProvider": "manual", "meterType": "electricity", "location": "Sampletown"})
        yield cloud


@pytest.fixture
async def account(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> MockConfigEntry:
    """A WattCarbon account, and a few statistics to choose from; its flows need not wait for it to be loaded."""
    await store_energies(hass)
    entry = make_entry("wattcarbon", wattcarbon_cloud)
    entry.add_to_hass(hass)
    return entry


async def begin_asset(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> Form:
    """Choose to create an asset of a kind."""
    form = await open_series(hass, entry, "asset_kind")
    form = await submit(hass, form, {"target_kind": kind})
    assert form["step_id"] == "asset"
    return form


async def test_solar_panels_are_created_at_home_and_filled(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Where Home Assistant is, is proposed; what is typed goes to the cloud as it is, and an id is proposed."""
    form = await begin_asset(hass, account, "solar")
    proposed = suggestions(form)
    assert proposed["name"] == hass.config.location_name
    assert proposed["custom_id"].startswith("home-assistant-")
    more = {"utility": "Nowhere Light", "commenced_operation_date": "2024-05-01", "meter_ids": ["901"]}
    form = await submit(hass, form, SOLAR | more)
    assert form["step_id"] == "asset_created"
    assert form["description_placeholders"] == {"target": "Barn roof", "target_id": "5001"}
    assert wattcarbon_cloud.assets["5001"] == {
        "id": 5001,
        "kind": "solar",
        "name": "Barn roof",
        "customId": "barn-1",
        "nameplateCapacityKw": 9.5,
        "inverterDataId": "1204",
        "inverterDataSource": "panelmaker",
        "externalRegistryName": "GATS",
        "externalRegistryDeviceId": "77",
        "utility": "Nowhere Light",
        "commencedOperationDate": "2024-05-01",
        "meterIds": [901],
        "location": {"latitude": hass.config.latitude, "longitude": hass.config.longitude},
    }
    await finish(hass, await submit(hass, form, {}), generation=[PANELS], send_revisions=True)
    (subentry,) = account.subentries.values()
    assert (subentry.title, subentry.unique_id, subentry.data["target_kind"]) == ("Barn roof", "5001", "solar")


async def test_nothing_personal_stays_here(
    hass: HomeAssistant,
    account: MockConfigEntry,
    wattcarbon_cloud: WattCarbonSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Owner and address go to the cloud alone."""
    form = await submit(hass, await begin_asset(hass, account, "solar"), SOLAR | PERSONAL)
    assert wattcarbon_cloud.assets["5001"]["location"] == {"street": PERSONAL["street"], "city": "Sampletown"}
    assert wattcarbon_cloud.assets["5001"]["deviceOwner"] == {"name": PERSONAL["owner_name"]}
    await finish(hass, await submit(hass, form, {}), generation=[PANELS], send_revisions=True)
    (subentry,) = account.subentries.values()
    kept = f"{subentry.as_dict()} {caplog.text}"
    assert not any(text in kept for text in PERSONAL.values())


async def test_every_kind_has_a_form(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Each with its own fields beside those that all have; a flow can be left at any time."""
    common: set[str] = set()
    for kind in (*KINDS, "other"):
        form = await begin_asset(hass, account, kind)
        fields = fields_of(form)
        common = common & fields or fields
        hass.config_entries.subentries.async_abort(form["flow_id"])
        if kind == "electrification":
            assert {"previous_fuel", "cold_climate", "heat_pump_hspf"} <= fields
    assert {"name", "custom_id", "street", "further"} <= common
    assert not common & {"nameplate_capacity_kw", "previous_fuel", "kind_name"}


async def test_other_kind_is_created_with_further_fields(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """By the vendor's name; what is JSON goes out as such, a line that is none is refused at its field."""
    form = await begin_asset(hass, account, "other")
    values = {"kind_name": "electrification_nrel_resstock_deemed", "name": "Flat", "custom_id": "flat-1"}
    form = await submit(hass, form, values | {"further": "areaSqft: 900\nno colon"})
    assert form["errors"] == {"further": "field_invalid"}
    assert "no colon" in form["description_placeholders"]["reason"]
    form = await submit(
        hass, form, values | {"further": "areaSqft: 900\n\npreviousFuel: natural gas\ncoldClimate: true"}
    )
    assert form["step_id"] == "asset_created"
    asset = wattcarbon_cloud.assets["5001"]
    assert (asset["areaSqft"], asset["previousFuel"], asset["coldClimate"]) == (900, "natural gas", True)
    form = await submit(hass, form, {})
    assert fields_of(form) == {"savings", "consumption", "send_revisions"}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"nameplate_capacity_kw": None}, {"nameplate_capacity_kw": "field_refused"}),
        (
            {"nameplate_capacity_kw": None, "inverter_data_id": None},
            {"base": "field_refused", "nameplate_capacity_kw": "field_at_fault", "inverter_data_id": "field_at_fault"},
        ),
        ({"name": "  "}, {"name": "field_invalid"}),
        ({"street": "7 Canary-Sonder Way"}, {"city": "field_refused"}),
        ({"meter_ids": ["777"]}, {"meter_ids": "field_refused"}),
        ({"further": "previousFuel: gas"}, {"base": "field_refused"}),
        ({"further": "customId: other"}, {"further": "field_invalid"}),
    ],
)
async def test_what_is_refused_is_said_at_its_field_and_nothing_typed_is_lost(
    hass: HomeAssistant,
    account: MockConfigEntry,
    wattcarbon_cloud: WattCarbonSimulator,
    changes: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """By the library or by the cloud; then the right values go through."""
    form = await begin_asset(hass, account, "solar")
    values = {key: value for key, value in (SOLAR | changes).items() if value is not None}
    form = await submit(hass, form, values)
    assert form["errors"] == errors
    assert form["description_placeholders"]["reason"]
    assert suggestions(form) == values
    assert not wattcarbon_cloud.assets
    form = await submit(hass, form, SOLAR)
    assert form["step_id"] == "asset_created"


@pytest.mark.parametrize("status", [409, 422])
async def test_custom_id_of_another_asset_is_refused(hass: HomeAssistant, status: Any) -> None:
    """At its field, whichever way the cloud says it."""
    async with WattCarbonSimulator(numeric_ids=True, conflict_status=status) as cloud:
        cloud.add_asset({"kind": "solar", "name": "Other", "customId": "barn-1", "location": "Sampletown"})
        account = make_entry("wattcarbon", cloud)
        account.add_to_hass(hass)
        form = await submit(hass, await begin_asset(hass, account, "solar"), SOLAR)
        assert set(form["errors"]) == {"custom_id"}
        form = await submit(hass, form, SOLAR | {"custom_id": "barn-2"})
        assert form["step_id"] == "asset_created"


async def test_asset_is_created_once_although_every_answer_is_lost(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The form says that it may be there; sent again, it finds the asset by its custom id."""
    form = await begin_asset(hass, account, "solar")
    # The answer to the creation is lost, and the question about it cannot be answered.
    wattcarbon_cloud.faults.script("/assets", [Fault("truncated_json"), Fault("status", status=400)])
    form = await submit(hass, form, SOLAR)
    assert form["errors"] == {"base": "asset_uncertain"}
    form = await submit(hass, form, SOLAR)
    assert form["step_id"] == "asset_created"
    assert [asset["customId"] for asset in wattcarbon_cloud.assets.values()] == ["barn-1"]


async def test_created_asset_can_be_linked_after_the_flow_was_left(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """It stays at the cloud, and is offered."""
    form = await submit(hass, await begin_asset(hass, account, "solar"), SOLAR)
    hass.config_entries.subentries.async_abort(form["flow_id"])
    form = await open_series(hass, account, "link_asset")
    form = await submit(hass, form, {"target_id": "5001"})
    assert form["description_placeholders"]["target"] == "Barn roof"


async def test_refused_key_is_asked_for_and_the_description_stays(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The key was taken back while the form was filled in."""
    form = await begin_asset(hass, account, "solar")
    key, wattcarbon_cloud.password = wattcarbon_cloud.password, "another one"
    wattcarbon_cloud.tokens.expire_all()
    form = await submit(hass, form, SOLAR)
    assert form["errors"] == {"base": "invalid_auth"}
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_api_key"]
    wattcarbon_cloud.password = key
    form = await submit(hass, form, SOLAR)
    assert form["step_id"] == "asset_created"


async def test_meter_is_created_and_filled(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """At an address, or at home; it is called as the user says."""
    form = await open_series(hass, account, "new_meter")
    values = {"target_kind": "gas", "target_name": "Cellar", "street": "7 Canary-Sonder Way"}
    form = await submit(hass, form, values)
    assert form["errors"] == {"city": "field_refused"}
    assert suggestions(form) == values
    form = await submit(hass, form, values | {"city": "Sampletown"})
    assert form["step_id"] == "meter_created"
    assert form["description_placeholders"] == {"target": "Cellar", "target_id": "902"}
    assert wattcarbon_cloud.meters["902"]["meterType"] == "gas"
    result = await finish(hass, await submit(hass, form, {}), metered=[PANELS], send_revisions=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.subentries.values()
    assert (subentry.title, subentry.data["target_kind"]) == ("Cellar", "gas")
    assert "Canary" not in str(subentry.as_dict())


async def test_meter_whose_answer_is_lost_may_exist_and_is_not_created_again_unasked(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Nothing identifies a meter: the user has to look."""
    form = await open_series(hass, account, "new_meter")
    wattcarbon_cloud.faults.script("/meters", [Fault("cut_after")])
    form = await submit(hass, form, {"target_kind": "electricity"})
    assert form["errors"] == {"base": "meter_uncertain"}
    assert len(wattcarbon_cloud.meters) == 2
    wattcarbon_cloud.faults.script("/meters", [Fault("status", status=429)])
    form = await submit(hass, form, {"target_kind": "electricity"})
    assert form["errors"] == {"base": "cannot_connect"}
    assert len(wattcarbon_cloud.meters) == 2
