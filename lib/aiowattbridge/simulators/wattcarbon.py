"""The WattCarbon cloud on loopback: meters, assets, and hourly series that are uploaded as files, by the letter."""

import re
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from .checks import strict_json
from .faults import FaultKind
from .replies import Reply, json_reply
from .server import Call, SimulatedCloud
from .wattcarbon_assets import CONFLICT, check_asset, check_custom_id
from .wattcarbon_csv import read_rows
from .wattcarbon_fields import read_object
from .wattcarbon_forms import NOT_TAKEN, read_upload
from .wattcarbon_meters import PERIOD, check_meter, read_period, shown_rows, unknown_parameters
from .wattcarbon_refusals import MALFORMED, NOT_FOUND, UNAUTHORISED, Unwanted, no_such_resource, unprocessable
from .wattcarbon_registry import Registry
from .wattcarbon_rejections import REJECTED, UploadRejection
from .wattcarbon_seeds import canaries, settle
from .wattcarbon_series import Arrival, SeriesStore
from .wattcarbon_tokens import DayTokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from aiohttp import web

    from .clock import SimulatorClock
    from .wattcarbon_rejections import Predicate
    from .wattcarbon_series import CsvUpload, Resource

    type Handlers = Mapping[str, Callable[[Call], Reply]]

EMAIL = "grace@project.example"
API_KEY = "key of a hundred certificates"
DAY_S = 86_400
HOUR = timedelta(hours=1)
MOST_BYTES = 64 * 1024**2
"""What the server reads of a body at most, whatever the cloud itself takes."""
LIBRARY_AGENT = re.compile(
    r"(HomeAssistant/\S+ )?(Python/|aiohttp/|python-requests/|python-httpx/|python-urllib|curl/)", re.IGNORECASE
)
"""What a client calls itself that was given no name of its own."""
NOUNS = {"assets": "Asset", "devices": "Device"}
LOGGED_FIELDS = ("kind", "customId", "meterType")
TALLIES = (REJECTED, CONFLICT, NOT_TAKEN, NOT_FOUND, UNAUTHORISED, MALFORMED)


