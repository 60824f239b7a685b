"""Who we are, as objects with a lifetime: a renewable token, or Basic credentials with a cookie session."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from multidict import CIMultiDictProxy

from .clock import SYSTEM_CLOCK, Clock
from .retry import parse_http_date

# A token is renewed so long before it expires, but never in the first half of its life.
_RENEW_AHEAD_S: Final = 60.0


class Auth(Protocol):
    """What the transport asks of credentials."""

    @property
    def secrets(self) -> Collection[str]:
        """Return every text that must not show in an error or a log."""
        ...

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that authorise the next request; may have to log in first."""
        ...

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Give up what these refused headers stood for; True if the next `headers()` are worth a replay."""
        ...

    def absorb(self, answer_headers: CIMultiDictProxy[str]) -> None:
        """Take note of what an answer says about the session."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, how long it lives from the moment it was asked for, and what renews it."""

    access_token: str = field(repr=False)
    expires_in_s: float
    refresh_token: str | None = field(default=None, repr=False)


class TokenAuth:
    """Bearer tokens, renewed ahead of expiry by one shared request however many callers need one."""

    def __init__(
        self,
        fetch: Callable[[Token | None], Awaitable[Token]],
        clock: Clock = SYSTEM_CLOCK,
        *,
        secrets: Collection[str] = (),
    ) -> None:
        """Remember how tokens are got: `fetch` is given the last token, for its refresh token, or None."""
        self._fetch = fetch
        self._clock = clock
        self._own_secrets = tuple(secrets)
        self._token: Token | None = None
        self._headers: Mapping[str, str] | None = None
        self._renew_at_s = 0.0
        self._flight: asyncio.Task[Mapping[str, str]] | None = None
        self._waiting = 0

    @property
    def secrets(self) -> Collection[str]:
        """Return the credentials and the tokens held now."""
        token = self._token
        held = () if token is None else (token.access_token, token.refresh_token or "")
        return (*self._own_secrets, *held)

    async def headers(self) -> Mapping[str, str]:
        """Return the bearer header, with a new token if the held one is missing or near its end."""
        if self._headers is None or self._clock.monotonic() >= self._renew_at_s:
            return await self._join_flight()
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Invalidate the token of these headers; a newer one, got meanwhile by another request, stays."""
        if self._headers is not None and rejected.get("Authorization") == self._headers["Authorization"]:
            self._headers = None
        return True

    def forget(self) -> None:
        """Drop all tokens, so that the next request logs in from the beginning."""
        self._headers = self._token = self._flight = None

    def absorb(self, answer_headers: CIMultiDictProxy[str]) -> None:
        """Learn nothing: a token's session has no cookies."""

    async def _join_flight(self) -> Mapping[str, str]:
        """Wait for the one renewal under way, starting it if there is none.

        It outlives a caller that is cancelled, and ends with the last one.
        """
        flight = self._flight
        if flight is None or flight.done():
            flight = self._flight = asyncio.create_task(self._fly())
        self._waiting += 1
        try:
            return await asyncio.shield(flight)
        finally:
            self._waiting -= 1
            if not self._waiting and not flight.done():
                flight.cancel()
                self._flight = None

    async def _fly(self) -> Mapping[str, str]:
        """Get a new token and start its lifetime, counted from before it was asked for."""
        asked_at_s = self._clock.monotonic()
        token = await self._fetch(self._token)
        ahead_s = min(_RENEW_AHEAD_S, token.expires_in_s / 2)
        self._renew_at_s = asked_at_s + token.expires_in_s - ahead_s
        self._token = token
        self._headers = {"Authorization": f"Bearer {token.access_token}"}
        return self._headers


class BasicSessionAuth:
    """Basic credentials sent unasked, and the cookies of one session, kept here rather than in the HTTP session's jar.

    A cookie goes to the one host of the client that owns this. Its lifetime is left to the server, which sees it with
    every request and replaces or deletes it.
    """

    def __init__(self, username: str, password: str, clock: Clock = SYSTEM_CLOCK) -> None:
        """Build the header once; a colon in the user name would make it mean something else."""
        if ":" in username:
            raise ValueError("A user name for Basic authentication holds no colon")
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._basic = f"Basic {credentials}"
        self._secrets = (username, password, credentials)
        self._clock = clock
        self._cookies: dict[str, str] = {}
        self._last_set: tuple[str, ...] = ()
        self._headers: Mapping[str, str] = {"Authorization": self._basic}

    @property
    def secrets(self) -> Collection[str]:
        """Return the credentials, plain and encoded, and the values of the session's cookies."""
        return (*self._secrets, *self._cookies.values())

    async def headers(self) -> Mapping[str, str]:
        """Return the credentials and the session's cookies, ready made."""
        return self._headers

    async def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's argument
        """Renew nothing: refused credentials stay refused."""
        return False

    def absorb(self, answer_headers: CIMultiDictProxy[str]) -> None:
        """Keep, replace or delete cookies as the answer says; the same text again costs no parsing."""
        if "Set-Cookie" not in answer_headers:
            return
        lines = tuple(answer_headers.getall("Set-Cookie"))
        if lines == self._last_set:
            return
        self._last_set = lines
        for line in lines:
            self._absorb_line(line)
        headers = {"Authorization": self._basic}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._headers = headers

    def _absorb_line(self, line: str) -> None:
        """Take one Set-Cookie line: `name=value` and attributes, of which only those that delete matter."""
        pair, *attributes = line.split(";")
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not name or not equals:
            return
        if self._deletes(attributes):
            self._cookies.pop(name, None)
        else:
            self._cookies[name] = value.strip()

    def _deletes(self, attributes: list[str]) -> bool:
        """Tell whether a cookie's attributes end its life at once; Max-Age wins over Expires."""
        pairs = (text.partition("=") for text in attributes)
        named = {name.strip().lower(): value.strip() for name, _, value in pairs}
        max_age = named.get("max-age", "")
        if max_age.removeprefix("-").isdecimal():
            return int(max_age) <= 0
        expires = parse_http_date(named.get("expires", ""))
        return expires is not None and expires <= self._clock.now()
