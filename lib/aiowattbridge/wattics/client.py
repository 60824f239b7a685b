"""The Wattics collector, one method per thing it can do; every call is one packet or one question.

The vendor asks for one HTTP session kept open with its cookies, Basic authentication, and one packet per request. The
cookies are kept here, so any aiohttp session will do, also one without a cookie jar. Nothing is sent twice by this
module: a packet whose answer was lost is the `Sender`'s to look after.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..answer import excerpt
from ..auth import BasicSessionAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..errors import RejectedError, ResponseError
from ..pause import Pause
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Answer, Transport
from .packets import LastPacket, Packet, parse_last_packet
from .receipts import VENDOR

if TYPE_CHECKING:
    import aiohttp

PRODUCTION_URL: Final = "https://web-collector.wattics.com"
DEVELOPMENT_URL: Final = "https://dev-web-collector.wattics.com"
DEMO_URL: Final = "https://demo-dc.wattics.com"

_PATH = "/measurements/v2/unifiedjson/"
_PARTIAL_PATH = "/measurements/v2/unifiedjson_partial/"
_UTC_PATH = "/measurements/v2/unifiedjson_utc/"
_HEADERS: Final = {"Content-Type": "application/json"}
# No stream of anybody; what matters is whether the question is let in.
_PROBE_STREAM = "wattbridge-credentials-check"
_HTML = "the answer is a web page"
# The collector answers with a word or with one packet.
_LARGEST_BODY_BYTES: Final = 1024 * 1024
_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """What the collector answered to a packet it accepted."""

    status: int
    answer: str | None


class WatticsClient(CloudClient):
    """One login at the collector, over the caller's session or one of its own.

    Two logins may share a session only if it has no cookie jar (`aiohttp.DummyCookieJar`): a jar belongs to a host, and
    would put the cookies of one login into the requests of the other.
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        session: aiohttp.ClientSession | None = None,
        base_url: str = PRODUCTION_URL,
        timeout_s: float = 30.0,
        clock: Clock = SYSTEM_CLOCK,
        policy: RetryPolicy = _POLICY,
        pause: Pause | None = None,
    ) -> None:
        """Prepare everything that is the same for every request; `policy` is for the questions, never for packets.

        `pause`: what all requests of the account wait for, once the cloud has asked to be left alone.
        """
        super().__init__(session)
        self._auth = BasicSessionAuth(username, password)
        self._last_body = b""
        self._last_excerpt: str | None = None
        self._transport = Transport(
            self._http,
            base_url,
            vendor=VENDOR,
            auth=self._auth,
            policy=policy,
            timeout_s=timeout_s,
            clock=clock,
            credential_statuses=frozenset({401, 403}),
            largest_body_bytes=_LARGEST_BODY_BYTES,
            pause=pause,
        )

    async def send(self, packet: Packet, *, partial: bool = False) -> SendAnswer:
        """Send one packet, once; `partial` says that more parameters of the same time will follow.

        Any answer 2xx is an acceptance, whatever it says, but for a page of HTML: that comes from something in between,
        and raises ResponseError with `may_have_arrived`.
        """
        return await self._post(_PARTIAL_PATH if partial else _PATH, packet)

    async def send_utc(self, packet: Packet) -> SendAnswer:
        """Send one packet, once, with its time in UTC: the collector turns it into the site's local time."""
        return await self._post(_UTC_PATH, packet.in_utc())

    async def last_packet(self, stream_id: str) -> LastPacket | None:
        """Ask for the newest packet the collector has of a stream; None where its answer tells nothing."""
        try:
            return self._read_last(await self._get(stream_id, repeatable=True), stream_id)
        except ResponseError, RejectedError:
            return None

    async def ask_last_packet(self, stream_id: str) -> LastPacket | None:
        """Ask the same once, and tell an answer that says nothing (None) from one that got spoiled on its way.

        Raises ResponseError for a page of HTML, a redirection, an empty or a truncated answer: asking again may help.
        """
        try:
            return self._read_last(await self._get(stream_id, repeatable=False), stream_id)
        except RejectedError:
            return None

    async def verify(self) -> None:
        """Make sure that the collector lets us in; raises CredentialsError if it does not.

        It asks for a stream that does not exist. What the answer to that looks like is not documented, so any answer
        but 401 and 403 is a welcome.
        """
        try:
            await self._get(_PROBE_STREAM, repeatable=True)
        except RejectedError:
            return

    async def _get(self, stream_id: str, *, repeatable: bool) -> Answer:
        """Ask about a stream."""
        return await self._transport.request("GET", _PATH, query={"stream": stream_id}, repeatable=repeatable)

    def _read_last(self, answer: Answer, stream_id: str) -> LastPacket | None:
        """Read the answer about a stream; raises ResponseError where it is spoiled."""
        if problem := _spoiled(answer):
            raise ResponseError(problem, vendor=VENDOR, endpoint=_PATH, status=answer.status)
        return parse_last_packet(answer.body, stream_id)

    async def _post(self, path: str, packet: Packet) -> SendAnswer:
        """Send a packet to one of the three doors."""
        answer = await self._transport.request("POST", path, data=packet.to_bytes(), headers=_HEADERS, repeatable=False)
        if _is_html(answer):
            raise ResponseError(_HTML, vendor=VENDOR, endpoint=path, status=answer.status, may_have_arrived=True)
        return SendAnswer(answer.status, self._excerpt(answer.body))

    def _excerpt(self, body: bytes) -> str | None:
        """Return the beginning of an answer as one line without secrets; collectors tend to say the same every time."""
        if body != self._last_body:
            self._last_body, self._last_excerpt = body, excerpt(body, self._auth.secrets)
        return self._last_excerpt


def _is_html(answer: Answer) -> bool:
    """Tell a page made for people: a proxy, a portal, a login form.

    The body decides together with the header, since many servers call an empty or a plain answer text/html.
    """
    start = answer.body[:64].lstrip().lower()
    if not start.startswith(b"<"):
        return False
    content_type: str = answer.headers.get("Content-Type", "")
    return start.startswith((b"<!doctype html", b"<html")) or "html" in content_type.lower()


def _spoiled(answer: Answer) -> str | None:
    """Say what is wrong with an answer that should be JSON and is not whole; None for all that may be meant so."""
    body = answer.body.strip()
    if not body:
        return "the answer is empty"
    if _is_html(answer):
        return _HTML
    if body.startswith((b"{", b"[")):
        try:
            json.loads(body)
        except ValueError, RecursionError:
            return "the answer is no whole JSON"
    return None
