"""The binary sensors of a Voltaware meter."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import VoltawareRuntime, WattbridgeConfigEntry
from .voltaware_data import MeterSnapshot
from .voltaware_entity import VoltawareEntity, async_follow_meters
from .voltaware_figures import CONNECTED, CONNECTION_STATES

CONNECTION: Final = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


class VoltawareConnection(VoltawareEntity, BinarySensorEntity):
    """On while the vendor hears of the meter."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether the meter is connected; a state that is new to us says neither."""
        state = None if self.snapshot is None else self.snapshot.connection_state
        return state == CONNECTED if state in CONNECTION_STATES else None

    @property
    @override
    def available(self) -> bool:
        """How a meter is now is unknown while it cannot be read."""
        return super().available and self.is_current


async def async_setup_voltaware_binary_sensors(
    hass: HomeAssistant,
    entry: WattbridgeConfigEntry,
    runtime: VoltawareRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of every meter, now and when there is more to show."""

    def describe(snapshot: MeterSnapshot) -> Iterator[BinarySensorEntityDescription]:
        # Others' meters have no such state.
        if snapshot.connection_state is not None:
            yield CONNECTION

    async_follow_meters(entry, runtime.coordinator, async_add_entities, describe, VoltawareConnection)
