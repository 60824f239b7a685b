"""Plain requests to a carbonTRACK cloud, made without any of our clients."""

from datetime import timedelta
from typing import Any

import aiohttp

from aiowattbridge.simulators import CarbonTrackSimulator

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


async def sign_in(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession, **form: str) -> dict[str, Any]:
    """Ask for a token."""
    whole = {"grant_type": "password", "username": cloud.username, "password": cloud.password} | form
    async with http.post(f"{cloud.url}/oauth/token", data=whole) as answer:
        found: dict[str, Any] = await answer.json()
        return {"status": answer.status} | found


async def bearer(cloud: CarbonTrackSimulator, http: aiohttp.ClientSession) -> dict[str, str]:
    """Give the header of a good token."""
    return {"Authorization": f"Bearer {(await sign_in(cloud, http))['access_token']}"}


async def post(
    cloud: CarbonTrackSimulator,
    http: aiohttp.ClientSession,
    path: str,
    body: object,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Post JSON with a token and read JSON."""
    headers = headers if headers is not None else await bearer(cloud, http)
    async with http.post(f"{cloud.url}{path}", json=body, headers=headers) as answer:
        found: dict[str, Any] = await answer.json()
        return {"status": answer.status} | found


def period(cloud: CarbonTrackSimulator, **ago: float) -> dict[str, object]:
    """Ask for the readings of a time up to now."""
    now = cloud.clock.now()
    return {
        "DeviceID": cloud.house.device_ids[0],
        "FromUTCDate": (now - timedelta(**ago)).strftime(FORMAT),
        "ToUTCDate": now.strftime(FORMAT),
    }
