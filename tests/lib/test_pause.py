"""How long a cloud wants to be left alone: kept by every request of an account, and by no other."""

import asyncio

import aiohttp
import pytest
from kernel_bench import JumpingClock, ScriptedCloud, says

from aiowattbridge.errors import RateLimitedError, ServerError, TryLaterError, UnreachableError
from aiowattbridge.pause import LONGEST_S, UNSAID_S, Pause
from aiowattbridge.retry import NO_RETRY, RetryPolicy
from aiowattbridge.transport import Transport


def limited(retry_after_s: float | None, status: int | None = 429) -> RateLimitedError:
    """Make what a cloud's refusal becomes."""
    return RateLimitedError("slowly", vendor="Vendor", status=status, retry_after_s=retry_after_s)


@pytest.fixture
def pause(clock: JumpingClock) -> Pause:
    """A pause that nobody has asked for yet."""
    return Pause(now=clock.now)


def test_nobody_waits_unasked(pause: Pause) -> None:
    """Nothing is remembered either."""
    pause.check("Vendor", "/")
    assert (pause.left_s, pause.until) == (0.0, None)


def test_pause_ends_by_itself(pause: Pause, clock: JumpingClock) -> None:
    """To the second."""
    pause.note(limited(90))
    asyncio.run(clock.sleep(89))
    with pytest.raises(RateLimitedError) as caught:
        pause.check("Vendor", "/path")
    assert (caught.value.retry_after_s, caught.value.endpoint) == (1.0, "/path")
    asyncio.run(clock.sleep(1))
    pause.check("Vendor", "/path")


def test_longer_pause_stays(pause: Pause) -> None:
    """Whatever another request is told after it."""
    pause.note(limited(90))
    pause.note(limited(10))
    assert pause.left_s == 90
    pause.note(ServerError("busy", vendor="Vendor", status=503, retry_after_s=100))
    assert pause.left_s == 100


@pytest.mark.parametrize(
    ("err", "left_s"),
    [
        (limited(None), UNSAID_S),
        (limited(1e9), LONGEST_S),
        (ServerError("busy", vendor="Vendor", status=503), 0.0),
        (UnreachableError("no connection", vendor="Vendor"), 0.0),
        (limited(50, status=None), 0.0),
    ],
)
def test_what_is_learned_from_a_failure(pause: Pause, err: TryLaterError, left_s: float) -> None:
    """Only what a cloud answered counts, not our own refusal to send; and a cloud in trouble is no pause."""
    pause.note(err)
    assert pause.left_s == left_s


def test_pause_is_remembered(pause: Pause, clock: JumpingClock) -> None:
    """Over a restart, by the wall clock."""
    pause.note(limited(90))
    asyncio.run(clock.sleep(30))
    assert Pause(pause.until, now=clock.now).left_s == 60


async def test_all_requests_of_an_account_keep_it(
    session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock, pause: Pause
) -> None:
    """Whichever of them was told; another account goes on."""

    def door(policy: RetryPolicy, kept: Pause | None) -> Transport:
        return Transport(session, cloud.url, vendor="Vendor", policy=policy, clock=clock, pause=kept)

    cloud.reply(says(status=429, headers={"Retry-After": "600"}), says())
    one, other, stranger = door(NO_RETRY, pause), door(RetryPolicy(), pause), door(NO_RETRY, None)
    with pytest.raises(RateLimitedError):
        await one.request("GET", "/a", repeatable=True)
    for transport in (one, other):
        with pytest.raises(RateLimitedError) as caught:
            await transport.request("GET", "/b", repeatable=True)
        assert caught.value.retry_after_s == 600
    assert len(cloud.seen) == 1
    await stranger.request("GET", "/c", repeatable=True)
    await clock.sleep(600)
    cloud.reply(says())
    assert (await other.request("GET", "/d", repeatable=True)).status == 200
    assert [seen.path for seen in cloud.seen] == ["/a", "/c", "/d"]


async def test_short_pause_is_waited_for(
    session: aiohttp.ClientSession, cloud: ScriptedCloud, clock: JumpingClock, pause: Pause
) -> None:
    """As the policy allows: the next request comes when it may."""
    pause.note(limited(20))
    began = clock.now()
    cloud.reply(says())
    transport = Transport(session, cloud.url, vendor="Vendor", clock=clock, pause=pause)
    assert (await transport.request("GET", "/a", repeatable=True)).status == 200
    assert (clock.now() - began).total_seconds() == 20
