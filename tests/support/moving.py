"""One time for a simulated cloud and for what Home Assistant takes it to be."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util

from aiowattbridge.simulators import SimulatorClock


def local(zone: str, *parts: int) -> datetime:
    """Return a local time as an aware one."""
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type, misc] # year, month, day and so on


def same_time(clock: SimulatorClock) -> AbstractContextManager[Callable[[], datetime]]:
    """Let Home Assistant's idea of now be the cloud's."""
    return patch.object(dt_util, "utcnow", clock.now)
