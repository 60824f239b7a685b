"""The history of an account's devices in the background: newest first, resumable, polite to the recorder."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from time import monotonic
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from sqlalchemy.exc import SQLAlchemyError

from .aiowattbridge.carbontrack import CarbonTrackClient
from .aiowattbridge.errors import CredentialsError, TryLaterError, WattbridgeError
from .const import CONF_DEVICES, CONF_HISTORY_DAYS, DOMAIN
from .coordinator import CarbonTrackCoordinator
from .data import WattbridgeConfigEntry
from .device_history import DeviceHistory, Note, Progress
from .statistics import Pace, WriteLostError, Written

STORE_VERSION: Final = 1
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 15 * 60.0
# The notes of live updates may lag: what lies after them is compared again.
SAVE_DELAY_S: Final = 60.0

type Step = Callable[[], Awaitable[Written]]

_LOGGER = logging.getLogger(__name__)


def _store(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Store[dict[str, Any]]:
    return Store(hass, STORE_VERSION, f"{DOMAIN}.history.{entry.entry_id}", private=True, atomic_writes=True)


async def async_forget_history(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Delete the notes of an account that is removed; its statistics stay."""
    await _store(hass, entry).async_remove()


class Patience:
    """When to try again what has failed: soon at first, then ever more rarely, and not before the cloud allows it."""

    def __init__(self) -> None:
        """Let the first attempt be made at once."""
        self._wait_s = 0.0
        self._due_s = 0.0

    @property
    def left_s(self) -> float:
        """Return how long to wait."""
        return max(0.0, self._due_s - monotonic())

    async def attempt(self, step: Step) -> Written | None:
        """Do something that may fail; None if it did. Only refused credentials are raised."""
        try:
            written = await step()
        except CredentialsError:
            raise
        except TryLaterError as err:
            self._postpone(err.reason, err.retry_after_s or 0.0)
        except WattbridgeError as err:
            self._postpone(str(err), LONGEST_WAIT_S)
        except WriteLostError:
            self._postpone("the recorder did not keep what it was given", 0.0)
        except SQLAlchemyError as err:
            self._postpone(f"the recorder could not be read ({type(err).__name__})", 0.0)
        else:
            self._wait_s = 0.0
            return written
        return None

    def _postpone(self, reason: str, asked_s: float) -> None:
        if not self._wait_s:
            _LOGGER.warning("The history of a carbonTRACK device has to wait: %s", reason)
        self._wait_s = min(max(FIRST_WAIT_S, 2 * self._wait_s), LONGEST_WAIT_S)
        self._due_s = monotonic() + max(self._wait_s, asked_s)


class HistoryImporter:
    """Keeps the series of an account's devices whole: a task for each device, one window of history at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: WattbridgeConfigEntry,
        client: CarbonTrackClient,
        coordinator: CarbonTrackCoordinator,
    ) -> None:
        """Prepare; nothing is fetched yet."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._store = _store(hass, entry)
        self._remembered: dict[str, Any] | None = None
        # Devices take turns, window by window, so that the recent past of all comes before the far past of one.
        self._turn = asyncio.Lock()
        self._fresh = {device_id: asyncio.Event() for device_id in entry.data[CONF_DEVICES]}
        self._tasks: list[asyncio.Task[None]] = []
        pace = Pace()
        self._devices = {
            device_id: DeviceHistory(
                hass,
                device_id,
                device["name"],
                settings=coordinator.settings[device_id],
                fetch=client.measurements,
                history_days=entry.data[CONF_HISTORY_DAYS],
                pace=pace,
            )
            for device_id, device in entry.data[CONF_DEVICES].items()
        }

    @callback
    def async_start(self) -> None:
        """Begin in the background."""
        self._entry.async_on_unload(self._coordinator.async_add_listener(self._polled))
        self._polled()
        self._tasks = [
            self._entry.async_create_background_task(self._hass, self._run(device_id), f"{DOMAIN} history")
            for device_id in self._devices
        ]
        for task in self._tasks:
            task.add_done_callback(_say_why_it_ended)

    async def async_stop(self) -> None:
        """Stop; what is in the recorder's hands is finished there, and found again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for device in self._devices.values():
            device.withdraw()
        # Before the old notes were read, there is nothing that could replace them.
        if self._remembered is not None:
            await self._store.async_save(self._notes())

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of all devices."""
        return [statistic_id for device in self._devices.values() for statistic_id in device.statistic_ids]

    def progress(self, device_id: str) -> dict[str, Any]:
        """Tell how far the history of a device has come."""
        return asdict(self.device_progress(device_id))

    def device_progress(self, device_id: str) -> Progress:
        """Tell how far the history of a device has come, as a value."""
        return self._devices[device_id].progress

    @callback
    def _polled(self) -> None:
        for fresh in self._fresh.values():
            fresh.set()

    def _notes(self) -> dict[str, Any]:
        """Return what is to be remembered; of a device that has not begun, what was remembered before."""
        notes = {key: asdict(device.note) for key, device in self._devices.items() if device.note is not None}
        return {key: note for key, note in (self._remembered or {}).items() if key in self._devices} | notes

    async def _run(self, device_id: str) -> None:
        """Look after one device for as long as the account is loaded."""
        device, fresh = self._devices[device_id], self._fresh[device_id]
        if self._remembered is None:
            self._remembered = await self._store.async_load() or {}
        note = Note(**self._remembered[device_id]) if device_id in self._remembered else None
        present, past = Patience(), Patience()
        try:
            while await present.attempt(lambda: self._begin(device, note)) is None:  # noqa: ASYNC110 - time has to pass
                await asyncio.sleep(present.left_s)
            while True:
                if fresh.is_set():
                    # What fails here is tried again after the next poll: the present must not wait for the past.
                    fresh.clear()
                    await present.attempt(lambda: device.async_update(self._coordinator.ledgers[device_id]))
                    self._store.async_delay_save(self._notes, SAVE_DELAY_S)
                elif not device.is_complete and not past.left_s:
                    await self._fill_in(device, past)
                else:
                    await _set_or_elapsed(fresh, None if device.is_complete else past.left_s)
        except CredentialsError:
            self._entry.async_start_reauth(self._hass)

    async def _begin(self, device: DeviceHistory, note: Note | None) -> Written:
        await device.async_begin(note)
        return Written()

    async def _fill_in(self, device: DeviceHistory, past: Patience) -> None:
        """Bring in one more window of the past."""
        async with self._turn:
            written = await past.attempt(device.async_fill_in)
        if written is None:
            return
        await self._store.async_save(self._notes())
        progress = device.progress
        _LOGGER.debug(
            "History of a device: %d hours new, %d changed, %d same; %.0f %% done",
            written.new,
            written.changed,
            written.same,
            100 * progress.fraction,
        )
        if progress.complete:
            _LOGGER.info("The history of a carbonTRACK device is complete, from %s on", progress.imported_from)


@callback
def _say_why_it_ended(task: asyncio.Task[None]) -> None:
    """Let an error that nobody foresaw be seen: no history is written any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.error("The history of a carbonTRACK device stopped unexpectedly", exc_info=error)


async def _set_or_elapsed(event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait until an event is set, or for so long (None: as long as it takes)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
