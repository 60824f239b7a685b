"""One request each: what goes over the wire, and what every answer means."""

import logging
import traceback
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from wattics_bench import CANARY, POST_PATH, START, RecordingClock, packet, values_of

from aiowattbridge.errors import (
    CredentialsError,
    RateLimitedError,
    RejectedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    TryLaterError,
    UnreachableError,
    WattbridgeError,
)
from aiowattbridge.retry import RetryPolicy
from aiowattbridge.simulators import Fault, FaultKind, WatticsSimulator
from aiowattbridge.wattics import ElectricityPacket, LastPacket, SendAnswer, WatticsClient

LOCAL = ElectricityPacket(
    "meter", datetime(2026, 7, 1, 14, tzinfo=ZoneInfo("Asia/Kolkata")), {"pC_1": 10, "v_12": 400.5}
)


async def test_each_way_of_sending_has_its_door(client: WatticsClient, cloud: WatticsSimulator) -> None:
    """Whole, partial, and in UTC."""
    assert await client.send(LOCAL) == SendAnswer(200, "OK")
    assert await client.send(LOCAL, partial=True) == SendAnswer(200, "OK")
    assert await client.send_utc(LOCAL) == SendAnswer(200, "OK")
    stored = cloud.accepted["meter"]
    assert [one.route for one in stored] == ["local", "partial", "utc"]
    assert {one.instant for one in stored} == {LOCAL.instant}
    assert [one.packet["tsISO8601"] for one in stored] == [
        "2026-07-01T14:00:00.000+05:30",
        "2026-07-01T14:00:00.000+05:30",
        "2026-07-01T08:30:00.000+00:00",
    ]
    assert cloud.report()["malformed"] == 0


@pytest.mark.parametrize("jar", [aiohttp.DummyCookieJar, aiohttp.CookieJar])
async def test_the_session_is_kept_whatever_jar_the_http_session_has(
    jar: type[aiohttp.abc.AbstractCookieJar], clock: RecordingClock
) -> None:
    """Our own cookie goes back on every request, over several connections, and follows the cloud's changes of it."""
    async with (
        WatticsSimulator(clock=clock, rotate_cookie_every=10) as cloud,
        aiohttp.ClientSession(cookie_jar=jar()) as session,
    ):
        client = WatticsClient(cloud.username, cloud.password, session=session, base_url=cloud.url)
        for hour in range(25):
            await client.send(packet(hour))
            await client.last_packet("meter")
        assert cloud.report() | {"streams": None} == {
            "accepted": 25,
            "streams": None,
            "duplicates": 0,
            "out_of_order": 0,
            "cookie_breaks": 0,
            "sessions": 6,
            "unauthorised": 0,
            "malformed": 0,
            "rejected": 0,
            "violations": 0,
        }
        assert len(session.cookie_jar) == 0


async def test_two_accounts_on_one_http_session_do_not_mix_their_cookies(
    session: aiohttp.ClientSession, clock: RecordingClock
) -> None:
    """Each client keeps its own."""
    async with WatticsSimulator(clock=clock) as one, WatticsSimulator(clock=clock) as other:
        clients = [
            WatticsClient(cloud.username, cloud.password, session=session, base_url=cloud.url) for cloud in (one, other)
        ]
        for hour in range(4):
            for client in clients:
                await client.send(packet(hour))
        assert [cloud.report()["sessions"] for cloud in (one, other)] == [1, 1]


