"""Devices come and go: what appears is taken up, what vanishes is asked about, and nothing is deleted unasked."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .account_devices import AccountDevices, Listing, account_devices
from .aiowattbridge.errors import CredentialsError, WattbridgeError
from .const import CONF_DEVICES, CONF_FOLLOW_NEW_DEVICES, CONF_LEFT_OUT, CONF_VENDOR, DOMAIN
from .data import SourceRuntime, WattbridgeConfigEntry
from .ids import device_hash
from .statistics import async_clear

STORE_VERSION: Final = 1
FIRST_LOOK_AFTER: Final = timedelta(minutes=1)
LOOK_EVERY: Final = timedelta(days=1)
# A list without a device may be the cloud's bad hour: it is looked at twice before anybody is told.
LOOK_AGAIN: Final = timedelta(hours=1)
BELIEVED_AFTER: Final = timedelta(minutes=50)

VANISHED: Final = "device_vanished"
EMPTY: Final = "account_empty"

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """A device that is not in the account's list: since when, and whether the user said that it will be back."""

    since: datetime
    is_awaited: bool = False


class DeviceWatch:
    """Looks at an account's list of devices once a day, and once more if something is not there that should be."""

    def __init__(self, hass: HomeAssistant, entry: WattbridgeConfigEntry, account: AccountDevices) -> None:
        """Prepare; nothing is asked for yet."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self._store = _store(hass, entry)
        self._missing: dict[str, Missing] | None = None
        self._believed: set[str] = set()

    @callback
    def async_start(self) -> None:
        """Begin in the background."""
        self._hass.data.setdefault(DATA_WATCHES, {})[self._entry.entry_id] = self
        kept = {vanished_issue_id(self._entry, device_id) for device_id in self._entry.data[CONF_DEVICES]}
        _forget_issues(self._hass, f"{VANISHED}_{self._entry.entry_id}_", kept)
        self._entry.async_on_unload(self._stop)
        self._entry.async_create_background_task(self._hass, self._run(), f"{DOMAIN} devices")

    @callback
    def _stop(self) -> None:
        del self._hass.data[DATA_WATCHES][self._entry.entry_id]

    def has_vanished(self, device_id: str) -> bool:
        """Tell whether the account has lost a device for good, as far as we can see."""
        return device_id in self._believed

    async def async_look(self) -> timedelta:
        """Compare the account's list with what is set up; returns when to look again. Raises the library's errors."""
        known = self._entry.data[CONF_DEVICES]
        listing = await self._account.async_list(list(known))
        await self._async_note_missing([device_id for device_id in known if device_id not in listing.present])
        self._report(listing)
        if not listing.is_large:
            await self._async_take_up(listing)
        return LOOK_AGAIN if set(self._missing or ()) - self._believed else LOOK_EVERY

    async def async_await(self, device_id: str) -> None:
        """Note that the user wants to wait for a device: nobody is told again that it is not there."""
        notes = await self._async_notes()
        notes[device_id] = Missing(notes[device_id].since if device_id in notes else dt_util.utcnow(), is_awaited=True)
        await self._async_save()

    async def _run(self) -> None:
        """Look for as long as the account is loaded."""
        wait = FIRST_LOOK_AFTER
        while True:
            await asyncio.sleep(wait.total_seconds())
            try:
                wait = await self.async_look()
            except CredentialsError:
                self._entry.async_start_reauth(self._hass)
                return
            except WattbridgeError as err:
                _LOGGER.debug("The list of devices could not be read this time: %s", err)
                wait = LOOK_AGAIN

    async def _async_note_missing(self, missing: Collection[str]) -> None:
        """Keep since when devices have been missing, and forget those that are back."""
        notes, now = await self._async_notes(), dt_util.utcnow()
        before = dict(notes)
        self._missing = {device_id: notes.get(device_id, Missing(now)) for device_id in missing}
        self._believed = {device_id for device_id, note in self._missing.items() if now - note.since >= BELIEVED_AFTER}
        if self._missing != before:
            await self._async_save()

    def _report(self, listing: Listing) -> None:
        """Let the user see what is missing: once for an account without any device, else device by device."""
        is_empty = not listing.present and bool(self._believed)
        empty_id = f"{EMPTY}_{self._entry.entry_id}"
        if is_empty:
            self._raise(empty_id, EMPTY, {"account": self._entry.title}, is_fixable=False)
        else:
            ir.async_delete_issue(self._hass, DOMAIN, empty_id)
        for device_id, settings in self._entry.data[CONF_DEVICES].items():
            note = (self._missing or {}).get(device_id)
            issue_id = vanished_issue_id(self._entry, device_id)
            if note is None or note.is_awaited or is_empty:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            elif device_id in self._believed:
                placeholders = {"device": settings["name"], "account": self._entry.title}
                self._raise(issue_id, VANISHED, placeholders, is_fixable=True, device_id=device_id)

    def _raise(
        self, issue_id: str, key: str, placeholders: dict[str, str], *, is_fixable: bool, device_id: str | None = None
    ) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry.entry_id, "device_id": device_id},
            is_fixable=is_fixable,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=placeholders,
        )

    async def _async_take_up(self, listing: Listing) -> None:
        """Add what has appeared, if the user wants that; the account is loaded anew with it."""
        data = self._entry.data
        known, left_out = data[CONF_DEVICES], data.get(CONF_LEFT_OUT)
        if left_out is None:
            # The account was set up when nobody noted it: what is there now is not new.
            left_out = [device_id for device_id in listing.names if device_id not in known]
            self._hass.config_entries.async_update_entry(self._entry, data={**data, CONF_LEFT_OUT: left_out})
        new = [key for key in listing.names if key not in known and key not in left_out and not self._is_taken(key)]
        if not new or not self._entry.options.get(CONF_FOLLOW_NEW_DEVICES):
            return
        found = {key: await self._account.async_settings(key, listing.names[key]) for key in new}
        _LOGGER.info("Devices that are new in the account: %d", len(found))
        devices = {**self._entry.data[CONF_DEVICES], **found}
        self._hass.config_entries.async_update_entry(self._entry, data={**self._entry.data, CONF_DEVICES: devices})
        self._hass.config_entries.async_schedule_reload(self._entry.entry_id)

    def _is_taken(self, device_id: str) -> bool:
        """Tell whether another account has the device: a series has one source."""
        vendor = self._entry.data[CONF_VENDOR]
        return any(
            device_id in other.data.get(CONF_DEVICES, {})
            for other in self._hass.config_entries.async_entries(DOMAIN)
            if other.entry_id != self._entry.entry_id and other.data.get(CONF_VENDOR) == vendor
        )

    async def _async_notes(self) -> dict[str, Missing]:
        if self._missing is None:
            stored: dict[str, Any] = await self._store.async_load() or {}
            self._missing = {
                key: Missing(datetime.fromisoformat(note["since"]), note["is_awaited"]) for key, note in stored.items()
            }
        return self._missing

    async def _async_save(self) -> None:
        notes = self._missing or {}
        await self._store.async_save(
            {key: {"since": note.since.isoformat(), "is_awaited": note.is_awaited} for key, note in notes.items()}
        )


DATA_WATCHES: HassKey[dict[str, DeviceWatch]] = HassKey(f"{DOMAIN}_device_watches")


def _store(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Store[dict[str, Any]]:
    return Store(hass, STORE_VERSION, f"{DOMAIN}.devices.{entry.entry_id}", private=True, atomic_writes=True)


def vanished_issue_id(entry: WattbridgeConfigEntry, device_id: str) -> str:
    """Identify the repair of a device that is not in its account any more."""
    return f"{VANISHED}_{entry.entry_id}_{device_hash(device_id)}"


@callback
def async_watch_devices(hass: HomeAssistant, entry: WattbridgeConfigEntry, runtime: SourceRuntime) -> None:
    """Look after the list of devices of an account for as long as it is loaded."""
    DeviceWatch(hass, entry, account_devices(runtime)).async_start()


@callback
def async_device_watch(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> DeviceWatch | None:
    """Return what looks after the devices of an account; None if the account is not loaded."""
    return hass.data.get(DATA_WATCHES, {}).get(entry.entry_id)


async def async_forget_devices(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Delete the notes and the repairs of an account that is removed."""
    await _store(hass, entry).async_remove()
    _forget_issues(hass, f"{VANISHED}_{entry.entry_id}_", set())
    ir.async_delete_issue(hass, DOMAIN, f"{EMPTY}_{entry.entry_id}")


