"""What an account looks like, for a bug report: no secret, no personal data, no identifier of a device or stream."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import (
    CONF_FOLLOW_NEW_DEVICES,
    CONF_GRID_FIELD,
    CONF_HISTORY_DAYS,
    CONF_POWER_UNIT,
    CONF_STATISTICS,
    CONF_VENDOR,
)
from .data import SinkRuntime, WattbridgeConfigEntry
from .pseudonyms import async_pseudonyms
from .sink_diagnostics import sink_report
from .source_diagnostics import source_report

# Only these settings are shown: what is not listed here cannot leak.
SHOWN: Final = (
    CONF_VENDOR,
    CONF_GRID_FIELD,
    CONF_POWER_UNIT,
    CONF_HISTORY_DAYS,
    CONF_STATISTICS,
    CONF_FOLLOW_NEW_DEVICES,
)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> dict[str, Any]:
    """Describe an account and how it is doing."""
    report: dict[str, Any] = {
        "settings": {key: value for key, value in {**entry.data, **entry.options}.items() if key in SHOWN},
        "time_zone": hass.config.time_zone,
        "state": entry.state.value,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return report | {"reason": entry.error_reason_translation_key}
    pseudonym = await async_pseudonyms(hass)
    runtime = entry.runtime_data
    if isinstance(runtime, SinkRuntime):
        return report | sink_report(runtime, pseudonym)
    return report | source_report(hass, entry, runtime, pseudonym)
