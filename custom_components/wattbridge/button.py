"""Buttons: the streams of a sink."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .stream_button import async_add_stream_buttons

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of every stream, now and later."""
    runtime = entry.runtime_data
    if isinstance(runtime, SinkRuntime):
        async_add_stream_buttons(entry, runtime, async_add_entities)
