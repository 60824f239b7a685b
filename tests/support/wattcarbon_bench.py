"""What the tests of the WattCarbon client share: a small cloud behind a token endpoint, and rows to send it."""

import json
from collections import deque
from collections.abc import AsyncIterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from urllib.parse import parse_qsl

from aiohttp import web
from kernel_bench import CANARY, Reply, ScriptedCloud, Seen

from aiowattbridge.wattcarbon import HourlyEnergy, Solar, UploadReceipt

EMAIL = "canary@people.example"
API_KEY = CANARY
START = datetime(2025, 8, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEADER = "datetime,value_kwh\n"
STREET = "7 Canary-Sonder Way"
OWNER = "Kanarielle Sonderbar"


def solar(name: str = "Roof", custom_id: str | None = "roof-1") -> Solar:
    """Describe an asset."""
    return Solar(name=name, custom_id=custom_id, location="1 Example Way Sampletown")


def hours(count: int, *, start: datetime = START) -> Iterator[HourlyEnergy]:
    """Yield hours one after the other, each with a number of its own."""
    for number in range(count):
        yield HourlyEnergy(start + number * HOUR, Decimal(number) / 10)


async def collect(receipts: AsyncIterable[UploadReceipt]) -> list[UploadReceipt]:
    """Upload to the end."""
    return [receipt async for receipt in receipts]


def text_of(seen: Seen) -> str:
    """Return the CSV of an upload, whichever way it came."""
    declared = seen.headers["Content-Type"]
    if declared == "text/csv":
        return seen.body.decode()
    form = message_from_bytes(f"Content-Type: {declared}\r\n\r\n".encode() + seen.body)
    [part] = [part for part in form.walk() if not part.is_multipart()]
    assert part.get_content_type() == "text/csv"
    assert part.get_param("name", header="content-disposition") == "file"
    assert str(part.get_filename()).endswith(".csv")
    return str(part.get_payload())


class SmallCloud:
    """Keeps assets under one path; the next data requests can be made to fail before or after they take effect."""

    def __init__(self, cloud: ScriptedCloud, collection: str = "assets") -> None:
        """Stand behind a scripted cloud."""
        self.cloud = cloud
        self.collection = collection
        self.assets: list[dict[str, object]] = []
        self.instead: deque[Reply | None] = deque()
        self.afterwards: deque[Reply | None] = deque()
        self.issued = 0
        cloud.reply(self._answer)

    @property
    def grants(self) -> list[dict[str, str]]:
        """List the forms of all token requests."""
        return [dict(parse_qsl(seen.body.decode())) for seen in self.cloud.seen if seen.path == "/auth/token"]

    @property
    def asked(self) -> list[Seen]:
        """List the requests for anything else."""
        return [seen for seen in self.cloud.seen if seen.path != "/auth/token"]

    @property
    def lines(self) -> list[str]:
        """Name those requests."""
        return [f"{seen.method} {seen.path}" for seen in self.asked]

    def serve(self, *replies: Reply | None) -> None:
        """Answer the next data requests so, in the place of anything they ask for; None lets one through."""
        self.instead.extend(replies)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/auth/token":
            self.issued += 1
            return web.json_response({"access_token": f"canary-access-{self.issued}"})
        if self.instead and (reply := self.instead.popleft()) is not None:
            return await reply(request)
        answer = self._execute(request.method, request.path, await request.read())
        if self.afterwards and (reply := self.afterwards.popleft()) is not None:
            return await reply(request)
        return answer

    def _execute(self, method: str, path: str, body: bytes) -> web.Response:
        """Answer as the vendor's service would."""
        _, collection, *rest = path.split("/")
        if collection == "meters":
            return web.json_response({"accepted": True})
        if collection != self.collection:
            return web.json_response({"detail": "Not Found"}, status=404)
        if method == "GET" and not rest:
            return web.json_response(self.assets)
        if method == "POST" and not rest:
            return self._create(json.loads(body))
        found = next((asset for asset in self.assets if str(asset["id"]) == rest[0]), None)
        if found is None:
            return web.json_response({"detail": "No such asset"}, status=404)
        if method == "PUT":
            found.update(json.loads(body))
        return web.json_response(found)

    def _create(self, body: dict[str, object]) -> web.Response:
        """Keep an asset, whose custom id has to be new."""
        if any(asset.get("customId") == body.get("customId") for asset in self.assets):
            return web.json_response({"detail": "customId is taken"}, status=409)
        self.assets.append({"id": 100 + len(self.assets), **body})
        return web.json_response(self.assets[-1], status=201)
