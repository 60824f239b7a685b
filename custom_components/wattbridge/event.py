"""Events: results of a Voltaware meter that are new, or not what they were, and what happens to a sink's streams."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .stream_event import async_add_stream_events
from .voltaware_data import News, ResultNews
from .voltaware_entity import VoltawareEntity, async_follow_meters
from .voltaware_figures import as_kwh

PARALLEL_UPDATES = 0
RESULTS: Final = EventEntityDescription(
    key="results", translation_key="results", event_types=[kind.value for kind in News]
)


class ResultEvent(VoltawareEntity, EventEntity):
    """Tells of a meter's new and corrected results."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the news."""
        await super().async_added_to_hass()
        # Some may be waiting for a listener, and only an entity that is there can tell one after the other.
        self.hass.loop.call_soon(self._listen)

    def _listen(self) -> None:
        self.async_on_remove(self.coordinator.async_listen_news(self._async_tell))

    @callback
    def _async_tell(self, news: ResultNews) -> None:
        """Tell what is new, if it is this meter's."""
        if news.device_id != self._device_id:
            return
        facts = {
            "first_day": news.first_day.isoformat(),
            "last_day": news.last_day.isoformat(),
            "total_kwh": as_kwh(news.total_wh),
            "previous_total_kwh": as_kwh(news.previous_total_wh),
        }
        self._trigger_event(news.kind.value, {name: fact for name, fact in facts.items() if fact is not None})
        self.async_write_ha_state()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: WattbridgeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entity of every meter or stream, now and later."""
    runtime = entry.runtime_data
    if isinstance(runtime, VoltawareRuntime):
        async_follow_meters(entry, runtime.coordinator, async_add_entities, lambda _: (RESULTS,), ResultEvent)
    elif isinstance(runtime, SinkRuntime):
        async_add_stream_events(entry, runtime, async_add_entities)
