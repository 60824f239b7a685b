"""Binary sensors: the switches and states of a source's devices, and the problems of a sink and its streams."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .carbontrack_binary_sensor import async_add_carbontrack_binary_sensors
from .data import CarbonTrackRuntime, SinkRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .sink_binary_sensor import async_add_connection_problem
from .stream_binary_sensor import async_add_stream_problems
from .voltaware_binary_sensor import async_setup_voltaware_binary_sensors

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the account, now and when there is more to show."""
    runtime = entry.runtime_data
    if isinstance(runtime, CarbonTrackRuntime):
        async_add_carbontrack_binary_sensors(entry, runtime, async_add_entities)
    elif isinstance(runtime, VoltawareRuntime):
        await async_setup_voltaware_binary_sensors(hass, entry, runtime, async_add_entities)
    elif isinstance(runtime, SinkRuntime):
        async_add_connection_problem(entry, runtime, async_add_entities)
        async_add_stream_problems(entry, runtime, async_add_entities)
