"""What an account looks like, for a bug report: no secret, no personal data, no identifier of a device or stream."""

from dataclasses import asdict
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
from .pseudonyms import Pseudonym, async_pseudonyms
from .source_diagnostics import plain, source_report

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
        return report | {"streams": _streams(entry, runtime, pseudonym)}
    return report | source_report(hass, entry, runtime, pseudonym)


def _streams(entry: WattbridgeConfigEntry, runtime: SinkRuntime, pseudonym: Pseudonym) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    for subentry_id, subentry in entry.subentries.items():
        data, engine = subentry.data, runtime.forwarder.streams.get(subentry_id)
        if engine is None:
            continue
        streams[pseudonym(data["stream_id"])] = {
            "kind": data["kind"],
            "interval_min": data["interval_min"],
            "start": data["start"],
            "parameters": {
                name: {"source": pseudonym(settings["source"]), "measure": settings["measure"]}
                for name, settings in data["parameters"].items()
            },
            # The detail of a problem names statistics and quotes answers.
            "status": plain({key: value for key, value in asdict(engine.status).items() if key != "detail"}),
        }
    return streams
