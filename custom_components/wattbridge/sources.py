"""How the accounts we read from are put together: client, coordinator, and the history of each device."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, UnsupportedStorageVersionError
from homeassistant.util.hass_dict import HassKey

from .aiowattbridge.carbontrack import CarbonTrackClient
from .carbontrack_history import CarbonTrackHistory
from .carbontrack_records import DeviceRecords
from .const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from .coordinator import CarbonTrackCoordinator
from .data import CarbonTrackRuntime, SourceRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .history import HistoryImporter
from .names import async_series_names
from .pace import Pace
from .pause import async_account_pause
from .snapshot import DeviceSettings
from .vendors import VOLTAWARE, entry_session, voltaware
from .vendors.carbontrack import AccountSettings, account_settings, connect, statistic_ids
from .voltaware_archive import Archive
from .voltaware_coordinator import VoltawareCoordinator
from .voltaware_history import VoltawareHistory

DATA_PACE: HassKey[Pace] = HassKey(f"{DOMAIN}_pace")


async def async_connect_source(
    hass: HomeAssistant, entry: WattbridgeConfigEntry
) -> CarbonTrackRuntime | VoltawareRuntime:
    """Connect to an account that is read from, and prepare what runs for it."""
    if entry.data[CONF_VENDOR] == VOLTAWARE.key:
        return await async_connect_voltaware(hass, entry)
    return await async_connect_carbontrack(hass, entry)


async def async_source_statistic_ids(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> list[str]:
    """List the series of an account, whether it is loaded or not."""
    if entry.data[CONF_VENDOR] != VOLTAWARE.key:
        return statistic_ids(entry)
    return await Archive(hass, entry.entry_id).async_statistic_ids(entry.data[CONF_DEVICES])


def dropped_statistic_ids(entry: WattbridgeConfigEntry, runtime: SourceRuntime) -> set[str]:
    """List the series that an account was loaded with, and does not have any more."""
    history = runtime.history
    if isinstance(runtime, VoltawareRuntime):
        dropped = runtime.coordinator.records.keys() - entry.data[CONF_DEVICES].keys()
        return {statistic_id for device_id in dropped for statistic_id in history.statistic_ids_of(device_id)}
    return set(history.statistic_ids) - set(statistic_ids(entry))


async def async_forget_results(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Delete what is remembered of a removed account's results; its statistics stay."""
    if entry.data[CONF_VENDOR] == VOLTAWARE.key:
        await Archive(hass, entry.entry_id).async_remove()


async def async_connect_carbontrack(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> CarbonTrackRuntime:
    """Poll the account for the first time, and prepare its history."""
    pause = await async_account_pause(hass, entry)
    client = connect(entry_session(hass), entry.data, pause)
    coordinator = CarbonTrackCoordinator(hass, entry, client)
    await coordinator.async_config_entry_first_refresh()
    devices = await _async_histories(hass, account_settings(entry), client, coordinator)
    history = HistoryImporter(hass, entry, coordinator, devices, pause)
    return CarbonTrackRuntime(history=history, client=client, coordinator=coordinator)


async def _async_histories(
    hass: HomeAssistant, account: AccountSettings, client: CarbonTrackClient, coordinator: CarbonTrackCoordinator
) -> Mapping[str, CarbonTrackHistory]:
    """Give every device its history; all share one pace, because they share one recorder."""
    names, pace = await async_series_names(hass), _pace(hass)
    return {
        device_id: CarbonTrackHistory(
            hass,
            device_id,
            names={series.key: f"{name} {names.series(series.key)}" for series in account.series},
            settings=(settings := _settings(account, device_id)),
            records=DeviceRecords(hass, device_id, settings, coordinator.ledgers[device_id], client.measurements),
            history_days=account.history_days,
            pace=pace,
        )
        for device_id, name in account.names.items()
    }


def _settings(account: AccountSettings, device_id: str) -> DeviceSettings:
    return DeviceSettings(
        fields={series.key: account.field_of(series) for series in account.series},
        unit=account.unit,
        interval_s=account.intervals_s[device_id],
    )


async def async_connect_voltaware(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> VoltawareRuntime:
    """Ask the account for what is due, and prepare its history."""
    archive = await _async_archive(hass, entry)
    pause = await async_account_pause(hass, entry)
    client = voltaware.connect(entry_session(hass), entry.data, pause)
    coordinator = VoltawareCoordinator(hass, entry, client, archive)
    await coordinator.async_config_entry_first_refresh()
    names, pace = await async_series_names(hass), _pace(hass)
    devices = {
        device_id: VoltawareHistory(
            hass, device_id, name=device["name"], names=names, coordinator=coordinator, pace=pace
        )
        for device_id, device in entry.data[CONF_DEVICES].items()
    }
    history = HistoryImporter(hass, entry, coordinator, devices, pause)
    return VoltawareRuntime(history=history, client=client, coordinator=coordinator)


async def _async_archive(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> Archive:
    """Read what is remembered of an account's meters; what a newer version has left is not touched."""
    archive = Archive(hass, entry.entry_id)
    try:
        await archive.async_load()
    except UnsupportedStorageVersionError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="notes_too_new",
            translation_placeholders={"account": entry.title},
        ) from err
    return archive


def _pace(hass: HomeAssistant) -> Pace:
    """Return the one pace of all accounts: they share one recorder."""
    return hass.data.setdefault(DATA_PACE, Pace())
