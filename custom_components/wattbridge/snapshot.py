"""Pure: the last day of a device's records, and what they say about now and today."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Final

from .aiowattbridge.carbontrack import Control, Device, Measurement
from .aiowattbridge.carbontrack.units import PowerUnit, intervals, power_w
from .fold import Reading, energy_between_kwh
from .vendors.carbontrack import value_of

# A reading of the present is believed for three intervals, and never less than for this long.
STALE_AFTER_INTERVALS: Final = 3
STALE_AFTER: Final = timedelta(minutes=15)
# What a device says of itself (its switches, its weather) is asked for once an hour at least.
DESCRIPTION_STALE_AFTER: Final = timedelta(hours=3)
NO_READINGS: Final = frozenset({"id", "device_id", "recorded_at"})
MEASURED: Final = tuple(f.name for f in fields(Measurement) if f.name not in NO_READINGS)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """What the account settled about a device: the field of each series by its key, the unit, the usual interval."""

    fields: Mapping[str, str]
    unit: PowerUnit
    interval_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSnapshot:
    """A device as it was at its last poll; powers in W, energies in kWh, both by series.

    `fields` names the field of each series; `device` is what it said of itself at `described_at`; `is_missing`: the
    account has no such device any more.
    """

    device_id: str
    name: str
    device: Device | None = None
    described_at: datetime | None = None
    is_missing: bool = False
    latest: Measurement | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    power_w: Mapping[str, float | None] = field(default_factory=dict)
    today_kwh: Mapping[str, float | None] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
    unit: PowerUnit = PowerUnit.WH
    interval_s: float = 0.0
    stale: bool = True
    description_stale: bool = True

    @property
    def last_reading(self) -> datetime | None:
        """Return when the last interval ended (aware UTC)."""
        return self.latest.recorded_at if self.latest else None

    @property
    def status_updated_at(self) -> datetime | None:
        """Return when the cloud last heard how the device is."""
        return self.device.status_updated_at if self.device else None

    @property
    def data_updated_at(self) -> datetime | None:
        """Return when the cloud last got data of the device."""
        return self.device.data_updated_at if self.device else None

    @property
    def weather_temperature_c(self) -> float | None:
        """Return how warm it is where the device is."""
        return self.device.weather.temperature if self.device and self.device.weather else None

    @property
    def weather_condition(self) -> str | None:
        """Return what the cloud calls the weather where the device is."""
        return self.device.weather.icon if self.device and self.device.weather else None

    @property
    def controls(self) -> Mapping[str, Control]:
        """Return the switches of the device by their ids."""
        return {control.control_id: control for control in self.device.controls} if self.device else {}

    @property
    def is_registered(self) -> bool | None:
        """Tell whether the cloud knows whose the device is."""
        return self.device.is_registered if self.device else None

    @property
    def contains_inverter(self) -> bool | None:
        """Tell whether the device has an inverter in it."""
        return self.device.contains_inverter if self.device else None

    def control_status(self, control_id: str) -> bool | None:
        """Tell whether a switch is on."""
        control = self.controls.get(control_id)
        return control.status if control else None

    def field_power_w(self, name: str) -> float | None:
        """Return the average power (W, or VA for volt-ampere-hours) that a field of the newest record stands for."""
        value = None if self.latest is None else value_of(self.latest, name)
        return None if value is None else power_w(value, self.unit, self.interval_s)


class Ledger:
    """The recent records of a device by their time; a record fetched again replaces the one before."""

    def __init__(self) -> None:
        """Begin empty."""
        self._records: dict[datetime, Measurement] = {}
        self.begins: datetime | None = None

    @property
    def newest(self) -> datetime | None:
        """Return the time of the newest record."""
        return max(self._records, default=None)

    def take(self, records: Iterable[Measurement], fetched_from: datetime) -> None:
        """Add what was fetched from a time on; where that leaves a hole, the ledger begins after it."""
        newest = self.newest
        self._records |= {record.recorded_at: record for record in records}
        if self.begins is None or newest is None or newest < fetched_from or fetched_from < self.begins:
            self.begins = fetched_from

    def prune(self, before: datetime) -> None:
        """Forget what lies before a time, but for the newest record: from there on is asked for more."""
        if self.begins is not None and self.begins < before:
            newest = self.newest
            self._records = {time: record for time, record in self._records.items() if time >= before or time == newest}
            self.begins = before

    def readings(self, field_name: str) -> list[Reading]:
        """Return one field of all records."""
        return [Reading(time, value_of(record, field_name)) for time, record in self._records.items()]

    def latest(self, usual_interval_s: float) -> tuple[Measurement, float] | None:
        """Return the newest record, and how many seconds it covers."""
        times = sorted(self._records)
        if not times:
            return None
        *_, interval_s = intervals(times, usual_interval_s)
        return self._records[times[-1]], interval_s

    def reported(self) -> frozenset[str]:
        """Name the fields that any record has a value in."""
        return frozenset(
            name for name in MEASURED if any(value_of(record, name) is not None for record in self._records.values())
        )


def take_snapshot(
    known: DeviceSnapshot, ledger: Ledger, settings: DeviceSettings, midnight: datetime, now: datetime
) -> DeviceSnapshot:
    """Describe a device from its recent records; `known` gives its identity, `midnight` begins the local day."""
    described_at = None if known.is_missing else known.described_at
    known = replace(
        known,
        description_stale=described_at is None or now - described_at > DESCRIPTION_STALE_AFTER,
        fields=settings.fields,
        unit=settings.unit,
    )
    newest = ledger.latest(settings.interval_s)
    if newest is None:
        return known
    latest, interval_s = newest
    readings = {key: ledger.readings(name) for key, name in settings.fields.items()}
    return replace(
        known,
        latest=latest,
        power_w={
            key: None if (value := value_of(latest, name)) is None else power_w(value, settings.unit, interval_s)
            for key, name in settings.fields.items()
        },
        today_kwh={
            key: energy_between_kwh(values, settings.unit, settings.interval_s, midnight.timestamp(), now.timestamp())
            for key, values in readings.items()
        },
        reported=ledger.reported(),
        interval_s=interval_s,
        stale=known.is_missing or now - latest.recorded_at > _patience(settings.interval_s),
    )


def _patience(interval_s: int) -> timedelta:
    return max(STALE_AFTER, STALE_AFTER_INTERVALS * timedelta(seconds=interval_s))
