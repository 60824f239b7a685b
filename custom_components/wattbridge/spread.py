"""Pure: a month's figures of a meter become hourly energy. No Home Assistant and no client in here.

Voltaware tells energies of months and weeks, and of an electric car when it was charged. Hours are an estimate, the
only one we make, and made so that every sum is the vendor's: the month is what counts; its weeks, which are clipped at
the month's ends, are scaled to it; a week's energy goes to its days as the home's consumption did, or evenly where
that is not known; a day's goes evenly to the UTC hours that start in it, by the device's clocks. An appliance whose
runs are known gets its energy where these lie.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import fsum
from typing import Final

from .fold import DECIMALS, HOUR_S, WH_PER_KWH

TOTAL: Final = "total"
# The vendor's own figures are rounded; what differs by more is worth telling.
AGREES_WH: Final = 1.0

_DAY: Final = timedelta(days=1)

type Hours = dict[int, float]
"""Energy in kWh of UTC hours, by their start in epoch seconds."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an appliance, in epoch seconds; its energy may be unknown."""

    start_s: float
    end_s: float
    energy_wh: float | None

    def share(self, start_s: float, end_s: float) -> float:
        """Return what part of it lies in a stretch of time; it has to take some."""
        covered_s = min(self.end_s, end_s) - max(self.start_s, start_s)
        return max(covered_s, 0.0) / (self.end_s - self.start_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What the vendor says of a month, or of the part of a week in it; both days are included, local ones."""

    first_day: date
    last_day: date
    total_wh: float | None = None
    appliances_wh: Mapping[str, float] = field(default_factory=dict)

    def figure_wh(self, series: str) -> float | None:
        """Return the figure of all consumption or of a kind of appliance."""
        return self.total_wh if series == TOTAL else self.appliances_wh.get(series)

    @property
    def days(self) -> list[date]:
        """List the days."""
        return [self.first_day + number * _DAY for number in range((self.last_day - self.first_day).days + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that is known of a month: itself, its weeks in order, its days, and the runs of appliances by their keys.

    `since` is the first day that there is data of, if that lies in the month: before it there is nothing, and no zero.
    """

    month: Period
    since: date | None = None
    weeks: Sequence[Period] = ()
    days_wh: Mapping[date, float] = field(default_factory=dict)
    runs: Mapping[str, Sequence[Run]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two of the vendor's own figures that should be the same: of a month, and what it is made of."""

    series: str
    between: str
    month_wh: float
    other_wh: float


def spread(results: Results, zone: tzinfo) -> dict[str, Hours]:
    """Return the hourly energy of each series of a month: of `TOTAL` and of each kind of appliance.

    A series without a figure is not in the result; every hour since there is data is in a series that has one.
    """
    hours = {day: day_hours(day, zone) for day in results.month.days if results.since is None or day >= results.since}
    found: dict[str, Hours] = {}
    for series in (TOTAL, *results.month.appliances_wh):
        month_wh = results.month.figure_wh(series)
        if month_wh is not None:
            shares = [
                _share(results, series, part, energy_wh, hours, zone)
                for part, energy_wh in _parts(results, series, month_wh, hours)
            ]
            found[series] = {
                hour_s: round(energy_wh / WH_PER_KWH, DECIMALS)
                for share in shares
                for hour_s, energy_wh in share.items()
            }
    return found


def disagreements(results: Results) -> list[Disagreement]:
    """Find where the vendor's figures of a month contradict each other by more than rounding explains."""
    month, found = results.month, []
    for series in (TOTAL, *month.appliances_wh):
        month_wh = month.figure_wh(series)
        if month_wh is not None and covers(month, results.weeks):
            weeks_wh = fsum(week.figure_wh(series) or 0.0 for week in results.weeks)
            found.append(Disagreement(series, "weeks", month_wh, weeks_wh))
    if month.total_wh is not None:
        if month.appliances_wh:
            found.append(Disagreement(TOTAL, "appliances", month.total_wh, fsum(month.appliances_wh.values())))
        days = [day for day in month.days if results.since is None or day >= results.since]
        if all(day in results.days_wh for day in days):
            days_wh = fsum(results.days_wh[day] for day in days)
            found.append(Disagreement(TOTAL, "days", month.total_wh, days_wh))
    return [one for one in found if abs(one.month_wh - one.other_wh) > AGREES_WH]


def covers(month: Period, weeks: Sequence[Period]) -> bool:
    """Tell whether weeks make up a month, in order and without a hole."""
    expected = month.first_day
    for week in weeks:
        if week.first_day != expected:
            return False
        expected = week.last_day + _DAY
    return expected == month.last_day + _DAY


def day_hours(day: date, zone: tzinfo) -> range:
    """Return the UTC hours that start in a local day, in epoch seconds: 23 to 25 of them."""
    begin_s, end_s = bounds_s(day, day, zone)
    return range(int(-(-begin_s // HOUR_S)) * HOUR_S, int(-(-end_s // HOUR_S)) * HOUR_S, HOUR_S)


def bounds_s(first_day: date, last_day: date, zone: tzinfo) -> tuple[float, float]:
    """Return when local days, both included, begin and end, in epoch seconds."""
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first_day, last_day + _DAY))
    return begin.timestamp(), end.timestamp()


def _parts(results: Results, series: str, month_wh: float, hours: Mapping[date, range]) -> list[tuple[Period, float]]:
    """Cut a month's energy into its weeks, scaled so that they make up the month."""
    weeks = [week for week in results.weeks if week.last_day in hours]
    weeks_wh = [week.figure_wh(series) or 0.0 for week in weeks]
    total_wh = fsum(weeks_wh)
    is_told = covers(results.month, results.weeks) and not (series == TOTAL and any(w.total_wh is None for w in weeks))
    if not is_told or total_wh <= 0:
        return [(results.month, month_wh)] if hours else []
    return [(week, month_wh * wh / total_wh) for week, wh in zip(weeks, weeks_wh, strict=True)]


def _share(
    results: Results, series: str, part: Period, energy_wh: float, hours: Mapping[date, range], zone: tzinfo
) -> dict[int, float]:
    """Return the energy (Wh) of each hour of a week, or of a month whose weeks are not known."""
    days = [day for day in part.days if day in hours]
    shares = {hour_s: 0.0 for day in days for hour_s in hours[day]}
    weights = _weights_of_runs(results.runs.get(series, ()), bounds_s(days[0], days[-1], zone))
    if weights:
        first_s, last_s = min(shares), max(shares)
        for hour_s, weight in weights.items():
            # Where a day does not begin with an hour, the minutes before its first one are that hour's.
            shares[min(max(hour_s, first_s), last_s)] += energy_wh * weight
        return shares
    for day, day_wh in _days_wh(results, days, energy_wh, hours).items():
        shares |= dict.fromkeys(hours[day], day_wh / len(hours[day]))
    return shares


def _days_wh(
    results: Results, days: Sequence[date], energy_wh: float, hours: Mapping[date, range]
) -> dict[date, float]:
    """Give each day its part: as the whole home's consumption was, or by its length where that is not known."""
    known = [results.days_wh.get(day) for day in days]
    weights = [weight for weight in known if weight is not None and weight >= 0]
    if len(weights) < len(known) or fsum(weights) <= 0:
        weights = [float(len(hours[day])) for day in days]
    total = fsum(weights)
    return {day: energy_wh * weight / total for day, weight in zip(days, weights, strict=True)}


def _weights_of_runs(runs: Iterable[Run], bounds: tuple[float, float]) -> dict[int, float]:
    """Return what part of the energy of a stretch each UTC hour gets, from the runs that lie in it."""
    begin_s, end_s = bounds
    # One that ends as it begins has no hours that it could give its energy to.
    lasting = [run for run in runs if run.end_s > run.start_s]
    # Where a run's energy is unknown, how long it took is the better measure for all of them.
    by_time = any(run.energy_wh is None for run in lasting)
    weights: dict[int, list[float]] = {}
    for run in lasting:
        whole = run.end_s - run.start_s if by_time else run.energy_wh or 0.0
        hour_s = int(max(run.start_s, begin_s) // HOUR_S) * HOUR_S
        while whole > 0 and hour_s < min(run.end_s, end_s):
            share = run.share(max(hour_s, begin_s), min(hour_s + HOUR_S, end_s))
            weights.setdefault(hour_s, []).append(whole * share)
            hour_s += HOUR_S
    total = fsum(weight for found in weights.values() for weight in found)
    return {hour_s: fsum(found) / total for hour_s, found in weights.items()} if total > 0 else {}
