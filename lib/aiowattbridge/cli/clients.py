"""Clients for the commands: each with the account's credentials, at the account's address."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from ..carbontrack import DEFAULT_URL as CARBONTRACK_URL
from ..carbontrack import CarbonTrackClient
from ..voltaware import DEFAULT_URL as VOLTAWARE_URL
from ..voltaware import VoltawareClient
from ..wattcarbon import DEFAULT_URL as WATTCARBON_URL
from ..wattcarbon import WattCarbonClient
from ..wattics import PRODUCTION_URL as WATTICS_URL
from ..wattics import WatticsClient
from .accounts import Account, Vendor


class Verifiable(Protocol):
    """What all clients can do."""

    async def verify(self) -> None:
        """Log in for real."""
        ...

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        ...


DEFAULT_URLS: Final = {
    Vendor.CARBONTRACK: CARBONTRACK_URL,
    Vendor.VOLTAWARE: VOLTAWARE_URL,
    Vendor.WATTICS: WATTICS_URL,
    Vendor.WATTCARBON: WATTCARBON_URL,
}


def address_of(vendor: Vendor, account: Account) -> str:
    """Return the address that the account's requests go to."""
    return account.url or DEFAULT_URLS[vendor]


def open_carbontrack(account: Account, timeout_s: float) -> CarbonTrackClient:
    """Make a client of carbonTRACK."""
    url = address_of(Vendor.CARBONTRACK, account)
    return CarbonTrackClient(account.user, account.secret, base_url=url, timeout_s=timeout_s)


def open_voltaware(account: Account, timeout_s: float) -> VoltawareClient:
    """Make a client of Voltaware."""
    url = address_of(Vendor.VOLTAWARE, account)
    return VoltawareClient(account.user, account.secret, base_url=url, timeout_s=timeout_s)


def open_wattics(account: Account, timeout_s: float) -> WatticsClient:
    """Make a client of Wattics."""
    url = address_of(Vendor.WATTICS, account)
    return WatticsClient(account.user, account.secret, base_url=url, timeout_s=timeout_s)


def open_wattcarbon(account: Account, timeout_s: float) -> WattCarbonClient:
    """Make a client of WattCarbon."""
    url = address_of(Vendor.WATTCARBON, account)
    return WattCarbonClient(account.user, account.secret, base_url=url, timeout_s=timeout_s)


OPENERS: Final[dict[Vendor, Callable[[Account, float], Verifiable]]] = {
    Vendor.CARBONTRACK: open_carbontrack,
    Vendor.VOLTAWARE: open_voltaware,
    Vendor.WATTICS: open_wattics,
    Vendor.WATTCARBON: open_wattcarbon,
}
