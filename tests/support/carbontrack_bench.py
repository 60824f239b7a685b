"""What the tests of the carbonTRACK client share: recorded answers, and a token endpoint in front of them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from aiohttp import web
from kernel_bench import CANARY, Reply, ScriptedCloud, Seen, says

from aiowattbridge.carbontrack import CarbonTrackClient, Measurement

USERNAME = "canary@example.com"
PASSWORD = CANARY
DEVICE = "4800000700000001"
START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 3, 15, tzinfo=UTC)

ANSWERS = Path(__file__).parents[1] / "lib" / "carbontrack" / "answers"


def recorded(name: str) -> bytes:
    """Read an answer from its file."""
    return (ANSWERS / f"{name}.json").read_bytes()


class TokenDesk:
    """Answers `/oauth/token` in its own way and everything else with what the test has set."""

    def __init__(self, cloud: ScriptedCloud) -> None:
        """Stand in front of a scripted cloud."""
        self.cloud = cloud
        self.data: list[Reply] = []
        self.refused: set[str] = set()
        self.issued = 0
        self.refreshes_refresh_tokens = False
        cloud.reply(self._answer)

    def serve(self, *replies: Reply) -> None:
        """Set the replies of the data endpoints; the last one stays."""
        self.data = list(replies)

    def serve_recorded(self, *names: str) -> None:
        """Serve answers from files."""
        self.serve(*(says(recorded(name)) for name in names))

    @property
    def grants(self) -> list[dict[str, str]]:
        """List the forms of all token requests."""
        return [dict(parse_qsl(seen.body.decode())) for seen in self.cloud.seen if seen.path == "/oauth/token"]

    @property
    def asked(self) -> list[Seen]:
        """List the requests for data."""
        return [seen for seen in self.cloud.seen if seen.path != "/oauth/token"]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path != "/oauth/token":
            return await (self.data.pop(0) if len(self.data) > 1 else self.data[0])(request)
        grant = self.grants[-1]["grant_type"]
        if grant in self.refused:
            return web.json_response({"error": "invalid_grant", "error_description": self.grants[-1]}, status=400)
        self.issued += 1
        answer: dict[str, object] = {
            "access_token": f"canary-access-{self.issued}",
            "issued_at": 86_400,  # by a clock that stands in 1970
            "token_type": "bearer",
            "expires_in": 3600,
        }
        if grant == "password" or self.refreshes_refresh_tokens:
            answer["refresh_token"] = f"canary-refresh-{self.issued}"
        return web.json_response(answer)


async def read_measurements(client: CarbonTrackClient) -> list[Measurement]:
    """Read all records of the usual device and period."""
    return [record async for record in client.measurements(DEVICE, START, END)]


def by_page(pages: Callable[[int], str]) -> Reply:
    """Answer a POST by the page it asks for."""

    async def reply(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return web.Response(text=pages(body["PageIndex"]), content_type="application/json")

    return reply


def by_path(**replies: Reply) -> Reply:
    """Answer by the resource that is asked for: Distributor, Customer, Device, Measurement."""

    async def reply(request: web.Request) -> web.StreamResponse:
        return await replies[request.path.rpartition("/")[2]](request)

    return reply


def having(*times: datetime) -> Reply:
    """Answer for measurements with the records of these times that are asked for, the latest first."""

    async def reply(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        first, last = (datetime.fromisoformat(body[name]) for name in ("FromUTCDate", "ToUTCDate"))
        records = [
            {"DeviceID": DEVICE, "RecordDateTime": f"{time:%Y-%m-%dT%H:%M:%SZ}", "PowerUsage": "100.00"}
            for time in sorted(times, reverse=True)
            if first <= time <= last
        ]
        return web.json_response({"Measurements": records, "Count": len(records), "Pages": int(bool(records))})

    return reply


async def count[T](records: AsyncIterator[T]) -> int:
    """Count without keeping."""
    number = 0
    async for _ in records:
        number += 1
    return number
