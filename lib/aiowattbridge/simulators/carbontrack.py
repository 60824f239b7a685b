"""The carbonTRACK cloud on loopback: devices and measurements for requests that are as documented."""

import random
from typing import TYPE_CHECKING, ClassVar, Literal

from .accounts import TokenDesk
from .checks import Refused, check_body, page_number, query_number, strict_json, wire_time
from .devices import device_wire, of_customer
from .faults import FaultKind
from .house import House
from .records import RecordStyle, Renderer
from .replies import Reply, json_reply
from .server import Call, SimulatedCloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .clock import SimulatorClock

USERNAME = "ada@sun.example"
PASSWORD = "correct horse battery"  # noqa: S105 - the simulator's own invented password
DEVICE_BODY: Mapping[str, type] = {
    "DeviceID": str,
    "CustomerReference": str,
    "DistributorID": str,
    "RegisteredOnly": bool,
    "AdvanceKey": str,
    "PageIndex": int,
}
MEASUREMENT_BODY: Mapping[str, type] = {
    "ID": str,
    "DeviceID": str,
    "DistributorID": str,
    "FromUTCDate": str,
    "ToUTCDate": str,
    "PageIndex": int,
}
CUSTOMER_QUERY = frozenset(
    f"customerRequest.{name}" for name in ("customerRef", "phone", "address", "page", "pageSize")
)
CUSTOMER_PAGE_SIZE = 100
DEVICE_PAGE_SIZE = 100
DEFAULT_PERIOD_S = 86_400


