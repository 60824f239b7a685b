"""The WattCarbon simulator: tokens, meters, assets, and what it takes for one."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

import aiohttp
import pytest
from raw_wattcarbon import APP, Caller

from aiowattbridge.simulators import CANARY, Fault, SimulatorClock, WattCarbonSimulator

ADDRESS = {"street": "1 Meadow Way", "city": "Nowhere", "state": "CA", "country": "US", "postalCode": "00000"}
METER = {"apiProvider": "manual", "meterType": "electricity", "location": ADDRESS}
PLAIN = {"kind": "solar_direct", "name": "Barn", "location": "1 Meadow Way"}
SOLAR = PLAIN | {
    "kind": "solar",
    "customId": "B-1",
    "utility": "Nowhere Light",
    "deviceOwner": {"name": "Nobody Atall"},
    "commencedOperationDate": "2022-08-01",
    "nameplateCapacityKw": "12.5",
    "inverterDataId": "77",
    "inverterDataSource": "inverters",
    "externalRegistryName": "registry",
    "externalRegistryDeviceId": "9",
}
HEAT_PUMP = PLAIN | {
    "kind": "electrification",
    "areaSqft": 1200,
    "previousFuel": "natural_gas",
    "replacesFurnace": True,
    "replacesWaterHeater": False,
    "coldClimate": False,
    "effectiveUsefulLifeYears": 10,
    "buildingType": "single_family_attached",
    "heatingBackupSystem": "electric_resistance",
    "heatPumpHspf": 5,
    "waterHeaterUef": 3.1,
}


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[WattCarbonSimulator]:
    """Run a cloud."""
    async with WattCarbonSimulator(clock=clock) as running:
        yield running


@pytest.fixture
async def caller(cloud: WattCarbonSimulator, http: aiohttp.ClientSession) -> Caller:
    """Sign in."""
    signed_in = Caller(cloud, http)
    assert await signed_in.sign_in() == 200
    return signed_in


def without(fields: Mapping[str, object], *names: str) -> dict[str, object]:
    """Take fields out."""
    return {name: value for name, value in fields.items() if name not in names}


async def test_token_is_good_for_a_day(
    caller: Caller, cloud: WattCarbonSimulator, clock: SimulatorClock, http: aiohttp.ClientSession
) -> None:
    """Expire by the clock, not a second earlier; an older token goes on beside a newer one."""
    clock.advance(86_399)
    assert (await caller.ask("GET", "/assets"))[0] == 200
    newer = Caller(cloud, http)
    assert await newer.sign_in() == 200
    assert (await caller.ask("GET", "/assets"))[0] == 200
    clock.advance(1)
    assert (await caller.ask("GET", "/assets"))[0] == 401
    assert (await newer.ask("GET", "/assets"))[0] == 200
    assert cloud.report()["tokens"] == 2


async def test_token_answer_has_nothing_to_renew_it_with(caller: Caller) -> None:
    """Give the token and its type alone."""
    form = {"grant_type": "password", "username": caller.cloud.username, "password": caller.cloud.password}
    _, answer = await caller.ask("POST", "/auth/token", data=form)
    assert set(answer) == {"access_token", "token_type"}
    assert answer["token_type"] == "bearer"


@pytest.mark.parametrize(
    ("changes", "status", "places"),
    [
        ({"password": "wrong"}, 401, None),
        ({"username": "wrong"}, 401, None),
        ({"username": None}, 422, [["body", "username"]]),
        ({"grant_type": None, "password": ""}, 422, [["body", "grant_type"], ["body", "password"]]),
        ({"grant_type": "refresh_token"}, 422, [["body", "grant_type"]]),
        ({"refresh_token": "x"}, 422, [["body", "refresh_token"]]),
    ],
)
async def test_wrong_credentials(
    caller: Caller, changes: dict[str, str | None], status: int, places: list[list[str]] | None
) -> None:
    """Refuse strangers with a sentence and broken forms with a list of places."""
    form = {"grant_type": "password", "username": caller.cloud.username, "password": caller.cloud.password}
    given = {name: value for name, value in {**form, **changes}.items() if value is not None}
    got, answer = await caller.ask("POST", "/auth/token", data=given)
    assert got == status
    if places is None:
        assert isinstance(answer["detail"], str)
    else:
        assert [each["loc"] for each in answer["detail"]] == places
    assert caller.cloud.report()["unauthorised" if status == 401 else "malformed"] == 1
    assert caller.cloud.report()["tokens"] == 1


async def test_token_desk_reads_url_encoded_forms_alone(caller: Caller) -> None:
    """Find no field in JSON, and none twice."""
    form = {"grant_type": "password", "username": caller.cloud.username, "password": caller.cloud.password}
    assert len(await caller.places("POST", "/auth/token", form)) == 3
    status, _ = await caller.ask("POST", "/auth/token", data=[*form.items(), ("username", "second")])
    assert status == 422


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic bm9ib2R5Og=="])
async def test_everything_else_wants_the_token(caller: Caller, header: str | None) -> None:
    """Refuse a missing, unknown or differently made header."""
    del caller.headers["Authorization"]
    for method, path in (("GET", "/assets"), ("POST", "/meters"), ("POST", "/devices/x/timeseries")):
        async with caller.http.request(
            method, f"{caller.cloud.url}{path}", headers=APP | ({"Authorization": header} if header else {})
        ) as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert caller.cloud.report()["unauthorised"] == 3


async def test_token_expired_by_fault(caller: Caller) -> None:
    """Take every token back when the fault says so."""
    caller.cloud.faults.script("*", ["token_expired"])
    assert [(await caller.ask("GET", "/assets"))[0] for _ in range(2)] == [401, 401]
    assert await caller.sign_in() == 200
    assert (await caller.ask("GET", "/assets"))[0] == 200


@pytest.mark.parametrize(
    ("agent", "violations"),
    [
        ("meadow-uploader/1", []),
        ("meadow-uploader/1 Python/3.14", []),
        ("", ["user_agent"]),
        ("Python/3.14 aiohttp/3.14.0", ["user_agent"]),
        ("HomeAssistant/2026.10.0 aiohttp/3.14.0 Python/3.14", ["user_agent"]),
        ("python-requests/2.32", ["user_agent"]),
        ("python-httpx/0.28", ["user_agent"]),
    ],
)
async def test_wants_to_know_the_application(caller: Caller, agent: str, violations: list[str]) -> None:
    """Log a request whose User-Agent is missing or a library's own."""
    assert (await caller.ask("GET", "/assets", headers={"User-Agent": agent}))[0] == 200
    assert [each.kind for each in caller.cloud.log.violations] == violations


