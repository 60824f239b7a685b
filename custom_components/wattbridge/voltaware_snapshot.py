"""Pure: a meter's record as its entities see it."""

from collections.abc import Iterator
from datetime import datetime

from .spread import Period, Results, Run, disagreements
from .voltaware_archive import MeterRecord, Result
from .voltaware_data import CycleFigure, MeterSnapshot, MonthDisagreement
from .voltaware_schedule import DESCRIPTION_OLD_AFTER, is_due


def take_snapshot(device_id: str, name: str, record: MeterRecord, now: datetime) -> MeterSnapshot:
    """Describe a meter from what is known of it."""
    newest = record.newest_month
    month = None if newest is None else record.month(newest)
    week = record.newest_week
    ends = [result.figures.last_day for result in (month, week) if result is not None]
    return MeterSnapshot(
        device_id=device_id,
        name=name,
        is_registered=record.is_registered,
        is_current=not is_due(record.asked_s.get("device"), DESCRIPTION_OLD_AFTER, now),
        connection_state=record.connection_state,
        firmware=record.firmware,
        first_event=record.first_event,
        last_event=record.last_event,
        time_zone=record.time_zone,
        produces_energy=record.produces_energy,
        month=None if month is None else month.figures,
        week=None if week is None else week.figures,
        results_until=max(ends, default=None),
        cycles=_cycles(record),
        disagreements=list(_disagreements(record)),
    )


def results_of(record: MeterRecord, result: Result) -> Results:
    """Return a month's results as they are spread over its hours."""
    figures = result.figures
    runs: dict[str, list[Run]] = {}
    for cycle in figures.cycles:
        run = Run(cycle.start.timestamp(), cycle.end.timestamp(), cycle.energy_wh)
        runs.setdefault(cycle.key, []).append(run)
    month = Period(
        first_day=figures.first_day,
        last_day=figures.last_day,
        total_wh=figures.total_wh,
        appliances_wh=figures.appliances_wh,
    )
    return Results(month=month, since=record.first_day, weeks=result.weeks, days_wh=figures.days_wh, runs=runs)


def _disagreements(record: MeterRecord) -> Iterator[MonthDisagreement]:
    """Find the months whose figures contradict each other, oldest first."""
    for month in sorted(record.months):
        result = record.months[month]
        for found in disagreements(results_of(record, result)):
            first_day = result.figures.first_day
            yield MonthDisagreement(first_day, found.series, found.between, found.month_wh, found.other_wh)


def _cycles(record: MeterRecord) -> list[CycleFigure]:
    """List the runs of all months and weeks, each once: those at the end of a month come with both."""
    results = [*record.weeks.values(), *record.months.values()]
    runs = {(run.key, run.start, run.end): run for result in results for run in result.figures.cycles}
    return sorted(runs.values(), key=lambda run: (run.start, run.end, run.key))
