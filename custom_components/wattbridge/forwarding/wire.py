"""Between the plan and the wire: packets, the units they need, and whether a packet is one of ours."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from ..aiowattbridge.wattics import ELECTRICITY_PARAMETERS, ElectricityPacket, LastPacket, Packet, ValuePacket
from ..vendors.wattics import Kind
from .model import StreamConfig
from .plan import Step

VALUE: Final = "value"

_UNITS: Final = {parameter.name: parameter.unit for parameter in ELECTRICITY_PARAMETERS}
# A cloud may round what it stores.
_RELATIVE: Final = 1e-6
_ABSOLUTE: Final = 1e-3


def units_of(config: StreamConfig) -> dict[str, str]:
    """Return the unit each parameter of the stream has on the wire; a single value goes out in its series' own unit."""
    return {p.name: _UNITS[p.name] for p in config.parameters if p.name in _UNITS}


def packet_of(config: StreamConfig, step: Step, zone: tzinfo) -> Packet:
    """Make the packet of a step, stamped with the end of its period in local time."""
    values = step.values or {}
    timestamp = datetime.fromtimestamp(step.end_s, zone)
    if config.kind is Kind.VALUE:
        return ValuePacket(config.stream_id, timestamp, values[VALUE])
    return ElectricityPacket(config.stream_id, timestamp, values)


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
