"""WattCarbon asked by hand: plain HTTP that knows nothing of our client."""

import json
from typing import Any

import aiohttp

from aiowattbridge.simulators import WattCarbonSimulator

APP = {"User-Agent": "meadow-uploader/1"}


class Caller:
    """A plain HTTP client with the account's token."""

    def __init__(self, cloud: WattCarbonSimulator, http: aiohttp.ClientSession) -> None:
        """Start without a token."""
        self.cloud = cloud
        self.http = http
        self.headers = dict(APP)

    async def sign_in(self) -> int:
        """Get a token and use it from now on."""
        form = {"grant_type": "password", "username": self.cloud.username, "password": self.cloud.password}
        status, answer = await self.ask("POST", "/auth/token", data=form)
        if status == 200:
            self.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return status

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request and read the answer."""
        headers = self.headers | options.pop("headers", {})
        async with self.http.request(method, f"{self.cloud.url}{path}", headers=headers, **options) as answer:
            return answer.status, json.loads(await answer.text() or "null")

    async def places(self, method: str, path: str, body: object) -> list[list[str | int]]:
        """Send an object that is refused, and name the places the refusal names."""
        status, answer = await self.ask(method, path, json=body)
        assert status == 422
        assert all(each.keys() >= {"loc", "msg", "type"} for each in answer["detail"])
        return [each["loc"] for each in answer["detail"]]
