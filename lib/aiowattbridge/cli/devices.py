"""`devices`: what an account has."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from ..carbontrack import Customer, Installation
from ..wattcarbon import Asset
from .accounts import Vendor
from .clients import open_carbontrack, open_voltaware, open_wattcarbon
from .command import Run, command


class Source(StrEnum):
    """The clouds that list what an account has."""

    CARBONTRACK = "carbontrack"
    VOLTAWARE = "voltaware"
    WATTCARBON = "wattcarbon"


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "devices",
        about="List the devices, sensors or assets of an account. JSON is one line for each.",
        examples=["aiowattbridge devices carbontrack", "aiowattbridge devices carbontrack --personal --json"],
        vendors=[Vendor.CARBONTRACK, Vendor.VOLTAWARE, Vendor.WATTCARBON],
    )(devices)


async def devices(
    run: Run,
    vendor: Annotated[
        Source,
        typer.Argument(
            metavar="VENDOR",
            help="Which cloud: carbontrack, voltaware or wattcarbon.",
            show_choices=False,
            show_default=False,
        ),
    ],
    *,
    personal: Annotated[
        bool, typer.Option("--personal", metavar="", help="Show also whose they are and where they stand.")
    ] = False,
) -> None:
    """List what there is, with personal data only if they are asked for."""
    listing = _Listing(run)
    async with aclosing(_LISTS[vendor](run, personal)) as documents:
        async for document in documents:
            listing.add(document)
    listing.show()


class _Listing:
    """Documents that are alike: a line of JSON for each at once, or a table in the end."""

    def __init__(self, run: Run) -> None:
        """Begin without any."""
        self._screen = run.screen
        self._documents: list[dict[str, Any]] = []

    def add(self, document: dict[str, Any]) -> None:
        """Take one."""
        if self._screen.as_json:
            self._screen.document(document)
        else:
            self._documents.append(document)

    def show(self) -> None:
        """Show the table."""
        if self._documents:
            titles = [name.replace("_", " ") for name in self._documents[0]]
            self._screen.table(titles, [list(document.values()) for document in self._documents])
        elif not self._screen.as_json:
            self._screen.note("this account has none")


def _name(customer: Customer) -> str | None:
    """Write a customer's name."""
    return " ".join(part for part in (customer.first_name, customer.last_name) if part) or None


async def _carbontrack(run: Run, personal: bool) -> AsyncGenerator[dict[str, Any]]:  # noqa: FBT001 - all lists are alike
    """Describe the devices of carbonTRACK as they are found."""
    client = open_carbontrack(run.account(Vendor.CARBONTRACK), run.timeout_s)
    async with client, aclosing(client.discover()) as found:
        async for installation in found:
            yield _installation(installation, personal=personal)


async def _voltaware(run: Run, personal: bool) -> AsyncGenerator[dict[str, Any]]:  # noqa: FBT001 - all lists are alike
    """Describe the devices of Voltaware, one by one; where each stands is a question of its own."""
    async with open_voltaware(run.account(Vendor.VOLTAWARE), run.timeout_s) as client:
        for device_id in await client.device_ids():
            device = await client.device(device_id)
            document: dict[str, Any] = {
                "id": device_id,
                "state": device.connection_state,
                "first_event": device.first_event,
                "last_event": device.last_event,
                "time_zone": device.time_zone,
                "firmware": device.firmware,
            }
            if personal:
                place = await client.geolocation(device_id)
                document |= {
                    "latitude_deg": None if place is None else place.latitude_deg,
                    "longitude_deg": None if place is None else place.longitude_deg,
                }
            yield document


async def _wattcarbon(run: Run, personal: bool) -> AsyncGenerator[dict[str, Any]]:  # noqa: FBT001 - all lists are alike
    """Describe the assets of WattCarbon."""
    async with open_wattcarbon(run.account(Vendor.WATTCARBON), run.timeout_s) as client:
        for asset in await client.assets():
            yield _asset(asset, personal=personal)


def _installation(installation: Installation, *, personal: bool) -> dict[str, Any]:
    """Describe a device of carbonTRACK."""
    device, customer, distributor = installation.device, installation.customer, installation.distributor
    document: dict[str, Any] = {
        "id": device.device_id,
        "registered": device.is_registered,
        "last_data": device.data_updated_at,
        "inverter": device.contains_inverter,
        "firmware": device.firmware_version,
        "distributor": None if distributor is None else distributor.id,
    }
    if personal:
        document |= {
            "name": device.name,
            "customer": device.customer_reference,
            "owner": None if customer is None else _name(customer),
            "latitude_deg": device.latitude,
            "longitude_deg": device.longitude,
        }
    return document


def _asset(asset: Asset, *, personal: bool) -> dict[str, Any]:
    """Describe an asset of WattCarbon."""
    document: dict[str, Any] = {
        "id": asset.asset_id,
        "kind": asset.kind,
        "custom_id": asset.custom_id,
        "meters": list(asset.meter_ids),
        "since": asset.commenced_operation_date,
    }
    if personal:
        owner = asset.device_owner
        place = asset.location
        document |= {
            "name": asset.name,
            "owner": None if owner is None else owner.name,
            "location": place if isinstance(place, str | None) else place.to_wire(),
        }
    return document


_LISTS: Final = {Source.CARBONTRACK: _carbontrack, Source.VOLTAWARE: _voltaware, Source.WATTCARBON: _wattcarbon}
