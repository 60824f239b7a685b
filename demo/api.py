"""Home Assistant's public doors, REST and WebSocket, as far as the demo and the tests go through them."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any, Self

import aiohttp

LARGEST_MESSAGE = 256 * 1024 * 1024
COMMAND_TIMEOUT_S = 60.0


class ApiError(Exception):
    """Home Assistant refused a request, or did not answer."""


class Api:
    """One Home Assistant, reached with a token; the WebSocket is opened when the first command needs it."""

    def __init__(self, url: str, token: str) -> None:
        """Note where it is and with what it is asked; `url` has no slash at its end."""
        self.url = url
        self.token = token
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"}, timeout=aiohttp.ClientTimeout(total=COMMAND_TIMEOUT_S)
        )
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._turn = asyncio.Lock()
        self._ids = count(1)

    async def __aenter__(self) -> Self:
        """Enter; nothing is opened before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what was opened."""
        await self.disconnect()
        await self._session.close()

    async def disconnect(self) -> None:
        """Close the WebSocket; the next command opens another."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def get(self, path: str) -> Any:
        """Read a resource of the REST API."""
        return await self._request("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post to a resource of the REST API."""
        return await self._request("POST", path, body)

    async def command(self, kind: str, **fields: Any) -> Any:
        """Run a WebSocket command and return its result."""
        async with self._turn:
            try:
                return await asyncio.wait_for(self._command(kind, fields), COMMAND_TIMEOUT_S)
            except (aiohttp.ClientError, TimeoutError) as err:
                await self.disconnect()
                raise ApiError(f"{kind}: {type(err).__name__} {err}") from err

    async def call_action(self, action: str, data: Mapping[str, Any]) -> Any:
        """Call an action (`domain.name`) that answers, and return its response."""
        domain, _, name = action.partition(".")
        result = await self.command(
            "call_service", domain=domain, service=name, service_data=dict(data), return_response=True
        )
        return result["response"]

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        try:
            async with self._session.request(method, self.url + path, json=body) as answer:
                text = await answer.text()
                if answer.status >= 400:  # noqa: PLR2004 - HTTP's own border between success and failure
                    raise ApiError(f"{method} {path}: {answer.status} {text[:500]}")
                return await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as err:
            raise ApiError(f"{method} {path}: {type(err).__name__} {err}") from err

    async def _command(self, kind: str, fields: Mapping[str, Any]) -> Any:
        if self._socket is None or self._socket.closed:
            self._socket = await self._open_socket()
        number = next(self._ids)
        await self._socket.send_json({"id": number, "type": kind, **fields})
        while True:
            message = await self._receive(self._socket)
            if message.get("id") != number or message["type"] != "result":
                continue
            if not message["success"]:
                raise ApiError(f"{kind}: {message['error']['code']}: {message['error']['message']}")
            return message["result"]

    async def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        socket = await self._session.ws_connect(self.url + "/api/websocket", max_msg_size=LARGEST_MESSAGE)
        await self._receive(socket)
        await socket.send_json({"type": "auth", "access_token": self.token})
        answer = await self._receive(socket)
        if answer["type"] != "auth_ok":
            await socket.close()
            raise ApiError("Home Assistant does not accept the token.")
        self._ids = count(1)
        return socket

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise aiohttp.ClientConnectionError("Home Assistant closed the WebSocket.")
        answer: dict[str, Any] = message.json()
        return answer


async def onboard(url: str) -> str:
    """Make the owner of a new Home Assistant and return a token that lasts."""
    client_id = f"{url}/"
    owner = {"name": "Demo", "username": "demo", "password": "demo", "language": "en", "client_id": client_id}
    timeout = aiohttp.ClientTimeout(total=COMMAND_TIMEOUT_S)
    async with aiohttp.ClientSession(raise_for_status=True, timeout=timeout) as session:
        async with session.post(f"{url}/api/onboarding/users", json=owner) as answer:
            code = (await answer.json())["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post(f"{url}/auth/token", data=form) as answer:
            short_lived = (await answer.json())["access_token"]
    async with Api(url, short_lived) as api:
        token: str = await api.command("auth/long_lived_access_token", client_name="demo", lifespan=3650)
        return token
