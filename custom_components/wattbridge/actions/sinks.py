"""What the actions on accounts that are written to share: which account or stream is meant, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from sqlalchemy.exc import SQLAlchemyError

from ..const import CONF_STREAM_ID, CONF_VENDOR, DOMAIN
from ..data import SinkRuntime, WattbridgeConfigEntry
from ..forwarding import Forwarder, SourceError, StreamEngine
from ..local_time import local_time
from ..vendors import VENDORS, WATTCARBON, WATTICS, Vendor
from .common import action_refused, cloud_errors, device_name

# So long an engine is waited for, and a little longer anything else.
TIMEOUT_S: Final = 900.0
_LIMIT_S: Final = 960.0

ATTR_DRY_RUN: Final = "dry_run"
ATTR_STREAM_ID: Final = CONF_STREAM_ID

STREAM_FIELDS: Final[Mapping[Any, Any]] = {
    vol.Optional(ATTR_DEVICE_ID): cv.string,
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Optional(ATTR_STREAM_ID): cv.string,
}
DRY_RUN_FIELD: Final[Mapping[Any, Any]] = {vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean}


@dataclass(frozen=True, slots=True)
class Sink:
    """A loaded account that is written to."""

    entry: WattbridgeConfigEntry
    forwarder: Forwarder

    @property
    def vendor(self) -> Vendor[Any]:
        """Return its cloud."""
        return VENDORS[self.entry.data[CONF_VENDOR]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that is set up, or a series: of WattCarbon, its id is that of the asset or the meter."""

    sink: Sink
    subentry_id: str
    engine: StreamEngine

    @property
    def stream_id(self) -> str:
        """Return its id in the cloud."""
        return self.engine.config.stream_id

    @property
    def name(self) -> str:
        """Return how it is called here."""
        return self.sink.entry.subentries[self.subentry_id].title

    def failure(self, key: str) -> HomeAssistantError:
        """Make the error of something that fails; the text may say up to when the stream is filled."""
        return failure(key, stream=self.stream_id, filled_until=local_time(self.engine.status.filled_until))


def failure(key: str, **placeholders: str) -> HomeAssistantError:
    """Make the error of something that fails by nobody's mistake."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


def sink_of(hass: HomeAssistant, entry_id: str, *vendors: Vendor[Any]) -> Sink:
    """Return a loaded account of one of these clouds; raises ServiceValidationError for any other."""
    entry: WattbridgeConfigEntry = async_get_config_entry(hass, DOMAIN, entry_id)
    runtime = entry.runtime_data
    vendors = vendors or (WATTICS, WATTCARBON)
    if not isinstance(runtime, SinkRuntime) or entry.data[CONF_VENDOR] not in {vendor.key for vendor in vendors}:
        raise action_refused("not_a_sink", account=entry.title, vendor="/".join(vendor.name for vendor in vendors))
    return Sink(entry, runtime.forwarder)


def streams_of(hass: HomeAssistant, data: Mapping[str, Any]) -> list[Stream]:
    """Return the streams that are meant by a device, or by an account and an id: all of an account without an id.

    Raises ServiceValidationError where none is.
    """
    device_id, entry_id = data.get(ATTR_DEVICE_ID), data.get(ATTR_CONFIG_ENTRY_ID)
    if device_id is not None and entry_id is None and ATTR_STREAM_ID not in data:
        return _streams_of_device(hass, device_id)
    if entry_id is None or device_id is not None:
        raise action_refused("stream_not_named")
    sink = sink_of(hass, entry_id)
    streams = _streams(sink)
    if (stream_id := data.get(ATTR_STREAM_ID)) is not None:
        streams = [stream for stream in streams if stream.stream_id == stream_id]
    if not streams:
        raise action_refused("stream_unknown", stream=stream_id or "–", account=sink.entry.title)
    return streams


def stream_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Stream:
    """Return the one stream that is meant; raises ServiceValidationError for none and for several."""
    if data.get(ATTR_CONFIG_ENTRY_ID) is not None and ATTR_STREAM_ID not in data:
        raise action_refused("stream_not_named")
    streams = streams_of(hass, data)
    if len(streams) > 1:
        raise action_refused("stream_not_named")
    return streams[0]


def _streams(sink: Sink) -> list[Stream]:
    streams = sink.forwarder.streams
    return [Stream(sink, key, streams[key]) for key in sink.entry.subentries if key in streams]


def _streams_of_device(hass: HomeAssistant, device_id: str) -> list[Stream]:
    """Find the stream that a device stands for, or all of the account that it stands for."""
    device = dr.async_get(hass).async_get(device_id)
    names = set() if device is None else {name for domain, name in device.identifiers if domain == DOMAIN}
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if entry.entry_id in names or names & entry.subentries.keys():
            sink = sink_of(hass, entry.entry_id)
            found = [one for one in _streams(sink) if entry.entry_id in names or one.subentry_id in names]
            if found:
                return found
    raise action_refused("stream_device_unknown", device=device_name(hass, device_id))


@asynccontextmanager
async def at_work(hass: HomeAssistant, sink: Sink, stream_id: str) -> AsyncIterator[None]:
    """Turn what can go wrong with a stream into the errors of an action; what takes too long is left off."""
    limit = asyncio.timeout(_LIMIT_S)
    try:
        with cloud_errors(hass, sink.entry):
            async with limit:
                yield
    except TimeoutError as err:
        if not limit.expired():
            raise
        raise failure("took_too_long", stream=stream_id) from err
    except SourceError as err:
        raise action_refused(f"series_unusable_{err.problem}", stream=stream_id, statistic=err.statistic) from err
    except SQLAlchemyError as err:
        raise failure("recorder_unreadable", stream=stream_id) from err
