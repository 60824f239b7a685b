"""Wattics packets: what one HTTP request carries, checked when it is made and written as one line of JSON.

A packet is made of a stream id, a local time with its offset, and either one value or some of 21 electrical parameters:

    >>> from datetime import UTC, datetime
    >>> ValuePacket("boiler", datetime(2026, 1, 31, 12, tzinfo=UTC), 21.5).to_bytes()
    b'{"id":"boiler","tsISO8601":"2026-01-31T12:00:00.000+00:00","value":21.5}'

Everything that a strict reader would refuse is refused here, with a `ValueError` that begins with the field's name: a
naive time, an offset with seconds, a number that is not finite, an empty id, an unknown parameter, no parameter at all.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

VALUE = "value"
_ONE_MINUTE = timedelta(minutes=1)


class ParameterGroup(StrEnum):
    """The physical quantities an electricity packet knows."""

    ACTIVE_POWER = "active_power"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    VOLTAGE = "voltage"
    CURRENT = "current"
    ENERGY = "energy"
    LINE_VOLTAGE = "line_voltage"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One electrical parameter: its name on the wire, its unit, and the phase (or the pair of phases) it belongs to."""

    name: str
    unit: str
    group: ParameterGroup
    phase: str


def _parameters(prefix: str, unit: str, group: ParameterGroup, phases: tuple[str, ...]) -> tuple[Parameter, ...]:
    """List the parameters of one group in the order of their phases."""
    return tuple(Parameter(f"{prefix}_{phase}", unit, group, phase) for phase in phases)


_PHASES = ("1", "2", "3")

# In the order of the columns of the vendor's own CSV uploader. `ENERGY` counts Wh since the beginning and only rises.
ELECTRICITY_PARAMETERS: tuple[Parameter, ...] = (
    *_parameters("aP", "W", ParameterGroup.ACTIVE_POWER, _PHASES),
    *_parameters("rP", "var", ParameterGroup.REACTIVE_POWER, _PHASES),
    *_parameters("apP", "VA", ParameterGroup.APPARENT_POWER, _PHASES),
    *_parameters("v", "V", ParameterGroup.VOLTAGE, _PHASES),
    *_parameters("c", "A", ParameterGroup.CURRENT, _PHASES),
    *_parameters("pC", "Wh", ParameterGroup.ENERGY, _PHASES),
    *_parameters("v", "V", ParameterGroup.LINE_VOLTAGE, ("12", "13", "23")),
)
_ELECTRICITY_NAMES = tuple(parameter.name for parameter in ELECTRICITY_PARAMETERS)
_KNOWN_NAMES = frozenset({*_ELECTRICITY_NAMES, VALUE})


def format_timestamp(timestamp: datetime) -> str:
    """Write a time as Wattics wants it, `yyyy-mm-ddThh:mm:ss.sss±hh:mm`; what is finer than a millisecond is cut off.

    Raises ValueError for a naive time and for an offset that is no whole number of minutes.
    """
    offset = timestamp.utcoffset()
    if offset is None:
        raise ValueError("timestamp: has no offset from UTC")
    if offset % _ONE_MINUTE:
        raise ValueError("timestamp: the offset from UTC is not in whole minutes")
    return timestamp.isoformat(timespec="milliseconds")


def instant_of(timestamp: datetime) -> datetime:
    """Return the instant a time stands for once it is on the wire: UTC, whole milliseconds.

    Instants compare truly; two local times of one zone compare by the clock on the wall, which repeats an hour a year.
    """
    try:
        instant = timestamp.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("timestamp: out of range") from error
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


@lru_cache(maxsize=4096)
def _line_start(stream_id: str) -> str:
    """Write how every line of a stream begins; raises ValueError for an id that cannot name a stream."""
    if not stream_id.strip() or not stream_id.isprintable():
        raise ValueError("stream_id: must be printable and not empty")
    return f'{{"id":{json.dumps(stream_id)},"tsISO8601":"'


