"""What the tests of the Voltaware client share: a cloud that says what it is told to, behind a token endpoint."""

import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiowattbridge.simulators import SimulatorClock
from aiowattbridge.voltaware import VoltawareClient

NOVEMBER = datetime(2026, 11, 14, 12, 2, tzinfo=UTC)
SECRET = "canary-Sécret/+9"
DEVICE = "7007001"


class ScriptedVoltaware:
    """Answers every question about a device with `answer`, and notes what was asked and told."""

    def __init__(self, session: aiohttp.ClientSession, clock: SimulatorClock) -> None:
        """Have nothing to say yet."""
        self.answer: Any = {}
        self.status = 200
        self.asked: list[str] = []
        self.told: list[Any] = []
        self.logins: list[str] = []
        self.raw: bytes | None = None
        self._session = session
        self._clock = clock
        app = web.Application()
        app.router.add_post("/auth/{grant:.*}", self._token)
        app.router.add_route("*", "/{path:.*}", self._reply)
        self._server = TestServer(app, host="127.0.0.1", access_log=None)

    @property
    def client(self) -> VoltawareClient:
        """A client that is let in."""
        url = str(self._server.make_url("")).rstrip("/")
        return VoltawareClient("canary-id", SECRET, session=self._session, base_url=url, clock=self._clock)

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
        token: dict[str, Any] = {"access_token": f"canary-access-{len(self.logins)}", "expires_in_secs": 43200}
        if request.path == "/auth/token":
            token["refresh_token"] = "canary-refresh"
        return web.json_response(token)

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        if request.method == "PUT":
            self.told.append(json.loads(await request.read()))
            return web.Response(status=204)
        body = json.dumps(self.answer).encode() if self.raw is None else self.raw
        return web.Response(status=self.status, body=body, content_type="application/json")
