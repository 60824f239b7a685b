"""Whether a stream has a problem that needs somebody."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .stream_entity import StreamEntity, async_add_stream_entities

PROBLEM: Final = BinarySensorEntityDescription(
    key="problem", translation_key="stream_problem", device_class=BinarySensorDeviceClass.PROBLEM
)


class StreamProblem(StreamEntity, BinarySensorEntity):
    """On while a stream is held or cannot go on."""

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether there is a problem."""
        return self._engine.status.problem is not None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | None]:
        """Name the problem by its key, for automations."""
        return {"problem": self._engine.status.problem}


def async_add_stream_problems(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for every stream, now and later."""
    async_add_stream_entities(entry, runtime, async_add_entities, (PROBLEM,), StreamProblem)
