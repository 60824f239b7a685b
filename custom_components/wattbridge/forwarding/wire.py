"""Between the plan and the wire: packets, hours, the units they need, and whether a packet is one of ours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from homeassistant.util import dt as dt_util

from ..aiowattbridge.wattcarbon import HourlyEnergy, write_csv
from ..aiowattbridge.wattics import ELECTRICITY_PARAMETERS, ElectricityPacket, LastPacket, Packet, ValuePacket
from ..vendors.wattics import Kind
from .model import StreamConfig, utc
from .plan import ENERGY_KWH, Step

VALUE: Final = "value"
_KWH: Final = "kWh"

_UNITS: Final = {parameter.name: parameter.unit for parameter in ELECTRICITY_PARAMETERS}
# A cloud may round what it stores.
_RELATIVE: Final = 1e-6
_ABSOLUTE: Final = 1e-3


def units_of(config: StreamConfig) -> dict[str, str]:
    """Return the unit each parameter of the stream has on the wire.

    A single value goes out in the unit it had when the stream was made, which may be none (an empty text); where nobody
    noted that, in the unit of its series.
    """
    if config.is_hourly_energy:
        return {p.name: _KWH for p in config.parameters}
    units = {p.name: _UNITS.get(p.name, p.unit) for p in config.parameters}
    return {name: unit for name, unit in units.items() if unit is not None}


def packet_of(config: StreamConfig, step: Step, zone: tzinfo) -> Packet:
    """Make the packet of a step, stamped with the end of its period in local time."""
    values = step.values or {}
    timestamp = datetime.fromtimestamp(step.end_s, zone)
    if config.kind is Kind.VALUE:
        return ValuePacket(config.stream_id, timestamp, values[VALUE])
    return ElectricityPacket(config.stream_id, timestamp, values)


def hour_of(step: Step) -> HourlyEnergy:
    """Make the row of a step that has an hour's energy; raises KeyError for a hole."""
    return HourlyEnergy(utc(step.start_s), Decimal(str((step.values or {})[ENERGY_KWH])))


async def async_zone_of(config: StreamConfig) -> tzinfo:
    """Return the time zone of a stream's site; without one of its own, or with one nobody knows, Home Assistant's."""
    zone = None if config.time_zone is None else await dt_util.async_get_time_zone(config.time_zone)
    return zone or dt_util.get_default_time_zone()


def stamp_s(config: StreamConfig, step: Step) -> int:
    """Return the time by which a step is known to the cloud: a packet's is its end, an hour's its start."""
    return step.start_s if config.is_hourly_energy else step.end_s


def text_of(config: StreamConfig, steps: Sequence[Step], zone: tzinfo) -> str:
    """Write steps exactly as they are sent: as lines of JSON, or as a file with its header."""
    if config.is_hourly_energy:
        return "".join(write_csv(hour_of(step) for step in steps)).rstrip()
    return "\n".join(packet_of(config, step, zone).to_bytes().decode() for step in steps)


def is_ours(step: Step, last: LastPacket) -> bool:
    """Tell whether the cloud's last packet is what this step sends, as far as the cloud shows its values."""
    values: Mapping[str, float] = step.values or {}
    return (
        step.end_s == last.timestamp.timestamp()
        and bool(last.values)
        and last.values.keys() <= values.keys()
        and all(_is_close(values[name], value) for name, value in last.values.items())
    )


def _is_close(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= max(_ABSOLUTE, _RELATIVE * max(abs(ours), abs(theirs)))
