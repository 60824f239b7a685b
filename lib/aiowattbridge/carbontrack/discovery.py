"""What an account has: its devices with whose they are, found while both are being listed.

The cloud lists customers with the ids of their devices, and devices without their customers. Both lists are read page
by page and matched by id; a distributor's account can have thousands of each, so only devices whose customer has not
come yet are kept, and no more of them than `LOOK_AHEAD`: beyond that a device is asked for by its id.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

from ..errors import RejectedError
from .models import Customer, Device, Distributor

LOOK_AHEAD: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A device, the customer whose list has it, and the distributor it belongs to; None where the cloud names none."""

    distributor: Distributor | None
    customer: Customer | None
    device: Device


class Account(Protocol):
    """The lists of an account."""

    async def distributors(self) -> list[Distributor]:
        """Return the distributors."""
        ...

    def customers(self) -> AsyncGenerator[Customer]:
        """Yield the customers."""
        ...

    def devices(self, *, device_id: str | None = None, distributor_id: str | None = None) -> AsyncGenerator[Device]:
        """Yield the devices, or those that match."""
        ...


class _Listing:
    """The devices of an account in the cloud's order, each once, with those that were passed on the way to another."""

    def __init__(self, account: Account, distributors: list[Distributor]) -> None:
        """Begin before the first."""
        self._account = account
        self._distributors = {distributor.id: distributor for distributor in distributors}
        self._rest = self._list()
        self._is_through = False
        self._passed: dict[str, Installation] = {}
        self._given: set[str] = set()

    async def take(self, device_id: str, customer: Customer) -> Installation | None:
        """Return a customer's device; None if it was given before or the cloud does not know it after all."""
        if device_id in self._given:
            return None
        while device_id not in self._passed and not self._is_through and len(self._passed) < LOOK_AHEAD:
            await self._advance()
        found = self._passed.pop(device_id, None)
        device = await self._ask(device_id) if found is None else found.device
        if device is None:
            return None
        self._given.add(device_id)
        distributor = found.distributor if found else None
        if distributor is None:
            distributor = self._distributors.get(customer.distributor_id or "")
        return Installation(distributor=distributor, customer=customer, device=device)

    async def remaining(self) -> AsyncGenerator[Installation]:
        """Yield the devices that no customer has."""
        while self._passed or not self._is_through:
            for device_id in list(self._passed):
                self._given.add(device_id)
                yield self._passed.pop(device_id)
            await self._advance()

    async def aclose(self) -> None:
        """Ask for no more."""
        await self._rest.aclose()

    async def _advance(self) -> None:
        """Pass the next device that has not been seen yet, if there is one."""
        async for installation in self._rest:
            if (device_id := installation.device.device_id) not in self._given and device_id not in self._passed:
                self._passed[device_id] = installation
                return
        self._is_through = True

    async def _list(self) -> AsyncGenerator[Installation]:
        """List the devices of each distributor, then those of the account, which may be others."""
        for distributor in (*self._distributors.values(), None):
            devices = self._account.devices(distributor_id=distributor.id if distributor else None)
            async with aclosing(_allowed(devices) if self._distributors else devices) as listed:
                async for device in listed:
                    yield Installation(distributor=distributor, customer=None, device=device)

    async def _ask(self, device_id: str) -> Device | None:
        """Ask for one device by its id."""
        async with aclosing(_allowed(self._account.devices(device_id=device_id))) as devices:
            async for device in devices:
                if device.device_id == device_id:
                    return device
        return None


async def discover(account: Account) -> AsyncGenerator[Installation]:
    """Yield every device of an account once, as far as possible with its customer; first those of customers.

    A list that is refused to this account counts as empty: a plain user has no distributors. Only where there are none,
    the list of all devices has to be there.
    """
    try:
        distributors = await account.distributors()
    except RejectedError:
        distributors = []
    async with aclosing(_Listing(account, distributors)) as listing:
        async with aclosing(_allowed(account.customers())) as customers:
            async for customer in customers:
                for device_id in customer.devices:
                    if installation := await listing.take(device_id, customer):
                        yield installation
        async with aclosing(listing.remaining()) as rest:
            async for installation in rest:
                yield installation


async def _allowed[T](records: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Yield records, none where the cloud refuses them to this account; a refusal on the way is an error."""
    has_begun = False
    async with aclosing(records):
        try:
            async for record in records:
                has_begun = True
                yield record
        except RejectedError:
            if has_begun:
                raise
