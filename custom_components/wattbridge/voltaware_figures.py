"""The facts of a Voltaware meter that are sensors: its newest month and week, and what it says of itself.

No energy has a state class: the external statistics are its only record.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfMass

from .voltaware_data import DayFigure, Figures, MeterSnapshot

MONTH: Final = "month"
WEEK: Final = "week"
PERIODS: Final = (MONTH, WEEK)
CONNECTED: Final = "connected"
CONNECTION_STATES: Final = (CONNECTED, "disconnected", "never_connected")
_WH_PER_KWH: Final = 1000
_DECIMALS: Final = 6
_MOST_LISTED: Final = 12

type Value = float | str | date | datetime | None
type Attributes = Mapping[str, str | list[dict[str, str | float | None]]]


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows.

    `exists_fn`: the sensor is there once this holds; `is_of_now`: it says nothing while the meter cannot be read;
    `appliance`: the name that stands in the sensor's own.
    """

    value_fn: Callable[[MeterSnapshot], Value]
    exists_fn: Callable[[MeterSnapshot], bool]
    attributes_fn: Callable[[MeterSnapshot], Attributes] = lambda _: {}
    is_of_now: bool = False
    appliance: str | None = None


def figures_of(snapshot: MeterSnapshot, period: str) -> Figures | None:
    """Return the results of the newest month or week."""
    return snapshot.month if period == MONTH else snapshot.week


def as_kwh(energy_wh: float | None) -> float | None:
    """Return an energy in kWh, to the milliwatt-hour: what arithmetic leaves behind that is not shown."""
    return None if energy_wh is None else round(energy_wh / _WH_PER_KWH, _DECIMALS)


def _figure(
    period: str, name: str, read: Callable[[Figures], float | None], *, unit: str | None = None, precision: int = 2
) -> MeterSensorDescription:
    """Describe a figure of a month or a week: a sensor once the vendor has told it, for those who want it."""

    def value(snapshot: MeterSnapshot) -> float | None:
        figures = figures_of(snapshot, period)
        figure = None if figures is None else read(figures)
        return None if figure is None else round(figure, _DECIMALS)

    return MeterSensorDescription(
        key=f"{period}_{name}",
        translation_key=f"{period}_{name}",
        native_unit_of_measurement=unit,
        suggested_display_precision=precision,
        entity_registry_enabled_default=False,
        value_fn=value,
        exists_fn=lambda snapshot: value(snapshot) is not None,
    )


def _energy(period: str, name: str, read_wh: Callable[[Figures], float | None]) -> MeterSensorDescription:
    figure = _figure(period, name, lambda figures: as_kwh(read_wh(figures)), unit=UnitOfEnergy.KILO_WATT_HOUR)
    return replace(figure, device_class=SensorDeviceClass.ENERGY)


def _total(period: str) -> MeterSensorDescription:
    """Describe all consumption, with the first and the last day: the other figures are of the same."""

    def attributes(snapshot: MeterSnapshot) -> Attributes:
        figures = figures_of(snapshot, period)
        if figures is None:
            return {}
        return {"first_day": figures.first_day.isoformat(), "last_day": figures.last_day.isoformat()}

    return replace(
        _energy(period, "total", lambda figures: figures.total_wh),
        entity_registry_enabled_default=True,
        exists_fn=lambda _: True,
        attributes_fn=attributes,
    )


def _day(period: str, name: str, read: Callable[[Figures], DayFigure | None]) -> MeterSensorDescription:
    """Describe a day that stands out, with its date."""

    def attributes(snapshot: MeterSnapshot) -> Attributes:
        figures = figures_of(snapshot, period)
        day = None if figures is None else read(figures)
        return {} if day is None else {"date": day.day.isoformat()}

    def energy_wh(figures: Figures) -> float | None:
        day = read(figures)
        return None if day is None else day.energy_wh

    return replace(_energy(period, name, energy_wh), attributes_fn=attributes)


def _co2(period: str) -> MeterSensorDescription:
    figure = _figure(period, "co2", lambda figures: figures.co2_kg, unit=UnitOfMass.KILOGRAMS)
    return replace(figure, device_class=SensorDeviceClass.WEIGHT, entity_registry_enabled_default=period == MONTH)


