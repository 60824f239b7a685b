"""Where a meter is ("Meter geolocation"), and in which time zone."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, TypeAdapter

from .checks import check_number, check_object

_MOST_LATITUDE_DEG: Final = 90.0
_MOST_LONGITUDE_DEG: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geolocation:
    """A place on earth in degrees, north and east positive; nobody's business, so it does not show in the `repr`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    latitude_deg: Annotated[float, Field(alias="latitude")] = field(repr=False)
    longitude_deg: Annotated[float, Field(alias="longitude")] = field(repr=False)

    def to_wire(self) -> dict[str, float]:
        """Return what is sent; raises ValueError that names the field and what is accepted."""
        _check_degrees("latitude", self.latitude_deg, _MOST_LATITUDE_DEG)
        _check_degrees("longitude", self.longitude_deg, _MOST_LONGITUDE_DEG)
        return {"latitude": float(self.latitude_deg), "longitude": float(self.longitude_deg)}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the texts by which an echo of the place is known; without its signs, which stay behind."""
        return tuple(f"{abs(degrees)}" for degrees in self.to_wire().values())


GEOLOCATION: Final = TypeAdapter(Geolocation)


def read_geolocation(data: object) -> Geolocation:
    """Read a place in the vendor's form from decoded JSON, to be sent; raises ValueError that names the field."""
    given: Any = check_object("a geolocation", data, ("latitude", "longitude"))
    # Of whatever type they are: `to_wire` checks both.
    found = Geolocation(latitude_deg=given.get("latitude"), longitude_deg=given.get("longitude"))
    found.to_wire()
    return found


async def load_zone(name: str | None) -> tzinfo:
    """Return a time zone by its name; UTC where there is none of that name. The database is read in a thread."""
    if not name:
        return UTC
    try:
        return await asyncio.to_thread(ZoneInfo, name)
    except ZoneInfoNotFoundError, ValueError, OSError:
        return UTC


def _check_degrees(field_name: str, value: object, most_deg: float) -> None:
    """Refuse what is no place on earth."""
    accepted = f"a number of degrees from {-most_deg:g} to {most_deg:g}"
    check_number(field_name, value, accepted=accepted, least=-most_deg, most=most_deg)
