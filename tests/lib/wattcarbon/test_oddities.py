"""Every contradiction and silence of the WattCarbon contract, one test each: what was decided, and that it is so."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from kernel_bench import ScriptedCloud, cuts, says
from wattcarbon_bench import API_KEY, EMAIL, HEADER, HOUR, START, SmallCloud, collect, hours, solar, text_of

from aiowattbridge.errors import NotFoundError
from aiowattbridge.wattcarbon import (
    Electrification,
    Encoding,
    HourlyEnergy,
    IntervalEnergy,
    OtherAsset,
    RefusedError,
    Solar,
    WattCarbonClient,
)


async def test_assets_are_asked_for_first_and_devices_when_that_is_not_there(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """The guide says that the two words mean the same."""
    small.collection = "devices"
    assert (await client.create_asset(solar())).asset_id == "100"
    assert small.lines == ["POST /assets", "GET /assets", "GET /devices", "POST /devices"]


async def test_switch_to_devices_lasts_for_the_session(client: WattCarbonClient, small: SmallCloud) -> None:
    """`/assets` is not asked for again, not even when it comes to be there."""
    small.collection = "devices"
    await client.assets()
    small.collection = "assets"
    with pytest.raises(NotFoundError):
        await client.assets()


async def test_setting_pins_either_path(cloud: ScriptedCloud, small: SmallCloud) -> None:
    """Then nothing is found out."""
    small.collection = "devices"
    async with WattCarbonClient(EMAIL, API_KEY, base_url=cloud.url, collection="devices") as client:
        await client.create_asset(solar())
    assert small.lines == ["POST /devices"]


async def test_missing_asset_is_told_from_a_missing_collection(client: WattCarbonClient, small: SmallCloud) -> None:
    """Both are a 404; asking for the list tells them apart, once."""
    with pytest.raises(NotFoundError, match="/assets/8: knows no such thing"):
        await client.asset("8")
    assert small.lines == ["GET /assets/8", "GET /assets"]


async def test_upload_is_a_form_with_a_file_first(client: WattCarbonClient, small: SmallCloud) -> None:
    """Field `file`, a file name, text/csv."""
    small.assets.append({"id": 7})
    await collect(client.upload("7", hours(1)))
    assert b'Content-Disposition: form-data; name="file"; filename="timeseries.csv"\r\n' in small.asked[0].body
    assert b"Content-Type: text/csv\r\n\r\ndatetime,value_kwh\n" in small.asked[0].body


@pytest.mark.parametrize(
    "refusal",
    [says(status=415), says('{"detail": [{"loc": ["body", "file"], "msg": "Field required"}]}', 422)],
    ids=["415", "422"],
)
async def test_upload_falls_back_to_raw_text_once_and_remembers(
    client: WattCarbonClient, small: SmallCloud, refusal: object
) -> None:
    """For the rest of the session."""
    assert callable(refusal)
    small.assets.append({"id": 7})
    await client.assets()
    small.serve(refusal)
    receipts = await collect(client.upload("7", hours(3), batch_rows=1))
    assert {receipt.encoding for receipt in receipts} == {Encoding.RAW}
    assert [seen.headers["Content-Type"] for seen in small.asked[2:]] == ["text/csv"] * 3


async def test_uploads_of_meters_have_the_path_and_columns_decided_for_them(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """The guide names the operation and shows neither."""
    await collect(client.upload_intervals("9", hours(1)))
    await collect(client.upload_bills("9", hours(1)))  # type: ignore[arg-type]  # any row has what a bill has
    assert small.lines == ["POST /meters/9/intervals", "POST /meters/9/bills"]
    assert {text_of(seen) for seen in small.asked} == {f"{HEADER}2025-08-01T00:00:00+00:00,0\n"}


async def test_repeated_upload_is_taken_to_replace(client: WattCarbonClient, small: SmallCloud) -> None:
    """So a batch is sent again when its answer is lost."""
    small.assets.append({"id": 7})
    small.serve(cuts)
    assert len(await collect(client.upload("7", hours(1)))) == 1
    assert len(small.asked) == 2


async def test_hour_that_is_not_complete_is_never_uploaded(client: WattCarbonClient, small: SmallCloud) -> None:
    """The clock says whether it is."""
    with pytest.raises(ValueError, match="has to be over"):
        await collect(client.upload("7", [HourlyEnergy(datetime(2026, 3, 14, 12, tzinfo=UTC), Decimal(1))]))
    assert not small.cloud.seen


async def test_numbers_are_sent_as_numbers_and_read_as_either(client: WattCarbonClient, small: SmallCloud) -> None:
    """The samples show text in some fields and numbers in others."""
    small.serve(says('{"id": 1, "kind": "solar", "name": "a", "location": "b", "nameplateCapacityKw": "123"}'))
    new = (await client.asset("1")).as_new()
    assert isinstance(new, Solar)
    assert new.nameplate_capacity_kw == 123.0
    assert new.to_wire()["nameplateCapacityKw"] == 123
    assert json.dumps(replace(new, nameplate_capacity_kw=1.50).to_wire()["nameplateCapacityKw"]) == "1.5"


async def test_refusal_of_the_framework_names_the_field(client: WattCarbonClient, small: SmallCloud) -> None:
    """With the reason, and without the input it quotes."""
    detail = [{"type": "missing", "loc": ["body", "location", "city"], "msg": "Field required", "input": "canary"}]
    small.serve(says(json.dumps({"detail": detail}), 422))
    with pytest.raises(RefusedError, match=r": body\.location\.city: Field required$") as caught:
        await client.create_asset(solar())
    assert "canary" not in f"{caught.value}{caught.value.answer}"


def test_meters_are_attached_by_a_list_or_as_in_older_samples() -> None:
    """In the list a number is a number, as the guide shows it; alone it is text, as the older page does."""
    new = replace(solar(), meter_ids=("999", "M1", "007"), meter_id="123")
    assert new.to_wire()["meterIds"] == [999, "M1", "007"]
    assert new.to_wire()["meterId"] == "123"


def test_kinds_that_are_only_named_take_any_further_field() -> None:
    """Under the vendor's own name."""
    kind = "electrification_nrel_resstock_deemed"
    new = OtherAsset(kind=kind, name="a", location="b", extra={"buildingStockId": 5})
    assert new.to_wire() == {"kind": kind, "name": "a", "location": "b", "buildingStockId": 5}