async def test_no_user_agent_at_all(caller: Caller) -> None:
    """Log that too."""
    async with aiohttp.ClientSession(skip_auto_headers=["User-Agent"]) as silent:
        await silent.get(f"{caller.cloud.url}/assets")
    assert [each.kind for each in caller.cloud.log.violations] == ["user_agent"]


async def test_paths_and_methods(caller: Caller) -> None:
    """Tell what is not there from what cannot be done with it."""
    for path in ("/", "/asset", "/assets/", "/meters/x", "/assets/x/bills"):
        assert await caller.ask("GET", path) == (404, {"detail": "Not Found"})
    assert (await caller.ask("GET", "/meters"))[0] == 405
    assert (await caller.ask("DELETE", "/assets"))[0] == 405
    assert (await caller.ask("GET", "/assets?page=2"))[0] == 422


@pytest.mark.parametrize("only", ["assets", "devices"])
async def test_a_collection_that_is_not_there(clock: SimulatorClock, http: aiohttp.ClientSession, only: Any) -> None:
    """Answer 404 in one way for the collection and in another for an id."""
    async with WattCarbonSimulator(clock=clock, collections={only}) as cloud:
        caller = Caller(cloud, http)
        await caller.sign_in()
        other = "devices" if only == "assets" else "assets"
        for method, tail in (("GET", ""), ("POST", ""), ("GET", "/x"), ("PUT", "/x"), ("POST", "/x/timeseries")):
            assert await caller.ask(method, f"/{other}{tail}") == (404, {"detail": "Not Found"})
        noun = only.removesuffix("s").title()
        for method, tail in (("GET", "/x"), ("PUT", "/x"), ("POST", "/x/timeseries")):
            assert await caller.ask(method, f"/{only}{tail}") == (404, {"detail": f"{noun} not found"})
        assert cloud.report()["not_found"] == 8


