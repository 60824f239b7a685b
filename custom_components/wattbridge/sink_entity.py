"""What the entities of an account that we send to have in common."""

from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import CONF_VENDOR, DOMAIN
from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import Forwarder
from .vendors import VENDORS


def _device_info(entry: WattbridgeConfigEntry) -> DeviceInfo:
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer=VENDORS[entry.data[CONF_VENDOR]].name,
        entry_type=DeviceEntryType.SERVICE,
    )


@callback
def async_account_device_id(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> str:
    """Return the registry's id of an account's device, registering it if its own entities come later."""
    return dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **_device_info(entry)).id


class SinkEntity(Entity):
    """An entity that shows one fact of an account, which is a service device of its own."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: WattbridgeConfigEntry, runtime: SinkRuntime, description: EntityDescription) -> None:
        """Belong to the device of the account."""
        self._forwarder: Forwarder = runtime.forwarder
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = _device_info(entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the account."""
        self.async_on_remove(self._forwarder.async_add_listener(self.async_write_ha_state))
