"""Whether assets are under `/assets` or `/devices` is found out by the first call, whichever that is."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from kernel_bench import JumpingClock, ScriptedCloud, says
from wattcarbon_bench import API_KEY, EMAIL, SmallCloud, collect, hours, solar

from aiowattbridge.errors import NotFoundError, ServerError
from aiowattbridge.wattcarbon import WattCarbonClient

type FirstCall = Callable[[WattCarbonClient], Awaitable[object]]

FIRST_CALLS: dict[str, FirstCall] = {
    "list": lambda client: client.assets(),
    "get": lambda client: client.asset("7"),
    "find": lambda client: client.find_asset("kept"),
    "create": lambda client: client.create_asset(solar()),
    "update": lambda client: client.update_asset("7", solar()),
    "upload": lambda client: collect(client.upload("7", hours(3))),
}


@pytest.fixture(autouse=True)
def _kept(small: SmallCloud) -> None:
    """Let there be an asset."""
    small.assets.append({"id": 7, "customId": "kept", "name": "Kept", "kind": "solar"})


@pytest.mark.parametrize("call", FIRST_CALLS.values(), ids=FIRST_CALLS)
async def test_newer_path_is_taken_without_a_question(
    client: WattCarbonClient, small: SmallCloud, call: FirstCall
) -> None:
    """One request for one call."""
    assert await call(client)
    assert client.collection == "assets"
    assert len(small.asked) == 1


@pytest.mark.parametrize("call", FIRST_CALLS.values(), ids=FIRST_CALLS)
async def test_older_path_is_found_by_any_first_call(
    client: WattCarbonClient, small: SmallCloud, call: FirstCall
) -> None:
    """Which succeeds as if nothing had been in the way, and takes effect once; the next call knows."""
    small.collection = "devices"
    assert await call(client)
    assert client.collection == "devices"
    assert len(small.assets) <= 2
    before = len(small.asked)
    await client.asset("7")
    assert small.lines[before:] == ["GET /devices/7"]


@pytest.mark.parametrize("collection", ["assets", "devices"])
async def test_asset_that_is_not_there_is_no_reason_to_switch(
    client: WattCarbonClient, small: SmallCloud, collection: str
) -> None:
    """The collections themselves are asked once, and the path that is there stays."""
    small.collection = collection
    with pytest.raises(NotFoundError):
        await client.asset("8")
    assert client.collection == collection
    before = len(small.asked)
    with pytest.raises(NotFoundError):
        await client.asset("8")
    assert small.lines[before:] == [f"GET /{collection}/8"]


async def test_many_first_calls_find_it_out_once(client: WattCarbonClient, small: SmallCloud) -> None:
    """The others wait for the one that asks."""
    small.collection = "devices"
    await asyncio.gather(*(client.asset("7") for _ in range(20)))
    assert [line for line in small.lines if line != "GET /devices/7"] == [
        "GET /assets/7",
        "GET /assets",
        "GET /devices",
    ]
    assert small.lines.count("GET /devices/7") == 20


async def test_first_list_of_the_older_path_needs_no_second_question(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """Its own 404 says it."""
    small.collection = "devices"
    await client.assets()
    assert small.lines.count("GET /assets") == 1


async def test_cancelled_first_call_leaves_the_question_to_the_next(
    client: WattCarbonClient, small: SmallCloud
) -> None:
    """Nobody waits for ever."""
    arrived = asyncio.Event()

    async def stall(_: object) -> aiohttp.web.StreamResponse:
        arrived.set()
        await asyncio.sleep(60)
        raise AssertionError

    small.serve(stall)
    first = asyncio.create_task(client.assets())
    await arrived.wait()
    second = asyncio.create_task(client.assets())
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 1


async def test_failure_settles_nothing(client: WattCarbonClient, small: SmallCloud) -> None:
    """A cloud in trouble has neither path for the moment."""
    small.collection = "devices"
    small.serve(None, says(status=503), says(status=503), says(status=503), says(status=503))
    with pytest.raises(ServerError):
        await client.asset("7")
    assert client.collection is None
    assert (await client.asset("7")).asset_id == "7"


async def test_cloud_without_either_path_is_said_to_have_neither(client: WattCarbonClient, small: SmallCloud) -> None:
    """And nothing is concluded for later."""
    small.collection = "sites"
    with pytest.raises(NotFoundError, match="has neither /assets nor /devices"):
        await client.assets()
    assert client.collection is None
    small.collection = "assets"
    assert len(await client.assets()) == 1


async def test_refused_list_shows_that_the_path_is_there(client: WattCarbonClient, small: SmallCloud) -> None:
    """An account may be allowed to write and not to list."""
    small.serve(None, says('{"detail": "not yours"}', 403))
    with pytest.raises(NotFoundError, match="/assets/8"):
        await client.asset("8")
    assert client.collection == "assets"


@pytest.mark.parametrize("pinned", ["assets", "devices"])
async def test_pinned_path_is_never_left(
    session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock, small: SmallCloud, pinned: str
) -> None:
    """Not even where it is not there."""
    client = WattCarbonClient(
        EMAIL,
        API_KEY,
        session=session,
        base_url=cloud.url,
        clock=clock,
        collection="assets" if pinned == "assets" else "devices",
    )
    small.collection = pinned
    assert len(await client.assets()) == 1
    small.collection = "sites"
    with pytest.raises(NotFoundError, match=f"/{pinned}: knows no such thing"):
        await client.assets()
    assert {seen.path for seen in small.asked} == {f"/{pinned}"}
