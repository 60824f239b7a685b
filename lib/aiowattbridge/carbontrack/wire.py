"""The wrapping around carbonTRACK's records: how many there are, and whether something went wrong after all."""

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from ..answer import excerpt, status_error
from ..errors import RejectedError, ResponseError
from ..fields import Number
from ..paging import Page
from ..transport import Answer, decode_json
from .models import Customer, Device, Distributor, Measurement, wire_name

VENDOR: Final = "carbonTRACK"

_WIRE: Final = ConfigDict(alias_generator=wire_name, coerce_numbers_to_str=True)

# So much of a page is parsed at a stretch: some 3 ms, after which others may have the event loop.
_STRETCH_BYTES: Final = 256 * 1024
_LIST_START: Final = b'"Measurements":['
_BETWEEN_RECORDS: Final = b"},{"

# An error number that may be shown; anything else could be a text with anybody's name in it.
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """What stands beside the records of every answer.

    `ResponseCode` is left out on purpose: it is not to be judged by, and the page numbers are counted by the walk.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    # The page says integers; an error may well arrive as text, so whatever is not a zero counts.
    error: Any = None
    error_number: Any = None
    error_message: str | None = None
    message: str | None = None
    response_message: str | None = None
    count: Number = None
    pages: Number = None

    def raise_error(self, endpoint: str, secrets: Collection[str]) -> None:
        """Raise the error inside the answer, if there is one: as its HTTP status means if its number is one."""
        errors = [text for text in map(_error_text, (self.error_number, self.error)) if text]
        if not errors:
            return
        answer = excerpt(self.error_message or self.message or self.response_message or errors[0], secrets)
        if not _SHORT_NUMBER.fullmatch(errors[0]):
            raise RejectedError("reports an error inside its answer", vendor=VENDOR, endpoint=endpoint, answer=answer)
        if 400 <= (number := int(errors[0])) < 600:  # noqa: PLR2004 - HTTP's own range of failures
            raise status_error(number, vendor=VENDOR, endpoint=endpoint, answer=answer)
        message = f"reports error {number} inside its answer"
        raise RejectedError(message, vendor=VENDOR, endpoint=endpoint, answer=answer)

    def page[T](self, records: list[T] | None, endpoint: str, name: str) -> Page[T]:
        """Return the records as a page; none at all is an empty page only where the cloud counts none."""
        if records is None and self.count != 0 and self.pages != 0:
            raise ResponseError(f"field {name} is missing", vendor=VENDOR, endpoint=endpoint)
        return Page(records or (), pages=None if self.pages is None else int(self.pages))


def _error_text(value: object) -> str:
    """Return what an error field says, nothing if it says that there is none."""
    if not value:
        return ""
    text = "1" if value is True else str(value).strip()
    return "" if text.strip("0.") in ("", "false", "False") else text


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswer(Wrapping):
    """An answer of /ctapi/Device."""

    devices: list[Device] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementAnswer(Wrapping):
    """An answer of /ctapi/Measurement."""

    measurements: list[Measurement] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAnswer(Wrapping):
    """An answer of /ctapi/Customer."""

    customer_list: list[Customer] | None = None
    record_count: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """An answer of /oauth/token; `issued_at` is left out, because the server's clock is not ours."""

    access_token: Annotated[str, Field(min_length=1)]
    expires_in: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    refresh_token: str | None = None


DISTRIBUTORS: Final = TypeAdapter(list[Distributor])
CUSTOMERS: Final = TypeAdapter(CustomerAnswer)
DEVICES: Final = TypeAdapter(DeviceAnswer)
TOKEN: Final = TypeAdapter(TokenAnswer)
WRAPPING: Final = TypeAdapter(Wrapping)
_MEASUREMENTS: Final = TypeAdapter(MeasurementAnswer)
_RECORDS: Final = TypeAdapter(list[Measurement])


async def decode_measurements(answer: Answer, endpoint: str) -> tuple[MeasurementAnswer, list[Measurement] | None]:
    """Read a page of measurements, a large one in stretches between which the event loop goes on."""
    if len(answer.body) > _STRETCH_BYTES and (parts := _cut(answer.body)):
        wrapping, *stretches = parts
        try:
            records: list[Measurement] = []
            for stretch in stretches:
                records += _RECORDS.validate_json(stretch)
                await asyncio.sleep(0)
            return _MEASUREMENTS.validate_json(wrapping), records
        except ValidationError:
            # Cut at the wrong place, or a malformed field: reading it whole tells which, and where.
            pass
    whole = decode_json(answer, _MEASUREMENTS, vendor=VENDOR, endpoint=endpoint)
    return whole, whole.measurements


def _cut(body: bytes) -> list[bytes]:
    """Cut an answer into its wrapping without records and lists of whole records; nothing if it is not laid out so."""
    start = body.find(_LIST_START) + len(_LIST_START)
    end = body.rfind(b"]")
    if not len(_LIST_START) <= start < end:
        return []
    parts = [body[:start] + body[end:]]
    while start < end:
        cut = body.find(_BETWEEN_RECORDS, start + _STRETCH_BYTES, end)
        stop = end if cut < 0 else cut + 1
        parts.append(b"[" + body[start:stop] + b"]")
        start = stop + 1
    return parts