@pytest.mark.parametrize(
    "location", ["1 Meadow Way", ADDRESS, without(ADDRESS, "state"), {"latitude": -34.5, "longitude": "138.6"}]
)
async def test_creates_meters(caller: Caller, location: object) -> None:
    """Answer with an id and what was sent, for a place in any of its forms."""
    status, answer = await caller.ask("POST", "/meters", json=METER | {"location": location})
    assert status == 200
    assert answer == METER | {"location": location, "id": answer["id"]}
    assert isinstance(answer["id"], str)
    assert list(caller.cloud.meters) == [answer["id"]]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"apiProvider": "utility"}, ["apiProvider"]),
        ({"apiProvider": None}, ["apiProvider"]),
        ({"meterType": "water"}, ["meterType"]),
        ({"meterType": ["gas"]}, ["meterType"]),
        ({"name": "Barn"}, ["name"]),
        ({"location": ""}, ["location"]),
        ({"location": None}, ["location"]),
        ({"location": [1, 2]}, ["location"]),
        ({"location": without(ADDRESS, "street")}, ["location", "street"]),
        ({"location": ADDRESS | {"zip": "1"}}, ["location", "zip"]),
        ({"location": ADDRESS | {"state": None}}, ["location", "state"]),
        ({"location": {"latitude": 1}}, ["location", "longitude"]),
        ({"location": {"latitude": 91, "longitude": 1}}, ["location", "latitude"]),
        ({"location": {"latitude": 1, "longitude": True}}, ["location", "longitude"]),
        ({"location": {"latitude": 1, "longitude": 1, "city": "Nowhere"}}, ["location", "city"]),
    ],
)
async def test_refuses_what_is_no_meter(caller: Caller, changes: dict[str, object], place: list[str]) -> None:
    """Name the field."""
    assert await caller.places("POST", "/meters", METER | changes) == [["body", *place]]
    assert not caller.cloud.meters


@pytest.mark.parametrize("name", METER)
async def test_meter_needs_all_its_fields(caller: Caller, name: str) -> None:
    """Say that the field is required."""
    _, answer = await caller.ask("POST", "/meters", json=without(METER, name))
    assert [(each["loc"], each["type"]) for each in answer["detail"]] == [(["body", name], "missing")]


@pytest.mark.parametrize(
    "fields", [PLAIN, SOLAR, HEAT_PUMP, PLAIN | {"kind": "tracking_building", "floors": [1, None], "areaSqft": "9.5"}]
)
async def test_creates_lists_and_shows_assets(caller: Caller, fields: dict[str, object]) -> None:
    """Answer with an id and what was sent, under either path."""
    status, created = await caller.ask("POST", "/assets", json=fields)
    assert (status, created) == (200, fields | {"id": created["id"]})
    for collection in ("assets", "devices"):
        assert await caller.ask("GET", f"/{collection}") == (200, [created])
        assert await caller.ask("GET", f"/{collection}/{created['id']}") == (200, created)
    assert caller.cloud.assets == {created["id"]: created}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (without(PLAIN, "name"), ["name"]),
        (without(PLAIN, "kind"), ["kind"]),
        (without(PLAIN, "location"), ["location"]),
        (PLAIN | {"kind": "wind"}, ["kind"]),
        (PLAIN | {"kind": 7}, ["kind"]),
        (PLAIN | {"name": " "}, ["name"]),
        (PLAIN | {"id": "asset-1"}, ["id"]),
        (PLAIN | {"customId": 5}, ["customId"]),
        (PLAIN | {"customId": None}, ["customId"]),
        (PLAIN | {"deviceOwner": "Nobody"}, ["deviceOwner"]),
        (PLAIN | {"deviceOwner": {}}, ["deviceOwner", "name"]),
        (PLAIN | {"commencedOperationDate": "2022-02-30"}, ["commencedOperationDate"]),
        (PLAIN | {"commencedOperationDate": "2022-08-01T00:00:00"}, ["commencedOperationDate"]),
        (PLAIN | {"meterIds": ["nothing"]}, ["meterIds", 0]),
        (PLAIN | {"meterIds": "nothing"}, ["meterIds"]),
        (PLAIN | {"meterId": "nothing"}, ["meterId"]),
        (PLAIN | {"nameplateCapacityKw": "much"}, ["nameplateCapacityKw"]),
        (SOLAR | {"nameplateCapacityKw": True}, ["nameplateCapacityKw"]),
        (SOLAR | {"nameplateCapacityKw": -1}, ["nameplateCapacityKw"]),
        (SOLAR | {"nameplateCapacityKw": "1e3"}, ["nameplateCapacityKw"]),
        (SOLAR | {"areaSqft": 1}, ["areaSqft"]),
        (without(SOLAR, "inverterDataId"), ["inverterDataId"]),
        (HEAT_PUMP | {"coldClimate": "no"}, ["coldClimate"]),
        (without(HEAT_PUMP, "waterHeaterUef"), ["waterHeaterUef"]),
    ],
)
async def test_refuses_what_is_no_asset(caller: Caller, fields: dict[str, object], place: list[str | int]) -> None:
    """Name the field, whether an asset is created or changed."""
    asset_id = caller.cloud.add_asset(PLAIN)
    assert await caller.places("POST", "/assets", fields) == [["body", *place]]
    assert await caller.places("PUT", f"/devices/{asset_id}", fields) == [["body", *place]]
    assert list(caller.cloud.assets.values()) == [PLAIN | {"id": asset_id}]
    assert caller.cloud.report()["malformed"] == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind":NaN}', b'{"kind":"solar","kind":"solar"}', b"\xff"])
