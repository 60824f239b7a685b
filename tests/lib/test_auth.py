"""Credentials with a lifetime: who renews when, who waits for whom, and which cookies are sent."""

import asyncio
import base64
from collections.abc import Mapping

import pytest
from kernel_bench import CANARY, JumpingClock
from multidict import CIMultiDict, CIMultiDictProxy

from aiowattbridge.auth import BasicSessionAuth, Token, TokenAuth
from aiowattbridge.errors import CredentialsError, ServerError


class Desk:
    """Issues numbered tokens and remembers what it was given; can be made to wait or to fail."""

    def __init__(self, lifetime_s: float = 3600) -> None:
        """Open."""
        self.lifetime_s = lifetime_s
        self.given: list[Token | None] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def __call__(self, held: Token | None) -> Token:
        """Issue a token."""
        self.given.append(held)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        name = f"token-{len(self.given)}"
        return Token(access_token=name, expires_in_s=self.lifetime_s, refresh_token=f"refresh-{name}")


def bearer(number: int) -> Mapping[str, str]:
    """Name the headers of the desk's tokens."""
    return {"Authorization": f"Bearer token-{number}"}


async def test_token_is_fetched_once_and_used_until_shortly_before_its_end(clock: JumpingClock) -> None:
    """A minute ahead, by the clock that never jumps."""
    desk = Desk(lifetime_s=600)
    auth = TokenAuth(desk, clock)
    assert await auth.headers() == bearer(1)
    clock.passed_s = 539.9
    assert await auth.headers() == bearer(1)
    clock.passed_s = 540.1
    assert await auth.headers() == bearer(2)
    assert desk.given[0] is None
    assert desk.given[1] is not None
    assert desk.given[1].refresh_token == "refresh-token-1"


async def test_short_lived_token_is_used_for_half_its_life(clock: JumpingClock) -> None:
    """A minute ahead of 40 s would be never."""
    auth = TokenAuth(Desk(lifetime_s=40), clock)
    await auth.headers()
    clock.passed_s = 19.9
    assert await auth.headers() == bearer(1)
    clock.passed_s = 20.1
    assert await auth.headers() == bearer(2)


async def test_token_without_a_lifetime_serves_its_one_request(clock: JumpingClock) -> None:
    """And does not set off an endless round of renewals."""
    auth = TokenAuth(Desk(lifetime_s=0), clock)
    assert await auth.headers() == bearer(1)
    assert await auth.headers() == bearer(2)


async def test_many_callers_share_one_token_request(clock: JumpingClock) -> None:
    """However many need one at once."""
    desk = Desk()
    auth = TokenAuth(desk, clock)
    assert await asyncio.gather(*(auth.headers() for _ in range(50))) == [bearer(1)] * 50
    assert len(desk.given) == 1


async def test_failure_reaches_all_that_wait_and_is_not_kept(clock: JumpingClock) -> None:
    """The next caller tries again."""
    desk = Desk()
    desk.failure = ServerError("down", vendor="V")
    auth = TokenAuth(desk, clock)
    outcomes = await asyncio.gather(*(auth.headers() for _ in range(3)), return_exceptions=True)
    assert all(isinstance(outcome, ServerError) for outcome in outcomes)
    assert len(desk.given) == 1
    desk.failure = None
    assert await auth.headers() == bearer(2)


