"""Where an asset or a meter is: at Home Assistant's home, or at an address. Only the cloud keeps it."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import TextSelector

from .aiowattbridge.wattcarbon import Address, Coordinates, Location

CONF_STREET = "street"
CONF_CITY = "city"
CONF_STATE = "state"
CONF_COUNTRY = "country"
CONF_POSTAL_CODE = "postal_code"
PARTS = (CONF_STREET, CONF_CITY, CONF_STATE, CONF_COUNTRY, CONF_POSTAL_CODE)


def place_fields() -> dict[Any, Any]:
    """Ask for an address; without one, the place is Home Assistant's home."""
    return {vol.Optional(part): TextSelector() for part in PARTS}


def place_in(hass: HomeAssistant, user_input: Mapping[str, Any]) -> Location:
    """Read the place; raises ValueError that names the field at fault."""
    given = {part: text for part in PARTS if (text := user_input.get(part, "").strip())}
    if given:
        return Address(**given)
    return Coordinates(latitude_deg=hass.config.latitude, longitude_deg=hass.config.longitude)
