"""What the simulated clouds share: a loopback server, faults, Retry-After windows and the request log."""

import asyncio
import math
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, ClassVar, Self
from weakref import WeakSet

from aiohttp import web

from .clock import SimulatorClock
from .faults import Fault, FaultKind, Faults
from .log import Entry, RequestLog
from .replies import Reply, json_reply, play, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
WINDOW_GRACE_S = 0.5
"""Requests on other connections may have been under way when the window was closed (real time)."""
WINDOW_TOLERANCE_S = 0.005
SECRET_QUERY_KEYS = frozenset(
    {"username", "userid", "user", "password", "access_token", "refresh_token", "client_secret", "api_key", "apikey"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the handlers of a cloud see it."""

    method: str
    path: str
    query: Mapping[str, str]
    query_keys: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None
    connection: asyncio.Transport

    @property
    def content_type(self) -> str:
        """Name the media type of the body without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def tells_secrets(self) -> bool:
        """Say whether the query string carries what belongs in a header or a body."""
        return any(key.lower().rpartition(".")[2] in SECRET_QUERY_KEYS for key in self.query_keys)


@dataclass(slots=True)
class Window:
    """The time in which this account was asked to send nothing."""

    until: datetime
    fault: Fault
    closed_at_s: float
    told: WeakSet[asyncio.Transport] = field(default_factory=WeakSet)


class SimulatedCloud:
    """One cloud on loopback; a subclass says what it answers."""

    kinds: ClassVar[frozenset[FaultKind]] = frozenset(FaultKind)

    def __init__(
        self, username: str, password: str, *, port: int = 0, clock: SimulatorClock | None = None, latency_s: float = 0
    ) -> None:
        """Prepare for one account, whose password may be changed later; nothing listens before `start`."""
        self.username = username
        self.password = password
        self.clock = clock if clock is not None else SimulatorClock()
        self.faults = Faults(self.kinds)
        self.log = RequestLog()
        self.latency_s = latency_s
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._window: Window | None = None
        self._slow: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        """Start listening."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self.stop()

    @property
    def url(self) -> str:
        """Name the base URL, known once the cloud has been started."""
        return f"http://{HOST}:{self._port}"

    async def start(self) -> None:
        """Listen; after a stop on the same port as before."""
        # aiohttp leaves the access log out when it is handed None, though its annotation does not say so.
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Refuse connections from now on and drop the open ones."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        # A request whose client has gone is no longer the server's, but it may still be playing a slow answer.
        for task in self._slow:
            task.cancel()
        await asyncio.gather(*self._slow, return_exceptions=True)

    def summary(self) -> str:
        """Say in one line how it goes."""
        statuses = ", ".join(f"{status or 'cut'} x {number}" for status, number in self.log.statuses().items())
        return f"{statuses or 'nothing yet'}; {len(self.log.violations)} violations"

    def handle(self, call: Call) -> Reply:
        """Execute a request."""
        raise NotImplementedError

    def logged_body(self, call: Call) -> Mapping[str, object] | None:  # noqa: ARG002 - a cloud may have nothing to show
        """Give the part of a request that may stand in the log."""
        return None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: window, fault, execution, log."""
        body = await request.read()
        connection = request.transport
        if connection is None:
            return web.Response()
        call = Call(
            request.method,
            request.path,
            request.query,
            tuple(name for name, _ in request.query.items()),
            request.headers,
            body,
            self.faults.take(request.path),
            connection,
        )
        self._judge(call)
        fault = self._window.fault if self._window is not None and self._window.fault.enforced else call.fault
        reply = self._executed(call, fault)
        self.log.add(
            Entry(
                self.clock.now(),
                call.method,
                call.path,
                reply.status if reply is not None else None,
                None if fault is None else str(fault.kind),
                self.logged_body(call),
            )
        )
        return await self._play(request, connection, fault, reply)

    async def _play(
        self, request: web.BaseRequest, connection: asyncio.Transport, fault: Fault | None, reply: Reply | None
    ) -> web.StreamResponse:
        """Send the reply in its own time, which ends when the cloud is stopped."""
        task = asyncio.current_task()
        if task is not None:
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        return await play(request, connection, fault, reply)

    def _judge(self, call: Call) -> None:
        """Log what a well-behaved client does not do, and reopen a window whose time is over."""
        now = self.clock.now()
        if call.tells_secrets:
            self.log.violate(now, "credentials_in_url", call.method, call.path)
        window = self._window
        if window is None:
            return
        if now >= window.until - timedelta(seconds=WINDOW_TOLERANCE_S):
            self._window = None
        elif call.connection in window.told or time.monotonic() - window.closed_at_s > WINDOW_GRACE_S + self.latency_s:
            self.log.violate(now, "inside_retry_after", call.method, call.path)

    def _executed(self, call: Call, fault: Fault | None) -> Reply | None:
        """Execute the request unless its fault forbids it; None means the connection is to be dropped unanswered."""
        if call.tells_secrets:
            return json_reply({"Message": "Credentials do not belong in a URL."}, 400)
        reply = self.handle(call) if fault is None or fault.takes_effect else None
        if fault is None:
            return reply
        if fault.kind in (FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER):
            return None
        refused = refusal(fault, self._retry_after(call, fault))
        return refused if refused is not None else reply

    def _retry_after(self, call: Call, fault: Fault) -> str | None:
        """Close the window for as long as the fault says and write the header that tells it."""
        if fault.retry_after_s is None:
            return None
        now = self.clock.now()
        if self._window is None or self._window.fault is not fault:
            until = now + timedelta(seconds=fault.retry_after_s)
            if fault.as_date:
                until = until.replace(microsecond=0) + timedelta(seconds=until.microsecond > 0)
            self._window = Window(until, fault, time.monotonic())
        self._window.told.add(call.connection)
        if fault.as_date:
            return format_datetime(self._window.until, usegmt=True)
        # Rounded up to the millisecond, so that obeying the header is never too early.
        left_ms = math.ceil((self._window.until - now).total_seconds() * 1000)
        return f"{left_ms / 1000:.3f}".rstrip("0").rstrip(".")
