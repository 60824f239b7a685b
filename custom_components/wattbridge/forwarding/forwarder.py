"""All streams of one account: they share a sender, a file of cursors, and the events that wake them."""

import asyncio
from collections.abc import Callable
from datetime import datetime
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

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.wattics import Sender, Wait
from ..const import DOMAIN, SUBENTRY_SERIES, SUBENTRY_STREAM
from ..series import async_series_book
from .account import Account, SinkClient, way_of
from .committer import Committer
from .cursor import CursorError, Cursors
from .cursor_file import CursorFile, encode
from .engine import StreamEngine
from .ledger_file import LedgerBook
from .model import HOUR_S, ROW_S, Problem, StreamConfig
from .reconciliation import Reconciler, async_reconcile
from .report import Reconciliation

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

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], client: SinkClient, pause: Pause | None = None
    ) -> None:
        """Prepare; nothing is read or sent yet. `pause` is the one that the client keeps."""
        self._hass = hass
        self._entry = entry
        self._file = cursor_file(hass, entry.entry_id)
        self._cursors = Cursors()
        self._data: dict[str, dict[str, Any]] = {}
        self._unsubscribes: list[Callable[[], None]] = []
        self._adders: list[StreamAdder] = []
        self._listeners: list[Callable[[], None]] = []
        self._problem: CursorError | None = None
        self._syncing = asyncio.Lock()
        self._is_over = False
        self._committer = Committer(hass, self._file, partial(encode, self._cursors))
        self._ledgers = LedgerBook(hass, entry.entry_id)
        pause = pause or Pause(now=dt_util.utcnow)
        way = way_of(client, pause, self._note_wait)
        self.account = Account(
            hass, entry, way, pause, self._committer, self._cursors, self._ledgers, self._async_begin_anew
        )
        self.streams: dict[str, StreamEngine] = {}
        self._reconciler = Reconciler(hass, self.streams)

    @property
    def sender(self) -> Sender:
        """The sender of an account that takes packets; raises TypeError for another."""
        return self.account.sender

    @property
    def paused_until(self) -> datetime | None:
        """Until when the cloud wants no requests; None while it takes some."""
        return self.account.paused_until

    @property
    def is_connected(self) -> bool:
        """Tell whether the cloud can be reached and lets us in, as far as any stream knows."""
        troubles = (Problem.CANNOT_CONNECT, Problem.CREDENTIALS)
        return not any(engine.problem in troubles for engine in self.streams.values())

    async def async_start(self) -> None:
        """Take the cursors up and begin with every stream."""
        try:
            self._cursors.take_up(await self._hass.async_add_executor_job(self._file.load))
            await self._ledgers.async_load()
        except CursorError as err:
            # Without knowing how far we came, anything we send may be there already.
            self._problem = err
        listen = self._hass.bus.async_listen
        self._unsubscribes = [listen(event, partial(self._wake_compiled, row_s)) for event, row_s in _EVENTS.items()]
        self._unsubscribes.append(async_series_book(self._hass).async_listen(self._wake_external))
        self._unsubscribes.append(listen(EVENT_HOMEASSISTANT_STOP, self._async_stopping))
        await self.async_sync_streams()
        self._reconciler.async_start()

    async def async_stop(self) -> None:
        """Stop every stream, write where it is, and take its repair issue back: nobody looks after it now."""
        await self._async_halt()
        for engine in self.streams.values():
            engine.fall_silent()

    async def _async_halt(self) -> None:
        while self._unsubscribes:
            self._unsubscribes.pop()()
        await self._reconciler.async_stop()
        async with self._syncing:
            self._is_over = True
            for engine in self.streams.values():
                await engine.async_stop()
        if self._problem is None:
            await self._committer.stop()
        await self._ledgers.async_stop()

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
            if subentry.subentry_type in (SUBENTRY_STREAM, SUBENTRY_SERIES)
        }
        for subentry_id in self.streams.keys() - subentries.keys():
            gone = self.streams.pop(subentry_id)
            await gone.async_stop()
            gone.fall_silent()
            self._data.pop(subentry_id)
        self._ledgers.keep_only(subentries)
        if self._cursors.forget(subentries) and self._problem is None:
            self._committer.mark()
        for subentry_id, subentry in subentries.items():
            data = dict(subentry.data)
            if self._data.get(subentry_id) == data:
                continue
            self._data[subentry_id] = data
            config = StreamConfig.from_subentry(subentry)
            if (engine := self.streams.get(subentry_id)) is not None:
                await engine.async_reconfigure(config)
            else:
                self._add(subentry, config)
                # Many streams that begin in one step would hold up everybody else.
                await asyncio.sleep(0)

    async def async_reconcile(self, subentry_id: str, *, only_compare: bool = False) -> Reconciliation:
        """Compare the figures of a stream, all that its cloud can say of it; raises WattbridgeError."""
        return await async_reconcile(self.streams[subentry_id], only_compare=only_compare)

    def _add(self, subentry: ConfigSubentry, config: StreamConfig) -> None:
        engine = StreamEngine(self.account, subentry.subentry_id, config)
        self.streams[subentry.subentry_id] = engine
        engine.async_add_listener(self._tell)
        if self._problem is not None:
            engine.report(self._problem.problem, str(self._problem))
        # Also what was noticed before a restart.
        engine.async_show_issues()
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
    def async_add_listener(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when something about the account may have changed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    async def _async_begin_anew(self) -> None:
        """Put a file that cannot be read aside, and begin with every stream as if it were new."""
        if self._problem is None:
            return
        self._problem = None
        await self._hass.async_add_executor_job(self._file.put_aside)
        for engine in self.streams.values():
            engine.report(None)
            engine.async_start()

    @callback
    def _wake_compiled(self, row_s: int, _event: Event) -> None:
        """Wake the streams that read rows of this length; the rows themselves may be committed a moment later."""
        expected_s = int(dt_util.utcnow().timestamp() // row_s) * row_s
        for engine in self.streams.values():
            if engine.config.row_s == row_s and engine.source.has_entities:
                engine.async_wake(expected_s)
            if row_s == ROW_S:
                engine.async_check_expiry()

    @callback
    def _wake_external(self, statistic_id: str) -> None:
        """Wake the streams that wait for one of our own series."""
        for engine in self.streams.values():
            if statistic_id in engine.source.external_ids:
                engine.async_wake()

    @callback
    def _note_wait(self, wait: Wait) -> None:
        """Hand a wait to its stream; where the cloud asked the account to wait, all have something to show."""
        for engine in self.streams.values():
            if engine.config.stream_id == wait.stream_id:
                engine.note_wait(wait.until, wait.reason.reason)
            elif wait.whole_account:
                engine.notify()


@callback
def async_follow_streams(entry: ConfigEntry[Any], forwarder: Forwarder, add: StreamAdder) -> None:
    """Call `add` for every stream of an account while it is loaded, also for those that are added later."""
    entry.async_on_unload(forwarder.async_follow(add))


async def async_forget_account(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the cursors and the ledgers of an account that is removed."""
    await hass.async_add_executor_job(cursor_file(hass, entry.entry_id).remove)
    await LedgerBook(hass, entry.entry_id).async_remove()
