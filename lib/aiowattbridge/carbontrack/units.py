"""What carbonTRACK's power figures mean. The vendor's pages name no unit and no interval: this is our reading of them.

The `Power…` fields stand beside volt-ampere-hours (`PowerVAHn`) and power factors, so we take them as energy per
interval, in Wh by default. Should a real account show otherwise, the unit is a setting, and this is the place.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

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
        since_s = usual_interval_s if before is None else (time - before).total_seconds()
        if since_s <= 0:
            raise ValueError("The times of the records do not ascend")
        yield since_s if since_s <= LONGEST_INTERVAL_S else usual_interval_s
        before = time
