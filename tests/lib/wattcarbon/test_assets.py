"""What assets are made of, how they are written, and that what was read can be sent back unchanged."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from kernel_bench import says
from wattcarbon_bench import OWNER, STREET, SmallCloud, solar

from aiowattbridge.errors import NotFoundError, ResponseError
from aiowattbridge.wattcarbon import (
    KINDS,
    Address,
    Coordinates,
    DeviceOwner,
    Electrification,
    NewAsset,
    OtherAsset,
    Solar,
    SolarDirect,
    WattCarbonClient,
)

BASE: dict[str, Any] = {
    "name": "House",
    "customId": "H-1",
    "location": "1 Example Way Sampletown",
    "utility": "Sample Power",
    "deviceOwner": {"name": "Ada Example"},
    "meterIds": [999, "M123"],
    "commencedOperationDate": "2022-08-01",
}
SOLAR: dict[str, Any] = BASE | {
    "kind": "solar",
    "nameplateCapacityKw": 123,
    "inverterDataId": "1234",
    "inverterDataSource": "enphase",
    "externalRegistryName": "GATS",
    "externalRegistryDeviceId": "45678",
}
ELECTRIFICATION: dict[str, Any] = BASE | {
    "kind": "electrification",
    "meterId": "M123",
    "areaSqft": 123.5,
    "previousFuel": "natural_gas",
    "replacesFurnace": True,
    "replacesWaterHeater": False,
    "coldClimate": False,
    "effectiveUsefulLifeYears": 10,
    "buildingType": "single_family_attached",
    "heatingBackupSystem": "electric_resistance",
    "heatPumpHspf": 5,
    "waterHeaterUef": 3,
}


async def read(client: WattCarbonClient, small: SmallCloud, answer: dict[str, Any]) -> NewAsset:
    """Have an asset answered and return what describes it."""
    small.serve(says(json.dumps({"id": 1, **answer})))
    return (await client.asset("1")).as_new()


@pytest.mark.parametrize("wire", [SOLAR, ELECTRIFICATION], ids=lambda wire: wire["kind"])
async def test_samples_of_the_guide_are_read_and_written_unchanged(
    client: WattCarbonClient, small: SmallCloud, wire: dict[str, Any]
) -> None:
    """All their fields have a type; none is left in the rest."""
    new = await read(client, small, wire)
    assert isinstance(new, KINDS[wire["kind"]])
    assert new.to_wire() == wire
    assert not new.extra
    small.serve(says(json.dumps({"id": 1})))
    await client.update_asset("1", new)
    assert json.loads(small.asked[-1].body) == wire


@pytest.mark.parametrize("kind", [*KINDS, "electrification_nrel_resstock_deemed"])
async def test_every_kind_is_sent_back_with_all_that_was_read(
    client: WattCarbonClient, small: SmallCloud, kind: str
) -> None:
    """Also with what we know nothing of, wherever it stands."""
    odd = {"deep": [1, None, {"x": 0.1}], "nothing": None, "status": "verified"}
    place = {"street": STREET, "county": "Sample", "latitude": 1.5}
    wire = BASE | {"kind": kind, "location": place, "deviceOwner": {"name": OWNER, "taxId": "9"}, **odd}
    new = await read(client, small, wire)
    assert new.kind == kind
    assert type(new) is KINDS.get(kind, OtherAsset)
    assert new.to_wire() == wire


async def test_asset_is_changed_in_one_field(client: WattCarbonClient, small: SmallCloud) -> None:
    """Read, replace, send back; by PUT, which may be repeated."""
    await client.create_asset(replace(solar(), extra={"tag": "x"}, nameplate_capacity_kw=4.5))
    small.serve(says(status=503))
    asset = await client.asset("100")
    changed = await client.update_asset(asset.asset_id, replace(asset.as_new(), name="Barn"))
    assert changed.name == "Barn"
    assert small.assets == [
        {
            "id": 100,
            "kind": "solar",
            "name": "Barn",
            "location": "1 Example Way Sampletown",
            "customId": "roof-1",
            "nameplateCapacityKw": 4.5,
            "tag": "x",
        }
    ]
    assert small.lines[-1] == "PUT /assets/100"


async def test_update_is_repeated_when_its_answer_is_lost(client: WattCarbonClient, small: SmallCloud) -> None:
    """It says the same twice."""
    await client.create_asset(solar())
    small.serve(says(status=502))
    await client.update_asset("100", solar(name="Barn"))
    assert small.lines[-2:] == ["PUT /assets/100", "PUT /assets/100"]


async def test_update_answered_with_nothing_is_read_back(client: WattCarbonClient, small: SmallCloud) -> None:
    """204 says that it went well, not what is there."""
    await client.create_asset(solar())
    small.afterwards.append(says("", 204))
    assert (await client.update_asset("100", solar(name="Barn"))).name == "Barn"
    assert small.lines[-1] == "GET /assets/100"


async def test_update_of_what_is_not_there_is_not_found(client: WattCarbonClient, small: SmallCloud) -> None:
    """And creates nothing."""
    with pytest.raises(NotFoundError):
        await client.update_asset("8", solar())
    assert not small.assets


async def test_asset_is_found_by_its_custom_id(client: WattCarbonClient, small: SmallCloud) -> None:
    """Or not."""
    await client.create_asset(solar())
    await client.create_asset(solar(custom_id="roof-2"))
    found = await client.find_asset("roof-2")
    assert found is not None
    assert found.asset_id == "101"
    assert await client.find_asset("roof-3") is None
    with pytest.raises(ValueError, match=r"^custom_id"):
        await client.find_asset("")


async def test_missing_and_null_fields_are_none(client: WattCarbonClient, small: SmallCloud) -> None:
    """An id is all that an asset needs to be listed; more is needed to send it back."""
    small.assets = [{"id": "a"}, {"id": 2, **dict.fromkeys(BASE), "kind": None}]
    for asset in await client.assets():
        assert {asset.name, asset.kind, asset.custom_id, asset.location, asset.device_owner} == {None}
        assert asset.meter_ids == ()
        with pytest.raises(ValueError, match=r"^name: is missing"):
            asset.as_new()


@pytest.mark.parametrize("text", ["", "-", None])
async def test_empty_texts_are_missing(client: WattCarbonClient, small: SmallCloud, text: str | None) -> None:
    """In every field of a kind, as far as they say that there is nothing."""
    new = await read(client, small, SOLAR | {"nameplateCapacityKw": text, "inverterDataId": "", "utility": ""})
    assert isinstance(new, Solar)
    assert (new.nameplate_capacity_kw, new.inverter_data_id, new.utility) == (None, None, None)


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"nameplateCapacityKw": "canary"}, "nameplateCapacityKw is malformed"),
        ({"meterIds": "canary"}, "meterIds is malformed"),
        ({"commencedOperationDate": "canary"}, "commencedOperationDate is malformed"),
        ({"name": ["canary"]}, "name is malformed"),
        ({"location": 7}, "location is malformed"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location is malformed"),
        ({"location": {"latitude": 9}}, "location is malformed"),
        ({"location": {"street": ["canary"]}}, "location is malformed"),
        ({"deviceOwner": 7}, "deviceOwner is malformed"),
        ({"id": None}, "id is malformed"),
    ],
)
async def test_malformed_field_is_named_without_its_value(
    client: WattCarbonClient, small: SmallCloud, fault: dict[str, object], field: str
) -> None:
    """In one asset and in a list, where the asset is counted too."""
    wire = {"id": 1, **SOLAR, **fault}
    small.serve(says(json.dumps(wire)), says(json.dumps([{"id": 1}, wire])))
    with pytest.raises(ResponseError, match=f"WattCarbon /assets/1: field {field}") as caught:
        await client.asset("1")
    assert "canary" not in str(caught.value)
    with pytest.raises(ResponseError, match=f"WattCarbon /assets: asset 1: field {field}"):
        await client.assets()


async def test_id_is_one_part_of_the_path(client: WattCarbonClient, small: SmallCloud) -> None:
    """Whatever is in it."""
    with pytest.raises(NotFoundError):
        await client.asset("../a b?c#d/é")
    assert small.asked[0].path == "/assets/..%2Fa%20b%3Fc%23d%2F%C3%A9"
    for bad in ("", " ", ".", ".."):
        with pytest.raises(ValueError, match=r"^asset_id"):
            await client.asset(bad)


@pytest.mark.parametrize(
    ("location", "wire"),
    [
        ("1 Example Way", "1 Example Way"),
        (
            Address(street="1 Example Way", city="Sampletown", state="IA", country="US", postal_code="00001"),
            {
                "street": "1 Example Way",
                "city": "Sampletown",
                "state": "IA",
                "country": "US",
                "postalCode": "00001",
            },
        ),
        (Address(city="Sampletown"), {"city": "Sampletown"}),
        (Coordinates(latitude_deg=-90, longitude_deg=180.0), {"latitude": -90, "longitude": 180.0}),
    ],
)
async def test_place_has_three_forms(
    client: WattCarbonClient, small: SmallCloud, location: str | Address | Coordinates, wire: object
) -> None:
    """Each is written and read as it is."""
    new = replace(solar(), location=location)
    assert new.to_wire()["location"] == wire
    assert (await read(client, small, new.to_wire())).location == location


@pytest.mark.parametrize("place", ["", {}, {"street": None, "city": " "}])
async def test_place_that_says_nothing_is_none(
    client: WattCarbonClient, small: SmallCloud, place: dict[str, object] | str
) -> None:
    """As is an owner without a name."""
    small.assets = [{"id": 1, "location": place, "deviceOwner": {"name": ""}}, {"id": 2, "deviceOwner": ""}]
    assert {(asset.location, asset.device_owner) for asset in await client.assets()} == {(None, None)}


async def test_parts_of_an_address_may_arrive_as_numbers(client: WattCarbonClient, small: SmallCloud) -> None:
    """A postal code is text here, and goes out as text."""
    new = await read(client, small, BASE | {"kind": "solar", "location": {"city": "a", "postalCode": 94109}})
    assert new.location == Address(city="a", postal_code="94109")


async def test_coordinates_are_read_from_text_too(client: WattCarbonClient, small: SmallCloud) -> None:
    """And sent as numbers."""
    new = await read(client, small, BASE | {"kind": "solar", "location": {"latitude": "1.5", "longitude": "-2"}})
    assert new.location == Coordinates(latitude_deg=1.5, longitude_deg=-2)


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("name", lambda: solar(name=" ")),
        ("custom_id", lambda: solar(custom_id="")),
        ("location", lambda: Solar(name="a", location="")),
        ("utility", lambda: Solar(name="a", location="b", utility="")),
        ("device_owner.name", lambda: DeviceOwner(name=" ")),
        ("meter_ids", lambda: Solar(name="a", location="b", meter_ids=("",))),
        ("meter_ids", lambda: Solar(name="a", location="b", meter_ids="12")),  # type: ignore[arg-type]
        ("meter_id", lambda: Solar(name="a", location="b", meter_id="")),
        (
            "commenced_operation_date",
            lambda: Solar(name="a", location="b", commenced_operation_date=datetime(2022, 8, 1, tzinfo=UTC)),
        ),
        ("nameplate_capacity_kw", lambda: Solar(name="a", location="b", nameplate_capacity_kw=float("nan"))),
        ("nameplate_capacity_kw", lambda: Solar(name="a", location="b", nameplate_capacity_kw=-1)),
        ("heat_pump_hspf", lambda: Electrification(name="a", location="b", heat_pump_hspf=float("inf"))),
        ("inverter_data_id", lambda: Solar(name="a", location="b", inverter_data_id="")),
        ("kind", lambda: OtherAsset(kind="", name="a", location="b")),
        ("extra: holds customId", lambda: Solar(name="a", location="b", extra={"customId": "x"})),
        ("extra: holds kind", lambda: Solar(name="a", location="b", extra={"kind": "x"})),
        ("extra: has to hold JSON", lambda: Solar(name="a", location="b", extra={"x": date(2022, 8, 1)})),
        ("extra: has to hold JSON", lambda: Solar(name="a", location="b", extra={"x": float("nan")})),
        ("street", Address),
        ("postal_code", lambda: Address(street="x", postal_code=" ")),
        ("latitude_deg", lambda: Coordinates(latitude_deg=90.1, longitude_deg=0)),
        ("latitude_deg", lambda: Coordinates(latitude_deg=float("nan"), longitude_deg=0)),
        ("longitude_deg", lambda: Coordinates(latitude_deg=0, longitude_deg=-180.1)),
    ],
)
def test_bad_field_is_refused_by_name(field: str, make: Callable[[], object]) -> None:
    """When the value is made, so that nothing of it is sent."""
    with pytest.raises(ValueError, match=f"^{field}"):
        make()


def test_personal_parts_do_not_show() -> None:
    """Not in the asset, not in its parts."""
    canary = "canary"
    shown = repr(
        [
            Solar(name="a", location=canary, device_owner=DeviceOwner(name=canary), extra={"x": canary}),
            SolarDirect(name="a", location=Address(**dict.fromkeys(("street", "city", "state"), canary))),  # type: ignore[arg-type]
            Address(street=canary, city=canary, state=canary, country=canary, postal_code=canary),
            Coordinates(latitude_deg=12.125, longitude_deg=13.125),
            DeviceOwner(name=canary),
        ]
    )
    assert canary not in shown
    assert ".125" not in shown


async def test_personal_parts_of_an_answer_do_not_show(client: WattCarbonClient, small: SmallCloud) -> None:
    """Nor those that the cloud adds."""
    small.assets = [{"id": 1, "location": "canary", "deviceOwner": "canary", "phone": "canary"}]
    assert "canary" not in repr(await client.assets())
