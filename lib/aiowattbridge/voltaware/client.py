"""The Voltaware API, one method per call; a result that is not there (yet) is None, and no error.

All calls may be repeated, and are, within the policy: questions change nothing, and what is set is set as a whole.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Final
from urllib.parse import quote

import aiohttp
from pydantic import TypeAdapter

from ..auth import TokenAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..errors import ForbiddenError, NotFoundError
from ..fields import OpaqueId
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Answer, Transport, decode_json
from .appliances import AnyAppliance, check_all
from .login import REFUSALS, VENDOR, Login
from .periods import Month, Week
from .places import GEOLOCATION, Geolocation, load_zone
from .property import PROPERTY, VERSION, Property, of_wire
from .reports import Report, WireReport
from .results import ApplianceCycles, Device, Disaggregation, MonthByWeeks, WireCycles
from .wire import APPLIANCES, NotRegisteredError

DEFAULT_URL: Final = "https://smart-meter-reseller-api.voltaware.com"

# A device that is not registered yet may be known to a newer token than ours. Nothing is gained by asking with yet
# another one soon, and the vendor wants tokens used until they expire.
FRESH_LOGIN_EVERY_S: Final = 3600.0

_SENSORS: Final = "/sensors"
_NO_CONTENT: Final = 204
_MOST_ID_CHARS: Final = 200
# The page shows the list of ids as [0001, 0002], which is no JSON; a server that wrote it so would be understood.
_BARE_IDS: Final = re.compile(rb"\[\s*[0-9]+(?:\s*,\s*[0-9]+)*\s*\]")

_DEVICE_IDS: Final = TypeAdapter(list[OpaqueId])
_DEVICE: Final = TypeAdapter(Device)
_MONTH_BY_WEEKS: Final = TypeAdapter(MonthByWeeks)
_DISAGGREGATION: Final = TypeAdapter(Disaggregation)
_CYCLES: Final = TypeAdapter(list[WireCycles])
_REPORT: Final = TypeAdapter(WireReport)


class VoltawareClient(CloudClient):
    """Reads one account's results and tells it of its homes, over the caller's session or one of its own."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        session: aiohttp.ClientSession | None = None,
        base_url: str = DEFAULT_URL,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
        clock: Clock = SYSTEM_CLOCK,
        timeout_s: float = 30.0,
    ) -> None:
        """Prepare one door for logging in and one for everything else; nothing is sent yet."""
        super().__init__(session)
        entrance = Transport(
            self._http,
            base_url,
            vendor=VENDOR,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            credential_statuses=REFUSALS,
        )
        login = Login(entrance, client_id, client_secret)
        self._auth = TokenAuth(login, clock, secrets=(client_id, client_secret))
        self._transport = Transport(
            self._http, base_url, vendor=VENDOR, auth=self._auth, policy=policy, clock=clock, timeout_s=timeout_s
        )
        self._clock = clock
        self._fresh_login_at_s: float | None = None

    async def verify(self) -> None:
        """Log in from the beginning; raises CredentialsError if the cloud refuses."""
        self._auth.forget()
        await self._auth.headers()

    async def device_ids(self) -> list[str]:
        """Return the ids of all devices that have sent something ("List all devices")."""
        answer = await self._transport.request("GET", _SENSORS, repeatable=True)
        if _BARE_IDS.fullmatch(body := answer.body.strip()):
            # Read as they stand: as JSON numbers the leading zeros would be lost, or be an error.
            return [number.decode() for number in re.findall(rb"[0-9]+", body)]
        return decode_json(answer, _DEVICE_IDS, vendor=VENDOR, endpoint=_SENSORS)

    async def device(self, device_id: str) -> Device:
        """Return what is known of a device ("View single sensor"); raises NotFoundError if there is none."""
        answer, endpoint = await self._call("GET", device_id)
        return decode_json(answer, _DEVICE, vendor=VENDOR, endpoint=endpoint)

    async def property_details(self, device_id: str) -> Property | None:
        """Return what the vendor was told of the property; None if nothing yet."""
        found = await self._find(device_id, "/metadata/property", PROPERTY)
        return None if found is None else of_wire(found)

    async def set_property_details(self, device_id: str, details: Property) -> None:
        """Tell the vendor of the property; raises ValueError that names a field that cannot be so."""
        await self._call("PUT", device_id, "/metadata/property", json=details.to_wire())

    async def appliances(self, device_id: str) -> tuple[AnyAppliance, ...] | None:
        """Return the appliances that the vendor was told of; None if nothing yet."""
        found = await self._find(device_id, "/metadata/appliances", APPLIANCES)
        return None if found is None else found.read()

    async def set_appliances(self, device_id: str, appliances: Sequence[AnyAppliance]) -> None:
        """Replace the list of appliances; raises ValueError that names a field that cannot be so."""
        check_all(appliances)
        wire = {"appliances": [appliance.to_wire() for appliance in appliances], "version": VERSION}
        await self._call("PUT", device_id, "/metadata/appliances", json=wire)

    async def geolocation(self, device_id: str) -> Geolocation | None:
        """Return where the vendor was told that the meter is; None if it was not."""
        return await self._find(device_id, "/metadata/geolocation", GEOLOCATION)

    async def set_geolocation(self, device_id: str, place: Geolocation) -> None:
        """Tell the vendor where the meter is; raises ValueError for what is no place on earth."""
        await self._call("PUT", device_id, "/metadata/geolocation", json=place.to_wire())

    async def month(self, device_id: str, month: Month) -> Disaggregation | None:
        """Return a month's consumption by appliance in Wh ("Month")."""
        return await self._find(device_id, "/sm/disag/month", _DISAGGREGATION, _of_month(month))

    async def month_by_weeks(self, device_id: str, month: Month) -> MonthByWeeks | None:
        """Return a month's consumption cut into weeks, which are clipped at the month's ends ("Month by Weeks")."""
        return await self._find(device_id, "/sm/disag/month/weeks", _MONTH_BY_WEEKS, _of_month(month))

    async def week(self, device_id: str, week: Week) -> Disaggregation | None:
        """Return a week's consumption by appliance in Wh ("Week")."""
        return await self._find(device_id, "/sm/disag/week", _DISAGGREGATION, _of_week(week))

    async def month_cycles(self, device_id: str, month: Month, zone: tzinfo) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a month; `zone` is the device's, in which the vendor writes them without an offset."""
        return await self._cycles(device_id, "/sm/disag/cycles/monthly", _of_month(month), zone)

    async def week_cycles(self, device_id: str, week: Week, zone: tzinfo) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a week; `zone` as for a month."""
        return await self._cycles(device_id, "/sm/disag/cycles/weekly", _of_week(week), zone)

    async def monthly_report(self, device_id: str, month: Month) -> Report | None:
        """Return a month's report, all energies in Wh ("Reports", "Monthly")."""
        found = await self._find(device_id, "/sm/reports/monthly", _REPORT, _of_month(month))
        return None if found is None else found.in_wh()

    async def weekly_report(self, device_id: str, week: Week) -> Report | None:
        """Return a week's report, all energies in Wh ("Reports", "Weekly")."""
        found = await self._find(device_id, "/sm/reports/weekly", _REPORT, _of_week(week))
        return None if found is None else found.in_wh()

    async def months(
        self, device_id: str, *, since: date | None = None, until: date | None = None
    ) -> AsyncGenerator[tuple[Month, Disaggregation | None]]:
        """Yield the months and their consumption, newest first, back to the device's first event.

        The newest is the one of `until`, or the last whose results are to be there by now; None stands for a month
        without results. `since` ends the walk with its month. Days are local days of the device.
        """
        span = await self._span(device_id, since)
        if span is None:
            return
        first_day, now, zone = span
        newest = Month.of(now.date()).previous
        if newest.expected_at(zone) > now:
            newest = newest.previous
        month = newest if until is None else min(newest, Month.of(until))
        while month >= Month.of(first_day):
            yield month, await self.month(device_id, month)
            month = month.previous

    async def weeks(
        self, device_id: str, *, since: date | None = None, until: date | None = None
    ) -> AsyncGenerator[tuple[Week, Disaggregation | None]]:
        """Yield the weeks and their consumption, newest first, as `months` does, from the last that is over."""
        span = await self._span(device_id, since)
        if span is None:
            return
        first_day, now, _ = span
        newest = Week.of(now.date()).previous
        week = newest if until is None else min(newest, Week.of(until))
        while week >= Week.of(first_day):
            yield week, await self.week(device_id, week)
            week = week.previous

    async def _span(self, device_id: str, since: date | None) -> tuple[date, datetime, tzinfo] | None:
        """Return the first day that can have results, the time now, and the device's zone; None without any event."""
        device = await self.device(device_id)
        if device.first_event is None:
            return None
        zone = await load_zone(device.time_zone)
        first_day = device.first_event.astimezone(zone).date()
        return first_day if since is None else max(first_day, since), self._clock.now().astimezone(zone), zone

    async def _cycles(
        self, device_id: str, part: str, query: Mapping[str, str | int], zone: tzinfo
    ) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a period in UTC."""
        found = await self._find(device_id, part, _CYCLES, query)
        return None if found is None else tuple(wire.placed(zone, part) for wire in found)

    async def _find[T](
        self, device_id: str, part: str, adapter: TypeAdapter[T], query: Mapping[str, str | int] | None = None
    ) -> T | None:
        """Ask for something of a device; None if it is not there."""
        try:
            answer, endpoint = await self._call("GET", device_id, part, query=query)
        except NotFoundError:
            return None
        if answer.status == _NO_CONTENT:
            return None
        return decode_json(answer, adapter, vendor=VENDOR, endpoint=endpoint)

    async def _call(
        self,
        method: str,
        device_id: str,
        part: str = "",
        *,
        query: Mapping[str, str | int] | None = None,
        json: object = None,
    ) -> tuple[Answer, str]:
        """Make a request about a device, with a fresh token if it is not known to the present one."""
        path = f"{_SENSORS}/{_escaped(device_id)}{part}"
        try:
            return await self._transport.request(method, path, query=query, json=json, repeatable=True), path
        except ForbiddenError as error:
            refusal = error
        if self._may_log_in_anew():
            # Not by the refresh token: it belongs to the session that does not know the device.
            self._auth.forget()
            try:
                return await self._transport.request(method, path, query=query, json=json, repeatable=True), path
            except ForbiddenError as error:
                refusal = error
        raise NotRegisteredError(device_id, refusal)

    def _may_log_in_anew(self) -> bool:
        """Tell, and note, whether a fresh token may be taken because a device is not known."""
        now_s = self._clock.monotonic()
        if self._fresh_login_at_s is not None and now_s - self._fresh_login_at_s < FRESH_LOGIN_EVERY_S:
            return False
        self._fresh_login_at_s = now_s
        return True


def _escaped(device_id: str) -> str:
    """Return an id as one part of a path; raises ValueError for one that would be more or less than that."""
    if device_id in ("", ".", "..") or len(device_id) > _MOST_ID_CHARS or not device_id.isprintable():
        raise ValueError("device_id: has to be an id as the vendor lists it")
    return quote(device_id, safe="")


def _of_month(month: Month) -> dict[str, str | int]:
    """Name a month in a query."""
    return {"year": month.year, "month": month.month}


def _of_week(week: Week) -> dict[str, str | int]:
    """Name a week in a query: its Monday and its Sunday."""
    return {"startDate": week.first_day.isoformat(), "endDate": week.last_day.isoformat()}
