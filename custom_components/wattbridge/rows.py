"""Pure: what has to be written so that a stored series of hourly energy becomes the one that is wanted.

Every row's `sum` is the sum of the row before it plus its own `state`, the hour's energy. Writing hours in the middle
or in front of others therefore ends in a step: all later sums are shifted by it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .fold import DECIMALS

# Sums that differ by less fit together: a thousandth of a watt-hour.
FITS_KWH: Final = 1e-6
SAME_KWH: Final = 0.5 * 10**-DECIMALS
# So many rows between two that are news are rather shifted by the recorder in one go than written once more.
APART_ROWS: Final = 24


@dataclass(frozen=True, slots=True)
class Row:
    """One stored hour: its energy, and the running total at its end (both kWh)."""

    state: float
    sum: float


@dataclass(frozen=True, slots=True)
class Shift:
    """All sums from an hour on (epoch seconds) have to be raised by so much."""

    from_s: int
    by_kwh: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows to write, oldest first, and the shift that follows them.

    `new` and `changed` count the hours whose energy is news.
    """

    rows: Mapping[int, Row]
    shift: Shift | None
    new: int
    changed: int


def is_news(stored: Mapping[int, Row], hour_s: int, kwh: float) -> bool:
    """Tell whether an hour is not stored as it is wanted."""
    return hour_s not in stored or abs(stored[hour_s].state - kwh) > SAME_KWH


def plan_writes(stored: Mapping[int, Row], wanted: Mapping[int, float]) -> list[Plan]:
    """Compare the wanted hours with what is stored around them, and plan what to write, to be done in this order.

    `stored` holds the rows between the wanted hours, the last one before and the first one after them. An hour that is
    stored and not wanted stays as it is: what has vanished from a cloud is not known to be wrong. The newest plan comes
    first, so that none depends on the shift of another.
    """
    news = {hour_s for hour_s, kwh in wanted.items() if is_news(stored, hour_s, kwh)}
    hours = sorted({*stored, *wanted})
    return [_plan(stored, wanted, hours, run, news) for run in reversed(_runs(hours, news))]


def _runs(hours: Sequence[int], news: Collection[int]) -> list[range]:
    """Find the stretches to write, as positions: from news to news, where these are not far apart."""
    runs: list[range] = []
    for position, hour_s in enumerate(hours):
        if hour_s in news:
            is_near = bool(runs) and position - runs[-1].stop <= APART_ROWS
            begin = runs.pop().start if is_near else position
            runs.append(range(begin, position + 1))
    return runs


def _plan(
    stored: Mapping[int, Row], wanted: Mapping[int, float], hours: Sequence[int], run: range, news: Collection[int]
) -> Plan:
    total = stored[hours[run.start - 1]].sum if run.start else 0.0
    rows: dict[int, Row] = {}
    for hour_s in hours[run.start : run.stop]:
        state = wanted[hour_s] if hour_s in wanted else stored[hour_s].state
        total = round(total + state, DECIMALS)
        rows[hour_s] = Row(state, total)
    new = sum(hour_s not in stored for hour_s in rows)
    changed = sum(hour_s in news for hour_s in rows) - new
    return Plan(rows, shift_after(stored, hours[run.stop - 1], total), new, changed)


def shift_after(stored: Mapping[int, Row], last_s: int, total: float) -> Shift | None:
    """Tell what makes the sums after an hour follow from the total at its end; None where they do."""
    after_s = min((hour_s for hour_s in stored if hour_s > last_s), default=None)
    if after_s is None:
        return None
    by_kwh = total + stored[after_s].state - stored[after_s].sum
    return Shift(after_s, by_kwh) if abs(by_kwh) > FITS_KWH else None


def misfits(stored: Mapping[int, Row]) -> Iterator[Shift]:
    """Find the places of a whole series where a sum does not follow from the one before, and what puts them right."""
    hours = sorted(stored)
    if not hours:
        return
    first = stored[hours[0]]
    if abs(first.state - first.sum) > FITS_KWH:
        yield Shift(hours[0], first.state - first.sum)
    for before_s, hour_s in pairwise(hours):
        by_kwh = stored[before_s].sum + stored[hour_s].state - stored[hour_s].sum
        if abs(by_kwh) > FITS_KWH:
            yield Shift(hour_s, by_kwh)
