"""What the entities of a source's device have in common."""

from typing import override

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import CarbonTrackCoordinator
from .snapshot import DeviceSnapshot
from .vendors import CARBONTRACK

# The cloud names no models; this is what all of them are.
MODEL = "Energy monitor"


def source_unique_id(device_id: str, key: str) -> str:
    """Identify an entity of a device."""
    return f"{CARBONTRACK.key}_{device_id}_{key}"


class SourceEntity(CoordinatorEntity[CarbonTrackCoordinator]):
    """An entity that shows one fact of a device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CarbonTrackCoordinator, device_id: str, description: EntityDescription) -> None:
        """Belong to the device."""
        super().__init__(coordinator)
        self._device_id = device_id
        self.entity_description = description
        self._attr_unique_id = source_unique_id(device_id, description.key)
        snapshot = self.snapshot
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{CARBONTRACK.key}_{device_id}")},
            name=snapshot.name,
            manufacturer=CARBONTRACK.name,
            model=MODEL,
            sw_version=snapshot.device.firmware_version if snapshot.device else None,
            serial_number=device_id,
        )

    @property
    def snapshot(self) -> DeviceSnapshot:
        """Return the device as it was at its last poll."""
        return self.coordinator.data[self._device_id]

    @property
    @override
    def available(self) -> bool:
        """A device whose last reading is old says nothing about now."""
        return super().available and not self.snapshot.stale

    @property
    def is_described(self) -> bool:
        """Tell whether what the device says of itself is known, which does not come with its readings."""
        return super().available and not self.snapshot.description_stale