def _of_period(period: str) -> tuple[MeterSensorDescription, ...]:
    """Describe what is told of a whole month or week."""
    disconnection = _figure(
        period, "disconnection", lambda figures: figures.disconnection_percent, unit=PERCENTAGE, precision=1
    )
    return (
        _total(period),
        _energy(period, "week_days", lambda figures: figures.week_days_wh),
        _energy(period, "weekend_days", lambda figures: figures.weekend_days_wh),
        _energy(period, "average_day", lambda figures: figures.average_day_wh),
        _day(period, "highest_day", lambda figures: figures.highest_day),
        _day(period, "lowest_day", lambda figures: figures.lowest_day),
        _figure(period, "days_without_consumption", lambda figures: figures.days_without_consumption, precision=0),
        replace(disconnection, entity_category=EntityCategory.DIAGNOSTIC),
        _co2(period),
        _figure(period, "trees", lambda figures: figures.trees),
    )


def _disagreements(snapshot: MeterSnapshot) -> Attributes:
    """List the newest figures that disagree: whose, of which month, and what each says."""
    return {
        "figures": [
            {
                "month": f"{found.first_day:%Y-%m}",
                "series": found.series,
                "between": found.between,
                "month_kwh": as_kwh(found.month_wh),
                "other_kwh": as_kwh(found.other_wh),
            }
            for found in snapshot.disagreements[-_MOST_LISTED:]
        ]
    }


METER_SENSORS: Final = (
    *(description for period in PERIODS for description in _of_period(period)),
    MeterSensorDescription(
        key="results_until",
        translation_key="results_until",
        device_class=SensorDeviceClass.DATE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.results_until,
        exists_fn=lambda _: True,
    ),
    MeterSensorDescription(
        key="disagreements",
        translation_key="disagreements",
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: len(snapshot.disagreements),
        exists_fn=lambda _: True,
        attributes_fn=_disagreements,
    ),
    MeterSensorDescription(
        key="connection_state",
        translation_key="connection_state",
        device_class=SensorDeviceClass.ENUM,
        options=list(CONNECTION_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        is_of_now=True,
        # The list of the vendor's states is open; of a new one nothing is known here.
        value_fn=lambda snapshot: snapshot.connection_state if snapshot.connection_state in CONNECTION_STATES else None,
        exists_fn=lambda snapshot: snapshot.connection_state is not None,
    ),
    MeterSensorDescription(
        key="firmware",
        translation_key="firmware",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.firmware,
        exists_fn=lambda snapshot: snapshot.firmware is not None,
    ),
    MeterSensorDescription(
        key="first_event",
        translation_key="first_event",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.first_event,
        exists_fn=lambda _: True,
    ),
    # Enabled, because it is all that a meter of another maker says of being alive.
    MeterSensorDescription(
        key="last_event",
        translation_key="last_event",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.last_event,
        exists_fn=lambda _: True,
    ),
)


def _share(figures: Figures, key: str) -> float | None:
    """Return an appliance's part of all consumption, in percent."""
    energy_wh = figures.appliances_wh.get(key)
    return None if energy_wh is None or not figures.total_wh else 100 * energy_wh / figures.total_wh


def _count_cycles(figures: Figures, key: str) -> int | None:
    """Count an appliance's runs; unknown if none is told of one that used something, or of which nothing is said."""
    count = sum(cycle.key == key for cycle in figures.cycles)
    return count if count or figures.appliances_wh.get(key) == 0 else None


def appliance_sensors(key: str, name: str) -> Iterator[MeterSensorDescription]:
    """Describe what is told of a kind of appliance, by the vendor's key and under a name."""
    for period in PERIODS:
        yield replace(
            _energy(period, f"appliance_{key}", lambda figures: figures.appliances_wh.get(key)),
            translation_key=f"{period}_appliance",
            appliance=name,
            entity_registry_enabled_default=period == MONTH,
        )
        yield replace(
            _figure(period, f"share_{key}", lambda figures: _share(figures, key), unit=PERCENTAGE, precision=1),
            translation_key=f"{period}_share",
            appliance=name,
        )
        yield replace(
            _figure(period, f"cycles_{key}", lambda figures: _count_cycles(figures, key), precision=0),
            translation_key=f"{period}_cycles",
            appliance=name,
            entity_registry_enabled_default=period == MONTH,
            exists_fn=lambda snapshot: any(cycle.key == key for cycle in snapshot.cycles),
        )
