"""The one door to a cloud, over real HTTP on loopback: what goes out, what comes back, and what never leaks."""

import asyncio
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from kernel_bench import CANARY, Highest, JumpingClock, ScriptedCloud, assert_silent, cuts, cuts_body, says
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from aiowattbridge.auth import Auth, BasicSessionAuth, Token, TokenAuth
from aiowattbridge.errors import (
    CredentialsError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    TryLaterError,
    UnreachableError,
    WattbridgeError,
)
from aiowattbridge.retry import NO_RETRY, RetryPolicy
from aiowattbridge.transport import Answer, Transport, check_base_url, decode_json


class Bench:
    """Makes transports to the cloud of the test."""

    def __init__(self, session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock) -> None:
        """Keep what all of them share."""
        self.session, self.cloud, self.clock = session, cloud, clock

    def transport(
        self, *, auth: Auth | None = None, policy: RetryPolicy = NO_RETRY, base: str = "", timeout_s: float = 5.0
    ) -> Transport:
        """Make one that draws the longest waits it may."""
        return Transport(
            self.session,
            self.cloud.url + base,
            vendor="Vendor",
            auth=auth,
            policy=policy,
            timeout_s=timeout_s,
            clock=self.clock,
            largest_body_bytes=100_000,
            random=Highest(),
        )

    async def failure(self, *, repeatable: bool = False, policy: RetryPolicy = NO_RETRY) -> WattbridgeError:
        """Return the error of one request."""
        with pytest.raises(WattbridgeError) as caught:
            await self.transport(policy=policy).request("POST", "/thing", data=b"x", repeatable=repeatable)
        assert caught.value.vendor == "Vendor"
        assert caught.value.endpoint == "/thing"
        return caught.value


