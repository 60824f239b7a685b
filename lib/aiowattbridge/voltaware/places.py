"""Where a meter is ("Meter geolocation"), and in which time zone."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, TypeAdapter

from .checks import read_strictly

_MOST_LATITUDE_DEG: Final = 90.0
_MOST_LONGITUDE_DEG: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Geolocation:
    """A place on earth, which is nobody's business: it does not show in the `repr`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    latitude_deg: Annotated[float, Field(alias="latitude")] = field(repr=False)
    longitude_deg: Annotated[float, Field(alias="longitude")] = field(repr=False)

    def to_wire(self) -> dict[str, float]:
        """Return what is sent; raises ValueError that names the field and what is accepted."""
        _check_degrees("latitude", self.latitude_deg, _MOST_LATITUDE_DEG)
        _check_degrees("longitude", self.longitude_deg, _MOST_LONGITUDE_DEG)
        return {"latitude": self.latitude_deg, "longitude": self.longitude_deg}


GEOLOCATION: Final = TypeAdapter(Geolocation)


def read_geolocation(data: object) -> Geolocation:
    """Read a place in the vendor's form from decoded JSON, to be sent; raises ValueError that names the field."""
    found = read_strictly(data, GEOLOCATION, ("latitude", "longitude"), "a geolocation")
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
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= most_deg:
        raise ValueError(f"{field_name}: has to be a number of degrees from {-most_deg:g} to {most_deg:g}")
