"""The Wattics collector on loopback: it takes one packet a request, by the letter, and keeps the order it came in."""

import base64
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Literal

from .checks import Refused, strict_json
from .faults import FaultKind
from .replies import Reply, json_reply, text_reply
from .server import Call, SimulatedCloud
from .sessions import Sessions
from .streams import Store, Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .clock import SimulatorClock

USERNAME = "meter-pusher"
PASSWORD = "staple of sixty-four streams"  # noqa: S105 - the simulator's own invented password
BASE = "/measurements/v2/unifiedjson"
ROUTES = {f"{BASE}/": "local", f"{BASE}_partial/": "partial", f"{BASE}_utc/": "utc"}
ELECTRICITY = frozenset(
    [f"{name}_{phase}" for name in ("aP", "rP", "apP", "v", "c", "pC") for phase in (1, 2, 3)]
    + ["v_12", "v_13", "v_23"]
)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
WIDEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Packets this cloud is told to refuse."""

    stream_id: str
    predicate: Callable[[Mapping[str, object]], bool]
    status: int
    reason: str


class WatticsSimulator(SimulatedCloud):
    """Basic authentication, a session cookie, three ways to post a packet and one to ask for the last.

    `known_streams`: when given, any other stream is answered with `unknown_stream_status`. `rotate_cookie_every`: a new
    session cookie after so many requests. `get_shape`: how the last packet is shown; `get_empty_status`: the answer for
    a stream without packets (200: an empty object).
    """

    kinds: ClassVar[frozenset[FaultKind]] = frozenset(FaultKind) - {
        FaultKind.DUPLICATE_PAGE,
        FaultKind.EMPTY_PAGE,
        FaultKind.IN_BAND,
    }

    def __init__(  # noqa: PLR0913 - options are given by name
        self,
        *,
        port: int = 0,
        clock: SimulatorClock | None = None,
        latency_s: float = 0.0,
        get_shape: Literal["object", "list", "unknown"] = "object",
        get_empty_status: int = 404,
        known_streams: Collection[str] | None = None,
        unknown_stream_status: Literal[400, 404] = 404,
        rotate_cookie_every: int = 0,
        keep_packets: bool = True,
    ) -> None:
        """Prepare an empty collector; without `keep_packets` only the last packet of each stream is kept."""
        super().__init__(USERNAME, PASSWORD, port=port, clock=clock, latency_s=latency_s)
        self.get_shape = get_shape
        self.get_empty_status = get_empty_status
        self.known_streams = known_streams
        self.unknown_stream_status = unknown_stream_status
        self.rejections: list[Rejection] = []
        self.store = Store(keep_packets=keep_packets)
        self.sessions = Sessions(rotate_cookie_every)
        self.unauthorised = 0
        self.malformed = 0
        self.rejected = 0

    @property
    def accepted(self) -> Mapping[str, list[Stored]]:
        """Show what was accepted, by stream, in the order of arrival."""
        return self.store.accepted

    def reject(
        self,
        stream_id: str,
        predicate: Callable[[Mapping[str, object]], bool] = lambda _: True,
        *,
        status: int = 400,
        reason: str = "This packet is not wanted.",
    ) -> Rejection:
        """Refuse packets of a stream from now on; take the answer out of `rejections` to stop that."""
        rejection = Rejection(stream_id, predicate, status, reason)
        self.rejections.append(rejection)
        return rejection

    def report(self) -> dict[str, object]:
        """Count what came and what was wrong with it."""
        return {
            "accepted": self.store.total,
            "streams": dict(self.store.counts),
            "duplicates": self.store.duplicates,
            "out_of_order": self.store.out_of_order,
            "cookie_breaks": self.sessions.breaks,
            "sessions": self.sessions.issued,
            "unauthorised": self.unauthorised,
            "malformed": self.malformed,
            "rejected": self.rejected,
            "violations": len(self.log.violations),
        }

    def handle(self, call: Call) -> Reply:
        """Check who asks and what, answer it, and hand out a cookie where one is due."""
        try:
            self._check_account(call)
        except Refused as refused:
            return Reply(refused.status, refused.reason.encode(), "text/plain", refused.headers)
        cookie = self.sessions.seen(call)
        try:
            reply = self._answer(call)
        except Refused as refused:
            reply = text_reply(refused.reason, refused.status)
        if cookie is None:
            return reply
        return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, "Set-Cookie": cookie})

    def _check_account(self, call: Call) -> None:
        """Let only the one account in."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        expired = call.fault is not None and call.fault.kind is FaultKind.TOKEN_EXPIRED
        if expired or call.headers.get("Authorization") != f"Basic {pair}":
            self.unauthorised += 1
            raise Refused(401, "Who are you?", {"WWW-Authenticate": 'Basic realm="collector"'})

    def _answer(self, call: Call) -> Reply:
        """Take a packet or tell the last one."""
        route = ROUTES.get(call.path)
        if route is None:
            raise Refused(404, "There is no such resource.")
        if call.method == "GET" and route == "local":
            return self._last(call)
        if call.method != "POST":
            raise Refused(405, "Packets are posted.")
        if call.query_keys:
            raise Refused(400, "Posting takes no query string.")
        try:
            packet, instant = read_packet(call, route)
        except Refused:
            self.malformed += 1
            raise
        stream_id = str(packet["id"])
        self._check_stream(stream_id)
        for rejection in self.rejections:
            if rejection.stream_id == stream_id and rejection.predicate(packet):
                self.rejected += 1
                raise Refused(rejection.status, rejection.reason)
        self.store.add(Stored(packet, instant, route, self.clock.now()))
        return text_reply("OK", 200)

    def _check_stream(self, stream_id: str) -> None:
        """Refuse a stream that was never registered."""
        if self.known_streams is not None and stream_id not in self.known_streams:
            self.rejected += 1
            raise Refused(self.unknown_stream_status, "This stream is not registered.")

    def _last(self, call: Call) -> Reply:
        """Show the last packet received for a stream."""
        if call.query_keys != ("stream",) or not call.query["stream"]:
            raise Refused(400, "Ask for exactly one stream.")
        self._check_stream(call.query["stream"])
        newest = self.store.newest(call.query["stream"], 3)
        if self.get_shape == "unknown":
            return text_reply(f"{len(newest)} of the last packets are being looked at.", 200)
        if not newest and self.get_empty_status != HTTPStatus.OK:
            raise Refused(self.get_empty_status, "Nothing was received yet.")
        if self.get_shape == "list":
            return json_reply([stored.packet for stored in newest])
        return json_reply(newest[-1].packet if newest else {})