async def test_cancelled_caller_does_not_cancel_the_shared_request(clock: JumpingClock) -> None:
    """The others still get their token."""
    desk = Desk()
    desk.open.clear()
    auth = TokenAuth(desk, clock)
    first, second = (asyncio.create_task(auth.headers()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    desk.open.set()
    assert first.cancelled()
    assert await second == bearer(1)
    assert len(desk.given) == 1


async def test_request_that_nobody_waits_for_ends_and_the_next_begins_anew(clock: JumpingClock) -> None:
    """No task is left behind, and nobody inherits the cancellation."""
    desk = Desk()
    desk.open.clear()
    auth = TokenAuth(desk, clock)
    only = asyncio.create_task(auth.headers())
    await asyncio.sleep(0)
    only.cancel()
    later = asyncio.create_task(auth.headers())
    await asyncio.wait([only])
    await asyncio.sleep(0)
    desk.open.set()
    assert await later == bearer(2)


async def test_refused_token_is_renewed(clock: JumpingClock) -> None:
    """With its refresh token."""
    desk = Desk()
    auth = TokenAuth(desk, clock)
    refused = await auth.headers()
    assert await auth.renew(refused)
    assert await auth.headers() == bearer(2)


async def test_late_refusal_of_an_old_token_leaves_the_new_one(clock: JumpingClock) -> None:
    """Several requests may have gone out with the old one."""
    desk = Desk()
    auth = TokenAuth(desk, clock)
    old = await auth.headers()
    await auth.renew(old)
    await auth.headers()
    assert await auth.renew(old)
    assert await auth.headers() == bearer(2)
    assert len(desk.given) == 2


async def test_forgetting_logs_in_from_the_beginning(clock: JumpingClock) -> None:
    """Not even the refresh token is used."""
    desk = Desk()
    auth = TokenAuth(desk, clock)
    await auth.headers()
    auth.forget()
    assert await auth.headers() == bearer(2)
    assert desk.given == [None, None]


async def test_refused_credentials_surface(clock: JumpingClock) -> None:
    """As what they are."""
    desk = Desk()
    desk.failure = CredentialsError("no", vendor="V")
    with pytest.raises(CredentialsError):
        await TokenAuth(desk, clock).headers()


async def test_tokens_and_passwords_are_known_as_secrets_and_not_shown(clock: JumpingClock) -> None:
    """For the transport to scrub; a repr shows none of them."""
    desk = Desk()
    auth = TokenAuth(desk, clock, secrets=("me", CANARY))
    await auth.headers()
    assert set(auth.secrets) == {"me", CANARY, "token-1", "refresh-token-1"}
    assert "token-1" not in repr(Token(access_token="token-1", expires_in_s=1, refresh_token="token-1"))


def answer_headers(*cookies: str) -> CIMultiDictProxy[str]:
    """Make an answer's headers that set these cookies."""
    return CIMultiDictProxy(CIMultiDict([("Set-Cookie", cookie) for cookie in cookies]))


async def test_basic_credentials_go_out_unasked_in_utf_8() -> None:
    """Ready made."""
    auth = BasicSessionAuth("me", CANARY)
    encoded = (await auth.headers())["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded).decode() == f"me:{CANARY}"
    assert not await auth.renew(await auth.headers())


def test_user_name_with_a_colon_is_refused() -> None:
    """The server would take the rest of it for the password."""
    with pytest.raises(ValueError, match="colon"):
        BasicSessionAuth("a:b", "c")


@pytest.mark.parametrize(
    ("answers", "cookie"),
    [
        ([["sid=1; Path=/; HttpOnly"]], "sid=1"),
        ([["sid=1"], []], "sid=1"),
        ([["sid=1"], ["sid=2; Secure"]], "sid=2"),
        ([["sid=1", "lb=x=y"]], "sid=1; lb=x=y"),
        ([["sid=1"], ["sid=; Max-Age=0"]], None),
        ([["sid=1"], ["sid=gone; max-age=-1"]], None),
        ([["sid=1; Max-Age=60"]], "sid=1"),
        ([["sid=1"], ["sid=; expires=Thu, 01 Jan 1970 00:00:00 GMT"]], None),
        ([["sid=1"], ["sid=2; expires=Thu, 01 Jan 2037 00:00:00 GMT"]], "sid=2"),
        ([["sid=1"], ["sid=2; Max-Age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT"]], "sid=2"),
        ([["sid=1"], ["sid=; Max-Age=0"], ["sid=1"]], "sid=1"),
        ([["sid=1"], ["nonsense"], ["=x"]], "sid=1"),
    ],
)
async def test_cookies_of_the_session_are_kept_replaced_and_deleted(
    clock: JumpingClock, answers: list[list[str]], cookie: str | None
) -> None:
    """As the answers say, one after the other."""
    auth = BasicSessionAuth("me", CANARY, clock)
    for cookies in answers:
        auth.absorb(answer_headers(*cookies))
    assert (await auth.headers()).get("Cookie") == cookie


async def test_same_cookie_text_again_changes_nothing() -> None:
    """Not even the headers' identity, so it costs nothing."""
    auth = BasicSessionAuth("me", CANARY)
    auth.absorb(answer_headers("sid=1"))
    before = await auth.headers()
    auth.absorb(answer_headers("sid=1"))
    assert await auth.headers() is before
    assert "1" in auth.secrets
