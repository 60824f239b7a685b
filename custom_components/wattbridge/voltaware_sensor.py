"""The sensors of a Voltaware meter: its newest month and week by appliance, and what it says of itself."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import VoltawareRuntime, WattbridgeConfigEntry
from .names import SeriesNames, async_series_names
from .voltaware_coordinator import VoltawareCoordinator
from .voltaware_data import MeterSnapshot
from .voltaware_entity import VoltawareEntity, async_follow_meters, meter_unique_id
from .voltaware_figures import (
    METER_SENSORS,
    PERIODS,
    Attributes,
    MeterSensorDescription,
    Value,
    appliance_sensors,
    figures_of,
)

_OF_APPLIANCES: Final = tuple(f"{period}_appliance_" for period in PERIODS)


class VoltawareSensor(VoltawareEntity, SensorEntity):
    """A fact of a meter."""

    entity_description: MeterSensorDescription

    def __init__(self, coordinator: VoltawareCoordinator, device_id: str, description: MeterSensorDescription) -> None:
        """Belong to the meter, and be called after the appliance."""
        super().__init__(coordinator, device_id, description)
        if description.appliance is not None:
            self._attr_translation_placeholders = {"appliance": description.appliance}

    @property
    @override
    def native_value(self) -> Value:
        """Return the fact as it is known."""
        return None if self.snapshot is None else self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def extra_state_attributes(self) -> Attributes:
        """Say of which days a figure is, where that is not the same as for the others."""
        return {} if self.snapshot is None else self.entity_description.attributes_fn(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """How a meter is now is unknown while it cannot be read."""
        return super().available and (self.is_current or not self.entity_description.is_of_now)


class _Describer:
    """Tells which sensors a meter has: those it has something to show for now, and those it once had.

    An appliance that was not used in the newest month keeps its sensors.
    """

    def __init__(self, hass: HomeAssistant, entry: WattbridgeConfigEntry, names: SeriesNames) -> None:
        """Find out what was there before."""
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        self._registered = {entity.unique_id for entity in entities if entity.domain == SENSOR_DOMAIN}
        self._names = names

    def __call__(self, snapshot: MeterSnapshot) -> Iterator[MeterSensorDescription]:
        """Describe the sensors of a meter."""
        yield from (one for one in METER_SENSORS if self._is_wanted(snapshot, one))
        for key in sorted(self._appliance_keys(snapshot)):
            described = appliance_sensors(key, self._names.appliance(key))
            yield from (one for one in described if self._is_wanted(snapshot, one))

    def _is_wanted(self, snapshot: MeterSnapshot, description: MeterSensorDescription) -> bool:
        unique_id = meter_unique_id(snapshot.device_id, description.key)
        return description.exists_fn(snapshot) or unique_id in self._registered

    def _appliance_keys(self, snapshot: MeterSnapshot) -> set[str]:
        """Find the vendor's keys of all appliances that the meter has or had."""
        found = {cycle.key for cycle in snapshot.cycles}
        for period in PERIODS:
            figures = figures_of(snapshot, period)
            found |= set(figures.appliances_wh) if figures is not None else set()
        for prefix in (meter_unique_id(snapshot.device_id, of) for of in _OF_APPLIANCES):
            found |= {known.removeprefix(prefix) for known in self._registered if known.startswith(prefix)}
        return found


async def async_setup_voltaware_sensors(
    hass: HomeAssistant,
    entry: WattbridgeConfigEntry,
    runtime: VoltawareRuntime,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of every meter, now and when there is more to show."""
    describe = _Describer(hass, entry, await async_series_names(hass))
    async_follow_meters(entry, runtime.coordinator, async_add_entities, describe, VoltawareSensor)
