"""The actions that create and change assets and meters at WattCarbon, against the simulated cloud."""

from typing import Any

import pytest
from action_bench import call, failure, refusal
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sink_bench import async_load_sink

from aiowattbridge.simulators import Fault, WattCarbonSimulator
from custom_components.wattbridge.actions.personal_fields import personal_field

ROOF = {
    "kind": "solar",
    "name": "Roof",
    "custom_id": "roof-1",
    "nameplate_capacity_kw": 9.8,
    "inverter_data_id": "4711",
    "inverter_data_source": "enphase",
    "external_registry_name": "GATS",
    "external_registry_device_id": "12345",
}


@pytest.fixture
async def account(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> MockConfigEntry:
    """Load an account, in a home that knows where it is."""
    await hass.config.async_update(latitude=37.70053, longitude=-122.40053)
    return await async_load_sink(hass, wattcarbon_cloud)


def asset_of_kind(cloud: WattCarbonSimulator, kind: str) -> str:
    """Find an asset by its kind."""
    return next(key for key, asset in cloud.assets.items() if asset["kind"] == kind)


async def test_asset_is_created_at_home(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """With the fields of its kind; the place is nobody's to give."""
    fields = {**ROOF, "utility": "Sampletown Power", "commenced_operation_date": "2024-05-01"}
    response = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **fields)
    asset = wattcarbon_cloud.assets[response["asset_id"]]
    assert response == {"asset_id": asset["id"], "kind": "solar", "created": True, "found": False}
    assert asset["location"] == {"latitude": 37.70053, "longitude": -122.40053}
    assert asset["nameplateCapacityKw"] == 9.8
    assert (asset["customId"], asset["commencedOperationDate"]) == ("roof-1", "2024-05-01")


async def test_asset_is_created_once(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Who calls again finds it; one of another kind is not taken for it."""
    first = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **ROOF)
    count = len(wattcarbon_cloud.assets)
    again = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **ROOF)
    assert again == {**first, "created": False, "found": True}
    other = {"kind": "solar_direct", "name": "Roof", "custom_id": "roof-1"}
    key, _ = await refusal(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **other)
    assert key == "custom_id_taken"
    assert len(wattcarbon_cloud.assets) == count


async def test_dry_run_creates_nothing(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """It answers with what would be sent, but for the place."""
    count = len(wattcarbon_cloud.assets)
    response = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **ROOF, dry_run=True)
    assert (response["asset_id"], response["created"], response["found"]) == (None, False, False)
    assert response["would_send"]["nameplateCapacityKw"] == 9.8
    assert "location" not in response["would_send"]
    meter = await call(hass, "create_wattcarbon_meter", config_entry_id=account.entry_id, dry_run=True)
    assert meter == {"meter_id": None, "meter_type": "electricity", "created": False}
    assert len(wattcarbon_cloud.assets) == count


async def test_other_kinds_take_further_fields(hass: HomeAssistant) -> None:
    """By the vendor's names, as JSON."""
    async with WattCarbonSimulator(accept_unknown_kinds=True) as cloud:
        account = await async_load_sink(hass, cloud)
        fields = {
            "kind": "other",
            "kind_name": "thermal_shift_trial",
            "name": "Tank",
            "custom_id": "tank",
            "extra": {"tankLitres": 300, "trial": {"weeks": [1, 2]}},
        }
        response = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **fields)
        asset = cloud.assets[response["asset_id"]]
        assert (asset["kind"], asset["tankLitres"], asset["trial"]) == (
            "thermal_shift_trial",
            300,
            {"weeks": [1, 2]},
        )
        await hass.config_entries.async_unload(account.entry_id)


@pytest.mark.parametrize(
    ("fields", "key", "field"),
    [
        ({"extra": {"deviceOwner": {"name": "Somebody"}}}, "field_is_personal", "extra.deviceOwner"),
        ({"extra": {"site": {"postal_code": "12345"}}}, "field_is_personal", "extra.site.postal_code"),
        ({"extra": {"remark": "write to x@example.org"}}, "field_is_personal", "extra.remark"),
        ({"extra": {"customId": "a"}}, "field_refused", "extra"),
        ({"area_sqft": 100}, "field_of_another_kind", "area_sqft"),
        ({"name": " "}, "field_refused", "name"),
        ({"kind_name": "trial"}, "kind_name_needed", None),
        ({"kind": "other"}, "kind_name_needed", None),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    wattcarbon_cloud: WattCarbonSimulator,
    fields: dict[str, Any],
    key: str,
    field: str | None,
) -> None:
    """The field is named, and nothing is created."""
    count = len(wattcarbon_cloud.assets)
    found, placeholders = await refusal(
        hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **(ROOF | fields)
    )
    assert found == key
    assert field is None or (placeholders or {})["field"] == field
    assert len(wattcarbon_cloud.assets) == count


async def test_home_has_to_be_known(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Nothing is created at nowhere."""
    await hass.config.async_update(latitude=0, longitude=0)
    for action, fields in (("create_wattcarbon_asset", ROOF), ("create_wattcarbon_meter", {})):
        key, _ = await refusal(hass, action, config_entry_id=account.entry_id, **fields)
        assert key == "home_not_set"


async def test_what_the_cloud_refuses_is_said(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """In its own words, which name the field."""
    fields = {"kind": "solar", "name": "Roof", "custom_id": "roof-1"}
    assert await failure(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **fields) == (
        "request_rejected"
    )


async def test_lost_answer_is_looked_up(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """An asset is there once; of a meter nobody can tell, and the error says so."""
    count = len(wattcarbon_cloud.assets)
    wattcarbon_cloud.faults.script("/assets", [None, Fault("cut_after")])
    response = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **ROOF)
    assert response["created"] is True
    assert len(wattcarbon_cloud.assets) == count + 1
    wattcarbon_cloud.faults.script("/assets", [None, Fault("cut_after"), *[Fault("html")] * 9])
    other = ROOF | {"custom_id": "roof-2"}
    assert await failure(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **other) == (
        "asset_uncertain"
    )
    wattcarbon_cloud.faults.clear()
    found = await call(hass, "create_wattcarbon_asset", config_entry_id=account.entry_id, **other)
    assert (found["found"], len(wattcarbon_cloud.assets)) == (True, count + 2)
    meters = len(wattcarbon_cloud.meters)
    wattcarbon_cloud.faults.script("/meters", [Fault("cut_after")])
    assert await failure(hass, "create_wattcarbon_meter", config_entry_id=account.entry_id) == "meter_uncertain"
    assert len(wattcarbon_cloud.meters) == meters + 1


async def test_update_keeps_what_is_not_given(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Owner and place among it, which no answer shows."""
    asset_id = asset_of_kind(wattcarbon_cloud, "solar")
    before = dict(wattcarbon_cloud.assets[asset_id])
    fields = {
        "config_entry_id": account.entry_id,
        "asset_id": asset_id,
        "name": "New roof",
        "nameplate_capacity_kw": 12,
    }
    planned = await call(hass, "update_wattcarbon_asset", **fields, dry_run=True)
    assert planned["updated"] is False
    assert wattcarbon_cloud.assets[asset_id] == before
    response = await call(hass, "update_wattcarbon_asset", **fields)
    assert response == {**planned, "updated": True}
    assert response["changes"]["name"] == {"from": before["name"], "to": "New roof"}
    after = wattcarbon_cloud.assets[asset_id]
    assert (after["name"], after["nameplateCapacityKw"]) == ("New roof", 12)
    for name in ("deviceOwner", "location", "customId", "utility", "inverterDataId"):
        assert after[name] == before[name]
    assert not any(canary in str(response) for canary in wattcarbon_cloud.canaries)
    again = await call(hass, "update_wattcarbon_asset", **fields)
    assert (again["updated"], again["changes"]) == (False, {})


async def test_update_takes_fields_away_and_adds_others(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """An empty text takes away; further fields go beside those that are there."""
    asset_id = asset_of_kind(wattcarbon_cloud, "storage_direct")
    capacity = wattcarbon_cloud.assets[asset_id]["nameplateCapacityKw"]
    fields = {"config_entry_id": account.entry_id, "asset_id": asset_id, "utility": "", "extra": {"cellCount": 96}}
    response = await call(hass, "update_wattcarbon_asset", **fields)
    after = wattcarbon_cloud.assets[asset_id]
    assert (after["cellCount"], after["nameplateCapacityKw"]) == (96, capacity)
    assert "utility" not in after
    assert set(response["changes"]) == {"utility", "cellCount"}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"asset_id": "asset-of-nobody", "name": "Roof"}, "asset_unknown"),
        ({"extra": {"owner": "Somebody"}}, "field_is_personal"),
        ({"heat_pump_hspf": 9}, "field_of_another_kind"),
        ({"name": " "}, "field_refused"),
    ],
)
async def test_what_cannot_be_changed_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    wattcarbon_cloud: WattCarbonSimulator,
    fields: dict[str, Any],
    key: str,
) -> None:
    """And stays as it was."""
    asset_id = asset_of_kind(wattcarbon_cloud, "solar")
    before = dict(wattcarbon_cloud.assets[asset_id])
    given = {"config_entry_id": account.entry_id, "asset_id": asset_id, **fields}
    found, _ = await refusal(hass, "update_wattcarbon_asset", **given)
    assert found == key
    assert wattcarbon_cloud.assets[asset_id] == before


async def test_meter_is_created_at_home(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The answer has its id, which nothing else tells."""
    response = await call(hass, "create_wattcarbon_meter", config_entry_id=account.entry_id, meter_type="gas")
    meter = wattcarbon_cloud.meters[response["meter_id"]]
    assert response == {"meter_id": meter["id"], "meter_type": "gas", "created": True}
    assert meter["location"] == {"latitude": 37.70053, "longitude": -122.40053}


@pytest.mark.parametrize(
    "field",
    [
        "owner",
        "deviceOwner",
        "owner_name",
        "streetAddress",
        "postalCode",
        "ZIP",
        "LatLng",
        "firstName",
        "e-mail",
        "GPS",
    ],
)
def test_personal_fields_are_known(field: str) -> None:
    """However they are written."""
    assert personal_field({"first": 1, "inner": [{"list": {field: "x"}}]}) == f"inner.list.{field}"


@pytest.mark.parametrize(
    "field", ["squareFeet", "stateOfCharge", "tankLitres", "placement", "replacement", "platform", "longTerm", "name"]
)
def test_other_fields_are_not_personal(field: str) -> None:
    """Although parts of them look alike."""
    assert personal_field({field: {"value": [1, "two"]}}) is None
