"""The wrapping around carbonTRACK's records: how many there are, and whether something went wrong after all."""

import asyncio
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from ..answer import excerpt, status_error
from ..errors import RejectedError, ResponseError
from ..fields import Number
from ..paging import Page
from ..transport import Answer, decode_json
from .models import Customer, Device, Distributor, Measurement, wire_name
from .table import read_table

VENDOR: Final = "carbonTRACK"

_WIRE: Final = ConfigDict(alias_generator=wire_name, coerce_numbers_to_str=True)

# So much of a page is parsed at a stretch: less than 1 ms, after which others may have the event loop.
_STRETCH_BYTES: Final = 128 * 1024
_LIST_START: Final = re.compile(rb'"Measurements"\s*:\s*\[')
_BETWEEN_RECORDS: Final = re.compile(rb"\}\s*,\s*\{")

# An error number that may be shown; anything else could be a text with anybody's name in it.
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """What stands beside the records of every answer.

    Nothing is judged by `response_code`, which is 0 in the page's sample, nor by `pages_index`: the walk counts itself.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    # The page says integers; an error may well arrive as text, so whatever is not a zero counts.
    error: Any = None
    error_number: Any = None
    error_message: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)
    response_message: str | None = field(default=None, repr=False)
    response_code: str | None = None
    count: Number = None
    pages: Number = None
    pages_index: Number = None

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
    """An answer of /ctapi/Customer; the page numbers are said to be in every answer and are in no sample."""

    customer_list: list[Customer] | None = None
    record_count: Number = None
    page_number: Annotated[Number, Field(alias="Page")] = None
    page_size: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """An answer of /oauth/token; lifetimes are counted from our question, since `issued_at` is another clock's time."""

    access_token: Annotated[str, Field(min_length=1)] = field(repr=False)
    expires_in: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str | None = None
    issued_at: Number = None


DISTRIBUTORS: Final = TypeAdapter(list[Distributor])
CUSTOMERS: Final = TypeAdapter(CustomerAnswer)
DEVICES: Final = TypeAdapter(DeviceAnswer)
TOKEN: Final = TypeAdapter(TokenAnswer)
WRAPPING: Final = TypeAdapter(Wrapping)
_MEASUREMENTS: Final = TypeAdapter(MeasurementAnswer)
_RECORDS: Final = TypeAdapter(list[Measurement])


async def decode_measurements(answer: Answer, endpoint: str) -> tuple[MeasurementAnswer, list[Measurement] | None]:
    """Read a page of measurements in stretches, between which the event loop goes on."""
    parts = _cut(answer.body)
    records: list[Measurement] = []
    try:
        around = decode_json(replace(answer, body=next(parts)), _MEASUREMENTS, vendor=VENDOR, endpoint=endpoint)
        # The records are this answer's only if it is left with an empty list without them.
        if around.measurements == []:
            for stretch in parts:
                table = read_table(stretch)
                records += _RECORDS.validate_json(stretch) if table is None else table
                await asyncio.sleep(0)
            return around, records
    except ResponseError, ValidationError:
        # Cut at the wrong place, or malformed: reading it whole tells which, and where.
        pass
    whole = decode_json(answer, _MEASUREMENTS, vendor=VENDOR, endpoint=endpoint)
    return whole, whole.measurements


def _cut(body: bytes) -> Iterator[bytes]:
    """Cut an answer into its wrapping without records and, after that, lists of whole records."""
    found = _LIST_START.search(body)
    start, end = (found.end(), body.rfind(b"]")) if found else (0, 0)
    yield body[:start] + body[end:] if start < end else body
    while start < end:
        cut = _BETWEEN_RECORDS.search(body, start + _STRETCH_BYTES, end)
        stop = cut.start() + 1 if cut else end
        yield b"[" + body[start:stop] + b"]"
        start = cut.end() - 1 if cut else end