@pytest.mark.parametrize(
    ("fault", "error", "may_have_arrived", "retry_after_s"),
    [
        (Fault(FaultKind.STATUS, status=400, text="no such meter"), RejectedError, False, None),
        (Fault(FaultKind.STATUS, status=401), CredentialsError, False, None),
        (Fault(FaultKind.STATUS, status=403), CredentialsError, False, None),
        (Fault(FaultKind.STATUS, status=404), RejectedError, False, None),
        (Fault(FaultKind.STATUS, status=408), ServerError, False, None),
        (Fault(FaultKind.STATUS, status=413), RejectedError, False, None),
        (Fault(FaultKind.STATUS, status=425), ServerError, False, None),
        (Fault(FaultKind.RATE_LIMITED, retry_after_s=7200), RateLimitedError, False, 7200),
        (Fault(FaultKind.RATE_LIMITED, retry_after_s=90, as_date=True), RateLimitedError, False, 90),
        (FaultKind.SERVER_ERROR, ServerError, True, None),
        (FaultKind.BAD_GATEWAY, ServerError, True, None),
        (Fault(FaultKind.UNAVAILABLE, retry_after_s=3), ServerError, True, 3),
        (FaultKind.CUT_BEFORE, UnreachableError, True, None),
        (FaultKind.CUT_AFTER, UnreachableError, True, None),
        (FaultKind.CUT_BODY, UnreachableError, True, None),
        (FaultKind.HTML, ResponseError, True, None),
        (Fault(FaultKind.STATUS, status=302), ResponseError, False, None),
    ],
    ids=str,
)
async def test_a_packet_is_sent_once_and_its_failure_says_what_to_do(
    client: WatticsClient,
    cloud: WatticsSimulator,
    fault: Fault | FaultKind,
    error: type[WattbridgeError],
    may_have_arrived: bool,  # noqa: FBT001 - a column of the table
    retry_after_s: float | None,
) -> None:
    """Nothing is repeated here; the error tells whether the packet may have arrived."""
    cloud.faults.script("*", [fault])
    with pytest.raises(error) as caught:
        await client.send(packet())
    assert caught.value.may_have_arrived is may_have_arrived
    if isinstance(caught.value, TryLaterError):
        assert caught.value.retry_after_s == retry_after_s
    if isinstance(caught.value, RejectedError) and caught.value.status == 400:
        assert "no such meter" in str(caught.value.answer)
        assert "no such meter" not in str(caught.value)
    assert cloud.log.total == 1


