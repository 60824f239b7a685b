"""The button of a stream: look for rows at once, and try again what is held."""

from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .data import SinkRuntime, WattbridgeConfigEntry
from .stream_entity import StreamEntity, async_add_stream_entities

SEND_NOW: Final = ButtonEntityDescription(key="send_now", translation_key="send_now")


class StreamButton(StreamEntity, ButtonEntity):
    """Sends what there is."""

    @override
    async def async_press(self) -> None:
        """Wake the stream; one that somebody has paused stays so."""
        if self._engine.status.is_paused:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="stream_paused",
                translation_placeholders={"stream": self._engine.config.stream_id},
            )
        self._engine.async_send_now()


def async_add_stream_buttons(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for every stream, now and later."""
    async_add_stream_entities(entry, runtime, async_add_entities, (SEND_NOW,), StreamButton)
