"""What Voltaware answers about a device and its consumption, as frozen records; energies are in Wh.

The appliance keys are an open list: the vendor announces new ones, so each is kept under its own name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from math import fsum
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ..errors import ResponseError
from ..fields import NoneIsEmpty, Number, OpaqueId, UtcTime
from .login import VENDOR

APPLIANCE_KEYS: Final = (
    "boiler",
    "cooking",
    "cooking_heating",
    "cooling",
    "electric_vehicle",
    "fridge",
    "heating",
    "lights",
    "others",
    "standby",
    "washing",
)
"""The keys that the vendor's page describes."""

# The vendor's own sample has 2.27e-13 Wh for an appliance that was off.
_RESIDUE_WH: Final = 1e-6


def without_residue(energy_wh: float | None) -> float | None:
    """Make what arithmetic left over the zero that it stands for."""
    return 0.0 if energy_wh is not None and abs(energy_wh) < _RESIDUE_WH else energy_wh


EnergyWh = Annotated[Number, AfterValidator(without_residue)]
"""An energy in Wh; None if it is missing."""


def _iso_text(value: object) -> object:
    """Refuse a number where a local time belongs: it would be read as seconds since 1970."""
    if not isinstance(value, str):
        raise PydanticCustomError("time", "not a time")
    return value


_TEXT: Final = ConfigDict(coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """Where the vendor takes a device to be."""

    __pydantic_config__: ClassVar[ConfigDict] = _TEXT

    country_code: Annotated[str | None, Field(alias="isoCountryCode")] = None
    locale_code: Annotated[str | None, Field(alias="isoLocaleCode")] = None
    time_zone: Annotated[str | None, Field(alias="timeZoneId")] = None
    # Called deprecated by the vendor.
    user_language: Annotated[str | None, Field(alias="userDefinedLanguage")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A meter or a sensor ("View single sensor"); its times are aware and in UTC.

    `connection_state` (connected, disconnected, never_connected) and `firmware` are known of the vendor's own sensors
    alone.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _TEXT

    connection_state: str | None = None
    firmware: str | None = None
    first_event: UtcTime | None = None
    last_event: UtcTime | None = None
    locale: Locale | None = None

    @property
    def time_zone(self) -> str | None:
        """Return the name of the device's time zone, in which the vendor counts days."""
        return None if self.locale is None else self.locale.time_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceEnergy:
    """What one kind of appliance used in a period."""

    key: Annotated[OpaqueId, Field(alias="appliance_key")]
    energy_wh: Annotated[EnergyWh, Field(alias="consumption")] = None


type Appliances = Annotated[tuple[ApplianceEnergy, ...], NoneIsEmpty]


class _HasAppliances:
    """Finds an appliance in a result."""

    __slots__ = ()

    appliances: tuple[ApplianceEnergy, ...]

    def energy_wh(self, key: str) -> float | None:
        """Return what an appliance used; None if it was not found or has no figure."""
        energies = [found.energy_wh for found in self.appliances if found.key == key and found.energy_wh is not None]
        return fsum(energies) if energies else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disaggregation(_HasAppliances):
    """The consumption of a month or a week by appliance ("Month", "Week")."""

    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    disconnection_percent: Annotated[Number, Field(alias="disconnection_percentage")] = None
    appliances: Appliances = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippedWeek(_HasAppliances):
    """The part of a calendar week that lies in a month: a week across two months comes in two parts."""

    first_day: Annotated[date, Field(alias="from")]
    last_day: Annotated[date, Field(alias="to")]
    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    appliances: Appliances = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthByWeeks:
    """A month cut into weeks, clipped at the month's ends ("Month by Weeks")."""

    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    disconnection_percent: Annotated[Number, Field(alias="disconnection_percentage")] = None
    weeks: Annotated[tuple[ClippedWeek, ...], NoneIsEmpty] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One run of an appliance, with aware times in UTC."""

    start: datetime
    end: datetime
    energy_wh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceCycles:
    """The runs of one kind of appliance ("Appliance Cycles"): electric_vehicle today, others are announced."""

    key: str
    total_wh: float | None = None
    cycles: tuple[Cycle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCycle:
    """A run as it arrives: in the device's local time, without an offset."""

    start: Annotated[datetime, BeforeValidator(_iso_text), Field(alias="from")]
    end: Annotated[datetime, BeforeValidator(_iso_text), Field(alias="to")]
    energy_wh: Annotated[EnergyWh, Field(alias="consumption")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCycles:
    """The runs of one kind of appliance as they arrive."""

    key: Annotated[OpaqueId, Field(alias="appliance_key")]
    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    cycles: Annotated[tuple[WireCycle, ...], NoneIsEmpty] = field(default=())

    def placed(self, zone: tzinfo, endpoint: str) -> ApplianceCycles:
        """Return the runs in UTC; raises ResponseError for one that ends before it starts."""
        cycles = []
        for wire in self.cycles:
            start, end = place(wire.start, wire.end, zone)
            if end < start:
                raise ResponseError("field cycles.to lies before from", vendor=VENDOR, endpoint=endpoint)
            cycles.append(Cycle(start=start, end=end, energy_wh=wire.energy_wh))
        return ApplianceCycles(key=self.key, total_wh=self.total_wh, cycles=tuple(cycles))


def place(start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return two local times in UTC.

    A time that comes twice, when clocks are put back, is the first one, unless the run would end before it starts. A
    time that clocks skip is as long after the change as it pretends to be. One with an offset needs no zone.
    """
    first, last = (time if time.tzinfo else time.replace(tzinfo=zone, fold=0) for time in (start, end))
    if last.astimezone(UTC) < first.astimezone(UTC):
        last = last.replace(fold=1)
    return first.astimezone(UTC), last.astimezone(UTC)


def merge_cycles(cycles: Iterable[Cycle]) -> list[Cycle]:
    """Return cycles in order of time, those that answers for a month and for its weeks have in common only once."""
    found = {(cycle.start, cycle.end): cycle for cycle in cycles}
    return [found[times] for times in sorted(found)]