@pytest.mark.parametrize("fault", [FaultKind.EMPTY_BODY, FaultKind.WRONG_CONTENT_TYPE, FaultKind.TRUNCATED_JSON])
async def test_any_success_is_an_acceptance_whatever_it_says(
    client: WatticsClient, cloud: WatticsSimulator, fault: FaultKind
) -> None:
    """What the collector says besides the status is not documented."""
    cloud.faults.script("*", [fault])
    assert (await client.send(packet())).status == 200
    assert values_of(cloud) == [0]


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [(201, "", None), (204, "", None), (200, "stored\r\nas\t7 <ok>", "stored as 7 <ok>"), (200, "<ok/>", None)],
)
async def test_a_plain_answer_may_be_called_html(
    session: aiohttp.ClientSession, status: int, body: str, answer: str | None
) -> None:
    """Many servers call every answer text/html: only a page is one."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="text/html")

    app = web.Application()
    app.router.add_post(POST_PATH, handle)
    async with TestServer(app, host="127.0.0.1") as server:
        client = WatticsClient("user", "password", session=session, base_url=str(server.make_url("")))
        if body == "<ok/>":
            with pytest.raises(ResponseError):
                await client.send(packet())
        else:
            assert await client.send(packet()) == SendAnswer(status, answer)


async def test_a_slow_cloud_and_an_absent_one(cloud: WatticsSimulator, session: aiohttp.ClientSession) -> None:
    """A packet that nobody took a connection for cannot have arrived."""
    client = WatticsClient(cloud.username, CANARY, session=session, base_url=cloud.url, timeout_s=0.1)
    cloud.faults.script("*", [Fault(FaultKind.SLOW_ANSWER, delay_s=0.3), Fault(FaultKind.SLOW_BODY, delay_s=0.3)])
    for _ in range(2):
        with pytest.raises(RequestTimeoutError) as late:
            await client.send(packet())
        assert late.value.may_have_arrived
    await cloud.stop()
    with pytest.raises(UnreachableError) as absent:
        await client.send(packet())
    assert not absent.value.may_have_arrived


@pytest.mark.parametrize("shape", ["object", "list", "unknown"])
async def test_the_last_packet_is_read_in_the_shapes_it_may_have(
    client: WatticsClient, cloud: WatticsSimulator, shape: str
) -> None:
    """An object, the last of a list, or nothing to conclude from."""
    cloud.get_shape = shape  # type: ignore[assignment]  # the parameters are the literals
    assert await client.last_packet("meter & co") is None
    for hour in range(3):
        await client.send(packet(hour, "meter & co"))
    newest = None if shape == "unknown" else LastPacket(START + timedelta(hours=2), {"value": 2})
    assert await client.last_packet("meter & co") == newest
    assert await client.ask_last_packet("meter & co") == newest
    assert await client.last_packet("meter") is None


@pytest.mark.parametrize("empty_status", [200, 204, 400, 404])
async def test_an_empty_stream_is_unknown(client: WatticsClient, cloud: WatticsSimulator, empty_status: int) -> None:
    """However the cloud may say so."""
    cloud.get_empty_status = empty_status
    assert await client.last_packet("meter") is None


@pytest.mark.parametrize(
    "fault",
    [FaultKind.HTML, FaultKind.EMPTY_BODY, FaultKind.TRUNCATED_JSON, Fault(FaultKind.STATUS, status=302)],
    ids=str,
)
async def test_a_spoiled_last_packet_is_told_from_an_unknown_one(
    client: WatticsClient, cloud: WatticsSimulator, fault: Fault | FaultKind
) -> None:
    """A sender asks again then; everybody else is told that nothing is known."""
    await client.send(packet())
    cloud.faults.script("*", [fault, fault])
    with pytest.raises(ResponseError):
        await client.ask_last_packet("meter")
    assert await client.last_packet("meter") is None


async def test_questions_are_repeated_within_the_policy_and_once_where_the_caller_repeats(
    cloud: WatticsSimulator, session: aiohttp.ClientSession, clock: RecordingClock
) -> None:
    """Packets never are."""
    policy = RetryPolicy(attempts=3)
    client = WatticsClient(cloud.username, CANARY, session=session, base_url=cloud.url, clock=clock, policy=policy)
    await client.send(packet())
    cloud.faults.script("*", [FaultKind.SERVER_ERROR] * 2 + [None] + [FaultKind.SERVER_ERROR] * 4)
    assert await client.last_packet("meter") is not None
    with pytest.raises(ServerError):
        await client.last_packet("meter")
    with pytest.raises(ServerError):
        await client.ask_last_packet("meter")
    assert cloud.faults.pending == 0
    assert len(clock.sleeps_s) == 4


async def test_credentials_are_verified_by_being_let_in(
    cloud: WatticsSimulator, session: aiohttp.ClientSession, client: WatticsClient
) -> None:
    """401 and 403 mean no; whatever else the answer for an unknown stream is means yes."""
    for status in (200, 400, 404):
        cloud.get_empty_status = status
        await client.verify()
    cloud.faults.script("*", [Fault(FaultKind.STATUS, status=403)])
    with pytest.raises(CredentialsError):
        await client.verify()
    with pytest.raises(CredentialsError):
        await WatticsClient(cloud.username, "wrong", session=session, base_url=cloud.url).verify()
    await cloud.stop()
    with pytest.raises(UnreachableError):
        await client.verify()


@pytest.mark.parametrize("base_url", ["http://collector.example", "https://user:secret@collector.example", "collector"])
async def test_only_safe_urls_are_taken(session: aiohttp.ClientSession, base_url: str) -> None:
    """Basic credentials go over TLS, or not farther than this machine."""
    with pytest.raises(ValueError, match="URL"):
        WatticsClient("user", "password", session=session, base_url=base_url)


async def test_no_secret_is_in_any_error_or_log(
    client: WatticsClient, cloud: WatticsSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the cloud echoes what it was sent."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = [repr(client), str(vars(client))]
    await client.send(packet())
    for kind in (400, 401, 403, 404, 429, 500):
        cloud.faults.script("*", [Fault(FaultKind.STATUS, status=kind, text=f"who is {CANARY}?")] * 2)
        for call in (client.send(packet(kind)), client.ask_last_packet("meter")):
            try:
                await call
            except WattbridgeError as error:
                told += [*traceback.format_exception(error), repr(error), str(error.answer)]
    everything = "\n".join([*told, caplog.text])
    assert "HTTP 500" in everything
    assert CANARY not in everything
    assert "Basic " not in everything
    assert "COLLECTORSESSION" not in everything
