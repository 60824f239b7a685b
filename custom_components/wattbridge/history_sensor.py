"""How far the history of a source's device has come, and which statistics it has: the same for every source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from .data import SourceRuntime, WattbridgeConfigEntry
from .history import HistoryImporter
from .progress import Progress

HOLES_SHOWN: Final = 10

type Attributes = Mapping[str, str | list[dict[str, str]] | None]


@dataclass(frozen=True, slots=True)
class DeviceStory:
    """What is known of a device's history; `names` are those of its statistics by their ids."""

    progress: Progress
    names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """A sensor and the fact it shows."""

    value_fn: Callable[[DeviceStory], datetime | float | None]
    attributes_fn: Callable[[DeviceStory], Attributes] | None = None


def _holes(story: DeviceStory) -> Attributes:
    return {
        "holes": [
            {"start": hole.start.isoformat(), "end": hole.end.isoformat()}
            for hole in story.progress.holes[:HOLES_SHOWN]
        ]
    }


def _revised(story: DeviceStory) -> Attributes:
    revised_at = story.progress.revised_at
    return {"revised_at": revised_at.isoformat() if revised_at else None}


def _statistics(story: DeviceStory) -> Attributes:
    return {"statistic_ids": [{"statistic_id": key, "name": name} for key, name in story.names.items()]}


HISTORY_SENSORS: Final = (
    HistorySensorDescription(
        key="history_progress",
        translation_key="history_progress",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda story: round(100 * story.progress.fraction, 1),
    ),
    HistorySensorDescription(
        key="history_from",
        translation_key="history_from",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda story: story.progress.imported_from,
    ),
    HistorySensorDescription(
        key="missing_hours",
        translation_key="missing_hours",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda story: story.progress.missing_hours,
        attributes_fn=_holes,
    ),
    HistorySensorDescription(
        key="revised_hours",
        translation_key="revised_hours",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda story: story.progress.revised_hours,
        attributes_fn=_revised,
    ),
    HistorySensorDescription(
        key="statistics",
        translation_key="statistics",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda story: len(story.names),
        attributes_fn=_statistics,
    ),
)


class HistorySensor(SensorEntity):
    """A fact of a device's history; it is true whether or not the cloud can be reached."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    # They may be long, and say nothing that the recorder does not know.
    _unrecorded_attributes = frozenset({"holes", "statistic_ids"})

    entity_description: HistorySensorDescription

    def __init__(
        self,
        entry: WattbridgeConfigEntry,
        importer: HistoryImporter,
        device_id: str,
        description: HistorySensorDescription,
    ) -> None:
        """Belong to the device."""
        self._importer = importer
        self._device_id = device_id
        self.entity_description = description
        identifier = f"{entry.data[CONF_VENDOR]}_{device_id}"
        self._attr_unique_id = f"{identifier}_{description.key}"
        # The name too: these may be there before the others of the device.
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, identifier)}, name=entry.data[CONF_DEVICES][device_id]["name"]
        )

    @property
    def _story(self) -> DeviceStory:
        return DeviceStory(self._importer.device_progress(self._device_id), self._importer.names_of(self._device_id))

    @property
    @override
    def native_value(self) -> datetime | float | None:
        """Return the fact as it is now."""
        return self.entity_description.value_fn(self._story)

    @property
    @override
    def extra_state_attributes(self) -> Attributes | None:
        """Return the particulars."""
        describe = self.entity_description.attributes_fn
        return None if describe is None else describe(self._story)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the history."""
        self.async_on_remove(self._importer.async_add_listener(self._changed, self._device_id))

    @callback
    def _changed(self) -> None:
        self.async_write_ha_state()


@callback
def async_add_history_sensors(
    entry: WattbridgeConfigEntry, runtime: SourceRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every device's history."""
    async_add_entities(
        HistorySensor(entry, runtime.history, device_id, description)
        for device_id in entry.data[CONF_DEVICES]
        for description in HISTORY_SENSORS
    )
