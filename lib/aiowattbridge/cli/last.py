"""`last`: the newest packet that Wattics has of a stream."""

from typing import Annotated

import typer

from .accounts import Vendor
from .clients import open_wattics
from .command import Run, command


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "last",
        about="Show the newest packet that Wattics has of each stream.",
        examples=["aiowattbridge last house-main house-solar", "aiowattbridge last house-main --json"],
        vendors=[Vendor.WATTICS],
    )(last)


async def last(
    run: Run,
    streams: Annotated[
        list[str], typer.Argument(metavar="STREAM", help="Stream ids, as Wattics has them.", show_default=False)
    ],
) -> None:
    """Ask for the streams one by one; a stream of which the cloud says nothing has no time."""
    rows = []
    async with open_wattics(run.account(Vendor.WATTICS), run.timeout_s) as client:
        for stream in streams:
            packet = await client.last_packet(stream)
            time, values = (None, {}) if packet is None else (packet.timestamp, packet.values)
            if run.screen.as_json:
                run.screen.document({"stream": stream, "time": time, "values": values})
            rows.append((stream, time, "  ".join(f"{name}={value:.15g}" for name, value in values.items())))
    if not run.screen.as_json:
        run.screen.table(["stream", "last packet (UTC)", "values"], rows)
