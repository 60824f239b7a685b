"""Every cloud, every way to fail, over real HTTP: success after a retry or the documented error, in time, silently."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from fault_bench import CLOUDS, NOON, SECRET, SHORT_S, Cloud
from kernel_bench import assert_silent
from tls_bench import self_signed

from aiowattbridge.errors import (
    CredentialsError,
    RateLimitedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    UnreachableError,
    WattbridgeError,
)
from aiowattbridge.retry import NO_RETRY, RetryPolicy
from aiowattbridge.simulators import Fault, FaultKind, SimulatedCloud, SimulatorClock

WITH_TOKENS = [cloud for cloud in CLOUDS if cloud.token_path]
TWICE = RetryPolicy(attempts=2, base_s=0.01, cap_s=0.01)

every_cloud = pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
every_token_cloud = pytest.mark.parametrize("cloud", WITH_TOKENS, ids=lambda cloud: cloud.name)


@pytest.fixture
async def simulator(cloud: Cloud[Any, Any]) -> AsyncIterator[SimulatedCloud]:
    """The cloud of the test, its time standing still, its password easy to recognise."""
    async with cloud.simulator(SimulatorClock(NOON, frozen=True)) as running:
        running.password = SECRET
        yield running


@contextmanager
def fails_as(kind: type[WattbridgeError], caplog: pytest.LogCaptureFixture, *secrets: str) -> Iterator[list[Any]]:
    """Expect an error of exactly this class, and not a secret in it, in what hangs on it, or in the log."""
    caught: list[Any] = []
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as info:
        yield caught
    assert type(info.value) is kind
    assert_silent(info.value, SECRET, *secrets)
    assert not any(secret in caplog.text for secret in (SECRET, *secrets))
    caught.append(info.value)


@pytest.mark.parametrize(
    "fault",
    [
        "server_error",
        "bad_gateway",
        "unavailable",
        Fault("status", status=408),
        "cut_before",
        "cut_after",
        "cut_body",
        Fault("slow_answer", delay_s=1),
        Fault("slow_body", delay_s=1),
    ],
    ids=lambda fault: str(getattr(fault, "kind", fault)),
)
@every_cloud
async def test_passing_fault_is_overcome_by_asking_again(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, fault: Fault | str
) -> None:
    """The answer is the same as without the fault, and one request more was made."""
    async with cloud.connect(simulator, timeout_s=SHORT_S) as client:
        undisturbed = await cloud.ask(client, simulator)
        before = simulator.log.count(cloud.path)
        simulator.faults.script(cloud.path, [fault])
        assert await cloud.ask(client, simulator) == undisturbed
    assert simulator.log.count(cloud.path) == before + 2
    assert not simulator.log.violations


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
@pytest.mark.parametrize("kind", ["rate_limited", "unavailable"])
@every_cloud
async def test_no_request_before_retry_after_is_over(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, kind: str, *, as_date: bool
) -> None:
    """The cloud enforces its window and notes whoever comes too early."""
    async with cloud.connect(simulator) as client:
        undisturbed = await cloud.ask(client, simulator)
        asked_at = simulator.clock.now()
        simulator.faults.script(cloud.path, [Fault(kind, retry_after_s=7, as_date=as_date, enforced=True)])
        assert await cloud.ask(client, simulator) == undisturbed
    assert (simulator.clock.now() - asked_at).total_seconds() >= 7
    assert not simulator.log.violations


@every_cloud
async def test_retry_after_beyond_patience_is_raised_with_the_delay(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """A call is bounded in time; its caller learns how long the cloud wants to be left alone."""
    async with cloud.connect(simulator) as client:
        await cloud.ask(client, simulator)
        simulator.faults.script(cloud.path, [Fault("rate_limited", retry_after_s=3600, enforced=True)])
        with fails_as(RateLimitedError, caplog) as caught:
            await cloud.ask(client, simulator)
    assert caught[0].retry_after_s == pytest.approx(3600, abs=1)
    assert not simulator.log.violations


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limited", RateLimitedError),
        ("server_error", ServerError),
        ("bad_gateway", ServerError),
        ("unavailable", ServerError),
        ("cut_before", UnreachableError),
        ("cut_after", UnreachableError),
        ("cut_body", UnreachableError),
        (Fault("slow_answer", delay_s=1), RequestTimeoutError),
        (Fault("slow_body", delay_s=1), RequestTimeoutError),
    ],
    ids=lambda value: str(getattr(value, "kind", value)) if not isinstance(value, type) else value.__name__,
)
@every_cloud
async def test_lasting_fault_is_the_documented_error_in_bounded_time(
    cloud: Cloud[Any, Any],
    simulator: SimulatedCloud,
    caplog: pytest.LogCaptureFixture,
    fault: Fault | str,
    kind: type[WattbridgeError],
) -> None:
    """As many attempts as the policy has, none longer than its timeout."""
    async with cloud.connect(simulator, timeout_s=SHORT_S, policy=TWICE) as client:
        await cloud.ask(client, simulator)
        before = simulator.log.count(cloud.path)
        simulator.faults.script(cloud.path, [fault] * TWICE.attempts)
        began_s = time.monotonic()
        with fails_as(kind, caplog) as caught:
            await cloud.ask(client, simulator)
    assert time.monotonic() - began_s < TWICE.attempts * SHORT_S + 0.5
    assert simulator.log.count(cloud.path) == before + TWICE.attempts
    assert (caught[0].vendor, caught[0].endpoint) == (cloud.name, cloud.path)


@pytest.mark.parametrize("fault", ["truncated_json", "html", "empty_body", "wrong_content_type"])
@every_cloud
async def test_spoiled_answer_is_a_response_error(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """It is not asked for again: the cloud did answer, and what it said cannot be read."""
    ask = cloud.spoiled or cloud.ask
    async with cloud.connect(simulator) as client:
        undisturbed = await ask(client, simulator)
        simulator.faults.script(cloud.path, [fault])
        if FaultKind(fault) in cloud.harmless:
            assert await ask(client, simulator) == undisturbed
            return
        with fails_as(ResponseError, caplog):
            await ask(client, simulator)
        assert await ask(client, simulator) == undisturbed


def _token_requests(cloud: Cloud[Any, Any], simulator: SimulatedCloud) -> int:
    """Count the requests for tokens, of whichever kind."""
    return sum(simulator.log.count(path) for path in {cloud.token_path, cloud.refresh_path} if path)


@every_token_cloud
async def test_401_in_the_middle_leads_to_one_new_token_and_the_same_result(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud
) -> None:
    """The token was taken back while it should have been good."""
    async with cloud.connect(simulator) as client:
        undisturbed = await cloud.walk(client, simulator)
        simulator.faults.script(cloud.walk_path or cloud.path, [None, "token_expired"])
        tokens = _token_requests(cloud, simulator)
        assert await cloud.walk(client, simulator) == undisturbed
    assert _token_requests(cloud, simulator) == tokens + 1
    assert not simulator.faults.pending


@every_token_cloud
async def test_token_that_expires_during_a_walk_is_renewed_on_the_way(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud
) -> None:
    """Every page makes the client wait so long that its token is old before the last one."""
    async with cloud.connect(simulator) as client:
        undisturbed = await cloud.walk(client, simulator)
        simulator.faults.script(cloud.walk_path or cloud.path, [Fault("unavailable", retry_after_s=59), None] * 3)
        simulator.clock.advance(cloud.token_lifetime_s - 100)
        tokens = _token_requests(cloud, simulator)
        assert await cloud.walk(client, simulator) == undisturbed
    assert _token_requests(cloud, simulator) == tokens + 1
    assert simulator.log.count(status=401) == 0


@pytest.mark.parametrize("cloud", [cloud for cloud in CLOUDS if cloud.refresh_path], ids=lambda cloud: cloud.name)
async def test_refused_refresh_leads_to_a_new_login(cloud: Cloud[Any, Any], simulator: SimulatedCloud) -> None:
    """The refresh token has had its day; the credentials have not."""
    async with cloud.connect(simulator) as client:
        undisturbed = await cloud.ask(client, simulator)
        simulator.faults.script(cloud.refresh_path, [Fault("status", status=401)])
        simulator.faults.script(cloud.path, ["token_expired"])
        assert await cloud.ask(client, simulator) == undisturbed
    assert not simulator.faults.pending


@every_cloud
async def test_refused_credentials_are_said_to_be_that(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when they were good until now; the cloud is not asked again and again."""
    async with cloud.connect(simulator) as client:
        await cloud.ask(client, simulator)
        simulator.password = "another"
        simulator.faults.script(cloud.path, ["token_expired"])
        if cloud.refresh_path not in ("", cloud.token_path):
            # Where a refresh takes no password, it takes the cloud's word that the account is closed.
            simulator.faults.script(cloud.refresh_path, [Fault("status", status=401)])
        before = simulator.log.total
        with fails_as(CredentialsError, caplog):
            await cloud.ask(client, simulator)
    assert simulator.log.total <= before + 3


