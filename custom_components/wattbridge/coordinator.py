"""Polls a carbonTRACK account: the records since the last ones, every five minutes, of the chosen devices alone."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import CarbonTrackClient, Device
from .aiowattbridge.errors import CredentialsError, RejectedError, WattbridgeError
from .const import DOMAIN
from .data import WattbridgeConfigEntry
from .errors import translated_update_errors
from .poll_failures import FailureLog, failures_among
from .snapshot import DeviceSettings, DeviceSnapshot, Ledger, take_snapshot
from .vendors.carbontrack import USUAL_SERIES, AccountSettings, account_settings

# The devices report every five minutes; entries that were started together do not ask together.
POLL: Final = timedelta(minutes=5)
LONGEST_JITTER_S: Final = 20.0
DESCRIBE_EVERY: Final = timedelta(hours=1)
# A device with switches says here alone which of them are on.
DESCRIBE_SWITCHES_EVERY: Final = timedelta(minutes=15)
# Records come late and out of order: what was fetched is fetched again for so long.
OVERLAP: Final = timedelta(hours=2)
MARGIN: Final = timedelta(hours=1)
AT_ONCE: Final = 3

_LOGGER = logging.getLogger(__name__)


class CarbonTrackCoordinator(DataUpdateCoordinator[Mapping[str, DeviceSnapshot]]):
    """The present of every chosen device, by its id."""

    config_entry: WattbridgeConfigEntry

    def __init__(self, hass: HomeAssistant, entry: WattbridgeConfigEntry, client: CarbonTrackClient) -> None:
        """Prepare to poll."""
        jitter_s = Random(entry.entry_id).uniform(0, LONGEST_JITTER_S)  # noqa: S311 - spreads polls, protects nothing
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} carbonTRACK",
            update_interval=POLL + timedelta(seconds=jitter_s),
        )
        self._client = client
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._failure_log = FailureLog(_LOGGER, "devices")
        self._asked_at: dict[str, datetime] = {}
        self._described_at: dict[str, datetime] = {}
        self._devices: dict[str, Device] = {}
        self._missing: set[str] = set()
        account = account_settings(entry)
        self._names = account.names
        self.settings = {device_id: _settings(account, device_id) for device_id in account.names}
        self.ledgers = {device_id: Ledger() for device_id in self.settings}

    @override
    async def _async_setup(self) -> None:
        """Poll also while every sensor is switched off: the statistics live on what is fetched here."""
        self.config_entry.async_on_unload(self.async_add_listener(_nothing))

    @override
    async def _async_update_data(self) -> Mapping[str, DeviceSnapshot]:
        """Fetch what is new; a device that cannot be read keeps what is known of it."""
        now = dt_util.utcnow()
        with translated_update_errors():
            found = await asyncio.gather(
                *(self._poll(device_id, now) for device_id in self.settings), return_exceptions=True
            )
            failures = failures_among(found)
            if failures and len(failures) == len(found):
                raise failures[0]
        self._failure_log.note(failures, len(found))
        midnight = dt_util.start_of_local_day(dt_util.as_local(now))
        snapshots: dict[str, DeviceSnapshot] = {}
        for device_id, settings in self.settings.items():
            ledger = self.ledgers[device_id]
            snapshots[device_id] = take_snapshot(self._identity(device_id), ledger, settings, midnight, now)
            # Each takes a millisecond or two: those of a hundred devices at one go would hold up the event loop.
            await asyncio.sleep(0)
        return snapshots

    def _identity(self, device_id: str) -> DeviceSnapshot:
        return DeviceSnapshot(
            device_id=device_id,
            name=self._names[device_id],
            device=self._devices.get(device_id),
            described_at=self._described_at.get(device_id),
            is_missing=device_id in self._missing,
        )

    async def _poll(self, device_id: str, now: datetime) -> None:
        """Fetch a device's records since its newest one, and now and then what it says of itself."""
        async with self._at_once:
            if device_id in self._missing and not self._is_description_due(device_id, now):
                return
            try:
                await self._read(device_id, now)
            except RejectedError:
                # The cloud has no answer of its own for a device that is not there: it refuses what is asked of it.
                if not await self._is_gone(device_id, now):
                    raise
                self._missing.add(device_id)
            else:
                self._missing.discard(device_id)
                if self._is_description_due(device_id, now):
                    await self._describe(device_id, now)

    async def _read(self, device_id: str, now: datetime) -> None:
        """Fetch a device's records since its newest one."""
        ledger = self.ledgers[device_id]
        midnight = dt_util.start_of_local_day(dt_util.as_local(now))
        oldest_needed = min(midnight - MARGIN, now - OVERLAP - MARGIN)
        # What is older than today is the history's to fetch: after a long silence that may be a lot.
        start = oldest_needed if ledger.newest is None else max(ledger.newest - OVERLAP, oldest_needed)
        records = [record async for record in self._client.measurements(device_id, start, now)]
        ledger.prune(oldest_needed - OVERLAP)
        ledger.take(records, start)

    def _is_description_due(self, device_id: str, now: datetime) -> bool:
        asked_at = self._asked_at.get(device_id)
        device = None if device_id in self._missing else self._devices.get(device_id)
        every = DESCRIBE_SWITCHES_EVERY if device is not None and device.controls else DESCRIBE_EVERY
        return asked_at is None or now - asked_at >= every

    async def _describe(self, device_id: str, now: datetime) -> None:
        """Ask what the device says of itself; the readings are worth showing without that, too."""
        self._asked_at[device_id] = now
        try:
            device = await self._look_up(device_id)
        except CredentialsError:
            raise
        except WattbridgeError as err:
            _LOGGER.debug("A device's description could not be read this time: %s", err)
        else:
            if device is not None:
                self._devices[device_id] = device
                self._described_at[device_id] = now

    async def _is_gone(self, device_id: str, now: datetime) -> bool:
        """Find out whether the account has lost a device whose records are refused."""
        self._asked_at[device_id] = now
        try:
            return await self._look_up(device_id) is None
        except RejectedError:
            return True

    async def _look_up(self, device_id: str) -> Device | None:
        async for device in self._client.devices(device_id=device_id):
            if device.device_id == device_id:
                return device
        return None


@callback
def _nothing() -> None:
    """Listen without doing anything."""


def _settings(account: AccountSettings, device_id: str) -> DeviceSettings:
    # What is shown of today does not depend on which energies are kept as statistics.
    return DeviceSettings(
        fields={series.key: account.field_of(series) for series in USUAL_SERIES},
        unit=account.unit,
        interval_s=account.intervals_s[device_id],
    )
