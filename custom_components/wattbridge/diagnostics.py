"""What an account looks like, for a bug report: no secret, no personal data, no identifier of a device or stream."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id

from .const import CONF_DEVICES, CONF_GRID_FIELD, CONF_HISTORY_DAYS, CONF_POWER_UNIT, CONF_VENDOR
from .data import SinkRuntime, SourceRuntime, WattbridgeConfigEntry
from .series import async_series_book
from .vendors.carbontrack import statistic_ids

# Only these settings are shown: what is not listed here cannot leak.
SHOWN: Final = (CONF_VENDOR, CONF_GRID_FIELD, CONF_POWER_UNIT, CONF_HISTORY_DAYS)


type Pseudonym = Callable[[str], str]


async def async_pseudonyms(hass: HomeAssistant) -> Pseudonym:
    """Return what makes short names: the same for the same identifier in every report of this Home Assistant.

    Ids of devices are often short numbers, which a bare hash would not hide: all of them are soon tried.
    """
    salt = await instance_id.async_get(hass)
    return lambda identifier: sha256(f"{salt} {identifier}".encode()).hexdigest()[:8]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> dict[str, Any]:
    """Describe an account and how it is doing."""
    report: dict[str, Any] = {
        "settings": {key: entry.data[key] for key in SHOWN if key in entry.data},
        "time_zone": hass.config.time_zone,
        "state": entry.state.value,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return report | {"reason": entry.error_reason_translation_key}
    pseudonym = await async_pseudonyms(hass)
    runtime = entry.runtime_data
    if isinstance(runtime, SourceRuntime):
        report["devices"] = _devices(entry, runtime, pseudonym)
        report["series"] = _series(hass, entry, pseudonym)
    else:
        report["streams"] = _streams(entry, runtime, pseudonym)
    return report


def _devices(entry: WattbridgeConfigEntry, runtime: SourceRuntime, pseudonym: Pseudonym) -> dict[str, Any]:
    devices: dict[str, Any] = {}
    for device_id, settings in entry.data[CONF_DEVICES].items():
        snapshot = runtime.coordinator.data.get(device_id)
        devices[pseudonym(device_id)] = {
            "interval_s": settings["interval_s"],
            "last_reading": _plain(snapshot.last_reading) if snapshot else None,
            "stale": snapshot.stale if snapshot else None,
            "history": _plain(runtime.history.progress(device_id)),
        }
    return devices


def _series(hass: HomeAssistant, entry: WattbridgeConfigEntry, pseudonym: Pseudonym) -> dict[str, Any]:
    book = async_series_book(hass)
    return {
        f"{pseudonym(statistic_id)}_{statistic_id.rpartition('_')[2]}": None
        if (published := book.get(statistic_id)) is None
        else _plain(asdict(published))
        for statistic_id in statistic_ids(entry.data)
    }


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
            "status": _plain({key: value for key, value in asdict(engine.status).items() if key != "detail"}),
        }
    return streams