def read_packet(call: Call, route: str) -> tuple[dict[str, object], datetime]:
    """Read a packet by the letter of the vendor's page."""
    if call.content_type != "application/json":
        raise Refused(400, "A packet is application/json.")
    if b"\n" in call.body or b"\r" in call.body:
        raise Refused(400, "A packet is one line.")
    try:
        packet = strict_json(call.body)
    except ValueError as error:
        raise Refused(400, f"A packet is JSON: {error}") from error
    if not isinstance(packet, dict):
        raise Refused(400, "A packet is one object.")
    stream_id = packet.get("id")
    if not isinstance(stream_id, str) or not stream_id:
        raise Refused(400, "id is missing.")
    _check_values(packet)
    return packet, _instant(packet.get("tsISO8601"), route)


def _check_values(packet: Mapping[str, object]) -> None:
    """Accept electricity parameters or one value, as numbers."""
    names = set(packet) - {"id", "tsISO8601"}
    if unknown := names - ELECTRICITY - {"value"}:
        raise Refused(400, f"Unknown field {min(unknown)}.")
    if not names:
        raise Refused(400, "There is no value.")
    if "value" in names and len(names) > 1:
        raise Refused(400, "Either electricity or a single value.")
    for name in names:
        number = packet[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise Refused(400, f"{name} is no number.")


def _instant(text: object, route: str) -> datetime:
    """Read the exact time format."""
    if not isinstance(text, str) or not TIMESTAMP.fullmatch(text):
        raise Refused(400, "tsISO8601 is yyyy-mm-ddThh:mm:ss.sss+hh:mm.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, "tsISO8601 is no date.") from error
    offset = moment.utcoffset() or timedelta()
    if abs(offset) > WIDEST_OFFSET or (route == "utc" and offset):
        raise Refused(400, "tsISO8601 has an impossible offset.")
    return moment.astimezone(UTC)
