"""The Voltaware cloud on loopback: devices, what it is told of homes, and monthly and weekly results."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from .checks import Refused, strict_json
from .faults import FaultKind
from .replies import Reply, json_reply
from .server import Call, SimulatedCloud
from .voltaware_home import Consumption
from .voltaware_metadata import check_appliances, check_geolocation, check_property
from .voltaware_meters import DAY, PLACES, Cycle, Meter, make_meter
from .voltaware_queries import asked_month, asked_week, check_query
from .voltaware_reports import ReportTotal, ReportUnit, replace_total, write_report
from .voltaware_results import Results, month_period
from .voltaware_tokens import NEEDED, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .clock import SimulatorClock
    from .voltaware_quirks import Quirk

CLIENT_ID = "reseller-7"
CLIENT_SECRET = "sunny side down"  # noqa: S105 - the simulator's own invented secret
ZONES = tuple(PLACES)
LIFETIME_S = 43_200
HISTORY_DAYS = 400
LAST_EVENT_AGE_S = 45
CHECKS = {
    "/metadata/property": check_property,
    "/metadata/appliances": check_appliances,
    "/metadata/geolocation": check_geolocation,
}
MONTHLY = frozenset({"/sm/disag/month", "/sm/disag/month/weeks", "/sm/disag/cycles/monthly", "/sm/reports/monthly"})
WEEKLY = frozenset({"/sm/disag/week", "/sm/disag/cycles/weekly", "/sm/reports/weekly"})
NO_CONTENT = 204


class VoltawareSimulator(SimulatedCloud):
    """Tokens, devices, metadata, disaggregation, cycles and reports of homes that only consume.

    `report_unit`: what the figures by day of a report are in, whatever the page says. `report_total`: replaces the
    total of a report's disaggregation. `industry_spelling`: how a business of that type is shown. `ids_as`: how the
    list of devices writes ids, as numbers with the leading zeros they may have. `unknown_device_status`: what a device
    that is not the account's is answered with.
    """

    kinds: ClassVar[frozenset[FaultKind]] = frozenset(FaultKind) - {
        FaultKind.DUPLICATE_PAGE,
        FaultKind.EMPTY_PAGE,
        FaultKind.IN_BAND,
    }

    def __init__(  # noqa: PLR0913 - options are given by name
        self,
        *,
        seed: int = 7,
        devices: int = 1,
        zones: Sequence[str] = ZONES,
        first_event: datetime | None = None,
        meters: Sequence[Meter] | None = None,
        quirks: Iterable[Quirk] = (),
        clock: SimulatorClock | None = None,
        port: int = 0,
        latency_s: float = 0.0,
        token_lifetime_s: int = LIFETIME_S,
        ids_as: Literal["numbers", "strings", "mixed"] = "numbers",
        report_unit: ReportUnit = "kWh",
        report_total: ReportTotal = None,
        industry_spelling: Literal["INDUSTRIAL", "INDUSTRY"] = "INDUSTRIAL",
        unknown_device_status: Literal[403, 404] = 404,
    ) -> None:
        """Furnish the homes; their first events are some thirteen months before the clock's time unless given."""
        super().__init__(CLIENT_ID, CLIENT_SECRET, port=port, clock=clock, latency_s=latency_s)
        began = first_event or (self.clock.now() - timedelta(days=HISTORY_DAYS)).replace(microsecond=287_000)
        made = [make_meter(seed, number, zones[number % len(zones)], began) for number in range(devices)]
        self.meters = {meter.device_id: meter for meter in (made if meters is None else meters)}
        self.quirks: list[Quirk] = list(quirks)
        self.results = {
            device_id: Results(Consumption(seed, meter), self.quirks) for device_id, meter in self.meters.items()
        }
        self.ids_as = ids_as
        self.report_unit = report_unit
        self.report_total = report_total
        self.industry_spelling = industry_spelling
        self.unknown_device_status = unknown_device_status
        self.tokens = Tokens(self.clock, token_lifetime_s)
        self.metadata: dict[tuple[str, str], dict[str, object]] = {}

    @property
    def device_ids(self) -> tuple[str, ...]:
        """Name the devices that have sent something."""
        now = self.clock.now()
        return tuple(
            device_id
            for device_id, meter in self.meters.items()
            if meter.registered_at is not None and now >= meter.registered_at
        )

    @property
    def canaries(self) -> frozenset[str]:
        """Name what must stay inside the client: where devices are, as invented and as told, and their locales."""
        told = [body for (_, name), body in self.metadata.items() if name == "geolocation"]
        places = {f"{degrees}" for body in told for degrees in body.values()}
        return frozenset(places.union(*(meter.canaries for meter in self.meters.values())))

    def first_day(self, device_id: str) -> date:
        """Return the local day of a device's first event."""
        return self.meters[device_id].first_day

    def last_published_month(self, device_id: str, now: datetime | None = None) -> tuple[int, int] | None:
        """Return year and month of the newest result that is there at a moment (default: now); None if none is."""
        results, at = self.results[device_id], now or self.clock.now()
        month = at.astimezone(results.meter.zone).date().replace(day=1)
        while month + 31 * DAY > results.meter.first_day:
            if results.is_there(month_period(month.year, month.month), at):
                return month.year, month.month
            month = (month - DAY).replace(day=1)
        return None

    def day_energy_wh(self, device_id: str, day: date, *, at: datetime | None = None) -> dict[str, float]:
        """Return what each kind of appliance used on a local day, as published at a moment (default: now)."""
        return self.results[device_id].day_wh(day, at or self.clock.now())

    def month_energy_wh(self, device_id: str, year: int, month: int, *, at: datetime | None = None) -> dict[str, float]:
        """Return what each kind of appliance used in a month, as published at a moment (default: now)."""
        return self.results[device_id].energies_wh(month_period(year, month), at or self.clock.now())

    def cycles(self, device_id: str, first_day: date, last_day: date, key: str) -> list[Cycle]:
        """Return the runs of an appliance that touch some local days, each whole, in UTC."""
        return self.results[device_id].consumption.cycles(first_day, last_day, key)

    def charges(self, device_id: str, first_day: date, last_day: date) -> list[Cycle]:
        """Return the chargings of the car that touch some local days, each whole, in UTC."""
        return self.results[device_id].consumption.cycles(first_day, last_day)

    def handle(self, call: Call) -> Reply:
        """Check who asks and what, and answer it."""
        try:
            if call.path in NEEDED:
                return self._token(call)
            return self._answer(call, self._check_token(call))
        except Refused as refused:
            return json_reply({"message": refused.reason}, refused.status, refused.headers)

    def logged_body(self, call: Call) -> Mapping[str, object] | None:
        """Show what was told of a home, but for where it is."""
        if call.method != "PUT" or call.path.endswith("/geolocation"):
            return None
        try:
            body = strict_json(call.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _token(self, call: Call) -> Reply:
        """Hand out a token, and note who asks for one all the time."""
        _check_method(call, "POST")
        check_query(call, set())
        reply = self.tokens.answer(call, (self.username, self.password))
        if self.tokens.is_asked_too_often:
            self.log.violate(self.clock.now(), "token_per_request", call.method, call.path)
        return reply

    def _check_token(self, call: Call) -> datetime:
        """Let only the holder of a living token in, and say since when the session knows the account."""
        if call.fault is not None and call.fault.kind is FaultKind.TOKEN_EXPIRED:
            self.tokens.expire_all()
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        began = self.tokens.session_began(token) if scheme.lower() == "bearer" else None
        if began is None:
            raise Refused(401, "The access token is missing, unknown or expired.")
        return began

    def _answer(self, call: Call, session_began: datetime) -> Reply:
        """Answer somebody who may ask."""
        match call.path.split("/"):
            case ["", "sensors"]:
                return self._devices(call)
            case ["", "sensors", device_id, *rest]:
                return self._of_device(call, session_began, device_id, "".join(f"/{one}" for one in rest))
            case _:
                raise Refused(404, "There is no such resource.")

    def _devices(self, call: Call) -> Reply:
        """List the devices."""
        _check_method(call, "GET")
        check_query(call, set())
        # Written as text, since the page's own [0001, 0002] is no JSON.
        quoted = {"numbers": (), "strings": (0, 1), "mixed": (1,)}[self.ids_as]
        ids = [f'"{one}"' if place % 2 in quoted else one for place, one in enumerate(self.device_ids)]
        return Reply(200, f"[{', '.join(ids)}]".encode())

    def _of_device(self, call: Call, session_began: datetime, device_id: str, part: str) -> Reply:
        """Answer what is asked of one device."""
        meter = self.meters.get(device_id)
        if meter is None:
            raise Refused(self.unknown_device_status, "There is no such device.")
        # A session knows the devices that were there when it began.
        if meter.registered_at is None or session_began < meter.registered_at:
            raise Refused(403, "This device is not registered.")
        if part in CHECKS:
            return self._metadata(call, meter, part)
        if part and part not in MONTHLY | WEEKLY:
            raise Refused(404, "There is no such resource.")
        _check_method(call, "GET")
        return self._result(call, meter, part) if part else self._device(call, meter)

    def _device(self, call: Call, meter: Meter) -> Reply:
        """Describe a device."""
        check_query(call, set())
        last_event = meter.last_event or self.clock.now() - timedelta(seconds=LAST_EVENT_AGE_S)
        return json_reply(
            {
                "connection_state": meter.connection_state,
                "firmware": meter.firmware,
                # The page has one with a fraction and one without.
                "last_event": _stamp(last_event, "seconds"),
                "first_event": _stamp(meter.first_event, "milliseconds"),
                "locale": meter.locale,
            }
        )

    def _metadata(self, call: Call, meter: Meter, part: str) -> Reply:
        """Show what was told of a home, or be told."""
        _check_method(call, "GET", "PUT")
        check_query(call, set())
        key = (meter.device_id, part.rpartition("/")[2])
        if call.method == "GET":
            if key not in self.metadata:
                raise Refused(404, "Nothing is known yet.")
            shown = dict(self.metadata[key])
            if shown.get("property_type") == "INDUSTRIAL":
                shown["property_type"] = self.industry_spelling
            return json_reply(shown)
        body = _told(call)
        CHECKS[part](body)
        self.metadata[key] = body
        if key[1] == "appliances" and meter.appliances_told_at is None:
            meter.appliances_told_at = self.clock.now()
        return Reply(NO_CONTENT, b"")

    def _result(self, call: Call, meter: Meter, part: str) -> Reply:
        """Show a result of a month or a week, if it is there."""
        period = asked_month(call) if part in MONTHLY else asked_week(call)
        results, now = self.results[meter.device_id], self.clock.now()
        if not results.is_there(period, now):
            raise Refused(404, "There is no such result.")
        if part.endswith("/weeks"):
            return json_reply(results.by_weeks(period, now))
        if "/cycles/" in part:
            return json_reply(results.cycles(period))
        if "/reports/" in part:
            report = write_report(results, period, now, "month" if part in MONTHLY else "week", self.report_unit)
            replace_total(report, self.report_total)
            return json_reply(report)
        return json_reply(results.disaggregation(period, now))


def _check_method(call: Call, *methods: str) -> None:
    """Accept these methods."""
    if call.method not in methods:
        raise Refused(405, f"This is asked with {' or '.join(methods)}.", {"Allow": ", ".join(methods)})


def _told(call: Call) -> dict[str, object]:
    """Read the JSON object that was put."""
    if call.content_type != "application/json":
        raise Refused(400, "The body has to be application/json.")
    try:
        body = strict_json(call.body)
    except ValueError as error:
        raise Refused(400, f"The body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body has to be an object.")
    return body


def _stamp(moment: datetime, precision: str) -> str:
    """Write a time in UTC with a Z."""
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
