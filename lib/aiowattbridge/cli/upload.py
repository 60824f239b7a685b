"""`upload`: an hourly series to WattCarbon, looked through first, then batch by batch."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from ..wattcarbon import (
    BATCH_ROWS,
    Grid,
    Hole,
    HourlyEnergy,
    Survey,
    UploadReceipt,
    WattCarbonClient,
    read_csv,
    survey,
)
from .accounts import Vendor
from .clients import open_wattcarbon
from .command import Run, command
from .endings import Ending, Stop, named_as
from .screen import Screen
from .times import read_time, read_zone

_MOST_SHOWN: Final = 20
_DAY_MINUTES: Final = 1440


TargetArgument = Annotated[str, typer.Argument(metavar="ASSET", help="The asset's id, or with --meter the meter's.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV.")]
MeterOption = Annotated[bool, typer.Option("--meter", metavar="", help="Upload to a meter instead of an asset.")]
IntervalMinOption = Annotated[
    int, typer.Option("--interval", metavar="MINUTES", help="How long a row of a meter's series is; 1440 for days.")
]
ZoneOption = Annotated[
    str, typer.Option("--zone", metavar="ZONE", help="The time zone of --from, and of a meter's days.")
]
StartOption = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Leave out the rows before this time.")]
AllowHolesOption = Annotated[
    bool, typer.Option("--allow-holes", metavar="", help="Upload also when hours are missing in between.")
]
BatchRowsOption = Annotated[int, typer.Option("--batch", metavar="ROWS", help="Rows of one request.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Only look through the file, and show what is in it.")
]


def add(app: typer.Typer) -> None:
    """Add the command's group."""
    group = typer.Typer(no_args_is_help=True, help="Upload a series of energies.")
    command(
        group,
        "wattcarbon",
        about=(
            "Upload a CSV of energies to an asset, or to a meter.\n\n"
            "Its first line is datetime,value_kwh, its rows like 2026-03-01T00:00:00+00:00,0.25, in ascending order. "
            "The file is looked through before anything is sent: times that come twice, that are out of order or "
            "off the hour are refused, and so are holes unless they are allowed. "
            "What is at WattCarbon of the same hours is replaced, so that an upload may be repeated."
        ),
        examples=[
            "aiowattbridge upload wattcarbon 4711 solar.csv --dry-run",
            "aiowattbridge upload wattcarbon 4711 solar.csv --from 2026-03-01",
            "aiowattbridge upload wattcarbon 815 gas.csv --meter --interval 15",
        ],
        vendors=[Vendor.WATTCARBON],
    )(upload_wattcarbon)
    app.add_typer(group, name="upload")


async def upload_wattcarbon(
    run: Run,
    target: TargetArgument,
    file: FileArgument,
    *,
    meter: MeterOption = False,
    interval_min: IntervalMinOption = 60,
    zone: ZoneOption = "UTC",
    start: StartOption = None,
    allow_holes: AllowHolesOption = False,
    batch_rows: BatchRowsOption = BATCH_ROWS,
    dry_run: DryRunOption = False,
) -> None:
    """Look through the file and upload it."""
    if interval_min != 60 and not meter:  # noqa: PLR2004 - an hour
        raise Stop(Ending.USAGE, "--interval: is for --meter; an asset's series is hourly")
    its_zone = read_zone(zone)
    try:
        grid = Grid(timedelta(minutes=interval_min), its_zone if interval_min == _DAY_MINUTES else UTC)
    except ValueError as error:
        raise Stop(Ending.USAGE, f"--{error}") from None
    since = None if start is None else read_time(start, its_zone, "--from")
    rows = await asyncio.to_thread(_read, file, since)
    found = await asyncio.to_thread(survey, rows, grid)
    _show_survey(run.screen, found, dry_run=dry_run)
    _judge(found, grid, allow_holes=allow_holes)
    if not dry_run:
        await _send(run, _Upload(target, rows, grid, batch_rows, is_meter=meter))


