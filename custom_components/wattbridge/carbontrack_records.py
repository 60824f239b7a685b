"""A device's records as the hours of its series: fetched from the cloud, or taken from what the polls have brought."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from homeassistant.core import HomeAssistant

from .aiowattbridge.carbontrack import Measurement
from .aiowattbridge.carbontrack.units import PowerUnit
from .fold import HOUR_S, MARGIN_S, Reading, hourly_kwh, within
from .gaps import Stretch, hour_of, utc
from .snapshot import DeviceSettings, Ledger
from .vendors.carbontrack import value_of

type Fetch = Callable[[str, datetime, datetime], AsyncIterator[Measurement]]
type Hours = Mapping[str, dict[int, float]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a stretch of time came to: how many records, the newest of them, and the hours (kWh) of each series."""

    records: int
    newest: datetime | None
    hours: Hours


def made_of(field: str, unit: PowerUnit, interval_s: int) -> str:
    """Name all that the hours of a series depend on beside the records: where it changes, they are others."""
    return f"{field} {unit} {interval_s}"


class DeviceRecords:
    """The records of one device."""

    def __init__(
        self, hass: HomeAssistant, device_id: str, settings: DeviceSettings, ledger: Ledger, fetch: Fetch
    ) -> None:
        """Prepare; nothing is fetched yet."""
        self._hass = hass
        self._device_id = device_id
        self._settings = settings
        self._ledger = ledger
        self._fetch = fetch

    @property
    def newest(self) -> datetime | None:
        """Return the time of the newest record that a poll has brought."""
        return self._ledger.newest

    @property
    def polled_from_s(self) -> int:
        """Return the first hour of which the polls have brought every record, and the record before."""
        begins = self._ledger.begins
        return 0 if begins is None else hour_of(begins.timestamp() + MARGIN_S + HOUR_S - 1)

    async def async_polled(self, stretch: Stretch) -> Hours:
        """Return the hours of a stretch from the records of the polls; these are taken at once."""
        readings = {key: self._ledger.readings(name) for key, name in self._settings.fields.items()}
        return await self._hass.async_add_executor_job(self._fold, readings, stretch)

    async def async_fetch(self, stretch: Stretch, keys: Collection[str]) -> Fetched:
        """Fetch the whole hours of a stretch with a margin on both sides, and fold some of the series."""
        start_s, end_s = stretch
        begin, end = utc(start_s - MARGIN_S), utc(end_s + MARGIN_S)
        records = [record async for record in self._fetch(self._device_id, begin, end)]

        def fold() -> Hours:
            names = {key: self._settings.fields[key] for key in keys}
            readings = {
                key: [Reading(record.recorded_at, value_of(record, name)) for record in records]
                for key, name in names.items()
            }
            return self._fold(readings, stretch)

        hours = await self._hass.async_add_executor_job(fold)
        return Fetched(len(records), max((record.recorded_at for record in records), default=None), hours)

    def _fold(self, readings: Mapping[str, Iterable[Reading]], stretch: Stretch) -> Hours:
        settings = self._settings
        return {
            key: within(hourly_kwh(values, settings.unit, settings.interval_s), *stretch)
            for key, values in readings.items()
        }
