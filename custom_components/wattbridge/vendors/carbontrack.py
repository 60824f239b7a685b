"""What Home Assistant has to know about carbonTRACK: how to connect, and which field is which energy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from math import fsum
from statistics import median
from typing import Any, Final

import aiohttp
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from ..aiowattbridge.carbontrack import DEFAULT_URL as CLOUD_URL
from ..aiowattbridge.carbontrack import CarbonTrackClient, Measurement
from ..aiowattbridge.carbontrack.units import LONGEST_INTERVAL_S, PowerUnit, energy_wh
from ..const import CONF_BASE_URL, CONF_DEVICES, CONF_GRID_FIELD, DOMAIN

KEY: Final = "carbontrack"
DEFAULT_URL: Final = CLOUD_URL
DAY: Final = timedelta(days=1)

# With solar panels the net field is what came from the grid; the other one counts self-consumption too.
GRID_FIELDS: Final = ("power_usage_net", "power_usage")


@dataclass(frozen=True, slots=True)
class Series:
    """One energy of a device: its place in ids and names, and the field it is made of (None: the user's choice)."""

    key: str
    name: str
    field: str | None


USAGE: Final = Series("usage", "energy used", None)
GENERATION: Final = Series("generation", "energy generated", "generating")
EXPORT: Final = Series("export", "energy exported", "power_exported")
SERIES: Final = (USAGE, GENERATION, EXPORT)


def field_of(series: Series, data: Mapping[str, Any]) -> str:
    """Name the measurement's field of a series in an account."""
    return series.field or str(data[CONF_GRID_FIELD])


def value_of(measurement: Measurement, field: str) -> float | None:
    """Return a field of a measurement by its name."""
    value: float | None = getattr(measurement, field)
    return value


def statistic_id(device_id: str, series: Series) -> str:
    """Return the id of a series, which stays the same for ever.

    Ids allow little; a device whose id has to be changed for it gets a short hash, so that no two devices share one.
    """
    slug = re.sub(r"[^a-z0-9]+", "_", device_id.lower()).strip("_")
    if slug != device_id:
        slug = f"{slug}_{sha256(device_id.encode()).hexdigest()[:6]}".lstrip("_")
    return f"{DOMAIN}:{KEY}_{slug}_{series.key}"


def statistic_ids(data: Mapping[str, Any]) -> list[str]:
    """List the ids of all series of an account."""
    return [statistic_id(device_id, series) for device_id in data[CONF_DEVICES] for series in SERIES]


def connect(session: aiohttp.ClientSession, data: Mapping[str, Any]) -> CarbonTrackClient:
    """Return the client for the account of a config entry's data."""
    return CarbonTrackClient(data[CONF_USERNAME], data[CONF_PASSWORD], session=session, base_url=data[CONF_BASE_URL])


async def async_learn_interval_s(client: CarbonTrackClient, device_id: str, now: datetime) -> int | None:
    """Find out how far apart a device's records usually are, from those of its last day; None without any."""
    times = sorted([record.recorded_at async for record in client.measurements(device_id, now - DAY, now)])
    steps_s = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    usual_s = [step_s for step_s in steps_s if 0 < step_s <= LONGEST_INTERVAL_S]
    return round(median(usual_s)) if usual_s else None


@dataclass(frozen=True, slots=True)
class GridPreview:
    """What the two candidates for the energy from the grid say for the last day (None: not reported)."""

    power_usage_kwh: float | None
    power_usage_net_kwh: float | None


async def async_grid_preview(
    client: CarbonTrackClient, device_id: str, now: datetime, interval_s: float, unit: PowerUnit
) -> GridPreview:
    """Add up both candidates over the last day."""
    values: dict[str, list[float]] = {field: [] for field in GRID_FIELDS}
    async for record in client.measurements(device_id, now - DAY, now):
        for field, wh in values.items():
            value = value_of(record, field)
            if value is not None:
                wh.append(energy_wh(value, unit, interval_s))
    total = {field: fsum(wh) / 1000 if wh else None for field, wh in values.items()}
    return GridPreview(total["power_usage"], total["power_usage_net"])