class WattCarbonSimulator(SimulatedCloud):
    """Day tokens, meters and assets with their series; `username` is the e-mail address, `password` the API key.

    `assets` are there from the start, drawn from `seed`, with the hours of `history_days` up to the clock's time.
    `collections`: under which paths assets are found. `upload`: which encoding of files is taken; the other one is
    answered with `upload_refusal`. `upload_answer`: an object, JSON's null, or 204 without a body. `end_day`: whether
    a meter's series asked for "until a day" has that day in it.
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
        seed: int = 7,
        assets: int = 0,
        history_days: int = 0,
        collections: Collection[Literal["assets", "devices"]] = ("assets", "devices"),
        numeric_ids: bool = False,
        accept_unknown_kinds: bool = False,
        conflict_status: Literal[409, 422] = 409,
        created_status: Literal[200, 201] = 200,
        upload: Literal["multipart", "raw", "both"] = "multipart",
        upload_refusal: Literal[415, 422] = 422,
        upload_answer: Literal["object", "null", "nothing"] = "object",
        max_upload_bytes: int = 10 * 1024**2,
        end_day: Literal["included", "excluded"] = "included",
        token_lifetime_s: int = DAY_S,
    ) -> None:
        """Open an account and put into it what the seed draws."""
        super().__init__(EMAIL, API_KEY, port=port, clock=clock, latency_s=latency_s)
        self.collections = collections
        self.accept_unknown_kinds = accept_unknown_kinds
        self.conflict_status = conflict_status
        self.created_status = created_status
        self.upload = upload
        self.upload_refusal = upload_refusal
        self.upload_answer = upload_answer
        self.max_upload_bytes = max_upload_bytes
        self.end_day = end_day
        self.tokens = DayTokens(self.clock, token_lifetime_s)
        self.rejections: list[UploadRejection] = []
        self.canaries = frozenset(text for number in range(assets) for text in canaries(seed, number))
        self._assets = Registry("asset", 5001, numeric_ids=numeric_ids)
        self._meters = Registry("meter", 901, numeric_ids=numeric_ids)
        self._store = SeriesStore()
        self._tally: Counter[str] = Counter()
        for number in range(assets):
            asset_id, rows = settle(seed, number, self._assets, self._meters, (self.clock.now(), history_days))
            self._store.preload("hours", asset_id, rows)

    @property
    def assets(self) -> Mapping[str, Mapping[str, object]]:
        """Show the assets by id, as they go over the wire."""
        return self._assets.held

    @property
    def meters(self) -> Mapping[str, Mapping[str, object]]:
        """Show the meters by id, as they go over the wire."""
        return self._meters.held

    @property
    def uploads(self) -> list[CsvUpload]:
        """List the files that were accepted, in the order of arrival."""
        return self._store.uploads

    def hours(self, asset_id: str) -> dict[datetime, float]:
        """Show the hours of an asset in order, in kWh by their start."""
        return self._store.values("hours", asset_id)

    def intervals(self, meter_id: str) -> dict[datetime, float]:
        """Show the intervals of a meter in order, in kWh."""
        return self._store.values("intervals", meter_id)

    def bills(self, meter_id: str) -> dict[datetime, float]:
        """Show what was uploaded as bills of a meter in order, in kWh."""
        return self._store.values("bills", meter_id)

    def add_asset(self, fields: Mapping[str, object]) -> str:
        """Put an asset into the account without looking at it, and give its id."""
        return str(self._assets.add(fields)["id"])

    def add_meter(self, fields: Mapping[str, object]) -> str:
        """Put a meter into the account without looking at it, and give its id."""
        return str(self._meters.add(fields)["id"])

    def reject(
        self,
        owner_id: str,
        predicate: Predicate = lambda _: True,
        *,
        status: int = 422,
        reason: str = "This file is not wanted.",
    ) -> UploadRejection:
        """Refuse files for an asset or meter from now on; take the answer out of `rejections` to stop that.

        `predicate` is given the rows of the file.
        """
        rejection = UploadRejection(owner_id, predicate, status, reason)
        self.rejections.append(rejection)
        return rejection

    def report(self) -> dict[str, object]:
        """Count what came and what was wrong with it; `intervals` and `bills` are the meters' own counts."""
        return {
            **self._store.counts("hours"),
            "intervals": self._store.counts("intervals"),
            "bills": self._store.counts("bills"),
            "tokens": self.tokens.issued,
            **{name: self._tally[name] for name in TALLIES},
            "violations": len(self.log.violations),
        }

    def handle(self, call: Call) -> Reply:
        """Find out what is asked, check who asks, answer it."""
        try:
            handlers = self._route(call.path)
            self._admit(call, handlers)
            return handlers[call.method](call)
        except Unwanted as unwanted:
            self._tally[unwanted.tally] += 1
            return unwanted.reply

    def _admit(self, call: Call, handlers: Handlers) -> None:
        """Refuse a method that is not there, whoever has no living token, and a query that nothing asks for."""
        if call.method not in handlers:
            raise Unwanted(405, "Method Not Allowed", headers={"Allow": ", ".join(handlers)})
        if call.path != "/auth/token":
            if call.fault is not None and call.fault.kind is FaultKind.TOKEN_EXPIRED:
                self.tokens.expire_all()
            self.tokens.check(call)
        asks_for_days = call.method == "GET" and call.path.endswith("/timeseries")
        if problems := unknown_parameters(call, PERIOD if asks_for_days else ()):
            raise unprocessable(*problems)

    def logged_body(self, call: Call) -> Mapping[str, object] | None:
        """Show what an asset or meter is, and nothing personal."""
        if call.content_type != "application/json":
            return None
        try:
            body = strict_json(call.body)
        except ValueError:
            return None
        return {name: body[name] for name in LOGGED_FIELDS if name in body} if isinstance(body, dict) else None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Read larger bodies than the server does of itself."""
        return await super()._serve(request.clone(client_max_size=MOST_BYTES))

    def _judge(self, call: Call) -> None:
        """Log a request too that does not say which application it comes from."""
        super()._judge(call)
        agent = call.headers.get("User-Agent", "").strip()
        if not agent or LIBRARY_AGENT.match(agent):
            self.log.violate(self.clock.now(), "user_agent", call.method, call.path)

    def _route(self, path: str) -> Handlers:
        """Find what can be done at a path."""
        match path.split("/"):
            case ["", "auth", "token"]:
                return {"POST": lambda call: self.tokens.answer(call, (self.username, self.password))}
            case ["", "meters"]:
                return {"POST": self._create_meter}
            case ["", "meters", meter_id, "intervals" | "bills" as resource]:
                return {"POST": lambda call: self._upload_of_meter(call, meter_id, resource)}
            case ["", "meters", meter_id, "timeseries"]:
                return {"GET": lambda call: self._series_of_meter(call, meter_id)}
            case ["", collection, *rest] if collection in self.collections:
                return self._route_of_asset(NOUNS[collection], rest)
        raise no_such_resource()

    def _route_of_asset(self, noun: str, rest: list[str]) -> Handlers:
        """Find what can be done under the path of the assets."""
        match rest:
            case []:
                return {"GET": lambda _: json_reply(list(self.assets.values())), "POST": self._create_asset}
            case [asset_id] if asset_id:
                return {
                    "GET": lambda _: json_reply(self._assets.find(asset_id, noun)),
                    "PUT": lambda call: self._replace_asset(call, asset_id, noun),
                }
            case [asset_id, "timeseries"]:
                return {"POST": lambda call: self._upload_of_asset(call, asset_id, noun)}
        raise no_such_resource()

    def _create_meter(self, call: Call) -> Reply:
        """Register a meter."""
        body = read_object(call)
        check_meter(body)
        return json_reply(self._meters.add(body), self.created_status)

    def _create_asset(self, call: Call) -> Reply:
        """Register an asset."""
        body = read_object(call)
        self._check_asset(body, None)
        return json_reply(self._assets.add(body), self.created_status)

    def _replace_asset(self, call: Call, asset_id: str, noun: str) -> Reply:
        """Change an asset, which has to be told whole."""
        self._assets.find(asset_id, noun)
        body = read_object(call)
        self._check_asset(body, asset_id)
        return json_reply(self._assets.replace(asset_id, body))

    def _check_asset(self, body: Mapping[str, object], own_id: str | None) -> None:
        """Refuse what is no asset or has another one's custom id."""
        check_asset(body, frozenset(self.meters), accept_unknown_kinds=self.accept_unknown_kinds, own_id=own_id)
        check_custom_id(body, self.assets, self.conflict_status, own_id)

    def _upload_of_asset(self, call: Call, asset_id: str, noun: str) -> Reply:
        """Take hours of an asset."""
        self._assets.find(asset_id, noun)
        return self._take(call, "hours", asset_id)

    def _upload_of_meter(self, call: Call, meter_id: str, resource: Resource) -> Reply:
        """Take intervals or bills of a meter."""
        self._meters.find(meter_id, "Meter")
        return self._take(call, resource, meter_id)

    def _take(self, call: Call, resource: Resource, owner_id: str) -> Reply:
        """Read a file, refuse what is to be refused, store the rest."""
        content, encoding = read_upload(call, self.upload, self.upload_refusal, self.max_upload_bytes)
        rows = read_rows(content, hourly=resource == "hours")
        for rejection in self.rejections:
            if rejection.owner_id == owner_id and rejection.predicate(rows):
                raise rejection.answer
        now = self.clock.now()
        if max(rows) > now - (HOUR if resource == "hours" else timedelta()):
            self.log.violate(now, "not_over_yet", call.method, call.path)
        self._store.take(resource, owner_id, rows, Arrival(encoding, len(content), now))
        if self.upload_answer == "nothing":
            return Reply(204, b"")
        return json_reply({"rows": len(rows)} if self.upload_answer == "object" else None)

    def _series_of_meter(self, call: Call, meter_id: str) -> Reply:
        """Show what a meter has of some days, intervals before bills."""
        self._meters.find(meter_id, "Meter")
        start, end = read_period(call, self.end_day)
        return json_reply(shown_rows(self.bills(meter_id) | self.intervals(meter_id), start, end))
