"""What Home Assistant's page on its own health says of the accounts: what there is, what waits, and who answers."""

from collections.abc import Sequence
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import CONF_BASE_URL, CONF_DEVICES, CONF_VENDOR, DOMAIN
from .data import SinkRuntime, WattbridgeConfigEntry
from .vendors import VENDORS


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Tell Home Assistant whom to ask."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Count what is set up, and try to reach the clouds that are used; which address that is does not show."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    info: dict[str, Any] = {
        "accounts": len(entries),
        "accounts_loaded": sum(entry.state is ConfigEntryState.LOADED for entry in entries),
        "devices": sum(len(entry.data.get(CONF_DEVICES, ())) for entry in entries),
        "streams": sum(len(entry.subentries) for entry in entries),
    }
    if info["streams"]:
        info |= _forwarding(entries)
    for vendor in VENDORS.values():
        urls = {entry.data[CONF_BASE_URL] for entry in entries if entry.data[CONF_VENDOR] == vendor.key}
        if urls:
            info[f"can_reach_{vendor.key}"] = _async_can_reach(hass, sorted(urls))
    return info


def _forwarding(entries: Sequence[WattbridgeConfigEntry]) -> dict[str, int]:
    """Sum up how the streams of the loaded accounts are doing."""
    runtimes = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    forwarders = [runtime.forwarder for runtime in runtimes if isinstance(runtime, SinkRuntime)]
    known = [engine.status for forwarder in forwarders for engine in forwarder.streams.values()]
    return {
        "streams_paused": sum(status.is_paused for status in known),
        "streams_standing_still": sum(status.problem is not None for status in known),
        "streams_backlog": sum(status.backlog or 0 for status in known),
        "accounts_told_to_wait": sum(forwarder.paused_until is not None for forwarder in forwarders),
    }


async def _async_can_reach(hass: HomeAssistant, urls: Sequence[str]) -> str | dict[str, str]:
    """Tell whether all addresses of a cloud answer, or what the first that does not does instead."""
    found = [await system_health.async_check_can_reach_url(hass, url) for url in urls]
    return next((result for result in found if result != "ok"), "ok")
