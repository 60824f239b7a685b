"""Voltaware asked by hand: plain HTTP that knows nothing of our client."""

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp

from aiowattbridge.simulators import Meter, VoltawareSimulator

NOVEMBER = datetime(2026, 11, 14, 12, 2, tzinfo=UTC)
ID = "7007001"
OCTOBER = "year=2026&month=10"
WEEK = "startDate=2026-10-19&endDate=2026-10-25"


class Raw:
    """A client that knows nothing but HTTP."""

    def __init__(self, http: aiohttp.ClientSession, cloud: VoltawareSimulator) -> None:
        """Hold no token yet."""
        self.http, self.cloud = http, cloud
        self.token = ""
        self.refresh_token = ""

    @property
    def meter(self) -> Meter:
        """The first device."""
        return self.cloud.meters[ID]

    async def log_in(self, **changes: object) -> int:
        """Ask for a token and keep it."""
        grant = {
            "grant_type": "client_credentials",
            "client_id": self.cloud.username,
            "client_secret": self.cloud.password,
        }
        status, answer = await self.send("POST", "/auth/token", {**grant, **changes})
        if status == 200:
            self.token, self.refresh_token = answer["access_token"], answer["refresh_token"]
        return status

    async def refresh(self, **changes: object) -> int:
        """Ask for another token with the refresh token and keep it."""
        grant = {
            "grant_type": "refresh_token",
            "client_id": self.cloud.username,
            "refresh_token": self.refresh_token,
        }
        status, answer = await self.send("POST", "/auth/token/refresh", {**grant, **changes})
        if status == 200:
            assert set(answer) == {"access_token", "token_type", "expires_in_secs"}
            self.token = answer["access_token"]
        return status

    async def send(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
        """Make a request with the token; tell its status and what JSON came back."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        async with self.http.request(method, f"{self.cloud.url}{path}", headers=headers, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def get(self, part: str, device_id: str = ID) -> Any:
        """Ask about a device and expect an answer."""
        status, answer = await self.send("GET", f"/sensors/{device_id}{part}")
        assert status == 200, answer
        return answer

    async def status(self, part: str, device_id: str = ID) -> int:
        """Ask about a device and tell only the status."""
        return (await self.send("GET", f"/sensors/{device_id}{part}"))[0]

    async def put(self, name: str, body: object, device_id: str = ID) -> tuple[int, str | None]:
        """Tell something of a home; return the status and the message of a refusal."""
        status, answer = await self.send("PUT", f"/sensors/{device_id}/metadata/{name}", body)
        return status, None if answer is None else answer["message"]
