"""The WattCarbon client against the vendor's cloud as its pages describe it, by the letter."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from wattcarbon_bench import HOUR, collect

from aiowattbridge.errors import CredentialsError, NotFoundError, WattbridgeError
from aiowattbridge.simulators import Fault, SimulatorClock, WattCarbonSimulator
from aiowattbridge.wattcarbon import (
    KINDS,
    Address,
    Bill,
    Coordinates,
    DeviceOwner,
    Electrification,
    Grid,
    HourlyEnergy,
    IntervalEnergy,
    Location,
    NewAsset,
    NewMeter,
    OtherAsset,
    RefusedError,
    Solar,
    SolarDirect,
    WattCarbonClient,
)

NOW = datetime(2026, 3, 14, 12, 2, tzinfo=UTC)
YEAR = datetime(2025, 1, 1, tzinfo=UTC)

PLACES: dict[str, Location] = {
    "text": "1 Example Way Sampletown IA",
    "address": Address(street="1 Example Way", city="Sampletown", state="IA", country="US", postal_code="00001"),
    "coordinates": Coordinates(latitude_deg=41.4789, longitude_deg=-91.581),
}


@asynccontextmanager
async def account(**options: Any) -> AsyncIterator[tuple[WattCarbonSimulator, WattCarbonClient]]:
    """Run a cloud whose time stands still, and a client of it; in the end nothing may have been done wrongly."""
    clock = SimulatorClock(NOW, frozen=True)
    async with (
        WattCarbonSimulator(clock=clock, **options) as cloud,
        WattCarbonClient(cloud.username, cloud.password, base_url=cloud.url, clock=clock) as client,
    ):
        yield cloud, client
        assert not cloud.log.violations


def solar(custom_id: str = "roof-1", **fields: Any) -> Solar:
    """Describe a whole solar asset."""
    whole: dict[str, Any] = {
        "name": "Roof",
        "location": PLACES["text"],
        "nameplate_capacity_kw": 4.5,
        "inverter_data_id": "1",
        "inverter_data_source": "enphase",
        "external_registry_name": "GATS",
        "external_registry_device_id": "2",
    }
    return Solar(custom_id=custom_id, **(whole | fields))


def heat_pump() -> Electrification:
    """Describe a whole electrification asset."""
    return Electrification(
        name="Pump",
        custom_id="pump-1",
        location=PLACES["coordinates"],
        utility="Sample Power",
        device_owner=DeviceOwner(name="Ada Example"),
        commenced_operation_date=date(2022, 8, 1),
        area_sqft=1500,
        previous_fuel="natural_gas",
        replaces_furnace=True,
        replaces_water_heater=False,
        cold_climate=False,
        effective_useful_life_years=10.0,
        building_type="single_family_attached",
        heating_backup_system="electric_resistance",
        heat_pump_hspf=9.5,
        water_heater_uef=3,
    )


def year() -> Iterator[HourlyEnergy]:
    """Yield a year of hours with odd numbers, each to the milliwatt-hour."""
    random = Random(5)  # noqa: S311 - the same every time
    for number in range(365 * 24):
        yield HourlyEnergy(YEAR + number * HOUR, Decimal(random.randrange(-(10**7), 10**7)).scaleb(-6))


@pytest.mark.parametrize("numeric_ids", [False, True])
@pytest.mark.parametrize("created_status", [200, 201])
@pytest.mark.parametrize("collections", [("assets",), ("devices",), ("assets", "devices")], ids="+".join)
async def test_whole_story_of_an_asset(collections: tuple[str, ...], created_status: int, *, numeric_ids: bool) -> None:
    """Meter, asset, hours, changes, and all of it read back."""
    async with account(collections=collections, numeric_ids=numeric_ids, created_status=created_status) as (
        cloud,
        client,
    ):
        await client.verify()
        meter = await client.create_meter(NewMeter(meter_type="electricity", location=PLACES["address"]))
        asset = await client.create_asset(solar(meter_ids=(meter.meter_id,)))
        assert asset.meter_ids == (meter.meter_id,)
        assert asset.as_new() == solar(meter_ids=(meter.meter_id,))
        [receipt] = await collect(
            client.upload(asset.asset_id, (row for row, _ in zip(year(), range(48), strict=False)))
        )
        assert receipt.rows == 48
        changed = await client.update_asset(asset.asset_id, replace(asset.as_new(), name="Barn"))
        assert changed == await client.asset(asset.asset_id) == await client.find_asset("roof-1")
        assert [one.name for one in await client.assets()] == ["Barn"]
        assert client.collection == collections[0]
        assert len(cloud.hours(asset.asset_id)) == 48


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_every_form_of_a_place_is_taken(place: Location) -> None:
    """For meters and for assets, and it comes back as it went."""
    async with account() as (_, client):
        assert (await client.create_meter(NewMeter(meter_type="gas", location=place))).location == place
        assert (await client.create_asset(solar(location=place))).location == place


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("solar", "electrification")])
async def test_every_named_kind_is_taken(kind: str) -> None:
    """With whatever it needs beyond the common fields."""
    async with account() as (cloud, client):
        new = KINDS[kind](name="a", custom_id="b", location="c d", extra={"own": {"x": [1, None]}})
        asset = await client.create_asset(new)
        assert asset.as_new() == new
        assert cloud.assets[asset.asset_id]["own"] == {"x": [1, None]}


async def test_other_shown_kind_and_unknown_kinds_are_taken() -> None:
    """All fields as they are shown; and a kind that nobody has heard of."""
    async with account(accept_unknown_kinds=True) as (_, client):
        assert (await client.create_asset(heat_pump())).as_new() == heat_pump()
        trial = OtherAsset(kind="thermal_shift_trial", name="a", custom_id="b", location="c", extra={"tankLitres": 3})
        assert (await client.create_asset(trial)).as_new() == trial


async def test_everything_an_account_holds_can_be_sent_back_unchanged() -> None:
    """Whatever its kind, with numbers that arrive as texts; nothing personal shows."""
    async with account(assets=10, accept_unknown_kinds=True) as (cloud, client):
        before = {key: dict(held) for key, held in cloud.assets.items()}
        assets = await client.assets()
        assert [asset.asset_id for asset in assets] == list(before)
        for asset in assets:
            new: NewAsset = asset.as_new()
            assert not [text for text in cloud.canaries if text in f"{asset!r}{new!r}"]
            await client.update_asset(asset.asset_id, new)
        assert {key: as_numbers(held) for key, held in before.items()} == cloud.assets


def as_numbers(held: dict[str, object]) -> dict[str, object]:
    """Turn the numbers that the samples show as texts into numbers."""
    return {
        name: float(str(value)) if name in ("nameplateCapacityKw", "areaSqft") else value
        for name, value in held.items()
    }


@pytest.mark.parametrize("upload_answer", ["object", "null", "nothing"])
@pytest.mark.parametrize("upload_refusal", [415, 422])
@pytest.mark.parametrize("upload", ["multipart", "raw", "both"])
async def test_year_of_hours_arrives_to_the_digit(
    upload: Literal["multipart", "raw", "both"], upload_refusal: int, upload_answer: str
) -> None:
    """In batches, in the encoding that the cloud takes, whichever that is."""
    async with account(upload=upload, upload_refusal=upload_refusal, upload_answer=upload_answer) as (cloud, client):
        asset = await client.create_asset(solar())
        receipts = await collect(client.upload(asset.asset_id, year()))
        assert [receipt.rows for receipt in receipts] == [2_000, 2_000, 2_000, 2_000, 760]
        assert cloud.hours(asset.asset_id) == {row.start: float(row.energy_kwh) for row in year()}
        assert sum(receipt.total_kwh for receipt in receipts) == sum(row.energy_kwh for row in year())
        taken = "raw" if upload == "raw" else "multipart"
        assert {receipt.encoding for receipt in receipts} == {taken}
        assert cloud.report()["encodings_refused"] == (1 if upload == "raw" else 0)


async def test_repeated_upload_replaces() -> None:
    """The last value wins, and nothing is there twice."""
    async with account() as (cloud, client):
        asset = await client.create_asset(solar())
        rows = [HourlyEnergy(YEAR + number * HOUR, Decimal(number)) for number in range(24)]
        await collect(client.upload(asset.asset_id, rows))
        await collect(client.upload(asset.asset_id, [replace(rows[3], energy_kwh=Decimal("-1.5"))]))
        assert cloud.hours(asset.asset_id)[YEAR + 3 * HOUR] == -1.5
        assert len(cloud.hours(asset.asset_id)) == 24


async def test_meter_is_filled_and_read_back() -> None:
    """Quarters of an hour, days of a zone, bills."""
    async with account() as (cloud, client):
        meter = await client.create_meter(NewMeter(meter_type="gas", location=PLACES["text"]))
        quarters = [IntervalEnergy(YEAR + number * HOUR / 4, Decimal(number)) for number in range(96)]
        await collect(client.upload_intervals(meter.meter_id, quarters, grid=Grid(HOUR / 4), batch_rows=40))
        assert await client.meter_timeseries(meter.meter_id, YEAR.date(), YEAR.date()) == quarters
        daily = await client.create_meter(NewMeter(meter_type="electricity", location=PLACES["text"]))
        zone = ZoneInfo("Europe/Berlin")
        days = [IntervalEnergy(datetime(2025, 3, day, tzinfo=zone), Decimal(day)) for day in range(25, 32)]
        await collect(client.upload_intervals(daily.meter_id, days, grid=Grid(timedelta(days=1), zone)))
        assert await client.meter_timeseries(daily.meter_id, date(2025, 3, 1), date(2025, 4, 1)) == days
        await collect(client.upload_bills(daily.meter_id, [Bill(YEAR, Decimal("12.5"))]))
        assert cloud.bills(daily.meter_id) == {YEAR: 12.5}


@pytest.mark.parametrize("kind", ["cut_after", "cut_body", "truncated_json", "html", "empty_body", "unavailable"])
@pytest.mark.parametrize("conflict_status", [409, 422])
async def test_asset_is_created_once_whatever_happens_to_the_answer(kind: str, conflict_status: int) -> None:
    """Also where the repetition is refused as a conflict."""
    async with account(conflict_status=conflict_status) as (cloud, client):
        cloud.faults.script("/assets", [Fault(kind, executed=True)])
        asset = await client.create_asset(solar())
        assert list(cloud.assets) == [asset.asset_id]
        with pytest.raises(RefusedError, match="customId"):
            await client.create_asset(solar())


async def test_uploads_survive_a_bad_day() -> None:
    """One request in three goes wrong in some way; all hours arrive."""
    async with account() as (cloud, client):
        asset = await client.create_asset(solar())
        shares = dict.fromkeys(("cut_before", "cut_after", "unavailable", "bad_gateway", "token_expired"), 0.06)
        cloud.faults.profile(11, shares, path=f"/assets/{asset.asset_id}/timeseries")
        receipts = await collect(client.upload(asset.asset_id, year(), batch_rows=250))
        assert sum(receipt.rows for receipt in receipts) == 365 * 24
        assert cloud.hours(asset.asset_id) == {row.start: float(row.energy_kwh) for row in year()}


async def test_day_passes_and_the_token_is_renewed_ahead() -> None:
    """The cloud never sees one that has expired; one that it forgets is replaced."""
    async with account() as (cloud, client):
        for _ in range(5):
            await client.assets()
            cloud.clock.advance(13 * 3600)
        assert cloud.report()["unauthorised"] == 0
        cloud.tokens.expire_all()
        await client.assets()
        assert cloud.report()["unauthorised"] == 1


async def test_refusals_of_the_cloud_say_what_is_wrong() -> None:
    """And nothing of what was sent, though the cloud echoes it."""
    async with account() as (cloud, client):
        asset = await client.create_asset(solar())
        owner = DeviceOwner(name="Canary Sonder", extra={"phone": "canary-phone"})
        wrong = solar("roof-2", device_owner=owner, location=Address(city="Canaryville"), meter_ids=("canary-meter",))
        with pytest.raises(RefusedError) as caught:
            await client.create_asset(wrong)
        assert {problem.path for problem in caught.value.problems} == {
            "body.deviceOwner.phone",
            "body.location.street",
            "body.meterIds.0",
        }
        assert "canary" not in f"{caught.value} {caught.value.answer}".lower()
        cloud.reject(asset.asset_id, lambda rows: len(rows) == 5, reason="Five is too few.")
        with pytest.raises(RefusedError, match=r"Five is too few\.") as refused:
            await collect(
                client.upload(asset.asset_id, [row for row, _ in zip(year(), range(25), strict=False)], batch_rows=10)
            )
        assert sum(receipt.rows for receipt in refused.value.receipts) == 20


async def test_what_is_not_there_is_not_found() -> None:
    """Neither an asset nor a meter."""
    async with account() as (_, client):
        rows = [HourlyEnergy(YEAR, Decimal(1))]
        for call in (
            client.asset("none"),
            client.update_asset("none", solar()),
            collect(client.upload("none", rows)),
            collect(client.upload_intervals("none", rows)),
            client.meter_timeseries("none", YEAR.date(), YEAR.date()),
        ):
            with pytest.raises(NotFoundError):
                await call


async def test_wrong_key_is_a_credentials_error() -> None:
    """And is not tried again."""
    async with account() as (cloud, client):
        await client.verify()
        cloud.password = "another"
        with pytest.raises(CredentialsError):
            await client.verify()
        assert cloud.report()["unauthorised"] == 1


@pytest.mark.parametrize("kind", ["html", "empty_body", "truncated_json", "wrong_content_type", "bad_gateway"])
async def test_spoiled_answers_are_errors_and_not_crashes(kind: str) -> None:
    """Of every question."""
    async with account(assets=1) as (cloud, client):
        [asset_id] = cloud.assets
        meter_id = cloud.add_meter({})
        await client.assets()
        for path, call in (
            ("/assets", client.assets),
            (f"/assets/{asset_id}", lambda: client.asset(asset_id)),
            (f"/meters/{meter_id}/timeseries", lambda: client.meter_timeseries(meter_id, YEAR.date(), YEAR.date())),
        ):
            if (kind, path.rpartition("/")[2]) == ("wrong_content_type", "timeseries"):
                continue
            cloud.faults.script(path, [kind] * 9)
            with pytest.raises(WattbridgeError):
                await call()
            cloud.faults.clear()


async def test_kind_that_only_has_a_name_may_have_fields_of_its_own() -> None:
    """Those that other kinds have too are no exception."""
    async with account() as (_, client):
        new = SolarDirect(name="a", custom_id="b", location="c", extra={"nameplateCapacityKw": 4})
        assert (await client.create_asset(new)).as_new() == new
