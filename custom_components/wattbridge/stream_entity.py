"""What the entities of a stream have in common."""

from collections.abc import Callable, Iterable
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_VENDOR, DOMAIN
from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import StreamEngine, async_follow_streams
from .sink_entity import async_account_device_id
from .vendors import VENDORS


class StreamEntity(Entity):
    """An entity that shows one fact of a stream's state; the stream is a service device of its own."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, engine: StreamEngine, device: DeviceInfo, description: EntityDescription) -> None:
        """Belong to the device of the stream."""
        self._engine = engine
        self.entity_description = description
        self._attr_unique_id = f"{engine.subentry_id}_{description.key}"
        self._attr_device_info = device

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the stream."""
        self.async_on_remove(self._engine.async_add_listener(self.async_write_ha_state))


def async_add_stream_entities[D: EntityDescription](
    entry: WattbridgeConfigEntry,
    runtime: SinkRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[D],
    entity: Callable[[StreamEngine, DeviceInfo, D], StreamEntity],
) -> None:
    """Add these entities of every stream, now and later; its device stands behind that of the account."""

    def add(engine: StreamEngine, subentry: ConfigSubentry) -> None:
        device = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer=VENDORS[entry.data[CONF_VENDOR]].name,
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=async_account_device_id(engine.hass, entry),
        )
        async_add_entities(
            [entity(engine, device, description) for description in descriptions],
            config_subentry_id=subentry.subentry_id,
        )

    async_follow_streams(entry, runtime.forwarder, add)
