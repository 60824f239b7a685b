"""How a moment is written for people: in dialogues, repairs, and what an action answers or refuses."""

from datetime import datetime
from typing import Final

from homeassistant.util import dt as dt_util

NOTHING_KNOWN: Final = "–"


def local_time(moment: datetime | None) -> str:
    """Write a time by Home Assistant's clock, to the minute; a dash if there is none."""
    return NOTHING_KNOWN if moment is None else dt_util.as_local(moment).isoformat(" ", "minutes")
