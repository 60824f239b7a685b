"""`read`: a device's records as CSV, JSON lines or Parquet."""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from ..carbontrack import PowerUnit, Reading
from .accounts import Vendor
from .clients import open_carbontrack
from .columns import choose_fields, columns
from .command import Run, command
from .endings import Ending, Stop
from .export import Export, form_of
from .output import Partial
from .records import Format
from .times import read_time, read_zone

# The display is looked at by people, and costs more than a record.
_SHOWN_EVERY: Final = 500


DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEVICE", help="The device's id (see `devices`).", show_default=False)
]
StartOption = Annotated[
    str, typer.Option("--from", metavar="TIME", help="The beginning: a date, or a time like 2026-03-01T06:30.")
]
EndOption = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="The end; a date is its first instant. Now, if it is not given."),
]
ZoneOption = Annotated[
    str,
    typer.Option(
        "--zone",
        metavar="ZONE",
        help="The time zone of --from and --to without an offset, and of what is written as text.",
    ),
]
UnitOption = Annotated[PowerUnit, typer.Option("--unit", help="What the cloud's power figures are, for --derived.")]
FieldsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fields", metavar="NAMES", help="Only these fields, with commas between them. A wrong one lists them all."
    ),
]
DerivedOption = Annotated[
    bool,
    typer.Option(
        "--derived",
        metavar="",
        help="Add each interval's length, and energy (Wh) and power (W) of every power field.",
    ),
]
FormOption = Annotated[
    Format | None,
    typer.Option("--format", help="By the ending of --output, or csv, if it is not given.", show_default=False),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a file instead of to stdout.")
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume", metavar="", help="Go on with what an interrupted run of the same command left (csv and jsonl)."
    ),
]
IntervalOption = Annotated[
    float | None,
    typer.Option(
        "--interval",
        metavar="SECONDS",
        min=1,
        help="What a record after a gap covers, for --derived; learned from the records, if it is not given.",
    ),
]
DistributorOption = Annotated[
    str | None, typer.Option("--distributor", metavar="ID", help="The distributor, for accounts that have several.")
]


def add(app: typer.Typer) -> None:
    """Add the command's group."""
    group = typer.Typer(no_args_is_help=True, help="Read measurements into a file, or to stdout.")
    command(
        group,
        "carbontrack",
        about=(
            "Read a device's records.\n\n"
            "A record is stamped at the end of its interval: those after --from are read, up to and including --to, "
            "so that periods that follow each other share none. A file gets its name when it is whole; "
            "until then it is called FILE.….partial, and the same command with --resume goes on with it."
        ),
        examples=[
            "aiowattbridge read carbontrack 4800000700000001 --from 2026-03-01",
            "aiowattbridge read carbontrack 4800000700000001 \\",
            "    --from 2026-03-01 --to 2026-04-01 --zone Europe/Berlin \\",
            "    --fields generating,power_usage --derived --output march.parquet",
        ],
        vendors=[Vendor.CARBONTRACK],
    )(read_carbontrack)
    app.add_typer(group, name="read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for."""

    device_id: str
    distributor_id: str | None
    start: datetime
    end: datetime
    unit: PowerUnit
    usual_interval_s: float | None


async def read_carbontrack(
    run: Run,
    device: DeviceArgument,
    *,
    start: StartOption,
    end: EndOption = None,
    zone: ZoneOption = "UTC",
    unit: UnitOption = PowerUnit.WH,
    interval_s: IntervalOption = None,
    fields: FieldsOption = None,
    derived: DerivedOption = False,
    form: FormOption = None,
    output: OutputOption = None,
    resume: ResumeOption = False,
    distributor: DistributorOption = None,
) -> None:
    """Read the records of a period; memory does not depend on its length."""
    its_zone = read_zone(zone)
    question = Question(
        device_id=device,
        distributor_id=distributor,
        start=read_time(start, its_zone, "--from"),
        end=datetime.now(UTC) if end is None else read_time(end, its_zone, "--to"),
        unit=unit,
        usual_interval_s=interval_s,
    )
    if question.end <= question.start:
        raise Stop(Ending.USAGE, "--to: the end must come after --from")
    chosen = choose_fields(fields or ())
    its_form = _form(run, form, output, resume=resume)
    # All that makes another file of it; its end may move on, as time does.
    asked = (device, distributor, question.start.isoformat(), zone, unit, interval_s, chosen, derived, its_form)
    partial = None if output is None else Partial.of(output, *asked)
    with Export(columns(chosen, its_zone, derived=derived), its_form, partial, resume=resume) as export:
        run.where = export.where
        await _copy(run, question, export)
        export.finish()
    _report(run, question, export, output)


def _form(run: Run, form: Format | None, output: Path | None, *, resume: bool) -> Format:
    """Decide what is written, and refuse what does not fit together."""
    found = form_of(form, output, as_json=run.screen.as_json)
    if resume and (output is None or found is Format.PARQUET):
        raise Stop(Ending.USAGE, "--resume: needs --output with a file of csv or jsonl")
    if run.screen.as_json and output is None and found is not Format.JSONL:
        raise Stop(Ending.USAGE, f"--format: {found} on stdout is not what --json asks for")
    return found


async def _copy(run: Run, question: Question, export: Export[Reading]) -> None:
    """Write all records that are not there yet."""
    # That record itself was written or belongs before the period, but the one after it needs it for its interval.
    after = export.resumed_after or question.start
    if export.resumed_after is not None:
        run.screen.note(f"going on after {export.resumed_after.isoformat(' ')}")
    whole_s = (question.end - question.start).total_seconds()
    client = open_carbontrack(run.account(Vendor.CARBONTRACK), run.timeout_s)
    with run.screen.progress() as progress:
        task = progress.add_task("reading", total=whole_s)
        async with client:
            readings = client.readings(
                question.device_id,
                after,
                question.end,
                unit=question.unit,
                usual_interval_s=question.usual_interval_s,
                distributor_id=question.distributor_id,
            )
            async with aclosing(readings):
                async for reading in readings:
                    time = reading.measurement.recorded_at
                    if time <= after:
                        continue
                    export.write(reading)
                    if export.count % _SHOWN_EVERY == 0:
                        done_s = (time - question.start).total_seconds()
                        progress.update(task, completed=done_s, description=f"{export.count} records, {time:%Y-%m-%d}")


def _report(run: Run, question: Question, export: Export[Reading], output: Path | None) -> None:
    """Say what was written, where that is not the output itself."""
    if output is not None and run.screen.as_json:
        run.screen.document(
            {"device_id": question.device_id, "records": export.count, "last": export.last, "output": str(output)}
        )
    elif output is not None:
        run.screen.say(f"{output}: {export.count} records")
    if export.last is None:
        run.screen.warn("the cloud has no records of this device in this period")
