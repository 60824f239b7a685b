"""What carbonTRACK's power figures mean. The vendor's pages name no unit and no interval: this is our reading of them.

The `Power…` fields stand beside volt-ampere-hours (`PowerVAHn`) and power factors, so we take them as energy per
interval, in Wh by default. Should a real account show otherwise, the unit is a setting, and this is the place.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median_low
from typing import Final

_CHANNELS: Final = range(1, 5)
_WHOLE_HOUSE: Final = ("power_usage", "generating", "power_exported", "power_usage_net", "power_exported_net")

POWER_FIELDS: Final = frozenset(_WHOLE_HOUSE) | {f"power_{channel}{way}" for channel in _CHANNELS for way in ("", "n")}
"""The fields of a measurement that are energies, or powers, in the unit of the setting."""

APPARENT_FIELDS: Final = frozenset(f"power_vah_{channel}" for channel in _CHANNELS)
"""The fields in volt-ampere-hours: the same unit with VA in the place of W."""

# A longer silence than this is a gap, over which nothing can be said.
LONGEST_INTERVAL_S: Final = 3600.0

_HOUR_S: Final = 3600.0


class PowerUnit(StrEnum):
    """What a power figure may be: energy of its interval, or average power over it."""

    WH = "Wh"
    KWH = "kWh"
    W = "W"
    KW = "kW"

    @property
    def is_energy(self) -> bool:
        """Tell energy per interval from average power."""
        return self in (PowerUnit.WH, PowerUnit.KWH)

    @property
    def scale(self) -> float:
        """Return how many Wh or W one of it is."""
        return 1000.0 if self in (PowerUnit.KWH, PowerUnit.KW) else 1.0


DEFAULT_UNIT: Final = PowerUnit.WH


def energy_wh(value: float, unit: PowerUnit, interval_s: float) -> float:
    """Return the energy of an interval in Wh from a power figure; the schemas of `Measurement` leave its unit open."""
    figure = value * unit.scale
    return figure if unit.is_energy else figure * interval_s / _HOUR_S


def power_w(value: float, unit: PowerUnit, interval_s: float) -> float:
    """Return the average power over an interval in W from a power figure; the interval must be longer than nothing."""
    figure = value * unit.scale
    return figure * _HOUR_S / interval_s if unit.is_energy else figure


def intervals(times: Iterable[datetime], usual_interval_s: float) -> Iterator[float]:
    """Yield how many seconds each record of a device covers, from the ascending times of their ends.

    That is the time since the record before; the device's usual interval for the first record and after a gap of more
    than an hour. The pages do not state an interval. Raises ValueError if the times do not ascend.
    """
    before: datetime | None = None
    for time in times:
        if before is not None and time <= before:
            raise ValueError("The times of the records do not ascend")
        yield covered_s(before, time, usual_interval_s)
        before = time


def covered_s[T](before: datetime | None, time: datetime, usual_interval_s: T) -> float | T:
    """Return how many seconds a record covers that is the next after another one (None: the first)."""
    if before is None:
        return usual_interval_s
    since_s = (time - before).total_seconds()
    return since_s if since_s <= LONGEST_INTERVAL_S else usual_interval_s


def learn_interval_s(times: Iterable[datetime]) -> float | None:
    """Find out how far apart a device's records usually are, from ascending times: the median step without the gaps."""
    steps_s = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    usual_s = [step_s for step_s in steps_s if 0 < step_s <= LONGEST_INTERVAL_S]
    return median_low(usual_s) if usual_s else None
