"""`get_wattics_last_packet`: what Wattics says it has of a stream."""

import asyncio
from typing import Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..local_time import local_time
from ..vendors import WATTICS
from .common import cloud_errors
from .sinks import ATTR_STREAM_ID, failure, sink_of

# Nobody who asks wants to wait as patiently as a stream does.
PATIENCE_S: Final = 60.0

LAST_PACKET_SCHEMA = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Required(ATTR_STREAM_ID): cv.string}
)


async def async_get_last_packet(call: ServiceCall) -> ServiceResponse:
    """Answer with the newest packet of a stream; a cloud that does not tell leaves it unknown."""
    stream_id: str = call.data[ATTR_STREAM_ID]
    sink = sink_of(call.hass, call.data[ATTR_CONFIG_ENTRY_ID], WATTICS)
    if (until := sink.forwarder.paused_until) is not None:
        raise failure("account_paused", account=sink.entry.title, until=local_time(until))
    limit = asyncio.timeout(PATIENCE_S)
    try:
        with cloud_errors(call.hass, sink.entry):
            async with limit:
                last = await sink.forwarder.sender.last_packet(stream_id)
    except TimeoutError as err:
        if not limit.expired():
            raise
        raise failure("no_answer", vendor=WATTICS.name) from err
    if last is None:
        return {"stream_id": stream_id, "known": False, "time": None, "values": None}
    return {
        "stream_id": stream_id,
        "known": True,
        "time": last.timestamp.isoformat(),
        "values": dict(last.values),
    }
