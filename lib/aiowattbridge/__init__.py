"""Async clients for the energy clouds carbonTRACK, Voltaware, Wattics and WattCarbon, independent of Home Assistant.

A tour: `transport` is the one door through which every request goes. `auth` says who we are and renews it, `retry` when
to ask again, `pause` how long a cloud is to be left alone, `answer` what came back, `paging` walks through what comes
in pages, `fields` reads what clouds write oddly, `clock` is the time all of them see. On these stand the vendors, one
folder each:

    from aiowattbridge.carbontrack import CarbonTrackClient   # measurements in
    from aiowattbridge.voltaware import VoltawareClient       # appliances' consumption in
    from aiowattbridge.wattics import Sender, WatticsClient   # measurements out
    from aiowattbridge.wattcarbon import WattCarbonClient     # hourly series out

A client opens an `aiohttp.ClientSession` of its own, or is handed one, which it never closes. What can go wrong is the
tree in `errors`, whose classes say what to do about it.
"""

from .clock import SYSTEM_CLOCK, Clock
from .errors import (
    CredentialsError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    RequestTimeoutError,
    ResponseError,
    ServerError,
    TryLaterError,
    UnreachableError,
    WattbridgeError,
)
from .pause import Pause
from .retry import NO_RETRY, RetryPolicy
from .transport import check_base_url

__all__ = [
    "NO_RETRY",
    "SYSTEM_CLOCK",
    "Clock",
    "CredentialsError",
    "ForbiddenError",
    "NotFoundError",
    "Pause",
    "RateLimitedError",
    "RejectedError",
    "RequestTimeoutError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "TryLaterError",
    "UnreachableError",
    "WattbridgeError",
    "check_base_url",
]