def _read(file: Path, since: datetime | None) -> list[HourlyEnergy]:
    """Read the rows from a time on; blocks."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return [row for row in read_csv(lines) if since is None or row.start >= since]
    except ValueError as error:
        raise Stop(Ending.REFUSED, f"{file}: {error}") from None


def _show_survey(screen: Screen, found: Survey, *, dry_run: bool) -> None:
    """Show what is in the file: as the result where that is all that is wanted, and what is wrong in any case."""
    document = {
        "rows": found.rows,
        "first": found.first,
        "last": found.last,
        "total_kwh": found.total_kwh,
        "holes": [_hole(hole) for hole in found.holes],
        "duplicates": list(found.duplicates),
        "misaligned": list(found.misaligned),
        "unordered": list(found.unordered),
    }
    if dry_run and screen.as_json:
        screen.document(document)
    elif dry_run:
        screen.facts({name: len(value) if isinstance(value, list) else value for name, value in document.items()})
    _warn(screen, "hole", [f"{hole.start.isoformat(' ')} to {hole.end.isoformat(' ')}" for hole in found.holes])
    _warn(screen, "twice", [time.isoformat(" ") for time in found.duplicates])
    _warn(screen, "off the grid", [time.isoformat(" ") for time in found.misaligned])
    _warn(screen, "out of order", [time.isoformat(" ") for time in found.unordered])


def _hole(hole: Hole) -> dict[str, datetime]:
    """Describe a hole."""
    return {"start": hole.start, "end": hole.end}


def _warn(screen: Screen, trouble: str, places: Sequence[str]) -> None:
    """List the first places of one kind of trouble."""
    for place in places[:_MOST_SHOWN]:
        screen.warn(f"{trouble}: {place}")
    if len(places) > _MOST_SHOWN:
        screen.warn(f"{trouble}: and {len(places) - _MOST_SHOWN} more")


def _judge(found: Survey, grid: Grid, *, allow_holes: bool) -> None:
    """End the run as refused where the series must not be uploaded like this."""
    if found.last is None:
        raise Stop(Ending.REFUSED, "there are no rows to upload")
    if not found.is_uploadable:
        counts = (len(found.duplicates), len(found.misaligned), len(found.unordered))
        raise Stop(Ending.REFUSED, "times: {} come twice, {} are off the grid, {} are out of order".format(*counts))
    if found.holes and not allow_holes:
        raise Stop(Ending.REFUSED, f"{len(found.holes)} holes; upload all the same with --allow-holes")
    if grid.after(found.last) > datetime.now(UTC):
        raise Stop(Ending.REFUSED, f"the row of {found.last.isoformat(' ')} is not over yet")


@dataclass(frozen=True, slots=True)
class _Upload:
    """What goes where."""

    target: str
    rows: list[HourlyEnergy]
    grid: Grid
    batch_rows: int
    is_meter: bool

    def start(self, client: WattCarbonClient) -> AsyncGenerator[UploadReceipt]:
        """Begin the upload."""
        if self.is_meter:
            return client.upload_intervals(self.target, self.rows, grid=self.grid, batch_rows=self.batch_rows)
        return client.upload(self.target, self.rows, batch_rows=self.batch_rows)


async def _send(run: Run, upload: _Upload) -> None:
    """Send batch after batch, saying of each that it was taken."""
    done: list[UploadReceipt] = []

    def where() -> str:
        """Say how far it came."""
        if not done:
            return "nothing was uploaded"
        following = upload.grid.after(done[-1].last).isoformat()
        return f"{sum(receipt.rows for receipt in done)} rows were uploaded; go on with --from {following}"

    run.where = where
    client = open_wattcarbon(run.account(Vendor.WATTCARBON), run.timeout_s)
    with run.screen.progress() as progress:
        task = progress.add_task("uploading", total=len(upload.rows))
        with named_as({"batch_rows": "--batch"}):
            started = upload.start(client)
        async with client, aclosing(started) as receipts:
            async for receipt in receipts:
                done.append(receipt)
                progress.advance(task, receipt.rows)
                if run.screen.as_json:
                    run.screen.document(_receipt(receipt))
    run.where = lambda: None
    if not run.screen.as_json:
        total_kwh = sum(receipt.total_kwh for receipt in done)
        run.screen.say(f"{len(upload.rows)} rows were uploaded in {len(done)} batches, {total_kwh} kWh in all")


def _receipt(receipt: UploadReceipt) -> dict[str, object]:
    """Describe a batch."""
    return {
        "rows": receipt.rows,
        "first": receipt.first,
        "last": receipt.last,
        "total_kwh": receipt.total_kwh,
        "holes": [_hole(hole) for hole in receipt.holes],
        "status": receipt.status,
        "answer": receipt.answer,
    }
