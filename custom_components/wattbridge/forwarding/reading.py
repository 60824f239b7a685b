"""The way into the recorder for all that is forwarded: one read at a time, however many streams there are."""

import asyncio
from collections.abc import Callable
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.recorder import get_instance
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

# Threads that read at the same time share one interpreter: none is done sooner, and the event loop waits for each.
_DATA_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_forwarding_read")


async def async_read[T](hass: HomeAssistant, read: Callable[[], T]) -> T:
    """Run `read` in the recorder's executor when it is its turn; raises what it raises."""
    async with _turn(hass):
        return await get_instance(hass).async_add_executor_job(read)


@callback
def _turn(hass: HomeAssistant) -> asyncio.Lock:
    return hass.data.setdefault(_DATA_TURN, asyncio.Lock())
