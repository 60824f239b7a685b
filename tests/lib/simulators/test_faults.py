"""Every fault the simulators play, seen from the other end of the wire."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from aiowattbridge.simulators import CarbonTrackSimulator, Fault, FaultKind, House, SimulatorClock, WatticsSimulator

POST = "/measurements/v2/unifiedjson/"
PACKET = b'{"id":"s1","tsISO8601":"2026-03-04T12:05:00.000+01:00","pC_1":1.5}'


@pytest.fixture
async def cloud(clock: SimulatorClock) -> AsyncIterator[WatticsSimulator]:
    """Run a collector."""
    async with WatticsSimulator(clock=clock) as running:
        yield running


async def send(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> tuple[int, str, str, str | None]:
    """Post a packet and tell status, content type, body and Retry-After."""
    headers = {
        "Authorization": aiohttp.encode_basic_auth(cloud.username, cloud.password),
        "Content-Type": "application/json",
    }
    async with http.post(f"{cloud.url}{POST}", data=PACKET, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.text(), answer.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "accepted"),
    [
        ("rate_limited", 429, "application/json", 0),
        ("server_error", 500, "application/json", 0),
        (Fault("server_error", executed=True), 500, "application/json", 1),
        ("bad_gateway", 502, "text/html", 0),
        ("unavailable", 503, "application/json", 0),
        (Fault("status", status=408), 408, "application/json", 0),
        ("html", 200, "text/html", 0),
        ("empty_body", 200, "application/json", 1),
        ("wrong_content_type", 200, "text/plain", 1),
        ("token_expired", 401, "text/plain", 0),
    ],
)
async def test_answers_that_are_none(
    cloud: WatticsSimulator,
    http: aiohttp.ClientSession,
    fault: Fault | str,
    status: int,
    content_type: str,
    accepted: int,
) -> None:
    """Answer in the cloud's place, for one request, with or without executing it."""
    cloud.faults.script(POST, [fault])
    seen = await send(cloud, http)
    assert seen[:2] == (status, content_type)
    assert cloud.report()["accepted"] == accepted
    assert cloud.faults.pending == 0
    assert (await send(cloud, http))[0] == 200
    assert cloud.log.count(POST) == 2
    assert cloud.log.count(POST, status=status, fault=str(fault.kind if isinstance(fault, Fault) else fault)) == 1


@pytest.mark.parametrize(("kind", "accepted"), [("cut_before", 0), ("cut_after", 1), ("cut_body", 1)])
async def test_cut_connections(cloud: WatticsSimulator, http: aiohttp.ClientSession, kind: str, accepted: int) -> None:
    """Drop the connection before or after the packet is stored."""
    cloud.faults.script("*", [kind])
    with pytest.raises(aiohttp.ClientError):
        await send(cloud, http)
    assert cloud.report()["accepted"] == accepted
    assert cloud.log.count(status=None, fault=kind) == 1
    assert (await send(cloud, http))[0] == 200


@pytest.mark.parametrize("kind", ["slow_answer", "slow_body"])
async def test_slow_answers_come_whole_to_the_patient(
    cloud: WatticsSimulator, http: aiohttp.ClientSession, kind: str
) -> None:
    """Answer late; the packet is stored at once, also for a client that gives up."""
    cloud.faults.script("*", [Fault(kind, delay_s=0.1), Fault(kind, delay_s=30)])
    started = time.monotonic()
    assert (await send(cloud, http))[2] == "OK"
    assert time.monotonic() - started >= 0.1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await send(cloud, http)
    assert cloud.report()["accepted"] == 2


