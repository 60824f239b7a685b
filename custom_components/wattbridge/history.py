"""The history of an account's devices in the background: newest first, resumable, polite to the recorder."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .aiowattbridge.errors import CredentialsError
from .const import DOMAIN
from .data import WattbridgeConfigEntry
from .history_log import HistoryLog
from .hole_issues import async_forget_holes, async_report_holes
from .patience import Patience, Pause
from .progress import DeviceHistory, ImportCounts, Progress
from .statistics import WriteLostError, async_clear

STORE_VERSION: Final = 1
# The notes of live updates may lag: what lies after them is compared again.
SAVE_DELAY_S: Final = 60.0

_LOGGER = logging.getLogger(__name__)


def _store(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Store[dict[str, Any]]:
    return Store(hass, STORE_VERSION, f"{DOMAIN}.history.{entry.entry_id}", private=True, atomic_writes=True)


async def async_noted(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> dict[str, Any]:
    """Return what is remembered of an account's devices, whether it is loaded or not."""
    return await _store(hass, entry).async_load() or {}


async def async_forget_history(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Delete the notes of an account that is removed; its statistics stay."""
    async_forget_holes(hass, entry, ())
    await _store(hass, entry).async_remove()


@dataclass(frozen=True, slots=True)
class Tended:
    """A device's history, and how its task is spoken to: it is stirred after a poll.

    Whoever changes the history from outside waits until it has begun, and holds the lock, so that no step of the task
    is half done.
    """

    history: DeviceHistory
    log: HistoryLog = field(default_factory=HistoryLog)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    begun_or_ended: asyncio.Event = field(default_factory=asyncio.Event)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Let those go on who wait for the history."""
        self.begun.set()
        self.begun_or_ended.set()

    def end(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait any longer, and let an error that nobody foresaw be seen: no history is written any more."""
        self.begun_or_ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("The history of a device stopped unexpectedly", exc_info=error)

    async def async_begun(self) -> None:
        """Wait until the history has begun; raises WriteLostError if its task has ended before."""
        await self.begun_or_ended.wait()
        if not self.begun.is_set():
            raise WriteLostError("the history of the device does not run")


class HistoryImporter:
    """Keeps the series of an account's devices whole: a task for each device, one window of history at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: WattbridgeConfigEntry,
        coordinator: DataUpdateCoordinator[Any],
        devices: Mapping[str, DeviceHistory],
        pause: Pause | None = None,
    ) -> None:
        """Prepare; nothing is fetched yet. `devices` are by device id, and updated after each of the polls."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._devices = devices
        self._pause = pause
        self._store = _store(hass, entry)
        self._remembered: dict[str, Any] | None = None
        # Devices take turns, window by window, so that the recent past of all comes before the far past of one.
        self._turn = asyncio.Lock()
        # Whole series are read when a device begins: not those of all devices at the same time.
        self._beginning = asyncio.Lock()
        self._tended = {device_id: Tended(history) for device_id, history in devices.items()}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listeners: list[tuple[str | None, Callable[[], None]]] = []

    @callback
    def async_start(self) -> None:
        """Begin in the background."""
        self._entry.async_on_unload(self._coordinator.async_add_listener(self._polled))
        async_forget_holes(self._hass, self._entry, self._devices)
        self._polled()
        for device_id, tended in self._tended.items():
            self._begin_task(self._run(device_id)).add_done_callback(tended.end)

    async def async_stop(self) -> None:
        """Stop; what is in the recorder's hands is finished there, and found again at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for device in self._devices.values():
            device.withdraw()
        # Before the old notes were read, there is nothing that could replace them.
        if self._remembered is not None:
            await self._async_save()

    @callback
    def async_add_listener(self, listener: Callable[[], None], device_id: str | None = None) -> Callable[[], None]:
        """Call `listener` whenever the progress of a device, or of any, may have changed; returns how to stop that."""
        registered = (device_id, listener)
        self._listeners.append(registered)
        return partial(self._listeners.remove, registered)

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of all devices."""
        return [statistic_id for device in self._devices.values() for statistic_id in device.statistic_ids]

    def statistic_ids_of(self, device_id: str) -> list[str]:
        """List the series of a device."""
        return self._devices[device_id].statistic_ids

    def names_of(self, device_id: str) -> dict[str, str]:
        """Return the names of a device's series by their ids."""
        return self._devices[device_id].statistic_names

    def device_of(self, statistic_id: str) -> str | None:
        """Tell which device a series belongs to; None if it is none of this account's."""
        owners = (device_id for device_id, device in self._devices.items() if statistic_id in device.statistic_ids)
        return next(owners, None)

    def device_progress(self, device_id: str) -> Progress:
        """Tell how far the history of a device has come."""
        return self._devices[device_id].progress

    async def async_import(self, device_id: str, start: datetime, end: datetime) -> ImportCounts:
        """Fetch and write a range now. Raises the library's errors, and WriteLostError when it comes to nothing."""
        tended = self._tended[device_id]

        async def do() -> ImportCounts:
            await tended.async_begun()
            async with tended.lock, self._turn:
                counts = await tended.history.async_import(start, end)
                await self._async_save()
                self._tell(device_id)
            return counts

        return await self._outside(do())

    async def async_clear(self, statistic_ids: Iterable[str]) -> list[str]:
        """Delete those of these series that are the account's, and fill them again; returns which they were."""
        wanted = {one: owner for one in statistic_ids if (owner := self.device_of(one)) is not None}
        owners = [self._tended[device_id] for device_id in sorted(set(wanted.values()))]

        async def do() -> list[str]:
            async with AsyncExitStack() as locks:
                for tended in owners:
                    await tended.async_begun()
                    await locks.enter_async_context(tended.lock)
                    tended.history.withdraw()
                try:
                    await async_clear(self._hass, wanted)
                finally:
                    # Whoever asked may have gone meanwhile: the recorder clears them all the same.
                    for tended in owners:
                        await tended.history.async_restart()
                        tended.stirred.set()
                await self._async_save()
            for device_id in set(wanted.values()):
                self._notify(device_id)
            return list(wanted)

        return await self._outside(do())

    async def _outside[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do what was asked for from outside, for as long as the account is loaded."""
        task = self._begin_task(work)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.cancelled():
            raise WriteLostError("the account was unloaded")
        return task.result()

    def _begin_task[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._entry.async_create_background_task(self._hass, work, f"{DOMAIN} history")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @callback
    def _polled(self) -> None:
        for tended in self._tended.values():
            tended.stirred.set()

    def _notes(self) -> dict[str, Any]:
        """Return what is to be remembered; of a device that has not begun, what was remembered before."""
        notes = {key: device.note for key, device in self._devices.items() if device.note is not None}
        return {key: note for key, note in (self._remembered or {}).items() if key in self._devices} | notes

    async def _async_save(self) -> None:
        await self._store.async_save(self._notes())

    @callback
    def _notify(self, device_id: str) -> None:
        for wanted, listener in list(self._listeners):
            if wanted in (None, device_id):
                listener()

    @callback
    def _tell(self, device_id: str) -> None:
        """Say and show how far a device has come."""
        tended = self._tended[device_id]
        progress = tended.history.progress
        tended.log.note(progress)
        if progress.complete:
            async_report_holes(self._hass, self._entry, device_id, progress.holes)
        self._notify(device_id)

    async def _run(self, device_id: str) -> None:
        """Look after one device for as long as the account is loaded."""
        tended = self._tended[device_id]
        if self._remembered is None:
            self._remembered = await self._store.async_load() or {}
        present, past = Patience(self._pause), Patience(self._pause)
        try:
            while not await present.attempt(partial(self._begin, device_id)):  # noqa: ASYNC110 - time has to pass
                await asyncio.sleep(present.left_s)
            while True:
                if tended.stirred.is_set():
                    # What fails here is tried again after the next poll: the present must not wait for the past.
                    tended.stirred.clear()
                    await present.attempt(partial(self._update, device_id))
                    continue
                gone_on = None if past.left_s else await past.attempt(partial(self._go_on, device_id))
                if not gone_on:
                    await _set_or_elapsed(tended.stirred, past.left_s if gone_on is None else None)
        except CredentialsError:
            self._entry.async_start_reauth(self._hass)

    async def _begin(self, device_id: str) -> bool:
        tended = self._tended[device_id]
        async with tended.lock, self._beginning:
            await tended.history.async_begin((self._remembered or {}).get(device_id))
            tended.begin()
            await self._async_save()
            self._tell(device_id)
        return True

    async def _update(self, device_id: str) -> None:
        """Write what the last poll has brought."""
        tended = self._tended[device_id]
        async with tended.lock:
            await tended.history.async_update()
            self._store.async_delay_save(self._notes, SAVE_DELAY_S)
            self._tell(device_id)

    async def _go_on(self, device_id: str) -> bool:
        """Bring in one more window of the past, or look at one again; False if there was nothing to do."""
        tended = self._tended[device_id]
        async with tended.lock, self._turn:
            if not tended.history.is_complete:
                await tended.history.async_fill_in()
            elif await tended.history.async_heal() is None:
                return False
            await self._async_save()
            self._tell(device_id)
        return True


async def _set_or_elapsed(event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait until an event is set, or for so long (None: as long as it takes)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
