"""Discovery: every device once, with customer and distributor where the cloud names them, no faster than asked."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from carbontrack_bench import TokenDesk, by_path
from kernel_bench import JumpingClock, Reply, says

from aiowattbridge.carbontrack import CarbonTrackClient, Installation, discovery
from aiowattbridge.errors import ForbiddenError, ServerError
from aiowattbridge.simulators import CarbonTrackSimulator, House, SimulatorClock

REFUSED = says('{"Message": "no"}', 403)


def distributors(*ids: str) -> Reply:
    """List distributors."""
    return says(json.dumps([{"ID": each} for each in ids]))


def customers(**devices: list[str]) -> Reply:
    """List customers of distributor d1 with the ids of their devices."""
    people = [{"CustomerId": name, "DistributorId": "d1", "Devices": ids} for name, ids in devices.items()]
    return says(json.dumps({"RecordCount": len(people), "CustomerList": people}))


def devices(*ids: str, hidden: tuple[str, ...] = (), **of_distributor: tuple[str, ...]) -> Reply:
    """List devices, or those of a distributor, or one by its id; hidden ones come only when asked for."""

    async def reply(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if "DeviceID" in body:
            found = [body["DeviceID"]] if body["DeviceID"] in (*ids, *hidden) else []
        elif "DistributorID" in body:
            found = list(of_distributor.get(body["DistributorID"], ()))
        else:
            found = list(ids)
        return web.json_response({"Devices": [{"DeviceID": each} for each in found], "Pages": int(bool(found))})

    return reply


def asked_for(desk: TokenDesk) -> list[dict[str, str]]:
    """List what was asked of the devices."""
    return [json.loads(seen.body) for seen in desk.asked if seen.path == "/ctapi/Device"]


async def found(client: CarbonTrackClient) -> list[tuple[str | None, str | None, str]]:
    """Discover all: distributor, customer, device."""
    return [names(installation) async for installation in client.discover()]


def names(installation: Installation) -> tuple[str | None, str | None, str]:
    """Name what an installation is made of."""
    distributor, customer = installation.distributor, installation.customer
    return (
        None if distributor is None else distributor.id,
        None if customer is None else customer.customer_id,
        installation.device.device_id,
    )


@pytest.fixture
async def town() -> AsyncIterator[CarbonTrackSimulator]:
    """A distributor's cloud with 460 devices of 230 customers."""
    now = SimulatorClock(datetime(2026, 3, 14, 12, tzinfo=UTC), frozen=True)
    async with CarbonTrackSimulator(house=House(7, devices=460), clock=now) as running:
        yield running


async def test_large_account_is_matched_page_by_page(
    session: aiohttp.ClientSession, town: CarbonTrackSimulator, clock: JumpingClock
) -> None:
    """Every device with its owner, in a few requests for each hundred; the first after three."""
    client = CarbonTrackClient(town.username, town.password, session=session, base_url=town.url, clock=clock)
    async with aclosing(client.discover()) as installations:
        first = await anext(installations)
        counts = [town.log.count(f"/ctapi/{name}") for name in ("Distributor", "Customer", "Device")]
        assert counts == [1, 1, 1]
        installed = [first, *[each async for each in installations]]
    assert [each.device.device_id for each in installed] == list(town.house.device_ids)
    for each in installed:
        assert each.customer is not None
        assert each.device.device_id in each.customer.devices
        assert each.distributor is not None
        assert each.distributor.id == town.house.distributor_id
    assert town.log.count("/ctapi/Customer") == 3
    # Once as the distributor's, once as the account's.
    assert town.log.count("/ctapi/Device") == 10
    assert not town.log.violations


@pytest.mark.parametrize("none", [REFUSED, distributors(), says(status=404)], ids=["refused", "empty", "not there"])
async def test_plain_user_gets_the_devices_of_the_account(
    client: CarbonTrackClient, desk: TokenDesk, none: Reply
) -> None:
    """Neither distributors nor customers are for everybody."""
    desk.serve(by_path(Distributor=none, Customer=REFUSED, Device=devices("a", "b")))
    assert await found(client) == [(None, None, "a"), (None, None, "b")]


