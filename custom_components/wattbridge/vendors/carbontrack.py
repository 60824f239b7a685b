"""What Home Assistant has to know about carbonTRACK: how to connect, and which field is which energy."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from ..aiowattbridge.carbontrack import DEFAULT_URL as CLOUD_URL
from ..aiowattbridge.carbontrack import CarbonTrackClient, Measurement
from ..aiowattbridge.carbontrack.units import POWER_FIELDS, PowerUnit, energy_wh, learn_interval_s, power_w
from ..aiowattbridge.pause import Pause
from ..const import (
    CONF_BASE_URL,
    CONF_DEVICES,
    CONF_GRID_FIELD,
    CONF_HISTORY_DAYS,
    CONF_INTERVALS_S,
    CONF_POWER_UNIT,
    CONF_STATISTICS,
)
from ..ids import statistic_id

KEY: Final = "carbontrack"
DEFAULT_URL: Final = CLOUD_URL
DAY: Final = timedelta(days=1)
# Of a device that has reported nothing from which its own could be learned.
USUAL_INTERVAL_S: Final = 300
LOOK_UPS_AT_ONCE: Final = 4

# With solar panels the net field is what came from the grid; the other one counts self-consumption too.
GRID_FIELDS: Final = ("power_usage_net", "power_usage")


@dataclass(frozen=True, slots=True)
class Series:
    """One energy of a device: its place in ids and names, and the field it is made of (None: the user's choice)."""

    key: str
    field: str | None


USAGE: Final = Series("usage", None)
GENERATION: Final = Series("generation", "generating")
EXPORT: Final = Series("export", "power_exported")
CHANNELS: Final = tuple(
    Series(f"channel_{n}{key}", f"power_{n}{field}")
    for n in range(1, 5)
    for key, field in (("", ""), ("_reverse", "n"))
)
SERIES: Final = (USAGE, GENERATION, EXPORT, *CHANNELS)
USUAL_SERIES: Final = (USAGE, GENERATION, EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What was settled when the account was added, or in its options since."""

    series: tuple[Series, ...]
    grid_field: str
    unit: PowerUnit
    history_days: int
    names: Mapping[str, str]
    intervals_s: Mapping[str, int]

    def field_of(self, series: Series) -> str:
        """Name the measurement's field of a series."""
        return series.field or self.grid_field


def account_settings(entry: ConfigEntry) -> AccountSettings:
    """Read an account's settings."""
    return settings_of(entry.data, entry.options)


def settings_of(data: Mapping[str, Any], options: Mapping[str, Any]) -> AccountSettings:
    """Read the settings of an account: this is the one place that knows where they are kept.

    The devices and their learned intervals are in the entry's data, everything that may be changed later in its
    options; names and intervals are by device id.
    """
    devices: Mapping[str, Any] = data[CONF_DEVICES]
    changed: Mapping[str, int] = options.get(CONF_INTERVALS_S, {})
    return AccountSettings(
        series=_chosen_series(options),
        grid_field=options[CONF_GRID_FIELD],
        unit=PowerUnit(options[CONF_POWER_UNIT]),
        history_days=options[CONF_HISTORY_DAYS],
        names={device_id: device["name"] for device_id, device in devices.items()},
        intervals_s={device_id: changed.get(device_id, device["interval_s"]) for device_id, device in devices.items()},
    )


def value_of(measurement: Measurement, field: str) -> float | None:
    """Return a field of a measurement by its name."""
    value: float | None = getattr(measurement, field)
    return value


def series_id(device_id: str, series: Series) -> str:
    """Return the id of a device's series."""
    return statistic_id(KEY, device_id, series.key)


def statistic_ids(entry: ConfigEntry) -> list[str]:
    """List the ids of all series of an account."""
    return [
        series_id(device_id, series)
        for device_id in entry.data[CONF_DEVICES]
        for series in _chosen_series(entry.options)
    ]


def _chosen_series(options: Mapping[str, Any]) -> tuple[Series, ...]:
    chosen = options.get(CONF_STATISTICS, [series.key for series in USUAL_SERIES])
    return tuple(series for series in SERIES if series.key in chosen)


def connect(session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause | None = None) -> CarbonTrackClient:
    """Return the client for the account of a config entry's data; all of its requests keep the pause."""
    return CarbonTrackClient(
        data[CONF_USERNAME], data[CONF_PASSWORD], session=session, base_url=data[CONF_BASE_URL], pause=pause
    )


async def async_learn_interval_s(client: CarbonTrackClient, device_id: str, now: datetime) -> int | None:
    """Find out how far apart a device's records usually are, from those of its last day; None without any."""
    return (await async_last_day(client, device_id, now)).interval_s


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """What a device reported over a day, as bare figures by field: their unit is the user's to settle."""

    interval_s: int | None
    last: Mapping[str, float]
    totals: Mapping[str, float]

    def power_w(self, field: str, unit: PowerUnit) -> float | None:
        """Return the power that a field's last figure would mean; None if it was not reported."""
        figure = self.last.get(field)
        return None if figure is None else power_w(figure, unit, self._interval_s)

    def energy_kwh(self, field: str, unit: PowerUnit) -> float | None:
        """Return the energy that a field's figures of the day would mean; None if there were none."""
        total = self.totals.get(field)
        return None if total is None else energy_wh(total, unit, self._interval_s) / 1000

    @property
    def _interval_s(self) -> int:
        return self.interval_s or USUAL_INTERVAL_S


NOTHING_REPORTED: Final = LastDay(interval_s=None, last={}, totals={})


async def async_last_day(client: CarbonTrackClient, device_id: str, now: datetime) -> LastDay:
    """Look at what a device reported over the last day."""
    times: list[datetime] = []
    last: dict[str, tuple[datetime, float]] = {}
    totals: dict[str, float] = {}
    async for record in client.measurements(device_id, now - DAY, now):
        times.append(record.recorded_at)
        for field in POWER_FIELDS:
            value = value_of(record, field)
            if value is not None:
                totals[field] = totals.get(field, 0.0) + value
                last[field] = max(last.get(field, (record.recorded_at, value)), (record.recorded_at, value))
    interval_s = learn_interval_s(sorted(times))
    return LastDay(
        interval_s=None if interval_s is None else max(round(interval_s), 1),
        last={field: value for field, (_, value) in last.items()},
        totals=totals,
    )


async def async_last_days(client: CarbonTrackClient, device_ids: Iterable[str], now: datetime) -> Mapping[str, LastDay]:
    """Look at the last day of several devices, a few at a time."""
    at_once = asyncio.Semaphore(LOOK_UPS_AT_ONCE)

    async def look(device_id: str) -> tuple[str, LastDay]:
        async with at_once:
            return device_id, await async_last_day(client, device_id, now)

    return dict(await asyncio.gather(*(look(device_id) for device_id in device_ids)))
