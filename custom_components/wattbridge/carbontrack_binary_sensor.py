"""The switches of a carbonTRACK device, what it says of itself, and whether it has fallen silent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import CarbonTrackRuntime, WattbridgeConfigEntry
from .entity import SourceEntity
from .follow import async_follow_devices
from .snapshot import DeviceSnapshot


@dataclass(frozen=True, kw_only=True)
class SourceBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor and the fact it shows; `control_id` is that of a switch."""

    value_fn: Callable[[DeviceSnapshot], bool | None]
    control_id: str | None = None


SILENT: Final = SourceBinarySensorDescription(
    key="silent",
    translation_key="silent",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
    value_fn=lambda snapshot: snapshot.stale,
)

FACTS: Final = (
    SourceBinarySensorDescription(
        key="registered",
        translation_key="registered",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.is_registered,
    ),
    SourceBinarySensorDescription(
        key="inverter",
        translation_key="inverter",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.contains_inverter,
    ),
)


class DescribedBinarySensor(SourceEntity, BinarySensorEntity):
    """A fact that a device says of itself."""

    entity_description: SourceBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what it said last."""
        return self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """It does not come with the readings."""
        return self.is_described


class SilenceSensor(SourceEntity, BinarySensorEntity):
    """On while the newest reading is too old to say anything about now."""

    entity_description: SourceBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether the device has fallen silent."""
        return self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """It tells of old readings, and of a device that has none; what the cloud does not answer says nothing."""
        return self.coordinator.last_update_success

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, datetime | None]:
        """Tell since when, for automations."""
        return {"last_reading": self.snapshot.last_reading}


class ControlSensor(DescribedBinarySensor):
    """A switch of a device, which can be seen here and operated elsewhere."""

    @property
    @override
    def available(self) -> bool:
        """A switch may be taken out."""
        return super().available and self.entity_description.control_id in self.snapshot.controls

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, bool | None]:
        """Tell whether the switch may be operated at all."""
        control = self.snapshot.controls.get(self.entity_description.control_id or "")
        return {"switch_enabled": control.is_switch_enabled if control else None}


def _candidates(snapshot: DeviceSnapshot) -> list[SourceBinarySensorDescription]:
    """Name what a device may have."""
    controls = [_control(control_id, control.control_type) for control_id, control in snapshot.controls.items()]
    return [SILENT, *FACTS, *controls]


def _control(control_id: str, control_type: str | None) -> SourceBinarySensorDescription:
    return SourceBinarySensorDescription(
        key=f"control_{control_id}",
        translation_key="control",
        # What the cloud calls it.
        translation_placeholders={"control": control_type or control_id},
        control_id=control_id,
        value_fn=lambda snapshot: snapshot.control_status(control_id),
    )


def _kind_of(
    description: SourceBinarySensorDescription,
) -> type[SilenceSensor | DescribedBinarySensor]:
    if description.control_id:
        return ControlSensor
    return SilenceSensor if description is SILENT else DescribedBinarySensor


@callback
def async_add_carbontrack_binary_sensors(
    entry: WattbridgeConfigEntry, runtime: CarbonTrackRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of every device, now and when there is more to show."""
    async_follow_devices(
        entry,
        runtime,
        BINARY_SENSOR_DOMAIN,
        candidates=_candidates,
        is_reported=lambda description, snapshot: description.value_fn(snapshot) is not None,
        make=lambda device_id, description: _kind_of(description)(runtime.coordinator, device_id, description),
        async_add_entities=async_add_entities,
    )
