"""Types for fields that clouds write oddly: each turns into one plain Python type, or is refused.

They are pydantic annotations. A page of a thousand records has tens of thousands of such fields, so the usual spellings
never leave pydantic's compiled core; only the rare ones cost a call of Python.
"""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# What clouds write for "no value" where a number belongs.
_MISSING: Final = frozenset({"", "-", "NaN"})

_PLAIN_NUMBER: Final = r"^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$"
# Commas group thousands and nothing else, whatever the locale: "1,5" is refused rather than guessed at.
_GROUPED_NUMBER: Final = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")

_ISO_START: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:"


def _unusual_number(value: object) -> float | None:
    """Read what the compiled core did not: a missing value or a number with grouped thousands."""
    if isinstance(value, str):
        if value in _MISSING:
            return None
        if _GROUPED_NUMBER.fullmatch(value) and math.isfinite(number := float(value.replace(",", ""))):
            return number
    if isinstance(value, float) and math.isnan(value):
        return None
    raise PydanticCustomError("number", "not a number")


def _number_schema(_source: object, _handler: object) -> CoreSchema:
    """Build the schema of `Number`: plain text and JSON numbers in the compiled core, the rest in Python."""
    return core_schema.nullable_schema(
        core_schema.union_schema(
            [
                core_schema.chain_schema(
                    [core_schema.str_schema(pattern=_PLAIN_NUMBER), core_schema.float_schema(allow_inf_nan=False)]
                ),
                core_schema.float_schema(strict=True, allow_inf_nan=False),
                core_schema.no_info_plain_validator_function(_unusual_number),
            ],
            mode="left_to_right",
            # One error for the field instead of one for each way of reading it.
            custom_error_type="number",
            custom_error_message="not a number",
        )
    )


def _to_utc(value: datetime) -> datetime:
    """Make a time aware and UTC; one without an offset is UTC already."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("time", "not a time in UTC") from None


def _time_schema(_source: object, _handler: object) -> CoreSchema:
    """Build the schema of `UtcTime`: ISO text alone, since a bare number or date would be a guess."""
    return core_schema.no_info_after_validator_function(
        _to_utc,
        core_schema.chain_schema([core_schema.str_schema(pattern=_ISO_START), core_schema.datetime_schema()]),
    )


Number = Annotated[float | None, GetPydanticSchema(_number_schema)]
"""A number, as JSON or as text ("12.50", "1,000.00"); "", "-", "NaN" and null are missing (None)."""

UtcTime = Annotated[datetime, GetPydanticSchema(_time_schema)]
"""An ISO time as an aware UTC datetime; UTC is assumed where no offset is given."""

OpaqueId = Annotated[str, Field(coerce_numbers_to_str=True, min_length=1)]
"""An identifier: text, whatever JSON type it arrives in."""

_NUMBER: Final[TypeAdapter[float | None]] = TypeAdapter(Number)
_UTC_TIME: Final[TypeAdapter[datetime]] = TypeAdapter(UtcTime)


def _time_or_none(value: object) -> datetime | None:
    """Read a time from free text, or nothing."""
    try:
        time = _UTC_TIME.validate_python(value)
    except ValidationError:
        return None
    # The year 1 is how .NET writes "never".
    return time if time.year > 1 else None


def _number_or_none(value: object) -> float | None:
    """Read a number from free text, with or without a degree sign, or nothing."""
    text = value.strip().removesuffix("C").removesuffix("°").rstrip() if isinstance(value, str) else value
    try:
        return _NUMBER.validate_python(text)
    except ValidationError:
        return None


LooseTime = Annotated[datetime | None, BeforeValidator(_time_or_none)]
"""A time in a field that is documented as free text: None if it is not an ISO time."""

LooseNumber = Annotated[float | None, BeforeValidator(_number_or_none)]
"""A number in a field that is documented as free text: None if it is not one."""

NoneIsEmpty: Final = BeforeValidator(lambda value: () if value is None else value)
"""For a list that a cloud leaves null when it has nothing in it."""
