"""`voltaware metadata`: what Voltaware knows of a home, read and set in the vendor's own form."""

import dataclasses
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ..voltaware import (
    Property,
    VoltawareClient,
    read_appliances,
    read_geolocation,
    read_property,
)
from .accounts import Vendor
from .clients import open_voltaware
from .command import Run, command
from .endings import Ending, Stop


class Part(StrEnum):
    """What there is to know of a home."""

    PROPERTY = "property"
    APPLIANCES = "appliances"
    GEOLOCATION = "geolocation"


DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEVICE", help="The device's id (see `devices`).", show_default=False)
]
PartArgument = Annotated[
    Part, typer.Argument(metavar="PART", help=f"Which part: {', '.join(Part)}.", show_choices=False, show_default=False)
]


def add(group: typer.Typer) -> None:
    """Add the commands to their group."""
    metadata = typer.Typer(no_args_is_help=True, help="Read and set what Voltaware knows of a home.")
    command(
        metadata,
        "get",
        about="Write a part of what is known of a home as JSON, in the form that `set` reads.",
        examples=["aiowattbridge voltaware metadata get 0042 appliances > home.json"],
        vendors=[Vendor.VOLTAWARE],
    )(get)
    command(
        metadata,
        "set",
        about=(
            "Replace a part of what is known of a home by what is in a JSON file.\n\n"
            "Every field is checked before anything is sent, and the one at fault is named with what is accepted."
        ),
        examples=[
            "aiowattbridge voltaware metadata set 0042 appliances home.json --dry-run",
            'echo \'{"latitude": 52.5, "longitude": 13.4}\' |',
            "    aiowattbridge voltaware metadata set 0042 geolocation -",
        ],
        vendors=[Vendor.VOLTAWARE],
    )(set_)
    group.add_typer(metadata, name="metadata")


async def get(run: Run, device: DeviceArgument, part: PartArgument) -> None:
    """Write what is known."""
    async with open_voltaware(run.account(Vendor.VOLTAWARE), run.timeout_s) as client:
        known = await _get(client, device, part)
    if known is None:
        run.screen.note(f"Voltaware was told nothing of this home's {part}")
    text = json.dumps(known, indent=None if run.screen.as_json else 2, ensure_ascii=False)
    sys.stdout.write(f"{text}\n")


async def _get(client: VoltawareClient, device_id: str, part: Part) -> object:
    """Ask for a part, in the vendor's form; None if nothing is known."""
    if part is Part.PROPERTY:
        known = await client.property_details(device_id)
        return None if known is None else _as_it_came(known)
    if part is Part.APPLIANCES:
        listed = await client.appliances(device_id)
        return None if listed is None else {"appliances": [one.to_wire() for one in listed]}
    place = await client.geolocation(device_id)
    return None if place is None else {"latitude": place.latitude_deg, "longitude": place.longitude_deg}


def _as_it_came(known: Property) -> dict[str, Any]:
    """Write a property without judging it, as an answer may hold what could not be sent."""
    given = {name: value for name, value in dataclasses.asdict(known).items() if value is not None}
    if "home_size_m2" in given:
        given["home_size"] = given.pop("home_size_m2")
    if "home_type" not in given and not given.get("people"):
        given.pop("people", None)
    return given


@dataclass(frozen=True, slots=True)
class _Setting:
    """A part that was read and checked: what is sent, and how."""

    wire: object
    send: Callable[[VoltawareClient, str], Awaitable[None]]


async def set_(
    run: Run,
    device: DeviceArgument,
    part: PartArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON file; - is stdin.", show_default=False)],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Only check the file, and show what would be sent.")
    ] = False,
) -> None:
    """Check a file and send it."""
    name = "stdin" if str(file) == "-" else str(file)
    try:
        data = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        setting = _READERS[part](data)
    except json.JSONDecodeError as error:
        raise Stop(Ending.USAGE, f"{name}: is no JSON (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:
        raise Stop(Ending.USAGE, f"{name}: {error}") from None
    if dry_run:
        sys.stdout.write(json.dumps(setting.wire, indent=None if run.screen.as_json else 2, ensure_ascii=False) + "\n")
        return
    async with open_voltaware(run.account(Vendor.VOLTAWARE), run.timeout_s) as client:
        await setting.send(client, device)
    if run.screen.as_json:
        run.screen.document({"device": device, "part": part.value, "set": True})
    else:
        run.screen.say(f"the {part} of {device} is set")


def _property(data: object) -> _Setting:
    """Read a property."""
    found = read_property(data)
    return _Setting(found.to_wire(), lambda client, device_id: client.set_property_details(device_id, found))


def _appliances(data: object) -> _Setting:
    """Read a list of appliances."""
    found = read_appliances(data)
    wire = {"appliances": [appliance.to_wire() for appliance in found]}
    return _Setting(wire, lambda client, device_id: client.set_appliances(device_id, found))


def _geolocation(data: object) -> _Setting:
    """Read a place."""
    found = read_geolocation(data)
    return _Setting(found.to_wire(), lambda client, device_id: client.set_geolocation(device_id, found))


_READERS: Final[dict[Part, Callable[[object], _Setting]]] = {
    Part.PROPERTY: _property,
    Part.APPLIANCES: _appliances,
    Part.GEOLOCATION: _geolocation,
}
