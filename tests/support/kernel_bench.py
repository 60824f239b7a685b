"""What the tests of the library's kernel share: a clock that jumps, and a cloud that answers as it is told."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from aiohttp import web
from aiohttp.test_utils import TestServer

CANARY = 'canary-Sécret/+&"7'

type Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


class JumpingClock:
    """Stands still, jumps over every wait, and remembers how long it was."""

    def __init__(self) -> None:
        """Stand at noon."""
        self.passed_s = 0.0
        self.sleeps_s: list[float] = []

    def monotonic(self) -> float:
        """Return seconds from an odd beginning."""
        return 1234.5 + self.passed_s

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime(2026, 3, 14, 12, tzinfo=UTC) + timedelta(seconds=self.passed_s)

    async def sleep(self, delay_s: float) -> None:
        """Jump."""
        self.sleeps_s.append(delay_s)
        self.passed_s += delay_s


class Highest(Random):
    """Draws the largest number it may, so that the bounds of a wait show."""

    def uniform(self, a: float, b: float) -> float:
        """Return the upper end."""
        return max(a, b)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


class ScriptedCloud:
    """Answers the next requests with the given replies, the last of them for ever."""

    def __init__(self) -> None:
        """Know nothing to say yet."""
        self.seen: list[Seen] = []
        self.url = ""
        self._replies: deque[Reply] = deque()
        self._connections: dict[object, int] = {}

    def reply(self, *replies: Reply) -> None:
        """Set what to answer from now on."""
        self._replies = deque(replies)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note the request and answer it."""
        connection = self._connections.setdefault(request.transport, len(self._connections))
        body = await request.read()
        self.seen.append(Seen(request.method, request.raw_path, dict(request.headers), body, connection))
        reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        return await reply(request)


@asynccontextmanager
async def scripted_cloud() -> AsyncIterator[ScriptedCloud]:
    """Run a scripted cloud on loopback."""
    cloud = ScriptedCloud()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", cloud.handle)
    async with TestServer(app, host="127.0.0.1") as server:
        cloud.url = str(server.make_url("")).rstrip("/")
        yield cloud


def says(
    body: str | bytes = b"{}",
    status: int = 200,
    *,
    content_type: str | None = "application/json",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Make a reply of a status and a body."""
    given = {**({"Content-Type": content_type} if content_type else {}), **(headers or {})}

    async def reply(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body.encode() if isinstance(body, str) else body, headers=given)

    return reply


async def cuts(request: web.Request) -> web.StreamResponse:
    """Drop the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cuts_body(request: web.Request) -> web.StreamResponse:
    """Announce more than comes before the connection drops."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"half": ')
    assert request.transport is not None
    request.transport.close()
    return response


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and everything it drags along."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def assert_silent(error: BaseException, *secrets: str) -> None:
    """Assert that no text of an error, nor of what hangs on it, holds a secret."""
    for link in chain(error):
        for secret in secrets:
            assert secret not in f"{link} {link!r} {link.args}"
