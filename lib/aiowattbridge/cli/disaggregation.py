"""`voltaware disaggregation`: what each kind of appliance used, by month or by week."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated, Any

import typer

from ..voltaware import (
    ApplianceCycles,
    Disaggregation,
    Month,
    MonthByWeeks,
    Report,
    VoltawareClient,
    Week,
    load_zone,
)
from .accounts import Vendor
from .clients import open_voltaware
from .command import Run, command
from .disaggregation_display import (
    appliances_document,
    cycles_document,
    report_document,
    show_period,
    week_document,
)
from .endings import Ending, Stop
from .times import read_zone

DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEVICE", help="The device's id (see `devices`).", show_default=False)
]
MonthOption = Annotated[str | None, typer.Option("--month", metavar="MONTH", help="A month, like 2026-03.")]
WeekOption = Annotated[
    str | None, typer.Option("--week", metavar="WEEK", help="A week, like 2026-W10 or its Monday's date.")
]
EveryOption = Annotated[
    bool, typer.Option("--all", metavar="", help="All months, the newest first, back to the device's first event.")
]
ByWeeksOption = Annotated[bool, typer.Option("--by-weeks", metavar="", help="Cut months into their weeks.")]
CyclesOption = Annotated[
    bool, typer.Option("--cycles", metavar="", help="Add the runs of appliances that have any (electric vehicles).")
]
ReportOption = Annotated[
    bool, typer.Option("--report", metavar="", help="Add the report: day by day, and the carbon footprint.")
]
ZoneOption = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", help="The time zone of cycles, if the device's is not known."),
]


def add(group: typer.Typer) -> None:
    """Add the command to its group."""
    command(
        group,
        "disaggregation",
        about=(
            "Show what each kind of appliance used, in Wh.\n\n"
            "A month is there on the third day of the next one; what is not there is said, and is no failure. "
            "JSON is one line for each period."
        ),
        examples=[
            "aiowattbridge voltaware disaggregation 0042 --month 2026-03 --by-weeks",
            "aiowattbridge voltaware disaggregation 0042 --week 2026-W10 --cycles",
            "aiowattbridge voltaware disaggregation 0042 --all --json > months.jsonl",
        ],
        vendors=[Vendor.VOLTAWARE],
    )(disaggregation)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is wanted of each period besides its disaggregation."""

    by_weeks: bool
    cycles: bool
    report: bool
    zone: tzinfo | None


async def disaggregation(
    run: Run,
    device: DeviceArgument,
    *,
    month: MonthOption = None,
    week: WeekOption = None,
    every: EveryOption = False,
    by_weeks: ByWeeksOption = False,
    cycles: CyclesOption = False,
    report: ReportOption = False,
    zone: ZoneOption = None,
) -> None:
    """Show one period, or all months one after the other."""
    if (month is not None) + (week is not None) + every != 1:
        raise Stop(Ending.USAGE, "--month: give a month, a --week, or --all")
    if by_weeks and week is not None:
        raise Stop(Ending.USAGE, "--by-weeks: is for months")
    wanted = _Wanted(by_weeks=by_weeks, cycles=cycles, report=report, zone=None if zone is None else read_zone(zone))
    period = _period(month, week)
    client = open_voltaware(run.account(Vendor.VOLTAWARE), run.timeout_s)
    async with client, aclosing(_documents(client, device, period, wanted)) as documents:
        async for document in documents:
            if run.screen.as_json:
                run.screen.document(document)
            else:
                show_period(run.screen, document)


def _period(month: str | None, week: str | None) -> Month | Week | None:
    """Read the period; None means all months."""
    try:
        if month is not None:
            return Month.parse(month)
        return None if week is None else Week.parse(week)
    except ValueError as error:
        raise Stop(Ending.USAGE, f"--{error}") from None


async def _documents(
    client: VoltawareClient, device_id: str, period: Month | Week | None, wanted: _Wanted
) -> AsyncGenerator[dict[str, Any]]:
    """Yield a document for each period."""
    zone = await _zone(client, device_id, wanted)
    if period is not None:
        question = _Question(client, device_id, period, zone, wanted)
        yield await _document(question, None if wanted.by_weeks else await question.whole())
        return
    async with aclosing(client.months(device_id)) as months:
        async for month, result in months:
            yield await _document(_Question(client, device_id, month, zone, wanted), result)


async def _zone(client: VoltawareClient, device_id: str, wanted: _Wanted) -> tzinfo:
    """Find the zone that cycles are in, if they are wanted."""
    if wanted.zone is not None or not wanted.cycles:
        return wanted.zone or UTC
    name = (await client.device(device_id)).time_zone
    if name is None:
        raise Stop(Ending.USAGE, "--zone: the cloud does not say in which time zone this device is")
    return await load_zone(name)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of one period."""

    client: VoltawareClient
    device_id: str
    period: Month | Week
    zone: tzinfo
    wanted: _Wanted

    async def whole(self) -> Disaggregation | None:
        """Ask for the whole period."""
        if isinstance(self.period, Month):
            return await self.client.month(self.device_id, self.period)
        return await self.client.week(self.device_id, self.period)

    async def by_weeks(self) -> MonthByWeeks | None:
        """Ask for the month's weeks."""
        if not isinstance(self.period, Month):
            return None
        return await self.client.month_by_weeks(self.device_id, self.period)

    async def cycles(self) -> tuple[ApplianceCycles, ...] | None:
        """Ask for the cycles."""
        if isinstance(self.period, Month):
            return await self.client.month_cycles(self.device_id, self.period, self.zone)
        return await self.client.week_cycles(self.device_id, self.period, self.zone)

    async def report(self) -> Report | None:
        """Ask for the report."""
        if isinstance(self.period, Month):
            return await self.client.monthly_report(self.device_id, self.period)
        return await self.client.weekly_report(self.device_id, self.period)


async def _document(question: _Question, found: Disaggregation | None) -> dict[str, Any]:
    """Describe a period, asking for what else is wanted of it."""
    wanted, period = question.wanted, question.period
    weeks = await question.by_weeks() if wanted.by_weeks else None
    result = weeks if wanted.by_weeks else found
    document: dict[str, Any] = {
        "device": question.device_id,
        "period": str(period),
        "first_day": period.first_day,
        "last_day": period.last_day,
        "available": result is not None,
        "total_wh": None if result is None else result.total_wh,
        "disconnection_percent": None if result is None else result.disconnection_percent,
    }
    if wanted.by_weeks:
        document["weeks"] = [] if weeks is None else [week_document(week) for week in weeks.weeks]
    else:
        document["appliances"] = {} if found is None else appliances_document(found)
    if wanted.cycles:
        document["cycles"] = [cycles_document(one, question.zone) for one in await question.cycles() or ()]
    if wanted.report:
        report = await question.report()
        document["report"] = None if report is None else report_document(report)
    return document
