"""How long an account's cloud wants to be left alone, remembered over a restart: that must not be a way around it."""

from datetime import datetime
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import TryLaterError
from .aiowattbridge.pause import Pause
from .const import DOMAIN
from .data import SinkRuntime, WattbridgeConfigEntry

STORE_VERSION: Final = 1


class AccountPause(Pause):
    """The pause of an account, which all of its requests keep: live values, history and actions share a client."""

    def __init__(self, hass: HomeAssistant, store: Store[dict[str, Any]], until: datetime | None) -> None:
        """Begin with what is remembered."""
        super().__init__(until, now=dt_util.utcnow)
        self._hass = hass
        self._store = store

    @override
    def note(self, err: TryLaterError) -> None:
        """Remember a pause as soon as it is asked for: pauses are rare."""
        before = self.until
        super().note(err)
        if self.until is not None and self.until != before:
            self._hass.async_create_task(
                self._store.async_save({"until": self.until.isoformat()}), f"{DOMAIN} pause", eager_start=True
            )


def _store(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Store[dict[str, Any]]:
    return Store(hass, STORE_VERSION, f"{DOMAIN}.pause.{entry.entry_id}", private=True, atomic_writes=True)


async def async_account_pause(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> AccountPause:
    """Return the pause of an account, with what is left of it."""
    store = _store(hass, entry)
    remembered = await store.async_load()
    return AccountPause(hass, store, datetime.fromisoformat(remembered["until"]) if remembered else None)


async def async_sink_pause(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Pause:
    """Return the pause of an account that we write to: the one in use, or else what is remembered of it."""
    if entry.state is ConfigEntryState.LOADED and isinstance(entry.runtime_data, SinkRuntime):
        return entry.runtime_data.forwarder.account.pause
    return await async_account_pause(hass, entry)


async def async_forget_pause(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Delete the note of an account that is removed."""
    await _store(hass, entry).async_remove()
