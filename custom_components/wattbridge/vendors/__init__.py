"""The clouds by their key. What is particular to one of them stands in the module of its name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

import aiohttp
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.wattcarbon import WattCarbonClient
from ..aiowattbridge.wattics import WatticsClient
from ..const import CONF_BASE_URL, CONF_VENDOR
from . import carbontrack, voltaware, wattcarbon, wattics


class Client(Protocol):
    """What every cloud's client can do."""

    async def verify(self) -> None:
        """Make one real call with the credentials."""


class Connect[C](Protocol):
    """How a cloud's client is made."""

    def __call__(self, session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause | None = None) -> C:
        """Return the client for an account; all of its requests keep the pause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor[C: Client]:
    """One cloud: how it is called, where it is, and how to talk to it."""

    key: str
    name: str
    default_url: str
    connect: Connect[C]


CARBONTRACK: Final = Vendor(
    key=carbontrack.KEY, name="carbonTRACK", default_url=carbontrack.DEFAULT_URL, connect=carbontrack.connect
)
VOLTAWARE: Final = Vendor(
    key=voltaware.KEY, name="Voltaware", default_url=voltaware.DEFAULT_URL, connect=voltaware.connect
)
WATTICS: Final = Vendor(key=wattics.KEY, name="Wattics", default_url=wattics.DEFAULT_URL, connect=wattics.connect)
WATTCARBON: Final = Vendor(
    key=wattcarbon.KEY, name="WattCarbon", default_url=wattcarbon.DEFAULT_URL, connect=wattcarbon.connect
)
VENDORS: Final[Mapping[str, Vendor[Any]]] = {
    vendor.key: vendor for vendor in (CARBONTRACK, VOLTAWARE, WATTICS, WATTCARBON)
}


def account_unique_id(vendor: str, data: Mapping[str, Any]) -> str:
    """Identify an account: the clouds have no account id to ask for, so it is the login, hashed."""
    login = "\n".join((vendor, data[CONF_BASE_URL], data[CONF_USERNAME]))
    return f"{vendor}_{sha256(login.encode()).hexdigest()[:24]}"


def is_source(data: Mapping[str, Any]) -> bool:
    """Tell whether an account with this entry data is read from (and not written to)."""
    # An account that the user ignores has no data; Home Assistant asks about it all the same.
    return data.get(CONF_VENDOR) in (carbontrack.KEY, voltaware.KEY)


def connect_sink(
    session: aiohttp.ClientSession, data: Mapping[str, Any], pause: Pause
) -> WatticsClient | WattCarbonClient:
    """Return the client for an account that is written to; all of its requests keep the pause."""
    if data[CONF_VENDOR] == wattcarbon.KEY:
        return wattcarbon.connect(session, data, pause)
    return wattics.connect(session, data, pause)


def entry_session(hass: HomeAssistant) -> aiohttp.ClientSession:
    """Return a session of its own for a config entry; Home Assistant detaches it at unload.

    The library keeps the cookies of its account itself, so that two accounts never share one.
    """
    return async_create_clientsession(hass, cookie_jar=aiohttp.DummyCookieJar())


def flow_session(hass: HomeAssistant) -> aiohttp.ClientSession:
    """Return a session that somebody else detaches: a flow when it ends."""
    return async_create_clientsession(hass, auto_cleanup=False, cookie_jar=aiohttp.DummyCookieJar())


@asynccontextmanager
async def short_session(hass: HomeAssistant) -> AsyncIterator[aiohttp.ClientSession]:
    """Lend a session to a step of a flow, which no unload would ever clean up."""
    session = flow_session(hass)
    try:
        yield session
    finally:
        session.detach()
