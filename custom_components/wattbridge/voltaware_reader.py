"""Fetches a month's or a week's results whole, and turns them into figures."""

from collections.abc import Iterable, Mapping
from datetime import date, tzinfo

from .aiowattbridge.voltaware import (
    ApplianceCycles,
    ApplianceEnergy,
    CarbonFootprint,
    ClippedWeek,
    Day,
    DayByDay,
    Disaggregation,
    Month,
    Report,
    VoltawareClient,
    Week,
    merge_cycles,
)
from .spread import Period
from .voltaware_archive import Result, make_result
from .voltaware_data import CycleFigure, DayFigure, Figures


async def async_fetch_month(client: VoltawareClient, device_id: str, month: Month, zone: tzinfo) -> Result | None:
    """Ask for a month; None while it is not there. Of what belongs to it anything may be missing."""
    found = await client.month(device_id, month)
    if found is None:
        return None
    by_weeks = await client.month_by_weeks(device_id, month)
    report = await client.monthly_report(device_id, month)
    cycles = await client.month_cycles(device_id, month, zone)
    figures = _figures(month.first_day, month.last_day, found, report, cycles or ())
    return make_result(figures, [_period(week) for week in by_weeks.weeks] if by_weeks else [])


async def async_fetch_week(client: VoltawareClient, device_id: str, week: Week, zone: tzinfo) -> Result | None:
    """Ask for a week; None while it is not there."""
    found = await client.week(device_id, week)
    if found is None:
        return None
    report = await client.weekly_report(device_id, week)
    cycles = await client.week_cycles(device_id, week, zone)
    return make_result(_figures(week.first_day, week.last_day, found, report, cycles or ()))


def _figures(
    first_day: date,
    last_day: date,
    found: Disaggregation,
    report: Report | None,
    cycles: Iterable[ApplianceCycles],
) -> Figures:
    """Put together what the answers say of a period."""
    days = (report and report.day_by_day) or DayByDay()
    carbon = (report and report.carbon_footprint) or CarbonFootprint()
    return Figures(
        first_day=first_day,
        last_day=last_day,
        total_wh=found.total_wh,
        appliances_wh=_energies_wh(found.appliances),
        disconnection_percent=found.disconnection_percent,
        days_without_consumption=days.days_without_consumption,
        week_days_wh=days.week_days_wh,
        weekend_days_wh=days.weekend_days_wh,
        average_day_wh=days.average_day_wh,
        highest_day=_day(days.highest_day),
        lowest_day=_day(days.lowest_day),
        days_wh={day.day: day.total_wh for day in days.days if day.total_wh is not None},
        co2_kg=carbon.co2_kg,
        trees=carbon.trees,
        cycles=_cycles(cycles),
    )


def _energies_wh(appliances: Iterable[ApplianceEnergy]) -> Mapping[str, float]:
    """Add up the figures of each kind of appliance; one without a figure is not there."""
    energies: dict[str, float] = {}
    for found in appliances:
        if found.energy_wh is not None:
            energies[found.key] = energies.get(found.key, 0.0) + found.energy_wh
    return energies


def _day(found: Day | None) -> DayFigure | None:
    return None if found is None or found.total_wh is None else DayFigure(found.day, found.total_wh)


def _period(week: ClippedWeek) -> Period:
    return Period(
        first_day=week.first_day,
        last_day=week.last_day,
        total_wh=week.total_wh,
        appliances_wh=_energies_wh(week.appliances),
    )


def _cycles(found: Iterable[ApplianceCycles]) -> list[CycleFigure]:
    """List the runs of all appliances, oldest first, each once."""
    runs = [
        CycleFigure(kind.key, cycle.start, cycle.end, cycle.energy_wh)
        for kind in found
        for cycle in merge_cycles(kind.cycles)
    ]
    return sorted(runs, key=lambda run: (run.start, run.end, run.key))
