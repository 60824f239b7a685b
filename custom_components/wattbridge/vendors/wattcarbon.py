"""What Home Assistant has to know about WattCarbon: how to connect, and which statistic counts with which sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, get_args

import aiohttp
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.const import __version__ as home_assistant_version
from homeassistant.core import HomeAssistant

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.wattcarbon import DEFAULT_URL as WATTCARBON_URL
from ..aiowattbridge.wattcarbon import CollectionName, WattCarbonClient
from ..const import CONF_BASE_URL, CONF_COLLECTION, CONF_TARGET, CONF_TARGET_ID, DOMAIN, SUBENTRY_SERIES

KEY: Final = "wattcarbon"
DEFAULT_URL: Final = WATTCARBON_URL
COLLECTIONS: Final[tuple[CollectionName, ...]] = get_args(CollectionName.__value__)
# The vendor wants everybody to have a distinctive name.
USER_AGENT: Final = f"Wattbridge HomeAssistant/{home_assistant_version}"


class Target(StrEnum):
    """What a series is uploaded to."""

    ASSET = "asset"
    METER = "meter"


class Role(StrEnum):
    """What the energy of a statistic is to an asset or a meter; the values are translation keys."""

    GENERATION = "generation"
    DISCHARGE = "discharge"
    CHARGE = "charge"
    SAVINGS = "savings"
    CONSUMPTION = "consumption"
    METERED = "metered"


@dataclass(frozen=True, slots=True)
class Counting:
    """How a role counts: its sign, and whether its sum may fall without having been reset."""

    sign: int = 1
    may_fall: bool = False


# Generated, supplied or saved is positive; additional consumption is negative. A meter counts what was used.
COUNTING: Final[Mapping[Role, Counting]] = {
    Role.GENERATION: Counting(),
    Role.DISCHARGE: Counting(),
    Role.CHARGE: Counting(sign=-1),
    Role.SAVINGS: Counting(may_fall=True),
    Role.CONSUMPTION: Counting(sign=-1),
    Role.METERED: Counting(),
}


def roles_of(target: Target, kind: str | None) -> tuple[Role, ...]:
    """List what statistics can be to an asset of a kind, or to a meter."""
    if target is Target.METER:
        return (Role.METERED,)
    if kind is not None and kind.startswith("solar"):
        return (Role.GENERATION,)
    if kind is not None and kind.startswith("storage"):
        return (Role.DISCHARGE, Role.CHARGE)
    return (Role.SAVINGS, Role.CONSUMPTION)


def is_target_taken(hass: HomeAssistant, target_id: str, target: Target = Target.ASSET) -> bool:
    """Tell whether an account of this Home Assistant, whichever it is, fills an asset or a meter: nobody else may."""
    return any(
        subentry.subentry_type == SUBENTRY_SERIES
        and (subentry.data[CONF_TARGET], subentry.data[CONF_TARGET_ID]) == (target, target_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
    )


def connect(session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause | None = None) -> WattCarbonClient:
    """Return the client for the account of a config entry's data."""
    return WattCarbonClient(
        data[CONF_USERNAME],
        data[CONF_PASSWORD],
        session=session,
        base_url=data[CONF_BASE_URL],
        collection=data.get(CONF_COLLECTION),
        user_agent=USER_AGENT,
        pause=pause,
    )
