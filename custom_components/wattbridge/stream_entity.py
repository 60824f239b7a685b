"""What the entities of a stream have in common."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import DOMAIN
from .forwarding import StreamEngine
from .vendors import WATTICS


class StreamEntity(Entity):
    """An entity that shows one fact of a stream's state; the stream is a service device of its own."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, engine: StreamEngine, subentry: ConfigSubentry, description: EntityDescription) -> None:
        """Belong to the device of the stream."""
        self._engine = engine
        self.entity_description = description
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=WATTICS.name,
            entry_type=DeviceEntryType.SERVICE,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the stream."""
        self.async_on_remove(self._engine.async_add_listener(self.async_write_ha_state))
