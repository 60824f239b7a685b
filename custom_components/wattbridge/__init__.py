"""Wattbridge: energy data between Home Assistant and energy clouds."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .actions import async_setup_actions
from .const import CONF_GRID_FIELD, CONF_HISTORY_DAYS, CONF_POWER_UNIT, CONF_VENDOR, DOMAIN, MINOR_VERSION
from .data import CarbonTrackRuntime, SinkRuntime, SourceRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .errors import translated_setup_errors
from .forwarding import Forwarder, async_forget_account
from .history import async_forget_history
from .lifecycle import async_forget_devices, async_let_go, async_watch_devices
from .pause import async_account_pause, async_forget_pause
from .removal import async_say_what_stays
from .series import async_series_book
from .sources import async_connect_source, async_forget_results, async_source_statistic_ids, dropped_statistic_ids
from .statistics import async_stored_ids
from .vendors import CARBONTRACK, connect_sink, entry_session, is_source
from .voltaware_notice import async_follow_producers, async_forget_producers
from .wiring import async_forget_wiring, async_help_with_wiring

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
CARBONTRACK_PLATFORMS = (Platform.BINARY_SENSOR, Platform.SENSOR)
VOLTAWARE_PLATFORMS = (Platform.BINARY_SENSOR, Platform.CALENDAR, Platform.EVENT, Platform.SENSOR)
SINK_PLATFORMS = (Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.SENSOR, Platform.SWITCH)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and note which series our sources write before anybody reads them."""
    async_setup_actions(hass)
    # Those of a disabled account too: they may be half imported, and nobody says up to where they are whole.
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if is_source(entry.data):
            await _async_expect_series(hass, entry)
    return True


async def _async_expect_series(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    for statistic_id in await async_source_statistic_ids(hass, entry):
        async_series_book(hass).async_expect(statistic_id)


async def async_migrate_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> bool:
    """Bring an account that an older Wattbridge has set up to the present form."""
    if entry.version > 1:
        return False
    if entry.minor_version < MINOR_VERSION and entry.data[CONF_VENDOR] == CARBONTRACK.key:
        # What may be changed later was kept with what may not.
        moved = (CONF_GRID_FIELD, CONF_POWER_UNIT, CONF_HISTORY_DAYS)
        options = {key: entry.data[key] for key in moved if key in entry.data}
        data = {key: value for key, value in entry.data.items() if key not in moved}
        hass.config_entries.async_update_entry(entry, data=data, options={**options, **entry.options})
    hass.config_entries.async_update_entry(entry, minor_version=MINOR_VERSION)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> bool:
    """Connect to the account's cloud."""
    if is_source(entry.data):
        await _async_setup_source(hass, entry)
    else:
        await _async_setup_sink(hass, entry)
    return True


async def _async_setup_source(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    await _async_expect_series(hass, entry)
    runtime = await async_connect_source(hass, entry)
    entry.runtime_data = runtime
    await hass.config_entries.async_forward_entry_setups(entry, _platforms(runtime))
    runtime.history.async_start()
    async_watch_devices(hass, entry, runtime)
    await async_help_with_wiring(hass, entry, runtime)
    if isinstance(runtime, VoltawareRuntime):
        async_follow_producers(hass, entry, runtime.coordinator)


def _platforms(runtime: CarbonTrackRuntime | VoltawareRuntime | SinkRuntime) -> tuple[Platform, ...]:
    match runtime:
        case CarbonTrackRuntime():
            return CARBONTRACK_PLATFORMS
        case VoltawareRuntime():
            return VOLTAWARE_PLATFORMS
        case SinkRuntime():
            return SINK_PLATFORMS


async def _async_setup_sink(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    pause = await async_account_pause(hass, entry)
    client = connect_sink(entry_session(hass), entry.data, pause)
    # A cloud that wants to be left alone is not even asked whether it lets us in: the streams will find out.
    if not pause.left_s:
        with translated_setup_errors():
            await client.verify()
    forwarder = Forwarder(hass, entry, client, pause)
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
    if not await hass.config_entries.async_unload_platforms(entry, _platforms(runtime)):
        return False
    if isinstance(runtime, SourceRuntime):
        await runtime.history.async_stop()
        if isinstance(runtime, VoltawareRuntime):
            await runtime.coordinator.async_keep()
        for statistic_id in dropped_statistic_ids(entry, runtime):
            # Its device was dropped from the account: nobody else would ever say that it is whole.
            async_series_book(hass).async_release(statistic_id)
    else:
        await runtime.forwarder.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Forget our notes on the account; its statistics stay (they are the user's history)."""
    await async_forget_pause(hass, entry)
    if is_source(entry.data):
        book = async_series_book(hass)
        statistic_ids = await async_source_statistic_ids(hass, entry)
        for statistic_id in statistic_ids:
            book.async_release(statistic_id)
        await async_forget_history(hass, entry)
        await async_forget_results(hass, entry)
        await async_forget_devices(hass, entry)
        async_forget_wiring(hass, entry)
        async_forget_producers(hass, entry)
        async_say_what_stays(hass, entry, await async_stored_ids(hass, statistic_ids))
    else:
        await async_forget_account(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let the user delete a device that is no longer part of the account, in the cloud or here."""
    return async_let_go(hass, entry, device)