async def test_truncated_json(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Send half of the JSON in a whole HTTP answer."""
    async with CarbonTrackSimulator(clock=clock) as cloud:
        cloud.faults.script("/oauth/token", ["truncated_json"])
        form = {"grant_type": "password", "username": cloud.username, "password": cloud.password}
        async with http.post(f"{cloud.url}/oauth/token", data=form) as answer:
            text = await answer.text()
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert text.startswith('{"access_token":')
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(text)


async def test_page_faults_and_in_band_errors(clock: SimulatorClock, http: aiohttp.ClientSession) -> None:
    """Repeat a page, empty one, report an error inside a 200, lose the token."""
    async with CarbonTrackSimulator(house=House(7), clock=clock, page_size=10) as cloud:
        form = {"grant_type": "password", "username": cloud.username, "password": cloud.password}
        async with http.post(f"{cloud.url}/oauth/token", data=form) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}

        async def page(number: int) -> dict[str, Any]:
            body = {"DeviceID": cloud.house.device_ids[0], "PageIndex": number}
            async with http.post(f"{cloud.url}/ctapi/Measurement", json=body, headers=headers) as answer:
                found: dict[str, Any] = await answer.json()
                return {"status": answer.status} | found

        first, second = await page(0), await page(1)
        faults: list[Fault | str] = [
            "duplicate_page",
            "empty_page",
            Fault("in_band", status=42, text="No."),
            "token_expired",
        ]
        cloud.faults.script("/ctapi/Measurement", faults)
        again, empty, in_band, expired = [await page(1) for _ in faults]
        assert (again["Measurements"], again["PagesIndex"]) == (first["Measurements"], 1)
        assert (empty["Measurements"], empty["Pages"], empty["Count"]) == ([], second["Pages"], second["Count"])
        assert (in_band["status"], in_band["Error"], in_band["ErrorNumber"]) == (200, 1, 42)
        assert in_band["ErrorMessage"] == "No."
        assert expired["status"] == 401
        # The token is really gone, not only refused once.
        assert (await page(1))["status"] == 401


async def test_retry_after_in_seconds_closes_a_window(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Log a request that comes too early and none that comes in time."""
    cloud.faults.script("*", [Fault("rate_limited", retry_after_s=10), None, Fault("unavailable", retry_after_s=1.5)])
    assert (await send(cloud, http))[3] == "10"
    cloud.clock.advance(9)
    assert (await send(cloud, http))[0] == 200
    assert [violation.kind for violation in cloud.log.violations] == ["inside_retry_after"]
    cloud.clock.advance(1)
    assert (await send(cloud, http))[3] == "1.5"
    cloud.clock.advance(1.5)
    assert (await send(cloud, http))[0] == 200
    assert len(cloud.log.violations) == 1


async def test_retry_after_as_a_date(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Tell the date at which the window opens, in whole seconds, never too early."""
    cloud.clock.advance(0.25)
    cloud.faults.script("*", [Fault("rate_limited", retry_after_s=10, as_date=True)])
    _, _, _, header = await send(cloud, http)
    assert header is not None
    assert parsedate_to_datetime(header) - cloud.clock.now() == timedelta(seconds=10.75)
    cloud.clock.set(parsedate_to_datetime(header))
    await send(cloud, http)
    assert not cloud.log.violations


async def test_an_enforced_window_stays_closed(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Answer every request the same way until the time has passed, with the time that is left."""
    cloud.faults.script("*", [Fault("rate_limited", retry_after_s=100_000.5, enforced=True)])
    assert (await send(cloud, http))[3] == "100000.5"
    cloud.clock.advance(40_000)
    assert (await send(cloud, http))[::3] == (429, "60000.5")
    cloud.clock.advance(60_000.5)
    assert (await send(cloud, http))[0] == 200
    assert len(cloud.log.violations) == 1


async def test_requests_under_way_elsewhere_break_no_window(cloud: WatticsSimulator) -> None:
    """Forgive requests on other connections that may have left before the answer arrived."""
    cloud.faults.script("*", [Fault("rate_limited", retry_after_s=10)])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as many:
        await asyncio.gather(*(send(cloud, many) for _ in range(8)))
    assert not cloud.log.violations


async def test_scripts_by_path_come_before_scripts_for_all(
    cloud: WatticsSimulator, http: aiohttp.ClientSession
) -> None:
    """Take the turn of the path first, then the common one; None lets a request through."""
    cloud.faults.script("/elsewhere", ["html"])
    cloud.faults.script("*", ["server_error"])
    cloud.faults.script(POST, [None, FaultKind.UNAVAILABLE])
    assert [(await send(cloud, http))[0] for _ in range(4)] == [200, 503, 500, 200]
    assert cloud.faults.pending == 1
    cloud.faults.clear()
    assert cloud.faults.pending == 0


async def test_a_profile_is_drawn_from_its_seed(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Fail in the shares asked for, the same way for the same seed."""

    async def play(seed: int) -> list[int]:
        shares: dict[Fault | str, float] = {"server_error": 0.3, Fault("status", status=425): 0.2}
        cloud.faults.profile(seed, shares)
        return [(await send(cloud, http))[0] for _ in range(100)]

    first, again, other = await play(1), await play(1), await play(2)
    assert first == again
    assert first != other
    counts = Counter(first)
    assert 15 < counts[500] < 45
    assert 8 < counts[425] < 35
    cloud.faults.clear()
    assert (await send(cloud, http))[0] == 200


def test_refuses_faults_that_cannot_be() -> None:
    """Complain when the script is written, not when it is played."""
    cloud = WatticsSimulator()
    for kind in ("duplicate_page", "no such fault"):
        with pytest.raises(ValueError, match=r"duplicate_page|no such fault"):
            cloud.faults.script("*", [kind])
    with pytest.raises(ValueError, match="needs a status"):
        Fault("status")
    with pytest.raises(ValueError, match="Retry-After"):
        Fault("html", retry_after_s=1)
    with pytest.raises(ValueError, match="shares"):
        cloud.faults.profile(1, {"html": 0.6, "server_error": 0.6})


async def test_the_log_counts_and_forgets(cloud: WatticsSimulator, http: aiohttp.ClientSession) -> None:
    """Count by any property, tell the time of each request, and start anew."""
    await send(cloud, http)
    [entry] = cloud.log.entries
    assert (entry.at, entry.method, entry.path, entry.status) == (cloud.clock.now(), "POST", POST, 200)
    assert cloud.log.count(method="GET") == 0
    assert cloud.log.statuses() == {200: 1}
    assert cloud.summary() == "200 x 1; 0 violations"
    cloud.log.clear()
    assert (cloud.log.total, cloud.log.count()) == (0, 0)
