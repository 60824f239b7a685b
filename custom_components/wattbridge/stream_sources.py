"""Which statistics a stream is made of, and others in the place of those that are gone or do not fit."""

from collections.abc import Collection
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .chosen_statistics import ENERGY, async_describe, source_of, statistic_of
from .const import CONF_PARAMETERS, CONF_SOURCE, CONF_STATISTICS, CONF_UNIT, SUBENTRY_SERIES
from .data import WattbridgeConfigEntry
from .forwarding import StreamConfig
from .stream_form import Choices
from .vendors.wattics import GROUPS, parameters_of

UNIT_CLASSES = {name: group.unit_class for group in GROUPS for name in parameters_of(group)}


def broken_sources(hass: HomeAssistant, config: StreamConfig, statistic: str) -> set[str]:
    """Find the sources that a problem is about; it names a source or the id that its statistic has or had."""
    sources = {parameter.source for parameter in config.parameters}
    if found := {source for source in sources if statistic in (source, statistic_of(hass, source))}:
        return found
    # The entity is gone, and with it the way from the id it had to its registry id.
    registry = er.async_get(hass)
    return {source for source in sources if ":" not in source and er.async_resolve_entity_id(registry, source) is None}


def wanted_of(config: StreamConfig, sources: Collection[str], statistic: str) -> Choices:
    """Say what a statistic has to fit in the place of some sources: by parameter, as in the flow of the stream."""
    return {
        parameter.name: (
            statistic,
            parameter.measure,
            ENERGY if config.is_hourly_energy else UNIT_CLASSES.get(parameter.name),
        )
        for parameter in config.parameters
        if parameter.source in sources
    }


def is_counted_already(hass: HomeAssistant, config: StreamConfig, sources: Collection[str], statistic: str) -> bool:
    """Tell whether a series counts a statistic already, which would then be in it twice."""
    others = {parameter.source for parameter in config.parameters} - set(sources)
    return config.is_hourly_energy and source_of(hass, statistic) in others


async def async_replace_sources(
    hass: HomeAssistant,
    entry: WattbridgeConfigEntry,
    subentry: ConfigSubentry,
    sources: Collection[str],
    statistic: str,
) -> None:
    """Write another statistic into a stream's subentry; the account's update listener takes it up."""
    source, data = source_of(hass, statistic), dict(subentry.data)
    if subentry.subentry_type == SUBENTRY_SERIES:
        data[CONF_STATISTICS] = [_replaced(one, sources, source) for one in data[CONF_STATISTICS]]
    else:
        unit = (await async_describe(hass, [statistic]))[statistic]["statistics_unit_of_measurement"]
        data[CONF_PARAMETERS] = {
            name: _replaced(one, sources, source, **({CONF_UNIT: unit} if CONF_UNIT in one else {}))
            for name, one in data[CONF_PARAMETERS].items()
        }
    hass.config_entries.async_update_subentry(entry, subentry, data=data)


def _replaced(settings: dict[str, Any], sources: Collection[str], source: str, **others: Any) -> dict[str, Any]:
    return settings | {CONF_SOURCE: source} | others if settings[CONF_SOURCE] in sources else settings