class NoNames(AbstractResolver):
    """A name server that knows nobody."""

    async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
        """Fail as the system does."""
        raise OSError(-2, "Name or service not known")

    async def close(self) -> None:
        """Close nothing."""


@every_cloud
async def test_name_that_cannot_be_resolved_is_unreachable(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing was sent, so nothing may have arrived."""
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = cloud.connect(simulator, base_url="https://cloud.example", session=session, policy=NO_RETRY)
        with fails_as(UnreachableError, caplog) as caught:
            await cloud.ask(client, simulator)
    assert not caught[0].may_have_arrived


@every_cloud
async def test_certificate_that_nobody_signed_is_unreachable(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """No credentials are shown to whoever that is."""
    seen: list[str] = []

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.path)
        return web.json_response({})

    server = web.ServerRunner(web.Server(note))
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0, ssl_context=self_signed(tmp_path)).start()
    url = f"https://127.0.0.1:{server.addresses[0][1]}"
    # asyncio tells of the handshake that the client broke off.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with cloud.connect(simulator, base_url=url, policy=NO_RETRY) as client:
        with fails_as(UnreachableError, caplog) as caught:
            await cloud.ask(client, simulator)
    await server.cleanup()
    assert not caught[0].may_have_arrived
    assert seen == []


@every_cloud
async def test_server_that_speaks_no_tls_is_unreachable(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Plain HTTP behind an https address."""
    base_url = simulator.url.replace("http://", "https://")
    async with cloud.connect(simulator, base_url=base_url, policy=NO_RETRY) as client:
        with fails_as(UnreachableError, caplog):
            await cloud.ask(client, simulator)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "server_error", "bad_gateway", "unavailable"])
@every_cloud
async def test_walk_under_faults_ends_like_one_without(
    cloud: Cloud[Any, Any], simulator: SimulatedCloud, fault: str
) -> None:
    """Read or sent: nothing is missing and nothing is there twice."""
    async with cloud.simulator(SimulatorClock(NOON, frozen=True)) as calm, cloud.connect(calm) as client:
        undisturbed = await cloud.walk(client, calm)
    simulator.faults.script(cloud.walk_path or cloud.path, [None, fault, None, fault, fault])
    async with cloud.connect(simulator) as client:
        assert await cloud.walk(client, simulator) == undisturbed
    assert not simulator.faults.pending
    assert not simulator.log.violations
