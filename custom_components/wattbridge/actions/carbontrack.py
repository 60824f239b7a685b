"""`get_carbontrack_measurements`: a device's records as they are, or as power or energy."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..aiowattbridge.carbontrack import Measurement, Reading
from ..aiowattbridge.carbontrack.units import APPARENT_FIELDS, POWER_FIELDS, PowerUnit
from ..data import CarbonTrackRuntime
from ..vendors import CARBONTRACK
from ..vendors.carbontrack import account_settings
from .common import (
    ATTR_END,
    ATTR_START,
    AccountDevice,
    action_refused,
    cloud_errors,
    device_of_vendor,
    past_period,
    utc_time,
)

ATTR_FIELDS: Final = "fields"
ATTR_FIGURES: Final = "figures"
ATTR_LIMIT: Final = "limit"

LONGEST_PERIOD: Final = timedelta(days=31)
USUAL_LIMIT: Final = 1000
LARGEST_LIMIT: Final = 10_000
# So many rows are made or looked through at a stretch, some milliseconds; then others may have the event loop.
STRETCH_ROWS: Final = 200

NO_FIGURES: Final = ("id", "device_id", "recorded_at")
FIELDS: Final = tuple(field.name for field in fields(Measurement) if field.name not in NO_FIGURES)
UNITS: Final = {
    **{f"temperature_{number}": "°C" for number in range(1, 9)},
    "irradiation": "W/m²",
    "battery_charge": "%",
    "flow": "L/min",
    "voltage": "V",
}


class Figures(StrEnum):
    """What the power figures of a record are turned into."""

    RAW = "raw"
    POWER = "power"
    ENERGY = "energy"


MEASUREMENTS_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_START): utc_time,
        vol.Optional(ATTR_END): utc_time,
        vol.Optional(ATTR_FIELDS): vol.All(cv.ensure_list, [vol.In(FIELDS)], vol.Length(min=1)),
        vol.Optional(ATTR_FIGURES, default=Figures.RAW): vol.Coerce(Figures),
        vol.Optional(ATTR_LIMIT, default=USUAL_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1, max=LARGEST_LIMIT)),
    }
)


async def async_get_measurements(call: ServiceCall) -> ServiceResponse:
    """Answer with a device's records after a time and up to another, oldest first.

    A record is stamped at the end of its interval, so one that is stamped with the start belongs to the period before;
    whoever asks on from `next_start` gets every record once.
    """
    device = device_of_vendor(call.hass, call.data[ATTR_DEVICE_ID], CARBONTRACK, CarbonTrackRuntime)
    start, end = past_period(call.data[ATTR_START], call.data.get(ATTR_END))
    if end - start > LONGEST_PERIOD:
        raise action_refused("range_too_long", field=ATTR_END, days=str(LONGEST_PERIOD.days))
    limit = call.data[ATTR_LIMIT]
    with cloud_errors(call.hass, device.entry):
        readings = await _async_readings(device, start, end, limit + 1)
    more, readings = len(readings) > limit, readings[:limit]
    names = call.data.get(ATTR_FIELDS) or await _async_reported(readings)
    figures, unit = call.data[ATTR_FIGURES], account_settings(device.entry).unit
    return {
        "device_id": device.device_id,
        "name": device.name,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "count": len(readings),
        "next_start": readings[-1].measurement.recorded_at.isoformat() if more else None,
        "units": {name: unit_of(name, figures, unit) for name in names},
        "rows": await _async_rows(readings, {name: _figure(name, figures) for name in names}),
    }


async def _async_readings(
    device: AccountDevice[CarbonTrackRuntime], start: datetime, end: datetime, most: int
) -> list[Reading]:
    """Fetch at most so many readings."""
    account, found = account_settings(device.entry), list[Reading]()
    readings = device.runtime.client.readings(
        device.device_id, start, end, unit=account.unit, usual_interval_s=account.intervals_s[device.device_id]
    )
    async with aclosing(readings):
        async for reading in readings:
            if reading.measurement.recorded_at > start:
                found.append(reading)
            if len(found) == most:
                break
    return found


async def _async_reported(readings: Iterable[Reading]) -> list[str]:
    """Name the fields that the device reports, looking a stretch at a time."""
    missing: Iterable[str] = FIELDS
    for number, reading in enumerate(readings, start=1):
        missing = [name for name in missing if getattr(reading.measurement, name) is None]
        if number % STRETCH_ROWS == 0:
            await asyncio.sleep(0)
    return [name for name in FIELDS if name not in missing]


def unit_of(name: str, figures: Figures, unit: PowerUnit) -> str | None:
    """Return the unit of a field's figures, None for those that have none."""
    if name not in POWER_FIELDS | APPARENT_FIELDS:
        return UNITS.get(name)
    shown = {Figures.POWER: PowerUnit.W, Figures.ENERGY: PowerUnit.WH, Figures.RAW: unit}[figures]
    return shown.value if name in POWER_FIELDS else shown.value.replace("W", "VA")


def _figure(name: str, figures: Figures) -> Callable[[Reading], float | None]:
    """Return how a field's figure is taken from a reading."""
    if figures is Figures.POWER and name in POWER_FIELDS:
        return lambda reading: reading.power_w(name)
    if figures is Figures.POWER and name in APPARENT_FIELDS:
        return lambda reading: reading.apparent_power_va(name)
    if figures is Figures.ENERGY and name in POWER_FIELDS:
        return lambda reading: reading.energy_wh(name)
    if figures is Figures.ENERGY and name in APPARENT_FIELDS:
        return lambda reading: reading.apparent_energy_vah(name)
    return lambda reading: getattr(reading.measurement, name)


async def _async_rows(readings: list[Reading], figures: dict[str, Callable[[Reading], float | None]]) -> list[Any]:
    """Write the readings as they are answered, a stretch at a time."""
    rows: list[Any] = []
    for number, reading in enumerate(readings, start=1):
        values = {name: figure(reading) for name, figure in figures.items()}
        moment = reading.measurement.recorded_at.isoformat()
        rows.append({"time": moment, "interval_s": reading.interval_s, **values})
        if number % STRETCH_ROWS == 0:
            await asyncio.sleep(0)
    return rows
