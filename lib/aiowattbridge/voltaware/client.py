"""The Voltaware API, one method per call; a result that is not there (yet) is None, and no error.

All calls may be repeated, and are, within the policy: questions change nothing, and what is set is set as a whole.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, tzinfo
from typing import Final

import aiohttp
from pydantic import TypeAdapter

from ..auth import TokenAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..pause import Pause
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Transport, decode_json
from .appliances import AnyAppliance, check_all
from .checks import VERSION
from .door import SENSORS, Door, path_of
from .login import REFUSALS, VENDOR, Login
from .periods import Month, Week
from .places import GEOLOCATION, Geolocation, load_zone
from .property import PROPERTY, Property, of_wire
from .reports import Report, WireReport
from .results import ApplianceCycles, Device, Disaggregation, MonthByWeeks, WireCycles
from .wire import APPLIANCES, decode_ids

DEFAULT_URL: Final = "https://smart-meter-reseller-api.voltaware.com"

_DEVICE: Final = TypeAdapter(Device)
_MONTH_BY_WEEKS: Final = TypeAdapter(MonthByWeeks)
_DISAGGREGATION: Final = TypeAdapter(Disaggregation)
_CYCLES: Final = TypeAdapter(list[WireCycles])
_REPORT: Final = TypeAdapter(WireReport)


class VoltawareClient(CloudClient):
    """Reads one account's results and tells it of its homes, over the caller's session or one of its own.

    Calls about a device raise NotRegisteredError if it has sent nothing yet, and ValueError for what cannot be an id.
    All raise CredentialsError, TryLaterError, RejectedError and ResponseError as `errors` explains.
    """

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
        pause: Pause | None = None,
    ) -> None:
        """Prepare one door for logging in and one for everything else; nothing is sent yet.

        `pause`: what all requests of the account wait for, once the cloud has asked to be left alone.
        """
        super().__init__(session)
        entrance = Transport(
            self._http,
            base_url,
            vendor=VENDOR,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            credential_statuses=REFUSALS,
            pause=pause,
        )
        login = Login(entrance, client_id, client_secret)
        self._auth = TokenAuth(login, clock, secrets=(client_id, client_secret))
        self._transport = Transport(
            self._http,
            base_url,
            vendor=VENDOR,
            auth=self._auth,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            pause=pause,
        )
        self._door = Door(self._transport, self._auth, clock)
        self._clock = clock

    async def verify(self) -> None:
        """Log in from the beginning; raises CredentialsError if the cloud refuses."""
        self._auth.forget()
        await self._auth.headers()

    async def device_ids(self) -> list[str]:
        """Return the ids of all devices that have sent something ("List all devices")."""
        answer = await self._transport.request("GET", SENSORS, repeatable=True)
        return decode_ids(answer, SENSORS)

    async def device(self, device_id: str) -> Device:
        """Return what is known of a device ("View single sensor"); raises NotFoundError if there is none."""
        answer = await self._door.call("GET", device_id)
        return decode_json(answer, _DEVICE, vendor=VENDOR, endpoint=path_of(device_id))

    async def property_details(self, device_id: str) -> Property | None:
        """Return what the vendor was told of the property ("View property details"); None if nothing yet."""
        found = await self._door.find(device_id, "/metadata/property", PROPERTY)
        return None if found is None else of_wire(found)

    async def set_property_details(self, device_id: str, details: Property) -> None:
        """Tell the vendor of the property ("Set up property details").

        Raises ValueError that names a field that cannot be so, and what is accepted; then nothing is sent.
        """
        await self._door.call("PUT", device_id, "/metadata/property", json=details.to_wire())

    async def appliances(self, device_id: str) -> tuple[AnyAppliance, ...] | None:
        """Return the appliances that the vendor was told of ("View property appliances"); None if nothing yet."""
        found = await self._door.find(device_id, "/metadata/appliances", APPLIANCES)
        return None if found is None else found.read()

    async def set_appliances(self, device_id: str, appliances: Sequence[AnyAppliance]) -> None:
        """Replace the list of appliances ("Set up property appliances").

        Raises ValueError that names a field that cannot be so, and what is accepted; then nothing is sent.
        """
        check_all(appliances)
        wire = {"appliances": [appliance.to_wire() for appliance in appliances], "version": VERSION}
        await self._door.call("PUT", device_id, "/metadata/appliances", json=wire)

    async def geolocation(self, device_id: str) -> Geolocation | None:
        """Return where the vendor was told that the meter is, in degrees ("View geolocation"); None if it was not."""
        return await self._door.find(device_id, "/metadata/geolocation", GEOLOCATION)

    async def set_geolocation(self, device_id: str, place: Geolocation) -> None:
        """Tell the vendor where the meter is ("Set up geolocation"); raises ValueError for no place on earth."""
        await self._door.call("PUT", device_id, "/metadata/geolocation", json=place.to_wire(), secrets=place.secrets)

    async def month(self, device_id: str, month: Month) -> Disaggregation | None:
        """Return a month's consumption by appliance in Wh ("Month")."""
        return await self._door.find(device_id, "/sm/disag/month", _DISAGGREGATION, _of_month(month))

    async def month_by_weeks(self, device_id: str, month: Month) -> MonthByWeeks | None:
        """Return a month's consumption cut into weeks, which are clipped at the month's ends ("Month by Weeks")."""
        return await self._door.find(device_id, "/sm/disag/month/weeks", _MONTH_BY_WEEKS, _of_month(month))

    async def week(self, device_id: str, week: Week) -> Disaggregation | None:
        """Return a week's consumption by appliance in Wh ("Week")."""
        return await self._door.find(device_id, "/sm/disag/week", _DISAGGREGATION, _of_week(week))

    async def month_cycles(self, device_id: str, month: Month, zone: tzinfo) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a month in UTC and Wh ("Appliance Cycles - Month").

        `zone` is the device's, in which the vendor writes them without an offset: `load_zone(device.time_zone)`.
        """
        return await self._cycles(device_id, "/sm/disag/cycles/monthly", _of_month(month), zone)

    async def week_cycles(self, device_id: str, week: Week, zone: tzinfo) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a week in UTC and Wh ("Appliance Cycles - Week"); `zone` as for a month."""
        return await self._cycles(device_id, "/sm/disag/cycles/weekly", _of_week(week), zone)

    async def monthly_report(self, device_id: str, month: Month) -> Report | None:
        """Return a month's report, all energies in Wh ("Reports", "Monthly")."""
        found = await self._door.find(device_id, "/sm/reports/monthly", _REPORT, _of_month(month))
        return None if found is None else found.in_wh()

    async def weekly_report(self, device_id: str, week: Week) -> Report | None:
        """Return a week's report, all energies in Wh ("Reports", "Weekly")."""
        found = await self._door.find(device_id, "/sm/reports/weekly", _REPORT, _of_week(week))
        return None if found is None else found.in_wh()

    async def months(
        self, device_id: str, *, since: date | None = None, until: date | None = None
    ) -> AsyncGenerator[tuple[Month, Disaggregation | None]]:
        """Yield the months and their consumption, newest first, back to the one of the device's first event.

        The newest is the last that is over, or the one of `until` if that is older; None stands for results that are
        not there, as those of last month are before `Month.expected_at`. `since` ends the walk with its month. All
        days are those of the device's clocks; where the vendor names no zone that there is, they are UTC's. A device
        without any event has no months.
        """
        span = await self._span(device_id, since)
        if span is None:
            return
        first_day, today = span
        newest = Month.of(today).previous
        month = newest if until is None else min(newest, Month.of(until))
        while month >= Month.of(first_day):
            yield month, await self.month(device_id, month)
            month = month.previous

    async def weeks(
        self, device_id: str, *, since: date | None = None, until: date | None = None
    ) -> AsyncGenerator[tuple[Week, Disaggregation | None]]:
        """Yield the weeks and their consumption, newest first, from the last that is over, as `months` does."""
        span = await self._span(device_id, since)
        if span is None:
            return
        first_day, today = span
        newest = Week.of(today).previous
        week = newest if until is None else min(newest, Week.of(until))
        while week >= Week.of(first_day):
            yield week, await self.week(device_id, week)
            week = week.previous

    async def _span(self, device_id: str, since: date | None) -> tuple[date, date] | None:
        """Return the first day that can have results, and today, by the device's clocks; None without any event."""
        device = await self.device(device_id)
        if device.first_event is None:
            return None
        zone = await load_zone(device.time_zone)
        first_day = device.first_event.astimezone(zone).date()
        return first_day if since is None else max(first_day, since), self._clock.now().astimezone(zone).date()

    async def _cycles(
        self, device_id: str, part: str, query: Mapping[str, str | int], zone: tzinfo
    ) -> tuple[ApplianceCycles, ...] | None:
        """Return the cycles of a period in UTC."""
        found = await self._door.find(device_id, part, _CYCLES, query)
        return None if found is None else tuple(wire.placed(zone, path_of(device_id, part)) for wire in found)


def _of_month(month: Month) -> dict[str, str | int]:
    """Name a month in a query."""
    return {"year": month.year, "month": month.month}


def _of_week(week: Week) -> dict[str, str | int]:
    """Name a week in a query: its Monday and its Sunday."""
    return {"startDate": week.first_day.isoformat(), "endDate": week.last_day.isoformat()}
