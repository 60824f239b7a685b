"""Adds the entities of a carbonTRACK account's devices as soon as the devices report what they show."""

from collections.abc import Callable, Iterable

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import CarbonTrackRuntime, WattbridgeConfigEntry
from .entity import source_unique_id
from .snapshot import DeviceSnapshot
from .vendors import CARBONTRACK


@callback
def async_follow_devices[D: EntityDescription](
    entry: WattbridgeConfigEntry,
    runtime: CarbonTrackRuntime,
    platform: str,
    *,
    candidates: Callable[[DeviceSnapshot], Iterable[D]],
    is_reported: Callable[[D, DeviceSnapshot], bool],
    make: Callable[[str, D], Entity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what is there now, and later what appears.

    `candidates` names the entities that a device may have, `is_reported` tells whether there is something to show. One
    that was there before is kept without that, too: at night, or while the cloud is silent, nothing may be reported.
    """
    coordinator = runtime.coordinator
    registry = er.async_get(coordinator.hass)
    added: set[tuple[str, str]] = set()

    def was_there(device_id: str, description: D) -> bool:
        unique_id = source_unique_id(device_id, description.key)
        return registry.async_get_entity_id(platform, DOMAIN, unique_id) is not None

    @callback
    def add(*, kept: Callable[[str, D], bool] = lambda *_: False) -> None:
        new = [
            (device_id, description)
            for device_id, snapshot in coordinator.data.items()
            for description in candidates(snapshot)
            if (device_id, description.key) not in added
            and (is_reported(description, snapshot) or kept(device_id, description))
        ]
        added.update((device_id, description.key) for device_id, description in new)
        if new:
            async_add_entities(make(device_id, description) for device_id, description in new)

    add(kept=was_there)
    entry.async_on_unload(coordinator.async_add_listener(add))


@callback
def async_follow_firmware(entry: WattbridgeConfigEntry, runtime: CarbonTrackRuntime) -> None:
    """Show the firmware that a device has, also after an update."""
    coordinator = runtime.coordinator
    registry = dr.async_get(coordinator.hass)

    @callback
    def update() -> None:
        for device_id, snapshot in coordinator.data.items():
            shown = registry.async_get_device_by_identifier((DOMAIN, f"{CARBONTRACK.key}_{device_id}"), entry.entry_id)
            firmware = snapshot.device.firmware_version if snapshot.device else None
            if shown is not None and firmware is not None and shown.sw_version != firmware:
                registry.async_update_device(shown.id, sw_version=firmware)

    entry.async_on_unload(coordinator.async_add_listener(update))
