"""Whether the cloud that an account sends to can be reached, and lets us in."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .sink_entity import SinkEntity

CONNECTION: Final = BinarySensorEntityDescription(
    key="connection_problem",
    translation_key="connection_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)


class ConnectionProblem(SinkEntity, BinarySensorEntity):
    """On while nothing gets through."""

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether the cloud does not answer."""
        return not self._forwarder.is_connected


def async_add_connection_problem(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the one of an account."""
    async_add_entities([ConnectionProblem(entry, runtime, CONNECTION)])
