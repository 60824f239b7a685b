"""Sensors: the facts of a source's devices, and of a sink and its streams."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .carbontrack_sensor import async_add_carbontrack_sensors
from .data import CarbonTrackRuntime, SinkRuntime, SourceRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .history_sensor import async_add_history_sensors
from .sink_sensor import async_add_requests_paused
from .stream_sensor import async_add_stream_sensors
from .voltaware_sensor import async_setup_voltaware_sensors

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the account, now and when there is more to show."""
    runtime = entry.runtime_data
    if isinstance(runtime, CarbonTrackRuntime):
        async_add_carbontrack_sensors(entry, runtime, async_add_entities)
    elif isinstance(runtime, VoltawareRuntime):
        await async_setup_voltaware_sensors(hass, entry, runtime, async_add_entities)
    elif isinstance(runtime, SinkRuntime):
        async_add_requests_paused(entry, runtime, async_add_entities)
        async_add_stream_sensors(entry, runtime, async_add_entities)
    if isinstance(runtime, SourceRuntime):
        async_add_history_sensors(entry, runtime, async_add_entities)
