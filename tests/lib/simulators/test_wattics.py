"""The Wattics simulator: what it enforces, keeps and counts."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from aiowattbridge.simulators import Fault, SimulatorClock, WatticsSimulator

PATH = "/measurements/v2/unifiedjson"
GOOD = {"id": "s1", "tsISO8601": "2026-03-04T12:05:00.000+01:00", "pC_1": 1.5}


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[WatticsSimulator]:
    """Run a collector."""
    async with WatticsSimulator(clock=clock) as running:
        yield running


def basic(cloud: WatticsSimulator) -> dict[str, str]:
    """Give the header of the account."""
    return {"Authorization": aiohttp.encode_basic_auth(cloud.username, cloud.password)}


async def send(
    cloud: WatticsSimulator, http: aiohttp.ClientSession, packet: object, route: str = "/", **headers: str
) -> int:
    """Post a packet, given as it is or to be written as JSON."""
    data = packet if isinstance(packet, bytes) else json.dumps(packet).encode()
    whole = {"Content-Type": "application/json"} | basic(cloud) | headers
    async with http.post(f"{cloud.url}{PATH}{route}", data=data, headers=whole) as answer:
        assert answer.status == 200 or await answer.text()
        return answer.status


async def last(cloud: WatticsSimulator, http: aiohttp.ClientSession, stream_id: str) -> tuple[int, str]:
    """Ask for the last packet."""
    params = {"stream": stream_id}
    async with http.get(f"{cloud.url}{PATH}/", params=params, headers=basic(cloud)) as answer:
        return answer.status, await answer.text()


async def test_keeps_packets_in_the_order_of_arrival(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Store what is right and say how it came."""
    assert await send(cloud, http, GOOD) == 200
    assert await send(cloud, http, GOOD | {"tsISO8601": "2026-03-04T12:10:00.000+01:00"}) == 200
    assert await send(cloud, http, {"id": "s2", "tsISO8601": GOOD["tsISO8601"], "value": -3}) == 200
    assert cloud.accepted["s1"][0].packet == GOOD
    assert cloud.accepted["s1"][1].instant.isoformat() == "2026-03-04T11:10:00+00:00"
    assert cloud.report() == {
        "accepted": 3,
        "streams": {"s1": 2, "s2": 1},
        "duplicates": 0,
        "out_of_order": 0,
        "cookie_breaks": 0,
        "sessions": 1,
        "unauthorised": 0,
        "malformed": 0,
        "rejected": 0,
        "violations": 0,
    }


def changed(**fields: object) -> dict[str, object]:
    """Change the good packet; None takes a field out."""
    return {name: value for name, value in (GOOD | fields).items() if value is not None}


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"[]",
        b'"packet"',
        b'{"id":"s1"',
        json.dumps(GOOD, indent=1).encode(),
        json.dumps(GOOD).encode() + b"\n",
        json.dumps([GOOD]).encode(),
        json.dumps(GOOD).encode().replace(b"1.5", b"NaN"),
        json.dumps(GOOD).encode().replace(b"1.5", b"1e999"),
        json.dumps(GOOD).encode().replace(b"}", b',"pC_1":2}'),
        "{\u201cid\u201d:1}".encode(),
        changed(id=None),
        changed(id=""),
        changed(id=7),
        changed(pC_1=None),
        changed(pC_1="1.5"),
        changed(pC_1=True),
        {**GOOD, "pC_1": None},
        changed(value=1),
        changed(pC_4=1),
        changed(name="meter"),
        changed(tsISO8601=None),
        changed(tsISO8601=1772582400),
        changed(tsISO8601="2026-03-04T12:05:00+01:00"),
        changed(tsISO8601="2026-03-04T12:05:00.000Z"),
        changed(tsISO8601="2026-03-04T12:05:00.000000+01:00"),
        changed(tsISO8601="2026-03-04 12:05:00.000+01:00"),
        changed(tsISO8601="2026-02-29T12:05:00.000+01:00"),
        changed(tsISO8601="2026-03-04T12:05:00.000+15:00"),
        changed(tsISO8601="2026-03-04T12:05:00.000+01:00:00"),
    ],
)
async def test_malformed_packets(cloud: WatticsSimulator, http: aiohttp.ClientSession, packet: object) -> None:
    """Refuse whatever is not as the vendor's page has it."""
    assert await send(cloud, http, packet) == 400
    assert cloud.report()["malformed"] == 1
    assert not cloud.accepted


