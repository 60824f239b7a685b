"""The carbonTRACK API, one method per endpoint; what comes in pages is an async iterator.

Only reading: every call may be repeated, and is, within the policy.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final

import aiohttp

from ..auth import TokenAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..errors import ResponseError
from ..paging import Page, PageWalk
from ..pause import Pause
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Answer, Transport, decode_json
from .discovery import Installation, discover
from .login import REFUSALS, Login
from .models import Customer, Device, Distributor, Measurement
from .readings import Ask, Reading, read, read_latest
from .units import DEFAULT_UNIT, PowerUnit
from .wire import CUSTOMERS, DEVICES, DISTRIBUTORS, VENDOR, WRAPPING, decode_measurements

DEFAULT_URL: Final = "https://apiv2.carbontrack.com.au"

_DISTRIBUTOR: Final = "/ctapi/Distributor"
_CUSTOMER: Final = "/ctapi/Customer"
_DEVICE: Final = "/ctapi/Device"
_MEASUREMENT: Final = "/ctapi/Measurement"

# The page's own example asks for a hundred at a time.
_CUSTOMERS_PER_PAGE: Final = 100


class CarbonTrackClient(CloudClient):
    """Reads one account's data, over the caller's session or one of its own."""

    def __init__(
        self,
        username: str,
        password: str,
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
        self._clock = clock
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
        self._auth = TokenAuth(Login(entrance, username, password), clock, secrets=(username, password))
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

    async def verify(self) -> None:
        """Log in from the beginning; raises CredentialsError if the cloud refuses."""
        self._auth.forget()
        await self._auth.headers()

    async def distributors(self) -> list[Distributor]:
        """Return the account's distributors."""
        answer = await self._transport.request("GET", _DISTRIBUTOR, repeatable=True)
        if answer.body.lstrip().startswith(b"{"):
            decode_json(answer, WRAPPING, vendor=VENDOR, endpoint=_DISTRIBUTOR).raise_error(
                _DISTRIBUTOR, self._auth.secrets
            )
        return decode_json(answer, DISTRIBUTORS, vendor=VENDOR, endpoint=_DISTRIBUTOR)

    def customers(
        self,
        *,
        reference: str | None = None,
        phone: str | None = None,
        address: str | None = None,
        page_size: int = _CUSTOMERS_PER_PAGE,
    ) -> AsyncGenerator[Customer]:
        """Yield the account's customers, or those that match; their pages are counted from 1."""
        if page_size < 1:
            raise ValueError("page_size must be at least 1")
        asked = {"customerRef": reference, "phone": phone, "address": address}
        given = {name: value for name, value in asked.items() if value is not None}

        async def fetch(number: int) -> Page[Customer]:
            parts = {**given, "page": number, "pageSize": page_size}
            query: dict[str, str | int] = {f"customerRequest.{name}": str(value) for name, value in parts.items()}
            answer = await self._transport.request("GET", _CUSTOMER, query=query, repeatable=True)
            found = decode_json(answer, CUSTOMERS, vendor=VENDOR, endpoint=_CUSTOMER)
            found.raise_error(_CUSTOMER, self._auth.secrets)
            if found.customer_list is None and found.record_count != 0:
                raise ResponseError("field CustomerList is missing", vendor=VENDOR, endpoint=_CUSTOMER)
            total = None if found.record_count is None else int(found.record_count)
            return Page(found.customer_list or (), total=total)

        walk = PageWalk(fetch, lambda customer: customer.customer_id or customer, vendor=VENDOR, endpoint=_CUSTOMER)
        return walk.from_one(page_size)

    def devices(
        self,
        *,
        device_id: str | None = None,
        customer_reference: str | None = None,
        distributor_id: str | None = None,
        registered_only: bool | None = None,
        advance_key: str | None = None,
    ) -> AsyncGenerator[Device]:
        """Yield the account's devices, or those that match.

        `advance_key`: a "special key" of the vendor's, of which the page says no more than that it is a GUID.
        """
        asked = {
            "DeviceID": _checked("device_id", device_id),
            "CustomerReference": customer_reference,
            "DistributorID": _checked("distributor_id", distributor_id),
            "RegisteredOnly": registered_only,
            "AdvanceKey": advance_key,
        }
        secrets = () if advance_key is None else (advance_key,)

        async def fetch(number: int) -> Page[Device]:
            answer = await self._post(_DEVICE, asked, number, secrets)
            found = decode_json(answer, DEVICES, vendor=VENDOR, endpoint=_DEVICE)
            found.raise_error(_DEVICE, (*self._auth.secrets, *secrets))
            return found.page(found.devices, _DEVICE, "Devices")

        return PageWalk(fetch, lambda device: device.device_id, vendor=VENDOR, endpoint=_DEVICE).from_zero()

    def discover(self) -> AsyncGenerator[Installation]:
        """Yield every device of the account once, as far as possible with its customer and distributor."""
        return discover(self)

    def measurements(
        self,
        device_id: str,
        start: datetime,
        end: datetime,
        *,
        distributor_id: str | None = None,
        file_id: str | None = None,
    ) -> AsyncGenerator[Measurement]:
        """Yield a device's records between two aware times, in the cloud's order, each (device, time) once.

        One page at a time is held, whatever the length of the period. `file_id` is the request's `ID`, a UUID that the
        cloud uses for the name of a file and does without. Raises ValueError for a period that is none.
        """
        asked = {
            "ID": file_id,
            "DeviceID": _checked("device_id", device_id),
            "DistributorID": _checked("distributor_id", distributor_id),
            "FromUTCDate": _wire_time("start", start),
            # Rounded up to the cloud's whole seconds, so that a record in the last one is not left out.
            "ToUTCDate": _wire_time("end", end, timedelta(microseconds=999_999)),
        }
        if end < start:
            raise ValueError("end must not come before start: the period ends before it starts")

        async def fetch(number: int) -> Page[Measurement]:
            answer = await self._post(_MEASUREMENT, asked, number)
            found, records = await decode_measurements(answer, _MEASUREMENT)
            found.raise_error(_MEASUREMENT, self._auth.secrets)
            return found.page(records, _MEASUREMENT, "Measurements")

        key = attrgetter("device_id", "recorded_at")
        return PageWalk(fetch, key, vendor=VENDOR, endpoint=_MEASUREMENT).from_zero()

    def readings(
        self,
        device_id: str,
        start: datetime,
        end: datetime,
        *,
        unit: PowerUnit = DEFAULT_UNIT,
        usual_interval_s: float | None = None,
        distributor_id: str | None = None,
    ) -> AsyncGenerator[Reading]:
        """Yield a device's records between two aware times, oldest first, with the time that each covers.

        `unit` is what the power fields are in; `usual_interval_s`, learned from the records if it is not given, is what
        the first record covers and one after a gap. Raises ValueError for a period or an interval that is none.
        """
        ask = self._asking(device_id, distributor_id, usual_interval_s)
        ask(start, end)
        return read(ask, start, end, PowerUnit(unit), usual_interval_s)

    async def latest(
        self,
        device_id: str,
        *,
        unit: PowerUnit = DEFAULT_UNIT,
        usual_interval_s: float | None = None,
        distributor_id: str | None = None,
    ) -> Reading | None:
        """Return a device's newest reading, looking back by an hour, a day, and so on up to a year; None if none."""
        ask = self._asking(device_id, distributor_id, usual_interval_s)
        return await read_latest(ask, self._clock.now(), PowerUnit(unit), usual_interval_s)

    def _asking(self, device_id: str, distributor_id: str | None, usual_interval_s: float | None) -> Ask:
        """Return how the records of a device are asked for."""
        if usual_interval_s is not None and not usual_interval_s > 0:
            raise ValueError("usual_interval_s must be more than 0")
        return lambda start, end: self.measurements(device_id, start, end, distributor_id=distributor_id)

    async def _post(
        self,
        endpoint: str,
        asked: Mapping[str, str | bool | None],
        number: int,
        secrets: Collection[str] = (),
    ) -> Answer:
        """Ask for one page with only what was given."""
        body = {name: value for name, value in asked.items() if value is not None} | {"PageIndex": number}
        return await self._transport.request("POST", endpoint, json=body, secrets=secrets, repeatable=True)


def _checked(name: str, identifier: str | None) -> str | None:
    """Return an identifier that is not given or not blank; the cloud would take a blank one for any."""
    if identifier is not None and not identifier.strip():
        raise ValueError(f"{name} must not be blank")
    return identifier


def _wire_time(name: str, time: datetime, later: timedelta = timedelta()) -> str:
    """Write an aware time as the cloud wants it: UTC, whole seconds, with a Z."""
    if time.tzinfo is None:
        raise ValueError(f"{name} must be an aware time")
    return (time + later).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
