"""All streams of one account: they share a sender, a file of cursors, and the events that wake them."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STOP,
    EVENT_RECORDER_5MIN_STATISTICS_GENERATED,
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util

from ..aiowattbridge.wattics import Sender, Wait, WatticsClient
from ..const import DOMAIN, SUBENTRY_STREAM
from ..series import async_series_book
from .account import Account
from .committer import Committer
from .cursor import CursorError, CursorFile, StreamCursor, encode
from .engine import StreamEngine
from .model import HOUR_S, ROW_S, StreamConfig

type StreamAdder = Callable[[StreamEngine, ConfigSubentry], None]

_EVENTS: Final = {
    EVENT_RECORDER_5MIN_STATISTICS_GENERATED: ROW_S,
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED: HOUR_S,
}


def cursor_file(hass: HomeAssistant, entry_id: str) -> CursorFile:
    """Return the file of an account's cursors."""
    return CursorFile(Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.cursor.{entry_id}")))


class Forwarder:
    """The way out of one account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], client: WatticsClient) -> None:
        """Prepare; nothing is read or sent yet."""
        self._hass = hass
        self._entry = entry
        self._file = cursor_file(hass, entry.entry_id)
        self._cursors: dict[str, StreamCursor] = {}
        self._data: dict[str, dict[str, Any]] = {}
        self._unsubscribes: list[Callable[[], None]] = []
        self._adders: list[StreamAdder] = []
        self._problem: CursorError | None = None
        self._syncing = asyncio.Lock()
        self._is_over = False
        self.sender = Sender(client, on_wait=self._note_wait)
        self._committer = Committer(hass, self._file, partial(encode, self._cursors))
        self.account = Account(hass, entry, self.sender, self._committer, self._cursors)
        self.streams: dict[str, StreamEngine] = {}

    async def async_start(self) -> None:
        """Take the cursors up and begin with every stream."""
        try:
            self._cursors.update(await self._hass.async_add_executor_job(self._file.load))
        except CursorError as err:
            # Without knowing how far we came, anything we send may be there already.
            self._problem = err
        listen = self._hass.bus.async_listen
        self._unsubscribes = [listen(event, partial(self._wake_compiled, row_s)) for event, row_s in _EVENTS.items()]
        self._unsubscribes.append(async_series_book(self._hass).async_listen(self._wake_external))
        self._unsubscribes.append(listen(EVENT_HOMEASSISTANT_STOP, self._async_stopping))
        await self.async_sync_streams()

    async def async_stop(self) -> None:
        """Stop every stream, write where it is, and take its repair issue back: nobody looks after it now."""
        await self._async_halt()
        for engine in self.streams.values():
            engine.report(None)

    async def _async_halt(self) -> None:
        while self._unsubscribes:
            self._unsubscribes.pop()()
        async with self._syncing:
            self._is_over = True
            for engine in self.streams.values():
                await engine.async_stop()
        await self.sender.aclose()
        if self._problem is None:
            await self._committer.stop()

    async def _async_stopping(self, _event: Event) -> None:
        """Write the last moves: at Home Assistant's stop, entries are not unloaded."""
        await self._async_halt()

    async def async_sync_streams(self) -> None:
        """Take up streams that were added, changed or removed, without disturbing the others."""
        async with self._syncing:
            # The listener's task may come to its turn only after the account was stopped.
            if not self._is_over:
                await self._async_sync()

    async def _async_sync(self) -> None:
        subentries = {
            key: subentry
            for key, subentry in self._entry.subentries.items()
            if subentry.subentry_type == SUBENTRY_STREAM
        }
        for subentry_id in self.streams.keys() - subentries.keys():
            gone = self.streams.pop(subentry_id)
            await gone.async_stop()
            gone.report(None)
            self._data.pop(subentry_id)
        if removed := self._cursors.keys() - subentries.keys():
            for subentry_id in removed:
                del self._cursors[subentry_id]
            self._committer.mark()
        for subentry_id, subentry in subentries.items():
            data = dict(subentry.data)
            if self._data.get(subentry_id) == data:
                continue
            self._data[subentry_id] = data
            config = StreamConfig.from_data(data)
            if (engine := self.streams.get(subentry_id)) is not None:
                await engine.async_reconfigure(config)
            else:
                self._add(subentry, config)

    def _add(self, subentry: ConfigSubentry, config: StreamConfig) -> None:
        engine = StreamEngine(self.account, subentry.subentry_id, config)
        self.streams[subentry.subentry_id] = engine
        if self._problem is not None:
            engine.report(self._problem.problem, str(self._problem))
        engine.async_start()
        for add in self._adders:
            add(engine, subentry)

    @callback
    def async_follow(self, add: StreamAdder) -> Callable[[], None]:
        """Call `add` for every stream, now and when one is added; returns how to stop that."""
        for subentry_id, engine in self.streams.items():
            add(engine, self._entry.subentries[subentry_id])
        self._adders.append(add)
        return lambda: self._adders.remove(add)

    @callback
    def _wake_compiled(self, row_s: int, _event: Event) -> None:
        """Wake the streams that read rows of this length; the rows themselves may be committed a moment later."""
        expected_s = int(dt_util.utcnow().timestamp() // row_s) * row_s
        for engine in self.streams.values():
            if engine.config.row_s == row_s and engine.source.has_entities:
                engine.async_wake(expected_s)

    @callback
    def _wake_external(self, statistic_id: str) -> None:
        """Wake the streams that wait for one of our own series."""
        for engine in self.streams.values():
            if statistic_id in engine.source.external_ids:
                engine.async_wake()

    @callback
    def _note_wait(self, wait: Wait) -> None:
        """Hand a wait to its stream, or to all when the cloud asked the account to wait."""
        for engine in self.streams.values():
            if wait.whole_account or engine.config.stream_id == wait.stream_id:
                engine.note_wait(wait)


@callback
def async_follow_streams(entry: ConfigEntry[Any], forwarder: Forwarder, add: StreamAdder) -> None:
    """Call `add` for every stream of an account while it is loaded, also for those that are added later."""
    entry.async_on_unload(forwarder.async_follow(add))


async def async_forget_account(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the cursors of an account that is removed."""
    await hass.async_add_executor_job(cursor_file(hass, entry.entry_id).remove)
