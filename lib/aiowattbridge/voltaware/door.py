"""The way to a device: paths, what is not there, and the refusal that means that it has sent nothing yet."""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from ..auth import TokenAuth
from ..clock import Clock
from ..errors import ForbiddenError, NotFoundError
from ..transport import Answer, Transport, decode_json
from .login import VENDOR

SENSORS: Final = "/sensors"

# A device that is not registered yet may be known to a newer session than ours. Nothing is gained by asking with yet
# another one soon, and the vendor wants tokens used until they expire.
FRESH_LOGIN_EVERY_S: Final = 3600.0

_NO_CONTENT: Final = 204
_MOST_ID_CHARS: Final = 200


class NotRegisteredError(ForbiddenError):
    """The device has sent no event yet, or is not this account's (403), also for a fresh token."""

    def __init__(self, device_id: str, refusal: ForbiddenError) -> None:
        """Name the device."""
        super().__init__(
            f"device {device_id} is not registered: it has sent nothing yet, or belongs to somebody else (HTTP 403)",
            vendor=refusal.vendor,
            endpoint=refusal.endpoint,
            status=refusal.status,
            answer=refusal.answer,
        )
        self.device_id = device_id


class Door:
    """Asks about devices, and takes a fresh login where the present session may be older than a device."""

    def __init__(self, transport: Transport, auth: TokenAuth, clock: Clock) -> None:
        """Begin with the session that the first request opens."""
        self._transport = transport
        self._auth = auth
        self._clock = clock
        self._fresh_logins = 0
        self._fresh_login_at_s: float | None = None

    async def find[T](
        self, device_id: str, part: str, adapter: TypeAdapter[T], query: Mapping[str, str | int] | None = None
    ) -> T | None:
        """Ask for something of a device; None if it is not there (404, or an answer without content)."""
        path = path_of(device_id, part)
        try:
            answer = await self.call("GET", device_id, part, query=query)
        except NotFoundError as error:
            # A token endpoint that is not there would pass for a home without results.
            if error.endpoint != path:
                raise
            return None
        if answer.status == _NO_CONTENT:
            return None
        return decode_json(answer, adapter, vendor=VENDOR, endpoint=path)

    async def call(
        self,
        method: str,
        device_id: str,
        part: str = "",
        *,
        query: Mapping[str, str | int] | None = None,
        json: object = None,
        secrets: Collection[str] = (),
    ) -> Answer:
        """Make a request about a device; raises NotRegisteredError if a fresh login does not know it either."""
        path, session = path_of(device_id, part), self._fresh_logins
        while True:
            try:
                return await self._transport.request(
                    method, path, query=query, json=json, secrets=secrets, repeatable=True
                )
            except ForbiddenError as error:
                refusal = error
            if not self._renew_session(session):
                raise NotRegisteredError(device_id, refusal)
            session = self._fresh_logins

    def _renew_session(self, refused: int) -> bool:
        """Tell whether there is a newer session than the refused one, or may be: at most one an hour is begun here."""
        if self._fresh_logins > refused:
            return True
        now_s = self._clock.monotonic()
        if self._fresh_login_at_s is not None and now_s - self._fresh_login_at_s < FRESH_LOGIN_EVERY_S:
            return False
        self._fresh_login_at_s = now_s
        self._fresh_logins += 1
        # Not by the refresh token: it belongs to the session that does not know the device.
        self._auth.forget()
        return True


def path_of(device_id: str, part: str = "") -> str:
    """Return a device's path; raises ValueError for an id that would be more or less than one part of it."""
    if device_id in ("", ".", "..") or len(device_id) > _MOST_ID_CHARS or not device_id.isprintable():
        raise ValueError(f"device_id: has to be an id as the vendor lists it, of 1 to {_MOST_ID_CHARS} characters")
    return f"{SENSORS}/{quote(device_id, safe='')}{part}"
