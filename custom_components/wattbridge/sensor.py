"""Sensors: the facts of a source's devices, and of a sink's streams."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SourceRuntime, WattbridgeConfigEntry
from .entity import SourceEntity
from .snapshot import DeviceSnapshot
from .stream_sensor import async_add_stream_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SourceSensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows.

    `field`: the sensor is there once the device has reported it (None: always); `outlives`: it tells something also
    when the last reading is old.
    """

    value_fn: Callable[[DeviceSnapshot], datetime | float | None]
    field: str | None = None
    outlives: bool = False


def _power(series: str) -> SourceSensorDescription:
    return SourceSensorDescription(
        key=f"power_{series}",
        translation_key=f"power_{series}",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
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
        outlives=True,
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
)


class SourceSensor(SourceEntity, SensorEntity):
    """A fact of a device."""

    entity_description: SourceSensorDescription

    @property
    @override
    def native_value(self) -> datetime | float | None:
        """Return the fact as it was at the last poll."""
        return self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """When the last reading was is known even when it is old."""
        if self.entity_description.outlives:
            return self.coordinator.last_update_success and self.snapshot.latest is not None
        return super().available


async def async_setup_entry(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the account, now and when there is more to show."""
    runtime = entry.runtime_data
    if isinstance(runtime, SourceRuntime):
        _follow_devices(entry, runtime, async_add_entities)
    else:
        async_add_stream_sensors(entry, runtime, async_add_entities)


@callback
def _follow_devices(
    entry: WattbridgeConfigEntry, runtime: SourceRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor as soon as its device has reported what it shows."""
    coordinator = runtime.coordinator
    added: set[tuple[str, str]] = set()

    @callback
    def add_reported() -> None:
        wanted = [
            (device_id, description)
            for device_id, snapshot in coordinator.data.items()
            for description in SOURCE_SENSORS
            if (description.field is None or description.field in snapshot.reported)
            and (device_id, description.key) not in added
        ]
        added.update((device_id, description.key) for device_id, description in wanted)
        if wanted:
            async_add_entities(SourceSensor(coordinator, device_id, description) for device_id, description in wanted)

    add_reported()
    entry.async_on_unload(coordinator.async_add_listener(add_reported))
