"""The columns of carbonTRACK readings: the record's own fields, and what can be derived from them."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Final

from ..carbontrack import APPARENT_FIELDS, POWER_FIELDS, Measurement, Reading
from .endings import Ending, Stop
from .records import Cell, Column

_NOT_NUMBERS: Final = frozenset({"id", "device_id", "recorded_at"})
NUMBERS: Final = tuple(f.name for f in dataclasses.fields(Measurement) if f.name not in _NOT_NUMBERS)

TIME: Final = "recorded_at"


def choose_fields(texts: Sequence[str]) -> tuple[str, ...]:
    """Read the names of fields, with commas or one by one; none means all."""
    chosen = tuple(name.strip().lower() for text in texts for name in text.split(",") if name.strip())
    for name in chosen:
        if name not in NUMBERS:
            raise Stop(Ending.USAGE, f"--fields: {name!r} is no field; there are {', '.join(NUMBERS)}")
    return chosen or NUMBERS


def columns(fields: Sequence[str], zone: tzinfo, *, derived: bool) -> list[Column[Reading]]:
    """Lay out the columns: time, device, the fields, and where wanted what is derived from the powers among them."""
    found: list[Column[Reading]] = [
        Column(TIME, datetime, lambda reading: reading.measurement.recorded_at.astimezone(zone)),
        Column("device_id", str, lambda reading: reading.measurement.device_id),
        *(Column(name, float, _field(name)) for name in fields),
    ]
    if derived:
        found.append(Column("interval_s", float, lambda reading: reading.interval_s))
        for name in fields:
            if name in POWER_FIELDS:
                found.append(Column(f"{name}_energy_wh", float, _of(Reading.energy_wh, name)))
                found.append(Column(f"{name}_power_w", float, _of(Reading.power_w, name)))
            elif name in APPARENT_FIELDS:
                found.append(Column(f"{name}_energy_vah", float, _of(Reading.apparent_energy_vah, name)))
                found.append(Column(f"{name}_power_va", float, _of(Reading.apparent_power_va, name)))
    return found


def _field(name: str) -> Callable[[Reading], Cell]:
    """Take a field of the record."""

    def value(reading: Reading) -> Cell:
        found: Cell = getattr(reading.measurement, name)
        return found

    return value


def _of(derive: Callable[[Reading, str], float | None], name: str) -> Callable[[Reading], Cell]:
    """Derive something from a field."""
    return lambda reading: derive(reading, name)
