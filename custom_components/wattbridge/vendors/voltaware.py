"""What Home Assistant has to know about Voltaware: how to connect, and which series a meter has."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.voltaware import DEFAULT_URL as CLOUD_URL
from ..aiowattbridge.voltaware import VoltawareClient
from ..const import CONF_BASE_URL
from ..ids import slug, statistic_id

KEY: Final = "voltaware"
DEFAULT_URL: Final = CLOUD_URL

TOTAL: Final = "total"


def meter_name(device_id: str) -> str:
    """Name a meter that nobody has named: the cloud knows ids alone."""
    return f"Meter {device_id}"


def total_id(device_id: str) -> str:
    """Return the id of the series of all consumption of a meter."""
    return statistic_id(KEY, device_id, TOTAL)


def appliance_id(device_id: str, key: str) -> str:
    """Return the id of the series of a kind of appliance, by the vendor's key."""
    # A key that is called so one day must not be taken for all.
    return statistic_id(KEY, device_id, slug(f"{key}_appliance" if key == TOTAL else key))


def connect(session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause | None = None) -> VoltawareClient:
    """Return the client for the account of a config entry's data: the client id stands where others have a name.

    All of its requests keep the pause.
    """
    return VoltawareClient(
        data[CONF_USERNAME], data[CONF_PASSWORD], session=session, base_url=data[CONF_BASE_URL], pause=pause
    )
