"""Wattbridge: energy data between Home Assistant and energy clouds."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .actions import async_setup_actions
from .const import CONF_DEVICES, DOMAIN
from .coordinator import CarbonTrackCoordinator
from .data import SinkRuntime, SourceRuntime, WattbridgeConfigEntry
from .errors import translated_setup_errors
from .forwarding import Forwarder, async_forget_account
from .history import HistoryImporter, async_forget_history
from .series import async_series_book
from .vendors import CARBONTRACK, WATTICS, entry_session, is_source
from .vendors.carbontrack import statistic_ids

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
SOURCE_PLATFORMS = (Platform.SENSOR,)
SINK_PLATFORMS = (Platform.BINARY_SENSOR, Platform.SENSOR)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and note which series our sources write before anybody reads them."""
    async_setup_actions(hass)
    # Those of a disabled account too: they may be half imported, and nobody says up to where they are whole.
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if is_source(entry.data):
            _expect_series(hass, entry)
    return True


def _expect_series(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    for statistic_id in statistic_ids(entry.data):
        async_series_book(hass).async_expect(statistic_id)


async def async_setup_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> bool:
    """Connect to the account's cloud."""
    if is_source(entry.data):
        await _async_setup_source(hass, entry)
    else:
        await _async_setup_sink(hass, entry)
    return True


async def _async_setup_source(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    _expect_series(hass, entry)
    client = CARBONTRACK.connect(entry_session(hass), entry.data)
    coordinator = CarbonTrackCoordinator(hass, entry, client)
    await coordinator.async_config_entry_first_refresh()
    history = HistoryImporter(hass, entry, client, coordinator)
    entry.runtime_data = SourceRuntime(coordinator, history)
    await hass.config_entries.async_forward_entry_setups(entry, SOURCE_PLATFORMS)
    history.async_start()


async def _async_setup_sink(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    client = WATTICS.connect(entry_session(hass), entry.data)
    with translated_setup_errors():
        await client.verify()
    forwarder = Forwarder(hass, entry, client)
    entry.runtime_data = SinkRuntime(forwarder)
    await forwarder.async_start()
    # At once: a stream that is added while the platforms are being set up must not be missed.
    entry.async_on_unload(entry.add_update_listener(_async_sync_streams))
    await hass.config_entries.async_forward_entry_setups(entry, SINK_PLATFORMS)


async def _async_sync_streams(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Take up added, changed and removed streams without disturbing the others."""
    if isinstance(entry.runtime_data, SinkRuntime):
        await entry.runtime_data.forwarder.async_sync_streams()


async def async_unload_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> bool:
    """Stop what runs for the account, in a state that can be taken up again."""
    runtime = entry.runtime_data
    platforms = SOURCE_PLATFORMS if isinstance(runtime, SourceRuntime) else SINK_PLATFORMS
    if not await hass.config_entries.async_unload_platforms(entry, platforms):
        return False
    if isinstance(runtime, SourceRuntime):
        await runtime.history.async_stop()
        for statistic_id in set(runtime.history.statistic_ids) - set(statistic_ids(entry.data)):
            # Its device was dropped from the account: nobody else would ever say that it is whole.
            async_series_book(hass).async_release(statistic_id)
    else:
        await runtime.forwarder.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Forget our notes on the account; its statistics stay (they are the user's history)."""
    if is_source(entry.data):
        book = async_series_book(hass)
        for statistic_id in statistic_ids(entry.data):
            book.async_release(statistic_id)
        await async_forget_history(hass, entry)
    else:
        await async_forget_account(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user delete a device that is no longer part of the account."""
    current = {f"{CARBONTRACK.key}_{device_id}" for device_id in entry.data.get(CONF_DEVICES, {})}
    current |= set(entry.subentries)
    return not any(identifier in current for domain, identifier in device.identifiers if domain == DOMAIN)
