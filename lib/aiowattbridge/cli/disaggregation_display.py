"""How results of Voltaware look: as documents for programs, and as tables for people."""

import dataclasses
from datetime import tzinfo
from typing import Any

from ..voltaware import ApplianceCycles, ClippedWeek, Disaggregation, Report
from .screen import Screen


def appliances_document(found: Disaggregation | ClippedWeek) -> dict[str, float | None]:
    """Describe what appliances used, in Wh, the largest first."""
    keys = list(dict.fromkeys(appliance.key for appliance in found.appliances))
    energies = {key: found.energy_wh(key) for key in keys}
    return dict(sorted(energies.items(), key=lambda pair: -(pair[1] or 0.0)))


def week_document(week: ClippedWeek) -> dict[str, Any]:
    """Describe a part of a month."""
    return {
        "first_day": week.first_day,
        "last_day": week.last_day,
        "total_wh": week.total_wh,
        "appliances": appliances_document(week),
    }


def cycles_document(cycles: ApplianceCycles, zone: tzinfo) -> dict[str, Any]:
    """Describe the runs of an appliance, in the device's time."""
    runs = [
        {"start": cycle.start.astimezone(zone), "end": cycle.end.astimezone(zone), "energy_wh": cycle.energy_wh}
        for cycle in cycles.cycles
    ]
    return {"appliance": cycles.key, "total_wh": cycles.total_wh, "cycles": runs}


def report_document(report: Report) -> dict[str, Any]:
    """Describe a report."""
    return dataclasses.asdict(report)


def show_period(screen: Screen, document: dict[str, Any]) -> None:
    """Show a period as tables."""
    screen.say(f"{document['period']} ({document['first_day']} to {document['last_day']})")
    if not document["available"]:
        screen.say("  not there")
    elif "weeks" in document:
        _show_weeks(screen, document)
    else:
        total_wh = document["total_wh"]
        used = document["appliances"].items()
        shares = [(key, _wh(energy_wh), _share(energy_wh, total_wh)) for key, energy_wh in used]
        screen.table(["appliance", "Wh", "share"], [*shares, ("total", _wh(total_wh), "100%")], right_from=1)
    for appliance in document.get("cycles", ()):
        rows = [(run["start"], run["end"], _wh(run["energy_wh"])) for run in appliance["cycles"]]
        screen.table([f"{appliance['appliance']} from", "to", "Wh"], rows, right_from=2)
    if "report" in document:
        _show_report(screen, document["report"])


def _show_weeks(screen: Screen, document: dict[str, Any]) -> None:
    """Show the parts of a month side by side."""
    weeks = document["weeks"]
    keys = list(dict.fromkeys(key for week in weeks for key in week["appliances"]))
    titles = ["appliance", *(f"{week['first_day']:%d.%m}–{week['last_day']:%d.%m}" for week in weeks)]
    rows = [(key, *(_wh(week["appliances"].get(key)) for week in weeks)) for key in keys]
    screen.table(titles, [*rows, ("total", *(_wh(week["total_wh"]) for week in weeks))], right_from=1)


def _show_report(screen: Screen, report: dict[str, Any] | None) -> None:
    """Show a report's days and its carbon footprint."""
    if report is None:
        screen.say("  no report")
        return
    if days := report["day_by_day"]:
        screen.table(["day", "Wh"], [(day["day"], _wh(day["total_wh"])) for day in days["days"]], right_from=1)
        screen.facts({name: value for name, value in days.items() if isinstance(value, float | int | None)})
    if footprint := report["carbon_footprint"]:
        screen.facts(footprint)


def _wh(energy_wh: float | None) -> str | None:
    """Write an energy."""
    return None if energy_wh is None else f"{energy_wh:.1f}"


def _share(part: float | None, whole: float | None) -> str:
    """Write a share."""
    return "" if not part or not whole else f"{part / whole:.0%}"
