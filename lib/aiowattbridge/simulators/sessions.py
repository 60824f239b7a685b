"""The collector's session cookies: who was given one and who comes back without."""

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    import asyncio

    from .server import Call

COOKIE = "COLLECTORSESSION"


class Sessions:
    """Hands out session cookies and counts requests that break a session.

    A break is a request without a known cookie on a connection over which one was given. A client that opens a new
    connection without a cookie cannot be told from a new client: it shows as one more session.
    """

    def __init__(self, rotate_every: int) -> None:
        """Rotate the cookie after so many requests, never when 0."""
        self.breaks = 0
        self.issued = 0
        self._rotate_every = rotate_every
        self._requests = 0
        self._known: set[str] = set()
        self._given: WeakSet[asyncio.Transport] = WeakSet()

    def seen(self, call: Call) -> str | None:
        """Look at a request's cookie and write the Set-Cookie of the answer, if one is due."""
        self._requests += 1
        due = bool(self._rotate_every) and self._requests % self._rotate_every == 0
        if _session_of(call) in self._known:
            return self._issue(call) if due else None
        if call.connection in self._given:
            self.breaks += 1
        return self._issue(call)

    def forget(self) -> None:
        """Know none of the cookies given so far, as after a restart of the cloud."""
        self._known.clear()
        self._given.clear()

    def _issue(self, call: Call) -> str:
        """Give a new cookie."""
        self.issued += 1
        session = f"session-{self.issued:06d}"
        self._known.add(session)
        self._given.add(call.connection)
        return f"{COOKIE}={session}; Path=/; HttpOnly"


def _session_of(call: Call) -> str:
    """Read the session's cookie."""
    try:
        morsel = SimpleCookie(call.headers.get("Cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
