"""What Voltaware answers about a device and its consumption, as frozen records; energies are in Wh.

The appliance keys are an open list: the vendor announces new ones, so each is kept under its own name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from math import fsum
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ..errors import ResponseError
from ..fields import NoneIsEmpty, Number, OpaqueId, UtcTime
from .login import VENDOR

# The vendor's own sample has 2.27e-13 Wh for an appliance that was off.
_RESIDUE_WH: Final = 1e-6


def without_residue(energy_wh: float | None) -> float | None:
    """Make what arithmetic left over the zero that it stands for."""
    return 0.0 if energy_wh is not None and abs(energy_wh) < _RESIDUE_WH else energy_wh


EnergyWh = Annotated[Number, AfterValidator(without_residue)]
"""An energy in Wh; None if it is missing."""


def _as_written(pattern: str) -> BeforeValidator:
    """Refuse what is not written like this: a number, bare or as text, would be taken for seconds since 1970."""
    written = re.compile(pattern)

    def check(value: object) -> object:
        if isinstance(value, str) and written.match(value):
            return value
        raise PydanticCustomError("time", "not a date or a time")

    return BeforeValidator(check)


LocalDay = Annotated[date, _as_written(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")]
"""A calendar day by the device's clocks."""

_LocalTime = Annotated[datetime, _as_written(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:")]


def _unless_never(time: datetime | None) -> datetime | None:
    """Take the year 1 for what it stands for in many databases: no time at all."""
    return None if time is None or time.year == 1 else time


_EventTime = Annotated[UtcTime | None, AfterValidator(_unless_never)]

_TEXT: Final = ConfigDict(coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """Where the vendor takes a device to be: codes like DE and de-DE, and the name of a time zone."""

    __pydantic_config__: ClassVar[ConfigDict] = _TEXT

    country_code: Annotated[str | None, Field(alias="isoCountryCode")] = None
    locale_code: Annotated[str | None, Field(alias="isoLocaleCode")] = None
    time_zone: Annotated[str | None, Field(alias="timeZoneId")] = None
    # Called deprecated by the vendor.
    user_language: Annotated[str | None, Field(alias="userDefinedLanguage")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A meter or a sensor ("View single sensor").

    `first_event` and `last_event` are when its first and its last data arrived, aware and in UTC. `connection_state`
    (connected, disconnected, never_connected) and `firmware` are known of the vendor's own sensors alone.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _TEXT

    connection_state: str | None = None
    firmware: str | None = None
    first_event: _EventTime = None
    last_event: _EventTime = None
    locale: Locale | None = None

    @property
    def time_zone(self) -> str | None:
        """Return the name of the device's time zone, in which the vendor counts days."""
        return None if self.locale is None else self.locale.time_zone

    @property
    def country_code(self) -> str | None:
        """Return the ISO code of the device's country."""
        return None if self.locale is None else self.locale.country_code

    @property
    def locale_code(self) -> str | None:
        """Return the ISO code of the device's language and country."""
        return None if self.locale is None else self.locale.locale_code


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceEnergy:
    """What one kind of appliance used in a period, in Wh; `key` is an `ApplianceKey` or one that is newer."""

    key: Annotated[OpaqueId, Field(alias="appliance_key")]
    energy_wh: Annotated[EnergyWh, Field(alias="consumption")] = None


type Appliances = Annotated[tuple[ApplianceEnergy, ...], NoneIsEmpty]


class _HasAppliances:
    """Finds an appliance in a result."""

    __slots__ = ()

    appliances: tuple[ApplianceEnergy, ...]

    def energy_wh(self, key: str) -> float | None:
        """Return what an appliance used, in Wh; None if it was not found or has no figure."""
        energies = [found.energy_wh for found in self.appliances if found.key == key and found.energy_wh is not None]
        return fsum(energies) if energies else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disaggregation(_HasAppliances):
    """The consumption of a month or a week by appliance, in Wh ("Month", "Week").

    `disconnection_percent` says for how much of the time nothing was heard of the device.
    """

    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    disconnection_percent: Annotated[Number, Field(alias="disconnection_percentage")] = None
    appliances: Appliances = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippedWeek(_HasAppliances):
    """The part of a calendar week that lies in a month, in Wh: a week across two months comes in two parts.

    `first_day` and `last_day`, both included, are days by the device's clocks.
    """

    first_day: Annotated[LocalDay, Field(alias="from")]
    last_day: Annotated[LocalDay, Field(alias="to")]
    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    appliances: Appliances = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthByWeeks:
    """A month cut into weeks, clipped at the month's ends, in Wh ("Month by Weeks")."""

    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    disconnection_percent: Annotated[Number, Field(alias="disconnection_percentage")] = None
    weeks: Annotated[tuple[ClippedWeek, ...], NoneIsEmpty] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One run of an appliance, with aware times in UTC and its energy in Wh."""

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

    start: Annotated[_LocalTime, Field(alias="from")]
    end: Annotated[_LocalTime, Field(alias="to")]
    energy_wh: Annotated[EnergyWh, Field(alias="consumption")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCycles:
    """The runs of one kind of appliance as they arrive."""

    key: Annotated[OpaqueId, Field(alias="appliance_key")]
    total_wh: Annotated[EnergyWh, Field(alias="total_consumption")] = None
    cycles: Annotated[tuple[WireCycle, ...], NoneIsEmpty] = ()

    def placed(self, zone: tzinfo, endpoint: str) -> ApplianceCycles:
        """Return the runs in UTC; raises ResponseError for one that ends before it starts."""
        return ApplianceCycles(
            key=self.key,
            total_wh=self.total_wh,
            cycles=tuple(self._placed(number, zone, endpoint) for number in range(len(self.cycles))),
        )

    def _placed(self, number: int, zone: tzinfo, endpoint: str) -> Cycle:
        """Return one run in UTC."""
        wire = self.cycles[number]
        times = place(wire.start, wire.end, zone)
        if times is None:
            message = f"field cycles.{number}.to of {self.key} lies before its from"
            raise ResponseError(message, vendor=VENDOR, endpoint=endpoint)
        return Cycle(start=times[0], end=times[1], energy_wh=wire.energy_wh)


# Which of the two readings of an odd local time is tried, for the start and for the end (PEP 495).
_FOLDS: Final = ((0, 0), (0, 1), (1, 0))


def place(start: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """Return a run's two local times in UTC; None if it ends before it starts however they are read.

    A time that comes twice, when clocks are put back, is the first one. A time that clocks skip is read by the offset
    from before the change, so 02:30 is 03:30. Where the run would end before it starts, the other reading is taken, of
    the end or else of the start. A time with an offset needs no zone.
    """
    for folds in _FOLDS:
        first, last = (_in_utc(time, zone, fold) for time, fold in zip((start, end), folds, strict=True))
        if first is not None and last is not None and first <= last:
            return first, last
    return None


def _in_utc(time: datetime, zone: tzinfo, fold: int) -> datetime | None:
    """Return a local time in UTC; None if it lies where there are no dates any more."""
    try:
        return (time if time.tzinfo else time.replace(tzinfo=zone, fold=fold)).astimezone(UTC)
    except OverflowError:
        return None


def merge_cycles(cycles: Iterable[Cycle]) -> list[Cycle]:
    """Return an appliance's cycles in order of time, and each only once.

    A cycle comes again in the answers for its month and its weeks, and is known by its two times; of two with the same
    times the later one given counts.
    """
    found = {(cycle.start, cycle.end): cycle for cycle in cycles}
    return [found[times] for times in sorted(found)]
