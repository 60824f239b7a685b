"""What happens to a stream, as events for automations."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import NewsKind, StreamNews
from .stream_entity import StreamEntity, async_add_stream_entities

NEWS: Final = EventEntityDescription(
    key="news", translation_key="stream_news", event_types=[kind.value for kind in NewsKind]
)


class StreamEvent(StreamEntity, EventEntity):
    """Tells of each thing once."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the news; the state of the stream is no news."""
        self.async_on_remove(self._engine.async_listen_news(self._async_tell))

    @callback
    def _async_tell(self, news: StreamNews) -> None:
        self._trigger_event(news.kind.value, {name: fact for name, fact in news.facts.items() if fact is not None})
        self.async_write_ha_state()


def async_add_stream_events(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for every stream, now and later."""
    async_add_stream_entities(entry, runtime, async_add_entities, (NEWS,), StreamEvent)
