"""What the entities of a Voltaware meter have in common."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .data import WattbridgeConfigEntry
from .vendors import VOLTAWARE
from .voltaware_coordinator import VoltawareCoordinator
from .voltaware_data import MeterSnapshot


def meter_unique_id(device_id: str, key: str) -> str:
    """Return the unique id of an entity of a meter."""
    return f"{VOLTAWARE.key}_{device_id}_{key}"


class VoltawareEntity(CoordinatorEntity[VoltawareCoordinator]):
    """An entity that shows something of a meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: VoltawareCoordinator, device_id: str, description: EntityDescription) -> None:
        """Belong to the meter."""
        super().__init__(coordinator)
        self._device_id = device_id
        self.entity_description = description
        self._attr_unique_id = meter_unique_id(device_id, description.key)
        snapshot = coordinator.data[device_id]
        # The vendor tells of its own sensors what it cannot know of others' meters.
        is_own_sensor = snapshot.firmware is not None or snapshot.connection_state is not None
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, meter_unique_id(device_id, "").removesuffix("_"))},
            name=snapshot.name,
            manufacturer=VOLTAWARE.name,
            model="Sensor" if is_own_sensor else "Smart meter",
            sw_version=snapshot.firmware,
            serial_number=device_id,
        )

    @property
    def snapshot(self) -> MeterSnapshot | None:
        """Return the meter as it is known; None if the account has lost it."""
        return self.coordinator.data.get(self._device_id)

    @property
    def is_current(self) -> bool:
        """Tell whether it is known how the meter is now."""
        return self.snapshot is not None and self.snapshot.is_current and self.coordinator.last_update_success

    @property
    @override
    def available(self) -> bool:
        """What a month came to stays true while the cloud cannot be reached."""
        return self.snapshot is not None and self.snapshot.is_registered


@callback
def async_follow_meters[D: EntityDescription](
    entry: WattbridgeConfigEntry,
    coordinator: VoltawareCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[MeterSnapshot], Iterable[D]],
    make: Callable[[VoltawareCoordinator, str, D], Entity],
) -> None:
    """Add what describes a meter, now and when there is more to show."""
    added: set[tuple[str, str]] = set()

    @callback
    def add_described() -> None:
        wanted = [
            (device_id, description)
            for device_id, snapshot in coordinator.data.items()
            for description in describe(snapshot)
            if (device_id, description.key) not in added
        ]
        added.update((device_id, description.key) for device_id, description in wanted)
        if wanted:
            async_add_entities(make(coordinator, device_id, description) for device_id, description in wanted)

    add_described()
    entry.async_on_unload(coordinator.async_add_listener(add_described))
