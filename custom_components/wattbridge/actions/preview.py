"""`preview`: what would be sent by now, without sending any of it."""

from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
from sqlalchemy.exc import SQLAlchemyError

from ..chosen_statistics import source_of
from ..const import CONF_INTERVAL_MIN, CONF_ROLE
from ..forwarding import SourceError, StreamConfig
from ..forwarding.model import MINUTE_S, ParameterConfig, utc
from ..forwarding.once import place_of
from ..forwarding.plan import PlanState
from ..forwarding.preview import StreamPreview, async_preview_stream
from ..vendors.wattcarbon import Role, Target
from ..vendors.wattics import HOURLY_MIN, INTERVALS_MIN, Kind, Start
from .common import ATTR_START, action_refused, utc_time
from .forward import ATTR_PARAMETER, ATTR_STATISTIC_ID, PARAMETERS, VALUE, async_measure
from .forward_hours import ATTR_STATISTICS, STATISTICS, async_series_config
from .sinks import ATTR_STREAM_ID, STREAM_FIELDS, failure, stream_of

PREVIEW_SCHEMA = vol.Schema(
    {
        **STREAM_FIELDS,
        vol.Optional(ATTR_STATISTIC_ID): cv.string,
        vol.Optional(ATTR_PARAMETER, default="pC_1"): vol.In(PARAMETERS),
        vol.Optional(CONF_INTERVAL_MIN, default=str(HOURLY_MIN)): vol.All(vol.Coerce(int), vol.In(INTERVALS_MIN)),
        vol.Optional(ATTR_STATISTICS): STATISTICS,
        vol.Optional(ATTR_START): utc_time,
    }
)
# How a stream is called in a packet that is only looked at.
NO_STREAM: Final = "stream-id"


async def async_preview_sending(call: ServiceCall) -> ServiceResponse:
    """Answer with what a stream would send from where it is, or statistics that are not sent yet."""
    hass, data = call.hass, call.data
    config, state = await _async_wanted(hass, data)
    try:
        preview = await async_preview_stream(hass, config, state)
    except SourceError as err:
        key = f"series_unusable_{err.problem}"
        raise action_refused(key, stream=config.stream_id, statistic=err.statistic) from err
    except SQLAlchemyError as err:
        raise failure("recorder_unreadable", stream=config.stream_id) from err
    return _document(config, state, preview)


async def _async_wanted(hass: HomeAssistant, data: dict[str, Any]) -> tuple[StreamConfig, PlanState]:
    """Return what is looked at, and from where on; raises ServiceValidationError where that is not said."""
    start = data.get(ATTR_START)
    named = [name for name in (ATTR_STATISTIC_ID, ATTR_STATISTICS) if name in data]
    if len(named) > 1 or (named and (ATTR_DEVICE_ID in data or ATTR_CONFIG_ENTRY_ID in data)):
        raise action_refused("preview_of_two")
    match named:
        case []:
            engine = stream_of(hass, data).engine
            return engine.config, place_of(engine)
        case ["statistic_id"]:
            statistic, parameter = data[ATTR_STATISTIC_ID], data[ATTR_PARAMETER]
            measure = await async_measure(hass, statistic, parameter)
            config = StreamConfig(
                data.get(ATTR_STREAM_ID, NO_STREAM),
                Kind.VALUE if parameter == VALUE else Kind.ELECTRICITY,
                data[CONF_INTERVAL_MIN] * MINUTE_S,
                Start.BEGINNING if start is None else Start.DATE,
                start,
                (ParameterConfig(parameter, source_of(hass, statistic), measure),),
            )
        case _:
            is_metered = any(one[CONF_ROLE] is Role.METERED for one in data[ATTR_STATISTICS])
            target = Target.METER if is_metered else Target.ASSET
            target_id = data.get(ATTR_STREAM_ID, NO_STREAM)
            config = await async_series_config(hass, target, target_id, data[ATTR_STATISTICS], start)
    return config, PlanState(config.first_s)


def _document(config: StreamConfig, state: PlanState, preview: StreamPreview) -> dict[str, Any]:
    return {
        "stream_id": config.stream_id,
        "filled_until": utc(state.position_s).isoformat() if state.position_s else None,
        "rows": preview.rows,
        "hourly_rows": preview.hourly_rows,
        "first": None if preview.first is None else preview.first.isoformat(),
        "last": None if preview.last is None else preview.last.isoformat(),
        "holes_count": preview.holes_count,
        "holes": [{"start": start.isoformat(), "end": end.isoformat()} for start, end in preview.holes],
        "resets": preview.resets,
        "changes": dict(preview.changes),
        "missing": dict(preview.missing),
        "first_packet": preview.first_packet,
    }