def test_whole_numbers_go_out_without_a_point() -> None:
    """A count of years with one would be refused by a strict reader."""
    new = Electrification(name="a", location="b", effective_useful_life_years=10.0, heat_pump_hspf=9.5)
    assert json.dumps(new.to_wire()).endswith('"effectiveUsefulLifeYears": 10, "heatPumpHspf": 9.5}')


async def test_token_lives_for_a_day_though_its_answer_does_not_say_so(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """And there is nothing to refresh it with: the login is repeated."""
    await client.verify()
    await client.verify()
    assert [grant["grant_type"] for grant in small.grants] == ["password", "password"]


async def test_what_a_meter_holds_is_read_leniently(client: WattCarbonClient, small: SmallCloud) -> None:
    """Nobody has shown that answer."""
    small.serve(says('{"timeseries": [{"start": "2025-08-01T00:00:00", "usage": "1.5"}]}'))
    rows = await client.meter_timeseries("9", date(2025, 8, 1), date(2025, 8, 1))
    assert rows == [IntervalEnergy(START, Decimal("1.5"))]


async def test_list_of_assets_may_be_wrapped_but_not_cut(client: WattCarbonClient, small: SmallCloud) -> None:
    """Half of a list would let an asset be created twice."""
    small.serve(says('{"items": [{"id": 1}], "total": 1}'), says('{"items": [{"id": 1}], "total": 2}'))
    assert [asset.asset_id for asset in await client.assets()] == ["1"]
    with pytest.raises(Exception, match="holds 1 assets of 2"):
        await client.assets()


async def test_energy_is_signed(client: WattCarbonClient, small: SmallCloud) -> None:
    """Negative for additional consumption, and nothing is taken for a mistake."""
    small.assets.append({"id": 7})
    [receipt] = await collect(client.upload("7", [HourlyEnergy(START + HOUR, Decimal("-1.25"))]))
    assert receipt.total_kwh == Decimal("-1.25")
    assert text_of(small.asked[0]).endswith(",-1.25\n")
