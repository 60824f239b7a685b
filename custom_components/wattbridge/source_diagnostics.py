"""What a bug report says of an account that is read: how its devices and their histories are doing."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .const import CONF_DEVICES, CONF_LEFT_OUT, CONF_VENDOR, DOMAIN
from .data import CarbonTrackRuntime, SourceRuntime, VoltawareRuntime, WattbridgeConfigEntry
from .ids import slug
from .lifecycle import async_device_watch
from .progress import Progress
from .pseudonyms import Pseudonym
from .series import async_series_book

# A device that was silent for years may have thousands of holes.
HOLES_SHOWN: Final = 20


def plain(value: Any) -> Any:
    """Return what can be written as JSON."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def source_report(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, runtime: SourceRuntime, pseudonym: Pseudonym
) -> dict[str, Any]:
    """Describe the devices of an account, by their pseudonyms."""
    watch = async_device_watch(hass, entry)
    return {
        "devices": {
            pseudonym(device_id): {
                **_device(runtime, device_id),
                "has_vanished": watch is not None and watch.has_vanished(device_id),
                "history": _history(runtime.history.device_progress(device_id)),
                "series": _series(hass, entry, runtime, device_id),
            }
            for device_id in entry.data[CONF_DEVICES]
        },
        "devices_left_out": len(entry.data.get(CONF_LEFT_OUT, ())),
    }


def _device(runtime: SourceRuntime, device_id: str) -> dict[str, Any]:
    match runtime:
        case CarbonTrackRuntime():
            return _carbontrack(runtime, device_id)
        case VoltawareRuntime():
            return _voltaware(runtime, device_id)
        case _:
            return {}


def _carbontrack(runtime: CarbonTrackRuntime, device_id: str) -> dict[str, Any]:
    settings, snapshot = runtime.coordinator.settings[device_id], runtime.coordinator.data.get(device_id)
    report = {
        "last_poll_succeeded": runtime.coordinator.last_update_success,
        "interval_s": settings.interval_s,
        "fields": plain(settings.fields),
    }
    if snapshot is None:
        return report
    return report | {
        "last_reading": plain(snapshot.last_reading),
        "stale": snapshot.stale,
        "is_missing": snapshot.is_missing,
        "covers_s": snapshot.interval_s,
        "described_at": plain(snapshot.described_at),
        "firmware": snapshot.device.firmware_version if snapshot.device else None,
        "reported": plain(snapshot.reported),
        "controls": len(snapshot.controls),
    }


def _voltaware(runtime: VoltawareRuntime, device_id: str) -> dict[str, Any]:
    record, snapshot = runtime.coordinator.records[device_id], runtime.coordinator.data.get(device_id)
    return {
        "last_poll_succeeded": runtime.coordinator.last_update_success,
        "is_registered": record.is_registered,
        "connection_state": record.connection_state,
        "firmware": record.firmware,
        "first_event": plain(record.first_event),
        "last_event": plain(record.last_event),
        "time_zone": record.time_zone,
        "produces_energy": record.produces_energy,
        "months": sorted(record.months),
        "weeks": sorted(record.weeks),
        "appliances": record.appliance_keys,
        "disagreements": len(snapshot.disagreements) if snapshot else None,
        # What was asked for when: a request is made again when it can bring news.
        "asked_at": {name: plain(datetime.fromtimestamp(at_s, UTC)) for name, at_s in record.asked_s.items()},
    }


def _history(progress: Progress) -> dict[str, Any]:
    report: dict[str, Any] = plain(progress)
    return report | {"holes": report["holes"][:HOLES_SHOWN], "holes_count": len(progress.holes)}


def _series(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, runtime: SourceRuntime, device_id: str
) -> dict[str, Any]:
    """Tell what readers are told of each series; the device is not in the names."""
    book = async_series_book(hass)
    prefix = f"{DOMAIN}:{entry.data[CONF_VENDOR]}_{slug(device_id)}_"
    return {
        statistic_id.removeprefix(prefix): plain(book.get(statistic_id))
        for statistic_id in runtime.history.statistic_ids_of(device_id)
    }
