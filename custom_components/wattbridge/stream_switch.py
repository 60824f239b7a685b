"""The switch of a stream: off, nothing is sent, and on, it goes on where it was."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import SinkRuntime, WattbridgeConfigEntry
from .stream_entity import StreamEntity, async_add_stream_entities

FORWARDING: Final = SwitchEntityDescription(
    key="forwarding", translation_key="forwarding", entity_category=EntityCategory.CONFIG
)


class StreamSwitch(StreamEntity, SwitchEntity):
    """Off while the stream is paused; it stays so over a restart."""

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether the stream is at work."""
        return not self._engine.status.is_paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Go on."""
        await self._engine.async_set_paused(False)  # noqa: FBT003 - the one thing that is set

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Send nothing more."""
        await self._engine.async_set_paused(True)  # noqa: FBT003 - the one thing that is set


def async_add_stream_switches(
    entry: WattbridgeConfigEntry, runtime: SinkRuntime, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add one for every stream, now and later."""
    async_add_stream_entities(entry, runtime, async_add_entities, (FORWARDING,), StreamSwitch)
