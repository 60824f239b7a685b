"""Whose HTTP session a client uses: the caller's, which is never closed here, or one of its own."""

from typing import TYPE_CHECKING, Self

import aiohttp

if TYPE_CHECKING:
    from types import TracebackType


class OwnSession:
    """A session that is opened with the first request, when there is surely an event loop, and may be closed.

    It keeps no cookies: where a cloud wants them, `auth.BasicSessionAuth` keeps those of its account.
    """

    def __init__(self) -> None:
        """Open nothing yet."""
        self._opened: aiohttp.ClientSession | None = None

    def open(self) -> aiohttp.ClientSession:
        """Return the session, opening it when it is first wanted."""
        if self._opened is None or self._opened.closed:
            self._opened = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._opened

    async def aclose(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None


class CloudClient:
    """What the clients of all clouds share: `async with`, and a session that is the caller's or their own."""

    def __init__(self, session: aiohttp.ClientSession | None) -> None:
        """Take the caller's session, or prepare one."""
        self._http: aiohttp.ClientSession | OwnSession = OwnSession() if session is None else session

    async def aclose(self) -> None:
        """Close the client's own session; the caller's stays open."""
        if isinstance(self._http, OwnSession):
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Begin; nothing is sent yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client's own session."""
        await self.aclose()
