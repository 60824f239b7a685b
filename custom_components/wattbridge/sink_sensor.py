"""Until when the cloud that an account sends to wants no requests."""

from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .sink_entity import SinkEntity

PAUSED: Final = SensorEntityDescription(
    key="requests_paused_until",
    translation_key="requests_paused_until",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
)


class RequestsPaused(SinkEntity, SensorEntity):
    """Unknown while requests are welcome."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the end of the pause."""
        return self._forwarder.paused_until


def async_add_requests_paused(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the one of an account."""
    async_add_entities([RequestsPaused(entry, runtime, PAUSED)])
