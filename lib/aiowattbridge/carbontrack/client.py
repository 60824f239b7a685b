"""The carbonTRACK API, one method per endpoint; what comes in pages is an async iterator.

Only reading: every call may be repeated, and is, within the policy.
"""

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from ..auth import TokenAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..errors import ResponseError
from ..paging import Page, PageWalk
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Answer, Transport, decode_json
from .login import REFUSALS, Login
from .models import Customer, Device, Distributor, Measurement
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
        self._auth = TokenAuth(Login(entrance, username, password), clock, secrets=(username, password))
        self._transport = Transport(
            self._http, base_url, vendor=VENDOR, auth=self._auth, policy=policy, clock=clock, timeout_s=timeout_s
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
        self, *, reference: str | None = None, phone: str | None = None, address: str | None = None
    ) -> AsyncGenerator[Customer]:
        """Yield the account's customers, or those that match; their pages are counted from 1."""
        asked = {"customerRef": reference, "phone": phone, "address": address}
        given = {name: value for name, value in asked.items() if value is not None}

        async def fetch(number: int) -> Page[Customer]:
            parts = {**given, "page": number, "pageSize": _CUSTOMERS_PER_PAGE}
            query: dict[str, str | int] = {f"customerRequest.{name}": str(value) for name, value in parts.items()}
            answer = await self._transport.request("GET", _CUSTOMER, query=query, repeatable=True)
            found = decode_json(answer, CUSTOMERS, vendor=VENDOR, endpoint=_CUSTOMER)
            found.raise_error(_CUSTOMER, self._auth.secrets)
            if found.customer_list is None and found.record_count != 0:
                raise ResponseError("field CustomerList is missing", vendor=VENDOR, endpoint=_CUSTOMER)
            total = None if found.record_count is None else int(found.record_count)
            return Page(found.customer_list or (), total=total)

        walk = PageWalk(fetch, lambda customer: customer.customer_id or customer, vendor=VENDOR, endpoint=_CUSTOMER)
        return walk.from_one(_CUSTOMERS_PER_PAGE)

    def devices(
        self,
        *,
        device_id: str | None = None,
        customer_reference: str | None = None,
        distributor_id: str | None = None,
        registered_only: bool | None = None,
    ) -> AsyncGenerator[Device]:
        """Yield the account's devices, or those that match."""
        asked = {
            "DeviceID": device_id,
            "CustomerReference": customer_reference,
            "DistributorID": distributor_id,
            "RegisteredOnly": registered_only,
        }

        async def fetch(number: int) -> Page[Device]:
            answer = await self._post(_DEVICE, asked, number)
            found = decode_json(answer, DEVICES, vendor=VENDOR, endpoint=_DEVICE)
            found.raise_error(_DEVICE, self._auth.secrets)
            return found.page(found.devices, _DEVICE, "Devices")

        return PageWalk(fetch, lambda device: device.device_id, vendor=VENDOR, endpoint=_DEVICE).from_zero()

    def measurements(
        self, device_id: str, start: datetime, end: datetime, *, distributor_id: str | None = None
    ) -> AsyncGenerator[Measurement]:
        """Yield a device's records between two aware times, in the cloud's order, each (device, time) once.

        One page at a time is held, whatever the length of the period. Raises ValueError for a period that is none.
        """
        asked = {
            "DeviceID": device_id,
            "DistributorID": distributor_id,
            "FromUTCDate": _wire_time(start),
            # Rounded up to the cloud's whole seconds, so that a record in the last one is not left out.
            "ToUTCDate": _wire_time(end + timedelta(microseconds=999_999)),
        }
        if end < start:
            raise ValueError("The period ends before it starts")

        async def fetch(number: int) -> Page[Measurement]:
            answer = await self._post(_MEASUREMENT, asked, number)
            found, records = await decode_measurements(answer, _MEASUREMENT)
            found.raise_error(_MEASUREMENT, self._auth.secrets)
            return found.page(records, _MEASUREMENT, "Measurements")

        return PageWalk(
            fetch, lambda record: (record.device_id, record.recorded_at), vendor=VENDOR, endpoint=_MEASUREMENT
        ).from_zero()

    async def _post(self, endpoint: str, asked: Mapping[str, str | bool | None], number: int) -> Answer:
        """Ask for one page with only what was given."""
        body = {name: value for name, value in asked.items() if value is not None} | {"PageIndex": number}
        return await self._transport.request("POST", endpoint, json=body, repeatable=True)


def _wire_time(time: datetime) -> str:
    """Write an aware time as the cloud wants it: UTC, whole seconds, with a Z."""
    if time.tzinfo is None:
        raise ValueError("The period needs aware times")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
