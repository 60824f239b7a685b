"""The sensors of a stream: how far it has come, and what it has delivered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import StreamStatus, async_follow_streams
from .stream_entity import StreamEntity


@dataclass(frozen=True, kw_only=True)
class StreamSensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows."""

    value_fn: Callable[[StreamStatus], datetime | int | None]


STREAM_SENSORS = (
    StreamSensorDescription(
        key="last_delivered",
        translation_key="last_delivered",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda status: status.delivered_to,
    ),
    StreamSensorDescription(
        key="backlog",
        translation_key="backlog",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.backlog,
    ),
    StreamSensorDescription(
        key="delivered",
        translation_key="delivered",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda status: status.delivered,
    ),
    StreamSensorDescription(
        key="rejected",
        translation_key="rejected",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.rejected,
    ),
    StreamSensorDescription(
        key="repeated",
        translation_key="repeated",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.repeated,
    ),
    StreamSensorDescription(
        key="paused_until",
        translation_key="paused_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.paused_until,
    ),
)


class StreamSensor(StreamEntity, SensorEntity):
    """A fact of a stream."""

    entity_description: StreamSensorDescription

    @property
    @override
    def native_value(self) -> datetime | int | None:
        """Return the fact as the engine has it now."""
        return self.entity_description.value_fn(self._engine.status)


def async_add_stream_sensors(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every stream, now and later."""
    async_follow_streams(
        entry,
        runtime.forwarder,
        lambda engine, subentry: async_add_entities(
            [StreamSensor(engine, subentry, description) for description in STREAM_SENSORS],
            config_subentry_id=subentry.subentry_id,
        ),
    )
