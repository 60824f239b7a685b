"""What the tests of the Voltaware client share: a cloud that says what it is told to, behind a token endpoint."""

import json
from collections import deque
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiowattbridge.retry import NO_RETRY
from aiowattbridge.simulators import SimulatorClock
from aiowattbridge.voltaware import VoltawareClient

NOVEMBER = datetime(2026, 11, 14, 12, 2, tzinfo=UTC)
SECRET = "canary-Sécret/+9"
DEVICE = "7007001"


class ScriptedVoltaware:
    """Answers questions with `answer`, `raw` or `status`, and notes what was asked and told.

    `statuses` are those of the next answers, before `status` is that of all others; `auth_statuses` those of the token
    endpoints by their path.
    """

    def __init__(self, session: aiohttp.ClientSession, clock: SimulatorClock) -> None:
        """Have nothing to say yet."""
        self.answer: Any = {}
        self.status = 200
        self.statuses: deque[int] = deque()
        self.auth_statuses: dict[str, int] = {}
        self.asked: list[str] = []
        self.bearers: list[str] = []
        self.told: list[Any] = []
        self.logins: list[str] = []
        self.grants: list[Any] = []
        self.raw: bytes | None = None
        self._session = session
        self._clock = clock
        app = web.Application()
        app.router.add_post("/auth/{grant:.*}", self._token)
        app.router.add_route("*", "/{path:.*}", self._reply)
        self._server = TestServer(app, host="127.0.0.1", access_log=None)

    @property
    def client(self) -> VoltawareClient:
        """A client that is let in, and asks once."""
        url = str(self._server.make_url("")).rstrip("/")
        return VoltawareClient(
            "canary-id", SECRET, session=self._session, base_url=url, clock=self._clock, policy=NO_RETRY
        )

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        await self._server.close()

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.logins.append(request.path)
        self.grants.append(await request.json())
        if status := self.auth_statuses.get(request.path):
            return web.Response(status=status)
        token: dict[str, Any] = {
            "access_token": f"canary-access-{len(self.logins)}",
            "token_type": "Bearer",
            "expires_in_secs": 43200,
        }
        if request.path == "/auth/token":
            token["refresh_token"] = f"canary-refresh-{len(self.logins)}"
        return web.json_response(token)

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        self.bearers.append(request.headers["Authorization"].removeprefix("Bearer "))
        status = self.statuses.popleft() if self.statuses else self.status
        if request.method == "PUT":
            self.told.append(json.loads(await request.read()))
            if status == 200:
                return web.Response(status=204)
        body = json.dumps(self.answer).encode() if self.raw is None else self.raw
        return web.Response(status=status, body=body, content_type="application/json")