def _checked_number(name: str, number: float) -> float:
    """Return a plain finite number, with minus zero as zero."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError(f"{name}: is no number")  # noqa: TRY004 - one kind of error for every bad field
    try:
        finite = isfinite(number)
    except OverflowError:  # an integer beyond what any reader can hold
        finite = False
    if not finite:
        raise ValueError(f"{name}: is not a finite number")
    if not number:
        return 0
    # Numbers of other libraries inherit from float or int but may write themselves in another way.
    return int(number) if isinstance(number, int) else float(number)


@dataclass(frozen=True, slots=True)
class _Packet:
    """What both kinds of packets have: the stream and the time.

    `instant` is that of the packet as the cloud will see it.
    """

    stream_id: str
    timestamp: datetime
    instant: datetime = field(init=False, repr=False, compare=False)
    # What the check of the stream and the time leaves over: the line up to the values.
    _start: str = field(init=False, repr=False, compare=False)

    def in_utc(self) -> Self:
        """Return the same packet with its time said in UTC."""
        return replace(self, timestamp=self.timestamp.astimezone(UTC))

    def _check(self) -> None:
        """Refuse what both kinds of packets must not be."""
        object.__setattr__(self, "_start", f'{_line_start(self.stream_id)}{format_timestamp(self.timestamp)}",')
        object.__setattr__(self, "instant", instant_of(self.timestamp))

    def _line(self, values: Mapping[str, float | None]) -> bytes:
        """Write the packet as one line of JSON; pydantic's writer takes a quarter of the time that `json` needs."""
        return self._start.encode("ascii") + to_json(values)[1:]


@dataclass(frozen=True, slots=True)
class ElectricityPacket(_Packet):
    """Some of the 21 electrical parameters of a stream at one time; a total goes into the first phase's parameter.

    `values` goes from wire name to number; None and absence are the same: the parameter is not sent.
    """

    values: Mapping[str, float | None] = field(hash=False)

    def __post_init__(self) -> None:
        """Check the packet, and keep the parameters one has in the order of the table."""
        self._check()
        if unknown := self.values.keys() - set(_ELECTRICITY_NAMES):
            raise ValueError(f"{min(unknown)}: is no electricity parameter")
        given = ((name, self.values.get(name)) for name in _ELECTRICITY_NAMES)
        kept = {name: _checked_number(name, number) for name, number in given if number is not None}
        if not kept:
            raise ValueError("values: holds no parameter")
        object.__setattr__(self, "values", kept)

    def to_bytes(self) -> bytes:
        """Write the packet as one line of JSON."""
        return self._line(self.values)


@dataclass(frozen=True, slots=True)
class ValuePacket(_Packet):
    """One number of a stream at one time: gas, water, heat, temperature, production, anything."""

    value: float

    def __post_init__(self) -> None:
        """Check the packet."""
        self._check()
        object.__setattr__(self, "value", _checked_number(VALUE, self.value))

    def to_bytes(self) -> bytes:
        """Write the packet as one line of JSON."""
        return self._line({VALUE: self.value})


type Packet = ElectricityPacket | ValuePacket


@dataclass(frozen=True, slots=True)
class LastPacket:
    """The newest packet the cloud says it has of a stream: its time (UTC) and those numbers of it that we know."""

    timestamp: datetime
    values: dict[str, float]


def parse_last_packet(body: bytes, stream_id: str) -> LastPacket | None:
    """Read the answer about a stream's last packet; None where nothing can be concluded from it.

    Its shape is documented nowhere. We read an object, or the last element of a list, whose `tsISO8601` has an offset;
    an answer that names another stream says nothing about this one.
    """
    try:
        answer = json.loads(body)
    except ValueError, RecursionError:
        return None
    if isinstance(answer, list):
        answer = answer[-1] if answer else None
    if not isinstance(answer, dict) or str(answer.get("id", stream_id)) != stream_id:
        return None
    timestamp = _parse_timestamp(answer.get("tsISO8601"))
    if timestamp is None:
        return None
    known = ((name, _parse_number(answer[name])) for name in answer if name in _KNOWN_NAMES)
    return LastPacket(timestamp, {name: number for name, number in known if number is not None})


def _parse_timestamp(text: object) -> datetime | None:
    """Read a time with its offset as a UTC instant; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        timestamp = datetime.fromisoformat(text)
        return None if timestamp.utcoffset() is None else instant_of(timestamp)
    except ValueError:
        return None


def _parse_number(number: object) -> float | None:
    """Read a JSON number; None for anything else."""
    try:
        return _checked_number("", number)  # type: ignore[arg-type]  # its check is the question
    except ValueError:
        return None
