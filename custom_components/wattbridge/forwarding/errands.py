"""Work on the past of a stream, beside its own run: it ends when the stream is stopped."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN


class InterruptedWorkError(HomeAssistantError):
    """The stream was paused, changed or removed before the work was done."""

    def __init__(self, stream_id: str) -> None:
        """Name the stream."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key="stream_interrupted",
            translation_placeholders={"stream": stream_id},
        )


class Errands:
    """What others have begun on one stream: actions, repairs, and the reconciliation."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Have nothing under way."""
        self._hass = hass
        self._entry = entry
        self._tasks: set[asyncio.Task[Any]] = set()

    async def async_run[R](self, stream_id: str, work: Coroutine[Any, Any, R]) -> R:
        """Do something, and return what comes of it; raises InterruptedWorkError when the stream is stopped first."""
        task = self._entry.async_create_background_task(self._hass, work, "wattbridge errand")
        self._tasks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise InterruptedWorkError(stream_id) from None
        finally:
            self._tasks.discard(task)

    async def async_end(self) -> None:
        """End everything: when this returns, nothing more is sent."""
        while tasks := {task for task in self._tasks if not task.done()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
