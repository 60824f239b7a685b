"""Where a meter or an asset is, in the three forms that WattCarbon takes: a line of text, an address, coordinates.

All of it is personal: none shows in a `repr`. What the cloud adds to a place is kept in `extra` and sent back as it
came.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ..fields import Number
from .checks import check_extra, check_number, check_text

_LATITUDE: Final = "latitude"
_LONGITUDE: Final = "longitude"
_NUMBER: Final[TypeAdapter[float | None]] = TypeAdapter(Number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address, of which the parts are given that there are; the vendor's example has all five."""

    street: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        """Check the parts; raises ValueError that names the one at fault."""
        for name in _PARTS:
            check_text(name, getattr(self, name))
        check_extra(self.extra, _PARTS.values())
        if not self.to_wire():
            raise ValueError("street: an address needs at least one of its parts")

    def to_wire(self) -> dict[str, object]:
        """Write the parts that are given."""
        given = {wire: getattr(self, name) for name, wire in _PARTS.items()}
        return {wire: text for wire, text in given.items() if text is not None} | dict(self.extra)


_PARTS: Final = {part.name: to_camel(part.name) for part in fields(Address) if part.name != "extra"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """A place by its latitude (−90 to 90, north is positive) and longitude (−180 to 180, east is positive)."""

    latitude_deg: float = field(repr=False)
    longitude_deg: float = field(repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        """Check the ranges; raises ValueError that names the field at fault."""
        check_number("latitude_deg", self.latitude_deg, -90, 90)
        check_number("longitude_deg", self.longitude_deg, -180, 180)
        check_extra(self.extra, (_LATITUDE, _LONGITUDE))

    def to_wire(self) -> dict[str, object]:
        """Write both as JSON numbers."""
        return {_LATITUDE: self.latitude_deg, _LONGITUDE: self.longitude_deg} | dict(self.extra)


type Location = str | Address | Coordinates


def check_location(location: Location) -> None:
    """Refuse what is no place; raises ValueError."""
    if not isinstance(location, Address | Coordinates):
        check_text("location", location)


def write_location(location: Location) -> str | dict[str, object]:
    """Write a place in the form in which it was given."""
    return location if isinstance(location, str) else location.to_wire()


def read_location(raw: object) -> Location | None:
    """Read a place from an answer: what is an address is one, even if its coordinates are given as well."""
    if raw is None or isinstance(raw, str):
        return raw or None
    if not isinstance(raw, dict):
        raise PydanticCustomError("location", "not a place")
    parts = {name: part for name, wire in _PARTS.items() if (part := _read_part(raw.get(wire))) is not None}
    if parts or (raw.get(_LATITUDE) is None and raw.get(_LONGITUDE) is None):
        others = _others(raw, _PARTS.values())
        return Address(**parts, extra=others) if parts or others else None
    latitude, longitude = (_NUMBER.validate_python(raw.get(name)) for name in (_LATITUDE, _LONGITUDE))
    if latitude is None or longitude is None:
        raise PydanticCustomError("location", "half of the coordinates is missing")
    return Coordinates(latitude_deg=latitude, longitude_deg=longitude, extra=_others(raw, (_LATITUDE, _LONGITUDE)))


def _read_part(raw: object) -> str | None:
    """Read a part of an address; a postal code may arrive as a number, and an empty text is none."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise PydanticCustomError("location", "a part of the address is no text")
    return str(raw)


def _others(raw: Mapping[str, object], known: Collection[str]) -> dict[str, object]:
    """Return what has no place of its own."""
    return {name: value for name, value in raw.items() if name not in known}