async def test_refuses_what_is_no_object(caller: Caller, body: bytes) -> None:
    """Want JSON by the letter."""
    status, _ = await caller.ask("POST", "/assets", data=body, headers={"Content-Type": "application/json"})
    assert status == 422
    status, _ = await caller.ask("POST", "/assets", data=json.dumps(PLAIN), headers={"Content-Type": "text/plain"})
    assert status == 422


async def test_unknown_kinds_by_option(caller: Caller) -> None:
    """Take a kind that nobody knows with whatever it has."""
    caller.cloud.accept_unknown_kinds = True
    tide = PLAIN | {"kind": "tidal_trial", "basin": {"depthM": 4}}
    assert (await caller.ask("POST", "/assets", json=tide))[0] == 200
    assert await caller.places("POST", "/assets", without(tide, "name")) == [["body", "name"]]


async def test_custom_id_is_used_once(caller: Caller) -> None:
    """Refuse it for a second asset, created or changed, and let the first keep it."""
    _, first = await caller.ask("POST", "/assets", json=PLAIN | {"customId": "B-1"})
    _, second = await caller.ask("POST", "/assets", json=PLAIN | {"customId": "B-2"})
    either: tuple[Literal[409, 422], ...] = (409, 422)
    for status in either:
        caller.cloud.conflict_status = status
        for method, path in (("POST", "/assets"), ("PUT", f"/assets/{second['id']}")):
            got, answer = await caller.ask(method, path, json=PLAIN | {"customId": "B-1"})
            assert got == status
            assert isinstance(answer["detail"], str) or answer["detail"][0]["loc"] == ["body", "customId"]
    assert (await caller.ask("PUT", f"/assets/{first['id']}", json=PLAIN | {"customId": "B-1"}))[0] == 200
    report = caller.cloud.report()
    assert (len(caller.cloud.assets), report["conflicts"], report["malformed"]) == (2, 4, 0)


async def test_changing_an_asset_replaces_it(caller: Caller) -> None:
    """Keep the id, which the body may name, and nothing that the body does not."""
    _, created = await caller.ask("POST", "/assets", json=PLAIN | {"utility": "Nowhere Light"})
    status, changed = await caller.ask("PUT", f"/assets/{created['id']}", json=PLAIN | {"id": created["id"]})
    assert (status, changed) == (200, PLAIN | {"id": created["id"]})
    assert await caller.ask("GET", f"/assets/{created['id']}") == (200, changed)


