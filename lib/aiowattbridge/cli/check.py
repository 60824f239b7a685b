"""`check`: whether the credentials are good."""

import time
from typing import Annotated

import typer

from .accounts import KINDS, Vendor, names
from .clients import OPENERS, address_of
from .command import Run, command

VendorArgument = Annotated[
    Vendor,
    typer.Argument(metavar="VENDOR", help=f"Which cloud: {names(Vendor)}.", show_choices=False, show_default=False),
]


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "check",
        about="Log in to a cloud and say whether it lets you in.",
        examples=["aiowattbridge check carbontrack", "aiowattbridge check wattics --user meter-pusher --json"],
        vendors=tuple(Vendor),
    )(check)


async def check(run: Run, vendor: VendorArgument) -> None:
    """Log in and tell what was reached, and how long that took."""
    account = run.account(vendor)
    url = address_of(vendor, account)
    async with OPENERS[vendor](account, run.timeout_s) as client:
        started_s = time.perf_counter()
        await client.verify()
        latency_ms = round(1000 * (time.perf_counter() - started_s))
    if run.screen.as_json:
        run.screen.document({"vendor": vendor.value, "url": url, "latency_ms": latency_ms})
    else:
        run.screen.say(f"{KINDS[vendor].title} lets you in ({url}, {latency_ms} ms)")