async def test_devices_of_no_customer_come_last(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """With their distributor if they have one."""
    desk.serve(
        by_path(
            Distributor=distributors("d1", "d2"),
            Customer=customers(ada=["c", "a"], bob=[]),
            Device=devices("z", "a", "b", d1=("a", "b", "c"), d2=("y",)),
        )
    )
    assert await found(client) == [
        ("d1", "ada", "c"),
        ("d1", "ada", "a"),
        ("d1", None, "b"),
        ("d2", None, "y"),
        (None, None, "z"),
    ]


async def test_device_of_two_customers_comes_once(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """With the first of them."""
    desk.serve(
        by_path(
            Distributor=distributors("d1"),
            Customer=customers(ada=["a", "a"], bob=["a", "b"]),
            Device=devices("a", "b", "a", d1=("a", "b")),
        )
    )
    assert await found(client) == [("d1", "ada", "a"), ("d1", "bob", "b")]


async def test_device_that_is_not_listed_is_asked_for(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """One that the cloud does not know either is left out."""
    desk.serve(
        by_path(Distributor=REFUSED, Customer=customers(ada=["x", "a", "ghost"]), Device=devices("a", hidden=("x",)))
    )
    assert await found(client) == [(None, "ada", "x"), (None, "ada", "a")]
    assert [body.get("DeviceID") for body in asked_for(desk)] == [None, "x", "ghost"]


async def test_no_more_devices_are_kept_than_agreed(
    client: CarbonTrackClient, desk: TokenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the two lists go in opposite directions, each is asked for by itself."""
    monkeypatch.setattr(discovery, "LOOK_AHEAD", 2)
    ids = ["a", "b", "c", "d", "e"]
    desk.serve(
        by_path(
            Distributor=REFUSED,
            Customer=customers(**{f"of_{each}": [each] for each in reversed(ids)}),
            Device=devices(*ids),
        )
    )
    assert await found(client) == [(None, f"of_{each}", each) for each in reversed(ids)]
    assert [body["DeviceID"] for body in asked_for(desk) if "DeviceID" in body] == ["e", "d", "c"]


async def test_distributor_whose_devices_are_refused_does_not_hide_the_others(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """The customer still names the distributor."""

    async def choosy(request: web.Request) -> web.StreamResponse:
        refused = "DistributorID" in await request.json()
        return await (REFUSED if refused else devices("a"))(request)

    desk.serve(by_path(Distributor=distributors("d1"), Customer=customers(ada=["a"]), Device=choosy))
    assert await found(client) == [("d1", "ada", "a")]


async def test_plain_user_whose_devices_are_refused_is_told(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """An account without anything is not the same."""
    desk.serve(by_path(Distributor=REFUSED, Customer=REFUSED, Device=REFUSED))
    with pytest.raises(ForbiddenError):
        await found(client)


async def test_cloud_in_trouble_is_not_an_account_without_distributors(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """Nor without customers."""
    trouble = says(status=500)
    desk.serve(by_path(Distributor=trouble, Customer=customers(), Device=devices("a")))
    with pytest.raises(ServerError):
        await found(client)
    desk.serve(by_path(Distributor=REFUSED, Customer=trouble, Device=devices("a")))
    with pytest.raises(ServerError):
        await found(client)


async def test_refusal_in_the_middle_of_a_list_is_an_error(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Half of the customers are not all of them."""
    people = [{"CustomerId": f"c{number}", "Devices": []} for number in range(100)]
    full = json.dumps({"RecordCount": 150, "CustomerList": people})

    async def first_page(request: web.Request) -> web.StreamResponse:
        return await (says(full) if "page=1&" in request.query_string else REFUSED)(request)

    desk.serve(by_path(Distributor=REFUSED, Customer=first_page, Device=devices("a")))
    with pytest.raises(ForbiddenError):
        await found(client)
