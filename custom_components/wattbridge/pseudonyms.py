"""Short names for identifiers that must not leave this Home Assistant."""

from collections.abc import Callable
from hashlib import sha256

from homeassistant.core import HomeAssistant
from homeassistant.helpers import instance_id

type Pseudonym = Callable[[str], str]


async def async_pseudonyms(hass: HomeAssistant) -> Pseudonym:
    """Return what makes short names: the same for the same identifier in every report of this Home Assistant.

    Ids of devices are often short numbers, which a bare hash would not hide: all of them are soon tried.
    """
    salt = await instance_id.async_get(hass)
    return lambda identifier: sha256(f"{salt} {identifier}".encode()).hexdigest()[:8]