async def test_other_refusals(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Refuse the wrong account, content type, path, method and query."""
    assert await send(cloud, http, GOOD, Authorization="Basic bm9ib2R5Og==") == 401
    async with http.get(f"{cloud.url}{PATH}/?stream=s1") as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="collector"')
    assert await send(cloud, http, GOOD, **{"Content-Type": "text/plain"}) == 400
    assert await send(cloud, http, GOOD, "") == 404
    assert await send(cloud, http, GOOD, "/?stream=s1") == 400
    async with http.get(f"{cloud.url}{PATH}_utc/", headers=basic(cloud)) as answer:
        assert answer.status == 405
    async with http.get(f"{cloud.url}{PATH}/?id=s1", headers=basic(cloud)) as answer:
        assert answer.status == 400
    assert cloud.report()["unauthorised"] == 2
    assert cloud.report()["accepted"] == 0


async def test_utc_and_partial_routes(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Take UTC alone on the one, and a time stamp's parameters one after another on the other."""
    assert await send(cloud, http, GOOD, "_utc/") == 400
    assert await send(cloud, http, changed(tsISO8601="2026-03-04T11:00:00.000+00:00"), "_utc/") == 200
    assert await send(cloud, http, GOOD, "_partial/") == 200
    assert await send(cloud, http, changed(pC_1=None, pC_2=4), "_partial/") == 200
    assert cloud.report()["duplicates"] == 0
    assert await send(cloud, http, changed(pC_2=4), "_partial/") == 200
    assert cloud.report()["duplicates"] == 1
    assert [stored.route for stored in cloud.accepted["s1"]] == ["utc", "partial", "partial", "partial"]


async def test_counts_duplicates_and_disorder(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Compare instants, however they are written, within a stream."""
    for text in (
        "2026-03-04T12:05:00.000+01:00",
        "2026-03-04T11:05:00.000+00:00",
        "2026-03-04T11:00:00.000+00:00",
        "2026-03-04T11:10:00.000+00:00",
    ):
        assert await send(cloud, http, changed(tsISO8601=text)) == 200
    assert await send(cloud, http, changed(id="s2")) == 200
    report = cloud.report()
    assert (report["duplicates"], report["out_of_order"]) == (1, 1)


@pytest.mark.parametrize("shape", ["object", "list", "unknown"])
async def test_tells_the_last_packet(clock: SimulatorClock, http: aiohttp.ClientSession, shape: Any) -> None:
    """Show the packet received last, in the shape asked for."""
    async with WatticsSimulator(clock=clock, get_shape=shape) as cloud:
        newer = changed(tsISO8601="2026-03-04T12:10:00.000+01:00")
        for packet in (newer, GOOD):
            await send(cloud, http, packet)
        status, text = await last(cloud, http, "s1")
        assert status == 200
        if shape == "unknown":
            assert "tsISO8601" not in text
        else:
            assert json.loads(text) == (GOOD if shape == "object" else [newer, GOOD])
        assert (await last(cloud, http, "never"))[0] == (200 if shape == "unknown" else 404)
        cloud.get_empty_status = 200
        if shape == "object":
            assert await last(cloud, http, "never") == (200, "{}")


@pytest.mark.parametrize("status", [400, 404])
async def test_known_streams(clock: SimulatorClock, http: aiohttp.ClientSession, status: Any) -> None:
    """Refuse a stream that was not registered."""
    async with WatticsSimulator(clock=clock, known_streams={"s1"}, unknown_stream_status=status) as cloud:
        assert await send(cloud, http, GOOD) == 200
        assert await send(cloud, http, changed(id="s2")) == status
        assert (await last(cloud, http, "s2"))[0] == status
        assert cloud.report()["accepted"] == 1


async def test_scripted_rejections(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Refuse the packets one is told to refuse, until the rejection is taken back."""
    rejection = cloud.reject("s1", lambda packet: packet["pC_1"] == 1.5, status=422)
    assert await send(cloud, http, GOOD) == 422
    assert await send(cloud, http, changed(pC_1=2)) == 200
    assert await send(cloud, http, changed(id="s2")) == 200
    cloud.rejections.remove(rejection)
    assert await send(cloud, http, GOOD) == 200
    assert cloud.report()["rejected"] == 1


async def test_expects_its_cookie_back(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Count a request without the cookie on a connection that was given one, and no new client."""
    for _ in range(3):
        await send(cloud, http, GOOD)
    assert (cloud.report()["sessions"], cloud.report()["cookie_breaks"]) == (1, 0)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as forgetful:
        await send(cloud, forgetful, GOOD)
        assert (cloud.report()["sessions"], cloud.report()["cookie_breaks"]) == (2, 0)
        await send(cloud, forgetful, GOOD)
        assert (cloud.report()["sessions"], cloud.report()["cookie_breaks"]) == (3, 1)


async def test_rotates_its_cookie(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Give a new cookie now and then; a client that follows breaks nothing."""
    async with WatticsSimulator(clock=clock, rotate_cookie_every=2) as cloud:
        for _ in range(6):
            await send(cloud, http, GOOD)
        assert (cloud.report()["sessions"], cloud.report()["cookie_breaks"]) == (4, 0)


async def test_keeps_only_the_last_packet_when_asked(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Save memory on long runs and count all the same."""
    async with WatticsSimulator(clock=clock, keep_packets=False) as cloud:
        for minute in (1, 2, 2):
            await send(cloud, http, changed(tsISO8601=f"2026-03-04T12:0{minute}:00.000+01:00"))
        assert len(cloud.accepted["s1"]) == 1
        assert (cloud.report()["accepted"], cloud.report()["duplicates"]) == (3, 1)


async def test_goes_away_and_comes_back_on_the_same_port(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Refuse connections while stopped and know everything afterwards."""
    await send(cloud, http, GOOD)
    url = cloud.url
    await cloud.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(cloud, http, GOOD)
    await cloud.start()
    assert cloud.url == url
    assert json.loads((await last(cloud, http, "s1"))[1]) == GOOD


async def test_a_refused_account_by_fault(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Play an account whose credentials stopped being good."""
    cloud.faults.script("*", ["token_expired", Fault("status", status=403)])
    assert await send(cloud, http, GOOD) == 401
    assert await send(cloud, http, GOOD) == 403
    assert await send(cloud, http, GOOD) == 200
    assert cloud.report()["accepted"] == 1
