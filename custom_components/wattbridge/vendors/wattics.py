"""What Home Assistant has to know about Wattics: how to connect, and which statistic fits which parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import aiohttp
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.wattics import (
    DEMO_URL,
    DEVELOPMENT_URL,
    ELECTRICITY_PARAMETERS,
    PRODUCTION_URL,
    WatticsClient,
)
from ..const import CONF_BASE_URL, CONF_STREAM_ID, DOMAIN, SUBENTRY_STREAM

KEY: Final = "wattics"
DEFAULT_URL: Final = PRODUCTION_URL
ENVIRONMENTS: Final[Mapping[str, str]] = {
    "production": PRODUCTION_URL,
    "development": DEVELOPMENT_URL,
    "demo": DEMO_URL,
}
INTERVALS_MIN: Final = (5, 10, 15, 30, 60)
HOURLY_MIN: Final = 60


class Kind(StrEnum):
    """The two kinds of data points that Wattics knows."""

    ELECTRICITY = "electricity"
    VALUE = "value"


class Measure(StrEnum):
    """What is taken from a row of a statistic."""

    CHANGE = "change"
    MEAN = "mean"
    SUM = "sum"
    STATE = "state"


class Start(StrEnum):
    """From where on a stream is filled."""

    NOW = "now"
    DATE = "date"
    BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that are filled in the same way."""

    key: str
    unit_class: str
    measure: Measure


GROUPS: Final = (
    Group("energy", "energy", Measure.CHANGE),
    Group("active_power", "power", Measure.MEAN),
    Group("reactive_power", "reactive_power", Measure.MEAN),
    Group("apparent_power", "apparent_power", Measure.MEAN),
    Group("voltage", "voltage", Measure.MEAN),
    Group("current", "electric_current", Measure.MEAN),
    Group("line_voltage", "voltage", Measure.MEAN),
)


def parameters_of(group: Group) -> tuple[str, ...]:
    """List the wire names of a group, in the vendor's order."""
    return tuple(parameter.name for parameter in ELECTRICITY_PARAMETERS if parameter.group == group.key)


def environment_of(base_url: str) -> str | None:
    """Name the environment that an address belongs to; None for an address of somebody's own."""
    return next((name for name, url in ENVIRONMENTS.items() if url == base_url), None)


def is_stream_taken(hass: HomeAssistant, stream_id: str) -> bool:
    """Tell whether an account of this Home Assistant, whichever it is, fills a stream: nobody else may."""
    return any(
        subentry.subentry_type == SUBENTRY_STREAM and subentry.data[CONF_STREAM_ID] == stream_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
    )


def connect(session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause | None = None) -> WatticsClient:
    """Return the client for the account of a config entry's data."""
    return WatticsClient(
        data[CONF_USERNAME], data[CONF_PASSWORD], session=session, base_url=data[CONF_BASE_URL], pause=pause
    )