def _forget_issues(hass: HomeAssistant, prefix: str, but: Collection[str]) -> None:
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in but:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_drop_device(hass: HomeAssistant, entry: WattbridgeConfigEntry, device_id: str) -> None:
    """Take a device out of the account; its statistics stay. The account has to be loaded anew."""
    devices = {key: settings for key, settings in entry.data[CONF_DEVICES].items() if key != device_id}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_DEVICES: devices})
    ir.async_delete_issue(hass, DOMAIN, vanished_issue_id(entry, device_id))


@callback
def async_let_go(hass: HomeAssistant, entry: WattbridgeConfigEntry, device: dr.DeviceEntry) -> bool:
    """Tell whether a device may be deleted: not while the account has it; one that has vanished is dropped from it."""
    identifiers = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    prefix = f"{entry.data[CONF_VENDOR]}_"
    current = [device_id for device_id in entry.data.get(CONF_DEVICES, {}) if f"{prefix}{device_id}" in identifiers]
    watch = async_device_watch(hass, entry)
    if current and (watch is None or not all(watch.has_vanished(device_id) for device_id in current)):
        return False
    for device_id in current:
        async_drop_device(hass, entry, device_id)
        hass.config_entries.async_schedule_reload(entry.entry_id)
    # The device of an account that we send to is the account itself.
    return not identifiers & {entry.entry_id, *entry.subentries}


async def async_remove_device(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, device_id: str, *, clear_statistics: bool
) -> None:
    """Take a device out of the account and out of Home Assistant; raises WriteLostError if its statistics stay."""
    runtime = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
    statistic_ids: list[str] = []
    if isinstance(runtime, SourceRuntime) and device_id in entry.data[CONF_DEVICES]:
        statistic_ids = runtime.history.statistic_ids_of(device_id)
    async_drop_device(hass, entry, device_id)
    await hass.config_entries.async_reload(entry.entry_id)
    registry = dr.async_get(hass)
    identifier = (DOMAIN, f"{entry.data[CONF_VENDOR]}_{device_id}")
    device = registry.async_get_device_by_identifier(identifier, entry.entry_id)
    if device is not None:
        registry.async_remove_device(device.id)
    if clear_statistics and statistic_ids:
        await async_clear(hass, statistic_ids)
