"""The Voltaware cloud on loopback: devices, what it is told of homes, and monthly and weekly results."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from .checks import Refused, strict_json
from .faults import FaultKind
from .replies import Reply, json_reply
from .server import Call, SimulatedCloud
from .voltaware_home import DAY, Charge, Consumption, Meter, make_meter
from .voltaware_metadata import check_appliances, check_geolocation, check_property
from .voltaware_results import Period, Quirk, Results, month_period
from .voltaware_tokens import NEEDED, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .clock import SimulatorClock

CLIENT_ID = "reseller-7"
CLIENT_SECRET = "sunny side down"  # noqa: S105 - the simulator's own invented secret
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Adelaide", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
LIFETIME_S = 43_200
HISTORY_DAYS = 400
CHECKS = {"property": check_property, "appliances": check_appliances, "geolocation": check_geolocation}
MONTHLY = frozenset({"/sm/disag/month", "/sm/disag/month/weeks", "/sm/disag/cycles/monthly", "/sm/reports/monthly"})
WEEKLY = frozenset({"/sm/disag/week", "/sm/disag/cycles/weekly", "/sm/reports/weekly"})
NO_CONTENT = 204


class VoltawareSimulator(SimulatedCloud):
    """Tokens, devices, metadata, disaggregation, cycles and reports of homes that only consume.

    `report_unit`: what the figures by day of a report are in, whatever the page says. `report_total`: replaces the
    total of a report's disaggregation. `industry_spelling`: how a business of that type is shown. `ids_as`: how the
    list of devices writes ids. `unknown_device_status`: what a device that is not the account's is answered with.
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
        ids_as: Literal["numbers", "strings"] = "numbers",
        report_unit: Literal["kWh", "Wh"] = "kWh",
        report_total: float | None = None,
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
        """Name what must stay inside the client."""
        meters = self.meters.values()
        return frozenset(f"{degrees}" for meter in meters for degrees in (meter.latitude_deg, meter.longitude_deg))

    def day_energy_wh(self, device_id: str, day: date, *, at: datetime | None = None) -> dict[str, float]:
        """Return what each kind of appliance used on a local day, as published at a moment (default: now)."""
        return self.results[device_id].day_wh(day, at or self.clock.now())

    def month_energy_wh(self, device_id: str, year: int, month: int, *, at: datetime | None = None) -> dict[str, float]:
        """Return what each kind of appliance used in a month, as published at a moment (default: now)."""
        results = self.results[device_id]
        return results.energies_wh(month_period(year, month), at or self.clock.now(), whole_month=True)

    def charges(self, device_id: str, first_day: date, last_day: date) -> list[Charge]:
        """Return the chargings of the car that touch some local days, in UTC."""
        return self.results[device_id].consumption.charges(first_day, last_day)

    def handle(self, call: Call) -> Reply:
        """Check who asks and what, and answer it."""
        try:
            if call.path in NEEDED:
                return self._token(call)
            session_began = self._check_token(call)
            if call.path == "/sensors":
                return self._devices(call)
            return self._of_device(call, session_began)
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
        if call.method != "POST" or call.query_keys:
            raise Refused(405, "Tokens are asked for with POST and without a query.")
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

    def _devices(self, call: Call) -> Reply:
        """List the devices."""
        if call.method != "GET" or call.query_keys:
            raise Refused(405, "Devices are listed with GET and without a query.")
        ids = self.device_ids
        return json_reply([int(one) for one in ids] if self.ids_as == "numbers" else list(ids))

    def _of_device(self, call: Call, session_began: datetime) -> Reply:
        """Answer what is asked of one device."""
        _, root, device_id, *parts = f"{call.path}//".split("/")
        part = "/" + "/".join(parts).rstrip("/")
        if root != "sensors":
            raise Refused(404, "There is no such resource.")
        meter = self.meters.get(device_id)
        if meter is None:
            raise Refused(self.unknown_device_status, "There is no such device.")
        # A session knows the devices that were there when it began.
        if meter.registered_at is None or session_began < meter.registered_at:
            raise Refused(403, "This device is not registered.")
        if part.startswith("/metadata/") and part.removeprefix("/metadata/") in CHECKS:
            return self._metadata(call, meter, part.removeprefix("/metadata/"))
        if call.method != "GET":
            raise Refused(405, "This can only be read.")
        if part == "/":
            return self._device(call, meter)
        return self._result(call, meter, part)

    def _device(self, call: Call, meter: Meter) -> Reply:
        """Describe a device."""
        _check_query(call, set())
        country = {"Europe": "DE", "America": "US", "Australia": "AU", "Asia": "IN"}.get(meter.zone_name.split("/")[0])
        return json_reply(
            {
                "connection_state": meter.connection_state,
                "firmware": meter.firmware,
                "last_event": _stamp(self.clock.now() - timedelta(seconds=45)),
                "first_event": _stamp(meter.first_event),
                "locale": {
                    "isoCountryCode": country or "GB",
                    "isoLocaleCode": f"en-{country or 'GB'}",
                    "timeZoneId": meter.zone_name,
                    "userDefinedLanguage": "en",
                },
            }
        )

    def _metadata(self, call: Call, meter: Meter, name: str) -> Reply:
        """Show what was told of a home, or be told."""
        _check_query(call, set())
        key = (meter.device_id, name)
        if call.method == "GET":
            if key not in self.metadata:
                raise Refused(404, "Nothing is known yet.")
            shown = dict(self.metadata[key])
            if shown.get("property_type") == "INDUSTRIAL":
                shown["property_type"] = self.industry_spelling
            return json_reply(shown)
        if call.method != "PUT":
            raise Refused(405, "Metadata are read and put.")
        if call.content_type != "application/json":
            raise Refused(400, "The body has to be application/json.")
        try:
            body = strict_json(call.body)
        except ValueError as error:
            raise Refused(400, f"The body is no JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refused(400, "The body has to be an object.")
        CHECKS[name](body)
        self.metadata[key] = body
        return Reply(NO_CONTENT, b"")

    def _result(self, call: Call, meter: Meter, part: str) -> Reply:
        """Show a result of a month or a week, if it is there."""
        if part in MONTHLY:
            period = _month(call)
        elif part in WEEKLY:
            period = _week(call)
        else:
            raise Refused(404, "There is no such resource.")
        results, now = self.results[meter.device_id], self.clock.now()
        if not results.is_there(period, now):
            raise Refused(404, "There is no such result.")
        if part.endswith("/weeks"):
            return json_reply(results.by_weeks(period, now))
        if "/cycles/" in part:
            return json_reply(results.cycles(period))
        name: Literal["month", "week"] = "month" if part in MONTHLY else "week"
        if "/reports/" in part:
            return json_reply(results.report(period, now, name, self.report_unit, self.report_total))
        return json_reply(results.disaggregation(period, now, whole_month=name == "month"))


def _check_query(call: Call, names: set[str]) -> None:
    """Accept exactly these parameters."""
    if set(call.query_keys) != names or len(call.query_keys) != len(names):
        raise Refused(400, f"The parameters are {', '.join(sorted(names)) or 'none'}.")


def _month(call: Call) -> Period:
    """Read a month."""
    _check_query(call, {"year", "month"})
    try:
        return month_period(int(call.query["year"]), int(call.query["month"]))
    except (ValueError, IndexError) as error:
        raise Refused(400, "There is no such month.") from error


def _week(call: Call) -> Period:
    """Read a week, which is a Monday and the Sunday after it."""
    _check_query(call, {"startDate", "endDate"})
    try:
        monday, sunday = (date.fromisoformat(call.query[name]) for name in ("startDate", "endDate"))
    except ValueError as error:
        raise Refused(400, "There is no such day.") from error
    if monday.weekday() or sunday - monday != 6 * DAY:
        raise Refused(400, "A week is a Monday and the Sunday of the same week.")
    return monday, sunday


def _stamp(moment: datetime) -> str:
    """Write a time in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
