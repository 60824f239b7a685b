"""The carbonTRACK simulator: accounts, customers, devices, and what it refuses."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from raw_carbontrack import bearer, post, sign_in

from aiowattbridge.simulators import CarbonTrackSimulator, House, SimulatorClock


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[CarbonTrackSimulator]:
    """Run a cloud with three devices and small pages."""
    async with CarbonTrackSimulator(house=House(7, devices=3), clock=clock, page_size=100) as running:
        yield running


async def test_password_grant(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Give a token of an hour with a refresh token."""
    answer = await sign_in(cloud, http)
    assert answer["status"] == 200
    assert answer["issued_at"] == int(cloud.clock.now().timestamp())
    assert answer["expires_in"] == 3600
    assert answer["token_type"] == "bearer"
    assert answer["refresh_token"]


async def test_refresh_grant_needs_the_password_too_and_gives_no_new_refresh_token(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession
) -> None:
    """Follow the vendor's page, which asks for more than the RFC."""
    first = await sign_in(cloud, http)
    renewed = await sign_in(cloud, http, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert renewed["status"] == 200
    assert renewed["access_token"] != first["access_token"]
    assert "refresh_token" not in renewed
    bare = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    async with http.post(f"{cloud.url}/oauth/token", data=bare) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
    cloud.tokens.revoke_refresh_tokens()
    refused = await sign_in(cloud, http, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (refused["status"], refused["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"username": "wrong"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"scope": "read"}, "invalid_request"),
    ],
)
async def test_refused_grants(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession, form: dict[str, str], error: str
) -> None:
    """Refuse with the errors of RFC 6749."""
    answer = await sign_in(cloud, http, **form)
    assert (answer["status"], answer["error"]) == (400, error)


async def test_tokens_are_asked_for_by_form_alone(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Refuse JSON, and credentials in the URL, which also stand in the log as a violation."""
    form = {"grant_type": "password", "username": cloud.username, "password": cloud.password}
    async with http.post(f"{cloud.url}/oauth/token", json=form) as answer:
        assert answer.status == 400
    assert not cloud.log.violations
    async with http.post(f"{cloud.url}/oauth/token", params=form) as answer:
        assert answer.status == 400
    async with http.get(f"{cloud.url}/ctapi/Customer", params={"UserID": "me"}) as answer:
        assert answer.status == 400
    assert [violation.kind for violation in cloud.log.violations] == ["credentials_in_url"] * 2
    assert cloud.password not in repr(cloud.log.entries)


@pytest.mark.parametrize("path", ["Distributor", "Customer"])
async def test_the_rest_needs_a_living_token(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession, path: str
) -> None:
    """Answer 401 without a token, with an unknown one, and when it has expired by the clock."""
    good = await bearer(cloud, http)
    for headers, advance_s, status in (
        ({}, 0, 401),
        ({"Authorization": "Bearer nonsense"}, 0, 401),
        (good, 3599, 200),
        (good, 1, 401),
    ):
        cloud.clock.advance(advance_s)
        async with http.get(f"{cloud.url}/ctapi/{path}", headers=headers) as answer:
            assert answer.status == status


async def test_distributors_and_customers(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """List them as documented; customers are counted from page 1."""
    headers = await bearer(cloud, http)

    async def customers(**query: str) -> tuple[int, Any]:
        params = {f"customerRequest.{name}": value for name, value in query.items()}
        async with http.get(f"{cloud.url}/ctapi/Customer", params=params, headers=headers) as answer:
            return answer.status, await answer.json()

    async with http.get(f"{cloud.url}/ctapi/Distributor", headers=headers) as answer:
        assert await answer.json() == [{"ID": cloud.house.distributor_id, "UserName": "Sunny Distribution"}]
    status, everybody = await customers()
    assert (status, everybody["RecordCount"]) == (200, 2)
    _, second = await customers(page="2", pageSize="1")
    assert second == {"RecordCount": 2, "CustomerList": everybody["CustomerList"][1:]}
    first = everybody["CustomerList"][0]
    assert len(first) == 17
    for query in (
        {"customerRef": first["AccountNumber"]},
        {"phone": first["Mobile"][:16]},
        {"address": first["Location"][:8].upper()},
    ):
        assert (await customers(**query))[1]["CustomerList"] == [first]
    for query in ({"page": "0"}, {"page": "one"}, {"pageSize": "0"}, {"pageSize": "1000"}, {"surname": "x"}):
        assert (await customers(**query))[0] == 400


async def test_devices(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """List devices with weather and controls, filtered and one by one."""
    everything = await post(cloud, http, "/ctapi/Device", {})
    assert [device["DeviceID"] for device in everything["Devices"]] == list(cloud.house.device_ids)
    assert (everything["Count"], everything["Pages"], everything["PagesIndex"], everything["ResponseCode"]) == (
        3,
        1,
        0,
        0,
    )
    first = everything["Devices"][0]
    assert len(first) == 17
    assert set(first["Weather"]) == {"WeatherLocation", "WeatherTemperature", "WeatherIcon", "DeviceName", "DeviceId"}
    assert set(first["Controls"][0]) == {"ControlId", "ControlType", "IsSwitchEnabled", "Status"}
    assert first["DeviceDataUpdateDateTime"] == "2026-03-04T12:00:00Z"
    one = await post(cloud, http, "/ctapi/Device", {"DeviceID": first["DeviceID"], "RegisteredOnly": True})
    assert one["Devices"] == [first]
    theirs = await post(cloud, http, "/ctapi/Device", {"CustomerReference": first["CustomerRef"]})
    assert theirs["Count"] == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Device", {"DeviceId": "1"}, 400),
        ("Device", {"DeviceID": 4800000700000001}, 400),
        ("Device", {"DeviceID": ["4800000700000001"]}, 400),
        ("Device", {"RegisteredOnly": "true"}, 400),
        ("Device", {"PageIndex": "0"}, 400),
        ("Device", {"PageIndex": True}, 400),
        ("Device", {"PageIndex": -1}, 400),
        ("Device", {"DistributorID": "mine"}, 400),
        ("Device", {"DistributorID": "00000000-0000-0000-0000-000000000000"}, 403),
        ("Device", {"DeviceID": "4800000700009999"}, 403),
        ("Device", [], 400),
        ("Measurement", {}, 400),
        ("Measurement", {"DeviceID": "4800000700009999"}, 403),
        ("Measurement", {"ID": "file"}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "FromUTCDate": "2026-03-04"}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "FromUTCDate": "2026-03-04T00:00:00"}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "FromUTCDate": "2026-02-30T00:00:00Z"}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "FromUTCDate": 1772582400}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "ToUTCDate": None}, 400),
        ("Measurement", {"DeviceID": "4800000700000001", "From": "2026-03-04T00:00:00Z"}, 400),
        (
            "Measurement",
            {
                "DeviceID": "4800000700000001",
                "FromUTCDate": "2026-03-04T00:00:01Z",
                "ToUTCDate": "2026-03-04T00:00:00Z",
            },
            400,
        ),
    ],
)
async def test_refused_bodies(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession, path: str, body: object, status: int
) -> None:
    """Refuse what is not as documented."""
    assert (await post(cloud, http, f"/ctapi/{path}", body))["status"] == status


async def test_refused_writings(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> None:
    """Refuse broken JSON, a key twice, another content type, an unknown path and the wrong method."""
    headers = await bearer(cloud, http)
    as_json = headers | {"Content-Type": "application/json"}
    for method, path, data, its_headers, status in (
        ("POST", "/ctapi/Device", '{"DeviceID":', as_json, 400),
        ("POST", "/ctapi/Device", '{"PageIndex":0,"PageIndex":0}', as_json, 400),
        ("POST", "/ctapi/Device", "{}", headers | {"Content-Type": "text/json"}, 400),
        ("POST", "/ctapi/Device?page=1", "{}", as_json, 400),
        ("GET", "/ctapi/Device", None, headers, 405),
        ("GET", "/ctapi/Nothing", None, headers, 404),
    ):
        async with http.request(method, f"{cloud.url}{path}", data=data, headers=its_headers) as answer:
            assert answer.status == status


async def test_device_that_is_away_is_refused_until_it_is_back(
    cloud: CarbonTrackSimulator, http: aiohttp.ClientSession
) -> None:
    """Neither listed nor readable, like one that is somebody else's."""
    first, second, third = cloud.house.device_ids
    cloud.house.away.add(second)
    listed = await post(cloud, http, "/ctapi/Device", {})
    assert [device["DeviceID"] for device in listed["Devices"]] == [first, third]
    for path in ("/ctapi/Device", "/ctapi/Measurement"):
        assert (await post(cloud, http, path, {"DeviceID": second}))["status"] == 403
    cloud.house.away.clear()
    assert (await post(cloud, http, "/ctapi/Device", {"DeviceID": second}))["Count"] == 1