@pytest.fixture
def bench(session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock) -> Bench:
    """The bench of the test."""
    return Bench(session, cloud, clock)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://cloud.example", "https://cloud.example"),
        (" https://cloud.example:8443/api/ ", "https://cloud.example:8443/api"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_base_url_is_https_or_loopback_http(url: str, checked: str) -> None:
    """A trailing slash is taken off."""
    assert check_base_url(url) == checked


@pytest.mark.parametrize(
    "url",
    [
        "http://cloud.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
        "cloud.example",
        "https://",
        "",
        "https://me:pw@cloud.example",
        "http://127.0.0.1@cloud.example",
        "https://cloud.example\\@other.example",
        "https://cloud.example/?a=b",
        "https://cloud.example/#a",
        "https://cloud.example/?",
        "https://cloud .example",
        "https://cloud.example:port",
        "https://cloud.example:0",
        "https://[::1",
        "https://clöud.example",
    ],
)
def test_other_base_urls_are_refused_without_being_quoted(url: str) -> None:
    """The text says what is wrong; the URL could hold a password."""
    with pytest.raises(ValueError, match=r"^The URL ") as caught:
        check_base_url(url)
    assert "pw" not in str(caught.value)


async def test_request_arrives_as_asked(bench: Bench) -> None:
    """Path and base are joined as they are, the query is escaped, the body is compact JSON."""
    bench.cloud.reply(says('{"a": 1}'))
    answer = await bench.transport(base="/prefix/").request(
        "POST", "/a%2Fb", query={"q": "ä &", "n": 1}, json={"x": [1, None]}, headers={"X-One": "1"}, repeatable=False
    )
    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    seen = bench.cloud.seen[0]
    assert (seen.method, seen.path) == ("POST", "/prefix/a%2Fb?q=%C3%A4+%26&n=1")
    assert seen.body == b'{"x":[1,null]}'
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Accept"] == "application/json"
    assert seen.headers["X-One"] == "1"


async def test_form_goes_out_form_encoded(bench: Bench) -> None:
    """With everything that needs it escaped."""
    bench.cloud.reply(says())
    await bench.transport().request("POST", "/form", form={"password": "a b&c=ä+"}, repeatable=False)
    assert bench.cloud.seen[0].body == b"password=a+b%26c%3D%C3%A4%2B"
    assert bench.cloud.seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_answers_headers_are_case_insensitive_and_keep_repeated_ones(bench: Bench) -> None:
    """Each Set-Cookie counts."""

    async def cookies(_: web.Request) -> web.StreamResponse:
        return web.Response(headers=CIMultiDict([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))

    bench.cloud.reply(cookies)
    answer = await bench.transport().request("GET", "/", repeatable=True)
    assert answer.headers.getall("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("status", "kind", "may_have_arrived"),
    [
        (301, ResponseError, False),
        (302, ResponseError, False),
        (308, ResponseError, False),
        (400, RejectedError, False),
        (401, CredentialsError, False),
        (403, ForbiddenError, False),
        (404, NotFoundError, False),
        (408, ServerError, False),
        (422, RejectedError, False),
        (425, ServerError, False),
        (429, RateLimitedError, False),
        (500, ServerError, True),
        (502, ServerError, True),
        (503, ServerError, True),
    ],
)
async def test_status_says_what_to_do(
    bench: Bench, status: int, kind: type[WattbridgeError], *, may_have_arrived: bool
) -> None:
    """A table, and the connection is used again after every one of them."""
    bench.cloud.reply(says('{"Message": "so it is"}', status, headers={"Location": "/elsewhere"}))
    first, second = await bench.failure(), await bench.failure()
    assert type(first) is type(second) is kind
    assert (first.status, first.may_have_arrived) == (status, may_have_arrived)
    assert "so it is" not in str(first)
    assert [(seen.connection, seen.path) for seen in bench.cloud.seen] == [(0, "/thing"), (0, "/thing")]


async def test_statuses_that_mean_credentials_are_the_vendors_choice(bench: Bench) -> None:
    """Some say 403, or 400 where tokens are issued."""
    bench.cloud.reply(says(status=403))
    transport = Transport(bench.session, bench.cloud.url, vendor="V", credential_statuses=frozenset({401, 403}))
    with pytest.raises(CredentialsError):
        await transport.request("GET", "/", repeatable=False)


async def test_excerpt_is_short_printable_and_holds_no_secret_in_any_spelling(bench: Bench) -> None:
    """Plain, in JSON, in a URL, as the header that was sent; cut only after scrubbing."""
    auth = BasicSessionAuth("me@example", CANARY)
    sent = (await auth.headers())["Authorization"]
    in_json = CANARY.replace('"', '\\"')
    spellings = [
        CANARY,
        quote(CANARY, safe=""),
        sent,
        "me@example",
        "one-time",
        in_json,
        in_json.replace("é", "\\u00e9"),
    ]
    body = "a\x00b\n" + " ".join(spellings) + " " + "x" * 500
    bench.cloud.reply(says(body, 400))
    with pytest.raises(RejectedError) as caught:
        await bench.transport(auth=auth).request("GET", "/", secrets=["one-time"], repeatable=True)
    answer = caught.value.answer
    assert answer is not None
    assert answer.startswith("a b *** *** *** *** *** *** *** x")
    assert len(answer) == 200


async def test_slow_body_is_a_timeout_that_may_have_arrived(bench: Bench) -> None:
    """The time allowed covers the body too."""
    released = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"half")
        await released.wait()
        return response

    bench.cloud.reply(drip)
    with pytest.raises(RequestTimeoutError) as caught:
        await bench.transport(timeout_s=0.02).request("GET", "/slow", repeatable=False)
    released.set()
    assert caught.value.may_have_arrived


async def test_slow_answer_is_a_timeout_that_may_have_arrived(bench: Bench) -> None:
    """Nobody knows what the cloud has done with it."""
    released = asyncio.Event()

    async def late(_: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    bench.cloud.reply(late)
    with pytest.raises(RequestTimeoutError) as caught:
        await bench.transport(timeout_s=0.02).request("GET", "/slow", repeatable=False)
    released.set()
    assert caught.value.may_have_arrived


async def test_refused_connection_has_not_arrived(session: aiohttp.ClientSession) -> None:
    """So that it can be sent again without a second thought."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        transport = Transport(session, f"http://127.0.0.1:{bound.getsockname()[1]}", vendor="V", policy=NO_RETRY)
        with pytest.raises(UnreachableError) as caught:
            await transport.request("POST", "/", repeatable=True)
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize("cut", [cuts, cuts_body])
async def test_connection_that_breaks_afterwards_may_have_arrived(bench: Bench, cut: object) -> None:
    """Before the answer or in the middle of it."""
    bench.cloud.reply(cuts if cut is cuts else cuts_body)
    error = await bench.failure()
    assert isinstance(error, UnreachableError)
    assert error.may_have_arrived


async def test_answer_that_is_no_http_cannot_be_read(session: aiohttp.ClientSession) -> None:
    """Something else listens there."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hello\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = Transport(session, f"http://127.0.0.1:{port}", vendor="V", policy=NO_RETRY)
        with pytest.raises(ResponseError) as caught:
            await transport.request("GET", "/", repeatable=True)
    assert caught.value.may_have_arrived


async def test_body_beyond_the_bound_is_refused(bench: Bench) -> None:
    """And the one at the bound is not."""
    bench.cloud.reply(says(b"x" * 100_001), says(b"x" * 100_000))
    error = await bench.failure()
    assert isinstance(error, ResponseError)
    assert "too large" in str(error)
    assert len((await bench.transport().request("GET", "/", repeatable=True)).body) == 100_000


async def test_body_without_end_is_not_read_to_its_end(bench: Bench) -> None:
    """What is beyond the bound is not wanted, so it must not fill the memory first."""
    poured: list[int] = []

    async def pours(request: web.Request) -> web.StreamResponse:
        """Answer with 64 MB, as long as somebody listens."""
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            for number in range(1000):
                await response.write(bytes(64_000))
                poured.append(number)
        return response

    bench.cloud.reply(pours)
    error = await bench.failure()
    assert "too large" in str(error)
    assert len(poured) < 1000


async def test_repeatable_request_is_tried_again_with_growing_waits(bench: Bench) -> None:
    """Until it goes through."""
    bench.cloud.reply(says(status=500), cuts, says(status=502), says("done"))
    answer = await bench.transport(policy=RetryPolicy()).request("POST", "/", data=b"same", repeatable=True)
    assert answer.body == b"done"
    assert bench.clock.sleeps_s == [0.5, 1.0, 2.0]
    assert [seen.body for seen in bench.cloud.seen] == [b"same"] * 4


async def test_attempts_are_bounded(bench: Bench) -> None:
    """The last failure is raised."""
    bench.cloud.reply(says(status=500), says(status=500), says(status=503))
    error = await bench.failure(repeatable=True, policy=RetryPolicy(attempts=3))
    assert error.status == 503
    assert len(bench.cloud.seen) == 3


async def test_total_time_is_bounded(bench: Bench) -> None:
    """However many attempts are left."""
    bench.cloud.reply(says(status=503, headers={"Retry-After": "7"}))
    await bench.failure(repeatable=True, policy=RetryPolicy(attempts=99, total_s=30))
    assert bench.clock.sleeps_s == [7.0] * 4


async def test_request_that_is_not_repeatable_is_sent_once(bench: Bench) -> None:
    """Whatever the policy."""
    bench.cloud.reply(says(status=503))
    error = await bench.failure(repeatable=False, policy=RetryPolicy())
    assert isinstance(error, ServerError)
    assert len(bench.cloud.seen) == 1


async def test_question_on_a_kept_connection_that_breaks_is_not_repeated_behind_our_back(bench: Bench) -> None:
    """The HTTP library would send it again at once, past every pause the cloud asked for."""
    bench.cloud.reply(says(), cuts)
    transport = bench.transport(policy=NO_RETRY)
    await transport.request("GET", "/", repeatable=False)
    with pytest.raises(UnreachableError) as caught:
        await transport.request("GET", "/", repeatable=False)
    assert caught.value.may_have_arrived
    assert len(bench.cloud.seen) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_no_change_is_repeated_behind_our_back_either(bench: Bench, method: str) -> None:
    """Some of these the HTTP library would send again, and some it would not."""
    bench.cloud.reply(says(), cuts)
    transport = bench.transport(policy=NO_RETRY)
    await transport.request(method, "/", data=b"x", repeatable=False)
    with pytest.raises(UnreachableError):
        await transport.request(method, "/", data=b"x", repeatable=False)
    assert len(bench.cloud.seen) == 2


@pytest.mark.parametrize("status", [302, 400, 403, 404, 422])
async def test_refusal_is_not_repeated(bench: Bench, status: int) -> None:
    """The same request would be refused again."""
    bench.cloud.reply(says(status=status))
    await bench.failure(repeatable=True, policy=RetryPolicy())
    assert len(bench.cloud.seen) == 1


@pytest.mark.parametrize("retry_after", ["20", "Sat, 14 Mar 2026 12:00:20 GMT"])
async def test_retry_after_is_obeyed_in_seconds_and_as_a_date(bench: Bench, retry_after: str) -> None:
    """Instead of a shorter wait of our own."""
    bench.cloud.reply(says(status=429, headers={"Retry-After": retry_after}), says())
    await bench.transport(policy=RetryPolicy()).request("GET", "/", repeatable=True)
    assert bench.clock.sleeps_s == [20.0]


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_beyond_the_ceiling_is_raised_with_the_delay(bench: Bench, status: int) -> None:
    """The caller can wait that long, a call cannot."""
    bench.cloud.reply(says(status=status, headers={"Retry-After": "3600"}))
    error = await bench.failure(repeatable=True, policy=RetryPolicy())
    assert isinstance(error, TryLaterError)
    assert error.retry_after_s == 3600.0
    assert len(bench.cloud.seen) == 1


class Issuer:
    """Numbers its tokens."""

    def __init__(self) -> None:
        """Start with none."""
        self.issued = 0

    async def __call__(self, _: Token | None) -> Token:
        """Issue the next one."""
        self.issued += 1
        return Token(access_token=f"{CANARY.encode().hex()}-{self.issued}", expires_in_s=3600)


def used_tokens(cloud: ScriptedCloud) -> list[str]:
    """List the numbers of the tokens that arrived."""
    return [seen.headers["Authorization"].rpartition("-")[2] for seen in cloud.seen]


@pytest.mark.parametrize("repeatable", [True, False])
async def test_refused_token_is_renewed_and_the_request_replayed_once(bench: Bench, *, repeatable: bool) -> None:
    """Also where it is not repeatable: what was refused was not executed."""
    bench.cloud.reply(says(status=401), says("done"))
    transport = bench.transport(auth=TokenAuth(Issuer(), bench.clock))
    answer = await transport.request("POST", "/", data=b"x", repeatable=repeatable)
    assert answer.body == b"done"
    assert used_tokens(bench.cloud) == ["1", "2"]
    assert {seen.connection for seen in bench.cloud.seen} == {0}


async def test_second_refusal_is_a_credentials_error(bench: Bench) -> None:
    """One replay, not a loop."""
    bench.cloud.reply(says(status=401))
    transport = bench.transport(auth=TokenAuth(Issuer(), bench.clock), policy=RetryPolicy())
    with pytest.raises(CredentialsError):
        await transport.request("GET", "/", repeatable=True)
    assert used_tokens(bench.cloud) == ["1", "2"]


async def test_refusals_of_many_requests_lead_to_one_new_token(bench: Bench) -> None:
    """Those that come late find the new one in place."""

    async def old_is_refused(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.001 * int(request.path[1:]))
        return web.Response(status=401 if request.headers["Authorization"].endswith("-1") else 200)

    bench.cloud.reply(old_is_refused)
    issuer = Issuer()
    transport = bench.transport(auth=TokenAuth(issuer, bench.clock))
    await asyncio.gather(*(transport.request("GET", f"/{number}", repeatable=True) for number in range(8)))
    assert issuer.issued == 2


async def test_basic_credentials_are_not_replayed(bench: Bench) -> None:
    """They would be refused again."""
    bench.cloud.reply(says(status=401))
    with pytest.raises(CredentialsError):
        await bench.transport(auth=BasicSessionAuth("me", CANARY)).request("GET", "/", repeatable=True)
    assert len(bench.cloud.seen) == 1


@pytest.mark.parametrize("jar", [aiohttp.DummyCookieJar, aiohttp.CookieJar, lambda: aiohttp.CookieJar(unsafe=True)])
async def test_session_cookie_is_kept_whatever_jar_the_session_has(bench: Bench, jar: object) -> None:
    """None, an ordinary one that knows no bare addresses, or one that does; the cookie goes out once."""
    assert callable(jar)
    bench.cloud.reply(says(headers={"Set-Cookie": "sid=7; Path=/"}), says())
    async with aiohttp.ClientSession(cookie_jar=jar()) as session:
        transport = Transport(session, bench.cloud.url, vendor="V", auth=BasicSessionAuth("me", CANARY))
        for _ in range(3):
            await transport.request("POST", "/", data=b"x", repeatable=False)
    assert [seen.headers.get("Cookie") for seen in bench.cloud.seen] == [None, "sid=7", "sid=7"]


@pytest.mark.parametrize("status", [200, 401, 403, 404, 422, 429, 500, 302])
async def test_no_secret_reaches_an_error_or_a_log(bench: Bench, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Neither from the request nor echoed by the answer."""
    caplog.set_level(logging.DEBUG)
    echo = f"query-canary body-canary header-canary {CANARY}"
    bench.cloud.reply(says(echo, status, headers={"X-Echo": "header-canary"}))
    transport = bench.transport(auth=BasicSessionAuth("user-canary", CANARY))

    async def ask() -> object:
        answer = await transport.request(
            "POST",
            "/path",
            query={"q": "query-canary"},
            json={"body-canary": CANARY},
            headers={"X-Key": "header-canary"},
            repeatable=False,
        )
        return decode_json(answer, ROWS, vendor="Vendor", endpoint="/path")

    with pytest.raises(WattbridgeError) as caught:
        await ask()
    assert_silent(caught.value, CANARY, "canary")
    # The access log is that of the cloud, which happens to live in the same process.
    clients = [record for record in caplog.records if record.name != "aiohttp.access"]
    assert [record.getMessage() for record in clients if record.name.startswith("aiowattbridge")] == [
        f"Vendor: POST /path: {status} in 0 ms"
    ]
    assert not any("canary" in record.getMessage() for record in clients)


async def test_broken_connection_drags_no_secret_along(bench: Bench) -> None:
    """The HTTP library's own errors quote URLs and headers."""
    bench.cloud.reply(cuts)
    transport = bench.transport(auth=BasicSessionAuth("me", CANARY))
    with pytest.raises(UnreachableError) as caught:
        await transport.request("GET", "/", query={"q": "query-canary"}, repeatable=False)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert_silent(caught.value, CANARY, "canary")


class Row(TypedDict):
    """A record of the tests."""

    n: int


ROWS: TypeAdapter[dict[str, list[Row]]] = TypeAdapter(dict[str, list[Row]])


def answer_of(body: bytes, content_type: str | None = "application/json") -> Answer:
    """Make an answer without a cloud."""
    headers: Mapping[str, str] = {"Content-Type": content_type} if content_type else {}
    return Answer(200, CIMultiDictProxy(CIMultiDict(headers)), body)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/hal+json", None, "Application/JSON"]
)
def test_json_is_read_under_all_its_names(content_type: str | None) -> None:
    """And where nothing is declared."""
    answer = answer_of(b'{"rows": [{"n": 1, "unknown": true}]}', content_type)
    assert decode_json(answer, ROWS, vendor="V", endpoint="/e") == {"rows": [{"n": 1}]}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answer_of(b""), "the answer is empty"),
        (answer_of(b"  \n"), "the answer is empty"),
        (answer_of(b"<html><body>secret</body></html>", "text/html"), "page of HTML"),
        (answer_of(b"\n<!DOCTYPE html>"), "page of HTML"),
        (answer_of(b'{"rows": []}', "text/plain"), "not declared as JSON"),
        (answer_of(b'{"rows": [{"n": 1'), "no whole JSON"),
        (answer_of(b"\xff\xfe"), "no whole JSON"),
        (answer_of(b'["secret"]'), "field the whole answer is malformed"),
        (answer_of(b'{"rows": [{"n": 1}, {"n": "secret"}]}'), r"field rows\.1\.n is malformed"),
        (answer_of(b'{"rows": [{}]}'), r"field rows\.0\.n is missing"),
    ],
)
def test_unreadable_answer_names_vendor_endpoint_and_field_but_no_value(answer: Answer, reason: str) -> None:
    """Whatever is wrong with it; and it may have taken effect."""
    with pytest.raises(ResponseError, match=f"^V /e: .*{reason}") as caught:
        decode_json(answer, ROWS, vendor="V", endpoint="/e")
    assert caught.value.may_have_arrived
    assert_silent(caught.value, "secret")
