"""The statistics that somebody chooses in a form: what they are, and how a subentry holds them."""

from collections.abc import Iterable
from typing import Any

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

ENERGY = "energy"


async def async_describe(hass: HomeAssistant, statistic_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what Home Assistant says of each statistic that there is."""
    listed = await async_list_statistic_ids(hass, set(statistic_ids))
    return {row["statistic_id"]: row for row in listed}


def has_mean(row: dict[str, Any]) -> bool:
    """Tell whether a statistic has means."""
    return bool(row["mean_type"] != StatisticMeanType.NONE)


def is_external(statistic_id: str) -> bool:
    """Tell whether a statistic belongs to no entity: such have hours only."""
    return ":" in statistic_id


def source_of(hass: HomeAssistant, statistic_id: str) -> str:
    """Hold an entity by its registry id, which survives a rename, and an external statistic by its own id."""
    entity = er.async_get(hass).async_get(statistic_id)
    return entity.id if entity else statistic_id


def statistic_of(hass: HomeAssistant, source: str) -> str:
    """Return the present id of the statistic that is held."""
    entity = er.async_get(hass).async_get(source)
    return entity.entity_id if entity else source
