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
from .aiowattbridge.carbontrack.units import PowerUnit
from .aiowattbridge.errors import CredentialsError, WattbridgeError
from .const import CONF_DEVICES, CONF_POWER_UNIT, DOMAIN
from .data import WattbridgeConfigEntry
from .errors import translated_update_errors
from .snapshot import DeviceSettings, DeviceSnapshot, Ledger, take_snapshot
from .vendors.carbontrack import SERIES, field_of

# The devices report every five minutes; entries that were started together do not ask together.
POLL: Final = timedelta(minutes=5)
LONGEST_JITTER_S: Final = 20.0
DEVICE_LIST_EVERY: Final = timedelta(hours=1)
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
        self._some_fail = False
        self._listed_at: dict[str, datetime] = {}
        self._devices: dict[str, Device] = {}
        self.settings = {device_id: _settings(entry, device_id) for device_id in entry.data[CONF_DEVICES]}
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
            failures = [result for result in found if isinstance(result, BaseException)]
            for failure in failures:
                # Refused credentials are everybody's business; an error of ours must not hide.
                if isinstance(failure, CredentialsError) or not isinstance(failure, WattbridgeError):
                    raise failure
            if failures and len(failures) == len(found):
                raise failures[0]
        self._say_failures([failure for failure in failures if isinstance(failure, WattbridgeError)])
        midnight = dt_util.start_of_local_day(dt_util.as_local(now))
        snapshots: dict[str, DeviceSnapshot] = {}
        for device_id, settings in self.settings.items():
            ledger = self.ledgers[device_id]
            snapshots[device_id] = take_snapshot(self._identity(device_id), ledger, settings, midnight, now)
            # Each takes a millisecond or two: those of a hundred devices at one go would hold up the event loop.
            await asyncio.sleep(0)
        return snapshots

    def _say_failures(self, failures: list[WattbridgeError]) -> None:
        """Say once that some devices cannot be read, and once that all can be again; Home Assistant says it for all."""
        if failures and not self._some_fail:
            count = len(self.settings)
            _LOGGER.warning("%d of %d devices cannot be read: %s", len(failures), count, failures[0].reason)
        elif self._some_fail and not failures:
            _LOGGER.info("All devices can be read again")
        self._some_fail = bool(failures)

    def _identity(self, device_id: str) -> DeviceSnapshot:
        name = self.config_entry.data[CONF_DEVICES][device_id]["name"]
        return DeviceSnapshot(device_id=device_id, name=name, device=self._devices.get(device_id))

    async def _poll(self, device_id: str, now: datetime) -> None:
        """Fetch a device's records since its newest one, and once an hour what it says of itself."""
        ledger = self.ledgers[device_id]
        midnight = dt_util.start_of_local_day(dt_util.as_local(now))
        oldest_needed = min(midnight - MARGIN, now - OVERLAP - MARGIN)
        # What is older than today is the history's to fetch: after a long silence that may be a lot.
        start = oldest_needed if ledger.newest is None else max(ledger.newest - OVERLAP, oldest_needed)
        async with self._at_once:
            records = [record async for record in self._client.measurements(device_id, start, now)]
            ledger.prune(oldest_needed - OVERLAP)
            ledger.take(records, start)
            listed_at = self._listed_at.get(device_id)
            if listed_at is None or now - listed_at >= DEVICE_LIST_EVERY:
                self._listed_at[device_id] = now
                await self._refresh_device(device_id)

    async def _refresh_device(self, device_id: str) -> None:
        """Ask what the device says of itself; the readings are worth showing without that, too."""
        try:
            async for device in self._client.devices(device_id=device_id):
                if device.device_id == device_id:
                    self._devices[device_id] = device
                    return
        except CredentialsError:
            raise
        except WattbridgeError as err:
            _LOGGER.debug("A device's description could not be read this time: %s", err)


@callback
def _nothing() -> None:
    """Listen without doing anything."""


def _settings(entry: WattbridgeConfigEntry, device_id: str) -> DeviceSettings:
    return DeviceSettings(
        fields={series.key: field_of(series, entry.data) for series in SERIES},
        unit=PowerUnit(entry.data[CONF_POWER_UNIT]),
        interval_s=entry.data[CONF_DEVICES][device_id]["interval_s"],
    )