async def test_numeric_ids(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Show numbers, and take them as numbers and as texts."""
    async with WattCarbonSimulator(clock=clock, numeric_ids=True, created_status=201) as cloud:
        caller = Caller(cloud, http)
        await caller.sign_in()
        _, meter = await caller.ask("POST", "/meters", json=METER)
        fields = PLAIN | {"meterIds": [meter["id"], str(meter["id"])], "meterId": str(meter["id"])}
        status, asset = await caller.ask("POST", "/assets", json=fields)
        assert status == 201
        assert isinstance(meter["id"], int)
        assert isinstance(asset["id"], int)
        assert await caller.ask("GET", f"/assets/{asset['id']}") == (200, asset)
        assert await caller.ask("GET", f"/assets/{meter['id']}") == (404, {"detail": "Asset not found"})
        assert await caller.places("POST", "/assets", PLAIN | {"meterIds": [True]}) == [["body", "meterIds", 0]]


async def test_account_of_a_seed(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Hold the same assets of several kinds for the same seed, with hours and people nobody else should see."""
    options: dict[str, Any] = {"clock": clock, "seed": 3, "assets": 6, "history_days": 365}
    async with WattCarbonSimulator(**options) as cloud:
        caller = Caller(cloud, http)
        await caller.sign_in()
        _, listed = await caller.ask("GET", "/assets")
        text = json.dumps([listed, list(cloud.meters.values())])
        twin, other = WattCarbonSimulator(**options), WattCarbonSimulator(**options | {"seed": 4})
    assert [each["kind"] for each in listed[:5]] == [
        *("solar", "storage_direct", "electrification", "solar_direct", "thermal_shift_trial")
    ]
    assert cloud.assets == twin.assets != other.assets
    assert all(canary in text for canary in cloud.canaries)
    assert sum(CANARY in canary.lower() for canary in cloud.canaries) >= 10
    assert set(cloud.meters) == {each for asset in listed for each in asset.get("meterIds", [])} != set()
    for asset_id in cloud.assets:
        hours = cloud.hours(asset_id)
        assert hours == twin.hours(asset_id) != other.hours(asset_id)
        assert len(hours) == 365 * 24
        assert max(hours).isoformat() == "2026-03-04T11:00:00+00:00"
    solar, storage = (list(cloud.hours(asset_id).values()) for asset_id in list(cloud.assets)[:2])
    assert min(solar) == 0 < max(solar) < 7
    nights = [value for hour, value in cloud.hours(next(iter(cloud.assets))).items() if 12 <= hour.hour < 18]
    assert max(nights) == 0
    assert min(storage) < 0 < max(storage)
    assert cloud.report()["rows"] == 0


async def test_lost_answer_leaves_the_asset_there(caller: Caller) -> None:
    """Create it and drop the connection: only its custom id finds it again."""
    caller.cloud.faults.script("/assets", ["cut_after"])
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.ask("POST", "/assets", json=SOLAR)
    _, listed = await caller.ask("GET", "/assets")
    assert [each["customId"] for each in listed] == ["B-1"]
    assert (await caller.ask("POST", "/assets", json=SOLAR))[0] == 409


async def test_other_faults(caller: Caller) -> None:
    """Execute nothing when refused, and play what can be played alone."""
    limited, forbidden = Fault("rate_limited", retry_after_s=3), Fault("status", status=403)
    caller.cloud.faults.script("*", ["server_error", "cut_before", limited, forbidden])
    for status in (500, None, 429, 403, 200):
        if status is None:
            with pytest.raises(aiohttp.ClientConnectionError):
                await caller.ask("POST", "/meters", json=METER)
        else:
            assert (await caller.ask("POST", "/meters", json=METER))[0] == status
    assert len(caller.cloud.meters) == 1
    with pytest.raises(ValueError, match="knows no empty_page"):
        caller.cloud.faults.script("*", ["empty_page"])


async def test_log_has_nothing_personal(caller: Caller) -> None:
    """Show kind and custom id, and neither owner nor place."""
    await caller.ask("POST", "/assets", json=SOLAR)
    assert caller.cloud.log.entries[-1].body == {"kind": "solar", "customId": "B-1"}
    assert "Nobody" not in str(caller.cloud.log.entries)
    assert caller.cloud.password not in str(caller.cloud.log.entries)
