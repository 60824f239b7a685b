"""The simulated Voltaware cloud's reports: day by day, by appliance, and what it meant for the climate."""

from datetime import datetime
from math import fsum
from typing import TYPE_CHECKING, Literal

from .voltaware_home import USES
from .voltaware_results import COOKING_HEATING, figure

if TYPE_CHECKING:
    from .voltaware_results import Period, Results

CO2_KG_PER_KWH = 0.519
TREES_PER_KG = 0.5346
RESIDUE_WH = 2.2737368e-13
SATURDAY = 5

type ReportUnit = Literal["kWh", "Wh"]
type ReportTotal = float | Literal["missing", "null"] | None


def write_report(
    results: Results, period: Period, now: datetime, name: Literal["month", "week"], unit: ReportUnit
) -> dict[str, object]:
    """Write a report of a month or a week, the figures by day in the unit; those by appliance are in Wh always."""
    days = _days(results, period, now, 1000.0 if unit == "kWh" else 1.0)
    totals = [total for _, total in days]
    shown = [day for day, _ in days]
    highest, lowest = (shown[totals.index(pick(totals))] for pick in (max, min))
    disaggregation = results.disaggregation(period, now)
    disaggregation["appliances"] = _appliances(results.energies_wh(period, now))
    co2_kg = fsum(results.energies_wh(period, now).values()) / 1000 * CO2_KG_PER_KWH
    return {
        "day_by_day_metrics": {
            "days_without_consumption": totals.count(0),
            "total_consumed_on_week_days": _round(fsum(total for day, total in days if not day["weekend"])),
            "total_consumed_on_weekend_days": _round(fsum(total for day, total in days if day["weekend"])),
            f"total_{name}_consumption": _round(fsum(totals)),
            f"average_{name}_consumption": _round(fsum(totals) / len(totals)),
            f"max_{name}_consumption": highest,
            f"min_{name}_consumption": lowest,
            "days": shown,
        },
        "disaggregation_metrics": disaggregation,
        "carbon_footprint": {"kgco2": co2_kg, "trees": co2_kg * TREES_PER_KG},
        "version": 1,
    }


def replace_total(report: dict[str, object], total: ReportTotal) -> None:
    """Put another total in the place of the disaggregation's, or none; None leaves it as it is."""
    disaggregation = report["disaggregation_metrics"]
    if total is None or not isinstance(disaggregation, dict):
        return
    if total == "missing":
        del disaggregation["total_consumption"]
    else:
        disaggregation["total_consumption"] = None if total == "null" else total


def _days(results: Results, period: Period, now: datetime, wh_per_unit: float) -> list[tuple[dict[str, object], float]]:
    """Write the days of a period, each with its total beside it."""
    found = []
    for day in results.meter.days(*period):
        total = _round(fsum(results.day_wh(day, now).values()) / wh_per_unit)
        wire: dict[str, object] = {
            "day": day.isoformat(),
            "total_consumption": total,
            "weekend": day.weekday() >= SATURDAY,
        }
        found.append((wire, total))
    return found


def _appliances(energies: dict[str, float]) -> list[dict[str, object]]:
    """Write all appliances; one that was not found is what arithmetic leaves of a zero, or a zero, in turn."""
    told = USES.keys() - (COOKING_HEATING if "cooking_heating" in energies else set())
    absent = {key: 0 if number % 2 else RESIDUE_WH for number, key in enumerate(sorted(told - energies.keys()))}
    found = {key: figure(energy_wh) for key, energy_wh in energies.items()}
    return [{"appliance_key": key, "consumption": value} for key, value in sorted((found | absent).items())]


def _round(value: float) -> float:
    """Round as the vendor's samples do, to five decimals."""
    return round(value, 5)
