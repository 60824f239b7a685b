"""The sensors of a carbonTRACK device: every field that it reports, and what follows from them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfApparentPower,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfIrradiance,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfVolumeFlowRate,
)
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import CarbonTrackRuntime, WattbridgeConfigEntry
from .entity import SourceEntity
from .follow import async_follow_devices, async_follow_firmware
from .snapshot import DeviceSnapshot


class Validity(StrEnum):
    """How long what a sensor shows is true: while the readings are fresh, or the description is, or for ever."""

    READING = "reading"
    DESCRIPTION = "description"
    EVER = "ever"


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows.

    `field` or `series`: what the device has to have reported for the sensor to be there; with neither, it is there once
    it has a value.
    """

    value_fn: Callable[[DeviceSnapshot], datetime | float | str | None]
    field: str | None = None
    series: str | None = None
    validity: Validity = Validity.READING

    def is_reported(self, snapshot: DeviceSnapshot) -> bool:
        """Tell whether the device reports what the sensor shows."""
        if self.series is not None:
            return snapshot.fields.get(self.series) in snapshot.reported
        if self.field is not None:
            return self.field in snapshot.reported
        return self.value_fn(snapshot) is not None


def _power(series: str) -> SourceSensorDescription:
    return SourceSensorDescription(
        key=f"power_{series}",
        translation_key=f"power_{series}",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        series=series,
        value_fn=lambda snapshot: snapshot.power_w.get(series),
    )


def _today(series: str) -> SourceSensorDescription:
    # Without a state class: the external statistic is this energy's only record.
    return SourceSensorDescription(
        key=f"energy_today_{series}",
        translation_key=f"energy_today_{series}",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        series=series,
        value_fn=lambda snapshot: snapshot.today_kwh.get(series),
    )


def _field(
    field: str,
    unit: str | None,
    device_class: SensorDeviceClass | None,
    *,
    precision: int = 1,
    enabled: bool = False,
    category: EntityCategory | None = None,
) -> SourceSensorDescription:
    return SourceSensorDescription(
        key=field,
        translation_key=field,
        field=field,
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=precision,
        entity_registry_enabled_default=enabled,
        entity_category=category,
        value_fn=lambda snapshot: getattr(snapshot.latest, field, None),
    )


def _channel(
    field: str,
    key: str | None = None,
    unit: str = UnitOfPower.WATT,
    device_class: SensorDeviceClass = SensorDeviceClass.POWER,
) -> SourceSensorDescription:
    return SourceSensorDescription(
        key=key or field,
        translation_key=key or field,
        field=field,
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.field_power_w(field),
    )


def _said(
    key: str,
    device_class: SensorDeviceClass | None,
    value_fn: Callable[[DeviceSnapshot], datetime | str | None],
    *,
    category: EntityCategory | None = EntityCategory.DIAGNOSTIC,
) -> SourceSensorDescription:
    return SourceSensorDescription(
        key=key,
        translation_key=key,
        device_class=device_class,
        entity_category=category,
        entity_registry_enabled_default=False,
        validity=Validity.DESCRIPTION,
        value_fn=value_fn,
    )


CHANNELS: Final = range(1, 5)
TEMPERATURES: Final = range(1, 9)

SOURCE_SENSORS: Final = (
    *(_power(series) for series in ("usage", "generation", "export")),
    *(_today(series) for series in ("usage", "generation", "export")),
    SourceSensorDescription(
        key="last_reading",
        translation_key="last_reading",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        validity=Validity.EVER,
        value_fn=lambda snapshot: snapshot.last_reading,
    ),
    _field("battery_charge", PERCENTAGE, SensorDeviceClass.BATTERY, precision=0, enabled=True),
    _field("voltage", UnitOfElectricPotential.VOLT, SensorDeviceClass.VOLTAGE, enabled=True),
    _channel("power_usage", "power_usage_gross"),
    _channel("power_usage_net"),
    _channel("power_exported_net"),
    *(_channel(f"power_{n}") for n in CHANNELS),
    *(_channel(f"power_{n}n") for n in CHANNELS),
    *(
        _channel(f"power_vah_{n}", None, UnitOfApparentPower.VOLT_AMPERE, SensorDeviceClass.APPARENT_POWER)
        for n in CHANNELS
    ),
    *(_field(f"power_factor_{n}", None, SensorDeviceClass.POWER_FACTOR, precision=2) for n in CHANNELS),
    *(_field(f"temperature_{n}", UnitOfTemperature.CELSIUS, SensorDeviceClass.TEMPERATURE) for n in TEMPERATURES),
    _field("irradiation", UnitOfIrradiance.WATTS_PER_SQUARE_METER, SensorDeviceClass.IRRADIANCE, precision=0),
    _field("flow", UnitOfVolumeFlowRate.LITERS_PER_MINUTE, SensorDeviceClass.VOLUME_FLOW_RATE),
    _field("signal_strength", None, None, precision=0, category=EntityCategory.DIAGNOSTIC),
    _said("status_updated", SensorDeviceClass.TIMESTAMP, lambda snapshot: snapshot.status_updated_at),
    _said("data_updated", SensorDeviceClass.TIMESTAMP, lambda snapshot: snapshot.data_updated_at),
    # Where the weather is would say where somebody lives: that is not shown.
    SourceSensorDescription(
        key="weather_temperature",
        translation_key="weather_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        entity_registry_enabled_default=False,
        validity=Validity.DESCRIPTION,
        value_fn=lambda snapshot: snapshot.weather_temperature_c,
    ),
    # No list of conditions is documented: they are shown as the cloud says them.
    _said("weather_condition", None, lambda snapshot: snapshot.weather_condition, category=None),
)


class SourceSensor(SourceEntity, SensorEntity):
    """A fact of a device."""

    entity_description: SourceSensorDescription

    @property
    @override
    def native_value(self) -> datetime | float | str | None:
        """Return the fact as it was at the last poll."""
        return self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """When the last reading was is known even when it is old."""
        match self.entity_description.validity:
            case Validity.READING:
                return super().available
            case Validity.DESCRIPTION:
                return self.is_described
            case Validity.EVER:
                return self.coordinator.last_update_success and self.snapshot.latest is not None


@callback
def async_add_carbontrack_sensors(
    entry: WattbridgeConfigEntry, runtime: CarbonTrackRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every device, now and when there is more to show."""
    async_follow_devices(
        entry,
        runtime,
        SENSOR_DOMAIN,
        candidates=lambda _: SOURCE_SENSORS,
        is_reported=SourceSensorDescription.is_reported,
        make=lambda device_id, description: SourceSensor(runtime.coordinator, device_id, description),
        async_add_entities=async_add_entities,
    )
    async_follow_firmware(entry, runtime)