class CarbonTrackSimulator(SimulatedCloud):
    """OAuth tokens, distributors, customers, devices and measurements of a house.

    `first_page`: what `PageIndex` counts from. A cloud that counts from 1 is asked for page 0 by a client that counts
    from 0; `page_zero` says whether it then gives its first page under its own number, the same page under number 0,
    or an empty page.
    """

    kinds: ClassVar[frozenset[FaultKind]] = frozenset(FaultKind)

    def __init__(  # noqa: PLR0913 - options are given by name
        self,
        *,
        house: House | None = None,
        clock: SimulatorClock | None = None,
        port: int = 0,
        latency_s: float = 0.0,
        page_size: int = 2000,
        first_page: Literal[0, 1] = 0,
        page_zero: Literal["first", "echo", "empty"] = "first",
        token_lifetime_s: int = 3600,
        unknown_device: Literal["403", "in_band"] = "403",
        style: RecordStyle | None = None,
    ) -> None:
        """Move the house in; its readings begin two years before the clock's time unless it says otherwise."""
        super().__init__(USERNAME, PASSWORD, port=port, clock=clock, latency_s=latency_s)
        self.house = house if house is not None else House()
        start = self.clock.now()
        self.house.begin(start.replace(year=start.year - 2, day=min(start.day, 28)))
        self.page_size = page_size
        self.first_page = first_page
        self.page_zero = page_zero
        self.unknown_device = unknown_device
        self.style = style if style is not None else RecordStyle()
        self.tokens = TokenDesk(self.clock, token_lifetime_s)
        self._renderers: dict[tuple[str, RecordStyle], Renderer] = {}

    def handle(self, call: Call) -> Reply:
        """Check what is asked and answer it."""
        handlers = {
            ("POST", "/oauth/token"): self._token,
            ("GET", "/ctapi/Distributor"): self._distributors,
            ("GET", "/ctapi/Customer"): self._customers,
            ("POST", "/ctapi/Device"): self._devices,
            ("POST", "/ctapi/Measurement"): self._measurements,
        }
        handler = handlers.get((call.method, call.path))
        if handler is None:
            known = call.path in {path for _, path in handlers}
            return json_reply({"Message": "There is no such resource."}, 405 if known else 404)
        if call.path != "/ctapi/Customer" and call.query_keys:
            return json_reply({"Message": "This resource takes no query string."}, 400)
        try:
            if call.path != "/oauth/token":
                self._check_token(call)
            if call.fault is not None and call.fault.kind is FaultKind.IN_BAND:
                return _in_band(call.fault.status or 1, call.fault.text or "The cloud could not do that.")
            return handler(call)
        except Refused as refused:
            return json_reply({"Message": refused.reason}, refused.status, refused.headers)

    def logged_body(self, call: Call) -> Mapping[str, object] | None:
        """Show what was asked of devices and measurements."""
        if call.method != "POST" or not call.path.startswith("/ctapi/"):
            return None
        try:
            body = strict_json(call.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _check_token(self, call: Call) -> None:
        """Let only the holder of a living token in."""
        if call.fault is not None and call.fault.kind is FaultKind.TOKEN_EXPIRED:
            self.tokens.expire_all()
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.is_good(token):
            raise Refused(401, "The access token is missing, unknown or expired.", {"WWW-Authenticate": "Bearer"})

    def _token(self, call: Call) -> Reply:
        """Sign in or renew."""
        return self.tokens.answer(call, (self.username, self.password))

    def _distributors(self, _: Call) -> Reply:
        """List the account's distributor."""
        return json_reply([{"ID": self.house.distributor_id, "UserName": "Sunny Distribution"}])

    def _customers(self, call: Call) -> Reply:
        """List customers, page by page from 1."""
        if unknown := set(call.query_keys) - CUSTOMER_QUERY or len(set(call.query_keys)) != len(call.query_keys):
            raise Refused(400, f"Unknown or repeated query parameter: {unknown}")
        page = query_number(call, "customerRequest.page", default=1, most=10**6)
        size = query_number(call, "customerRequest.pageSize", default=CUSTOMER_PAGE_SIZE, most=CUSTOMER_PAGE_SIZE)
        reference = call.query.get("customerRequest.customerRef", "")
        phone = call.query.get("customerRequest.phone", "")
        address = call.query.get("customerRequest.address", "").lower()
        found = [
            person.wire
            for person in self.house.people
            if reference in ("", person.reference)
            and (not phone or phone in str(person.wire["Mobile"]) or phone in str(person.wire["DayTimeContact"]))
            and address in str(person.wire["Location"]).lower()
        ]
        return json_reply({"RecordCount": len(found), "CustomerList": found[(page - 1) * size : page * size]})

    def _devices(self, call: Call) -> Reply:
        """List devices, page by page."""
        body = check_body(call, DEVICE_BODY)
        self._check_distributor(body)
        device_id = body.get("DeviceID")
        if device_id is not None and self.house.device(str(device_id)) is None:
            return self._no_such_device()
        found = [
            device
            for device in self.house.present
            if device_id in (None, device.device_id)
            and (body.get("RegisteredOnly") is not True or device.registered)
            and of_customer(self.house, device, body.get("CustomerReference"))
        ]
        asked, page = self._page(call, body)
        pages = -(-len(found) // DEVICE_PAGE_SIZE)
        shown = found[page * DEVICE_PAGE_SIZE : (page + 1) * DEVICE_PAGE_SIZE] if page >= 0 else []
        now = self.clock.now()
        wires = [device_wire(self.house, device, now) for device in shown]
        return json_reply({"Devices": wires, **_envelope(len(found), pages, asked)})

    def _measurements(self, call: Call) -> Reply:
        """Give the readings of a device between two times, both included, page by page."""
        body = check_body(call, MEASUREMENT_BODY)
        self._check_distributor(body)
        device_id = str(body.get("DeviceID", ""))
        if not device_id:
            raise Refused(400, "DeviceID is missing.")
        if self.house.device(device_id) is None:
            return self._no_such_device()
        now = self.clock.now()
        last = wire_time(body, "ToUTCDate", now)
        first = wire_time(body, "FromUTCDate", last, earlier_s=DEFAULT_PERIOD_S)
        if first > last:
            raise Refused(400, "FromUTCDate lies after ToUTCDate.")
        pieces = self.house.stamps(device_id, first, last, now)
        count = sum(len(piece) for piece in pieces)
        asked, page = self._page(call, body)
        stamps = _slice(pieces, count, page, self.page_size, descending=self.style.order == "descending")
        records = self._renderer(device_id).render(stamps, self.house.rows(device_id, stamps, now))
        text = ",".join(self._disturbed(records, page))
        envelope = json_reply(_envelope(count, -(-count // self.page_size), asked)).body
        return Reply(200, b'{"Measurements":[' + text.encode() + b"]," + envelope[1:])

    def _page(self, call: Call, body: Mapping[str, object]) -> tuple[int, int]:
        """Give the number to put in the answer and which page (from 0) to show, -1 for an empty one."""
        asked = page_number(body, self.first_page)
        page = asked - self.first_page
        if page < 0:
            asked = 0 if self.page_zero in ("echo", "empty") else self.first_page
            page = -1 if self.page_zero == "empty" else 0
        if call.fault is not None and call.fault.kind is FaultKind.DUPLICATE_PAGE:
            page = max(page - 1, 0)
        if call.fault is not None and call.fault.kind is FaultKind.EMPTY_PAGE:
            page = -1
        return asked, page

    def _check_distributor(self, body: Mapping[str, object]) -> None:
        """Keep a foreign distributor's data back."""
        if body.get("DistributorID", self.house.distributor_id) != self.house.distributor_id:
            raise Refused(403, "This distributor is not yours.")

    def _no_such_device(self) -> Reply:
        """Say that this account has no such device, the one way or the other."""
        if self.unknown_device == "in_band":
            return _in_band(1003, "The device was not found.")
        raise Refused(403, "This device is not yours.")

    def _renderer(self, device_id: str) -> Renderer:
        """Build a device's template once for each style."""
        key = (device_id, self.style)
        if key not in self._renderers:
            device = self.house.device(device_id)
            self._renderers[key] = Renderer(device_id, device.fields if device else (), self.style)
        return self._renderers[key]

    def _disturbed(self, records: list[str], page: int) -> list[str]:
        """Repeat and shuffle as the style says, the same way every time."""
        if every := self.style.repeat_every:
            records = [
                record for number, record in enumerate(records, 1) for record in [record] * (1 + (number % every == 0))
            ]
        if self.style.order == "shuffled":
            random.Random(page).shuffle(records)
        return records


def _slice(pieces: list[range], count: int, page: int, size: int, *, descending: bool) -> list[int]:
    """Cut a page out of runs of stamps without laying them all out."""
    if page < 0:
        return []
    low, high = page * size, min((page + 1) * size, count)
    if descending:
        low, high = max(count - high, 0), count - low
    stamps: list[int] = []
    for piece in pieces:
        stamps.extend(piece[max(low, 0) : max(high, 0)])
        low, high = low - len(piece), high - len(piece)
    return stamps[::-1] if descending else stamps


def _envelope(count: int, pages: int, index: int) -> dict[str, object]:
    """Write what stands beside the records."""
    return {
        "Count": count,
        "Pages": pages,
        "PagesIndex": index,
        "ResponseCode": 0,
        "ResponseMessage": "OK",
        "Message": "",
        "Error": 0,
        "ErrorNumber": 0,
        "ErrorMessage": "",
    }


def _in_band(number: int, message: str) -> Reply:
    """Report an error inside a 200."""
    answer = _envelope(0, 0, 0)
    answer |= {"ResponseMessage": "Failed", "Message": message, "Error": 1, "ErrorNumber": number}
    return json_reply({"Devices": None, "Measurements": None, **answer, "ErrorMessage": message})
