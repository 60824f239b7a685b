"""`push`: CSV files to Wattics, each into its stream, packet by packet."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from ..wattics import PRODUCTION_URL, ChannelType, CsvChannel, Sender, push, read_ini, survey_csv
from .accounts import Account, Vendor, find_url
from .clients import address_of, open_wattics
from .command import Run, command
from .endings import Ending, Stop, named_as
from .push_display import PushDisplay
from .push_result import show_reports, show_surveys
from .times import read_zone

_LOGGER: Final = logging.getLogger(__name__)
_OPTIONS: Final = {"minutes_in_slot": "--slot", "minutes_shift": "--shift", "stream_id": "--stream", "path": "FILE"}


FilesArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE", help="CSV files without a header.", show_default=False)
]
StreamsOption = Annotated[
    list[str] | None,
    typer.Option("--stream", metavar="ID", help="The stream of a file: as many as files, in the same order."),
]
ChannelTypeOption = Annotated[
    ChannelType | None,
    typer.Option("--type", metavar="TYPE", help=f"What the columns are: {', '.join(ChannelType)}.", show_choices=False),
]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        "--zone",
        metavar="ZONE",
        help="The time zone of the files' times; of an INI's file UTC, if it is not given.",
    ),
]
MinutesShiftOption = Annotated[
    int | None, typer.Option("--shift", metavar="MINUTES", help="Move every packet by so many minutes.")
]
MinutesInSlotOption = Annotated[
    int | None, typer.Option("--slot", metavar="MINUTES", help="How long a reading of fake_electricity is for.")
]
IniOption = Annotated[
    Path | None,
    typer.Option(
        "--ini",
        metavar="FILE",
        help="Take file, stream, type and credentials from an INI file of Wattics' own uploader.",
    ),
]
SkipBadRowsOption = Annotated[
    bool, typer.Option("--skip-bad-rows", metavar="", help="Send the other rows of a file that has bad ones.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Only look through the files, and show what would be sent.")
]


def add(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "push",
        about=(
            "Send CSV files to Wattics, one stream each, in order and once.\n\n"
            "A row is a local time (2026-03-01 06:30:00) and one value, or the 21 values of real_electricity. "
            "What was sent is noted in FILE.progress: after an interruption, or when rows were added, "
            "the same command goes on from there. It goes on trying for as long as the cloud is away."
        ),
        examples=[
            "aiowattbridge push gas.csv --stream gas-1 --type other --zone Europe/Berlin",
            "aiowattbridge push a.csv --stream a b.csv --stream b --type other --zone UTC",
            "aiowattbridge push --ini swarm.ini --dry-run",
        ],
        vendors=[Vendor.WATTICS],
    )(push_files)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the options say that rows are to be read."""

    channel_type: ChannelType | None
    zone: str | None
    minutes_shift: int | None
    minutes_in_slot: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be sent, and as whom; no account is needed to look through files."""

    channels: list[CsvChannel]
    account: Account | None


async def push_files(
    run: Run,
    files: FilesArgument = None,
    *,
    streams: StreamsOption = None,
    channel_type: ChannelTypeOption = None,
    zone: ZoneOption = None,
    minutes_shift: MinutesShiftOption = None,
    minutes_in_slot: MinutesInSlotOption = None,
    ini: IniOption = None,
    skip_bad_rows: SkipBadRowsOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Send what is left of every file."""
    if ini is not None:
        said_twice = (files, streams, channel_type, minutes_shift, minutes_in_slot)
        if any(value not in (None, []) for value in said_twice):
            raise Stop(Ending.USAGE, "--ini: names file, stream, type, shift and slot itself")
        plan = _plan_of_ini(run, ini, zone)
    else:
        shape = _Shape(channel_type, zone, minutes_shift, minutes_in_slot)
        plan = _plan_of_files(run, files or [], streams or [], shape, dry_run=dry_run)
    if dry_run:
        surveys = [await asyncio.to_thread(survey_csv, channel) for channel in plan.channels]
        show_surveys(run.screen, plan.channels, surveys, skip_bad_rows=skip_bad_rows)
    else:
        await _send(run, plan, skip_bad_rows=skip_bad_rows)


def _plan_of_ini(run: Run, ini: Path, zone: str | None) -> _Plan:
    """Take everything from an INI file; its times are in UTC for the uploader that it was written for."""
    settings = read_ini(ini, read_zone(zone or "UTC"))
    url = find_url(Vendor.WATTICS, run.url, {}) or settings.base_url
    if settings.log_path is not None:
        handler = logging.FileHandler(settings.log_path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _LOGGER.addHandler(handler)
        _LOGGER.setLevel(settings.log_level)
    account = Account(settings.username, settings.password, url)
    return _Plan([replace(settings.channel, destination=url)], account)


def _plan_of_files(run: Run, files: Sequence[Path], streams: Sequence[str], shape: _Shape, *, dry_run: bool) -> _Plan:
    """Pair files and streams."""
    if not files:
        raise Stop(Ending.USAGE, "FILE: give at least one, or --ini")
    if len(files) != len(streams):
        raise Stop(Ending.USAGE, f"--stream: {len(files)} files need as many streams, and there are {len(streams)}")
    if shape.channel_type is None:
        raise Stop(Ending.USAGE, f"--type: say what the columns are: {', '.join(ChannelType)}")
    if shape.zone is None:
        raise Stop(Ending.USAGE, "--zone: say which time zone the files' times are in, like Europe/Berlin or UTC")
    account = None if dry_run else run.account(Vendor.WATTICS)
    with named_as(_OPTIONS):
        channels = [
            CsvChannel(
                path,
                stream,
                shape.channel_type,
                read_zone(shape.zone),
                shape.minutes_shift,
                shape.minutes_in_slot,
                PRODUCTION_URL if account is None else address_of(Vendor.WATTICS, account),
            )
            for path, stream in zip(files, streams, strict=True)
        ]
    return _Plan(channels, account)


def _where(plan: _Plan) -> str | None:
    """Say where it is noted what was sent."""
    paths = [str(channel.progress_path) for channel in plan.channels if channel.progress_path.exists()]
    if not paths:
        return None
    return f"what was sent is noted in {', '.join(paths)}; the same command goes on from there"


async def _send(run: Run, plan: _Plan, *, skip_bad_rows: bool) -> None:
    """Send all files at once, and end the run as the worst of them says."""
    if plan.account is None:
        raise RuntimeError("nothing is sent without an account")
    run.where = lambda: _where(plan)
    with PushDisplay(run.screen, plan.channels) as display:
        async with (
            open_wattics(plan.account, run.timeout_s) as client,
            Sender(client, on_wait=display.on_wait) as sender,
        ):
            with named_as(_OPTIONS):
                reports = await push(
                    sender, plan.channels, skip_bad_rows=skip_bad_rows, on_progress=display.on_progress
                )
    for report in reports:
        _LOGGER.info(
            "%s to %s: %s accepted, %s rejected%s",
            report.channel.path,
            report.channel.stream_id,
            report.accepted,
            report.rejected,
            "" if report.problem is None else f": {report.problem}",
        )
    show_reports(run, reports)
