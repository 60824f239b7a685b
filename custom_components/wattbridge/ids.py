"""The ids of our statistics, which stay the same for ever."""

import re
from hashlib import sha256
from typing import Final

from .const import DOMAIN

_NOT_ALLOWED: Final = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """Return what may stand in an id.

    Ids allow little; what has to be changed for it gets a short hash, so that no two texts share an id.
    """
    changed = _NOT_ALLOWED.sub("_", text.lower()).strip("_")
    if changed == text:
        return changed
    return f"{changed}_{sha256(text.encode()).hexdigest()[:6]}".lstrip("_")


def statistic_id(vendor: str, device_id: str, series: str) -> str:
    """Return the id of a device's series; no account is in it, so that it outlives one."""
    return f"{DOMAIN}:{vendor}_{slug(device_id)}_{series}"


def device_hash(device_id: str) -> str:
    """Return what a device is called where its own id should not be seen: the ids of repairs are in many reports."""
    return sha256(device_id.encode()).hexdigest()[:12]
