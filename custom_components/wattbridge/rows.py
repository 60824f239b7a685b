"""Pure: what has to be written so that a stored series of hourly energy becomes the one that is wanted.

Every row's `sum` is the sum of the row before it plus its own `state`, the hour's energy. Writing hours in the middle
or in front of others therefore ends in a step: all later sums are shifted by it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .fold import DECIMALS

# Sums that differ by less fit together: a thousandth of a watt-hour.
FITS_KWH: Final = 1e-6
SAME_KWH: Final = 0.5 * 10**-DECIMALS


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
    """Rows to write, and the shift that follows them; `new` and `changed` count the hours whose energy is news."""

    rows: Mapping[int, Row]
    shift: Shift | None
    new: int
    changed: int


def plan_write(stored: Mapping[int, Row], wanted: Mapping[int, float]) -> Plan | None:
    """Compare the wanted hours with what is stored around them; None when there is nothing to write.

    `stored` holds the rows between the wanted hours, the last one before and the first one after them. An hour that is
    stored and not wanted stays as it is: what has vanished from a cloud is not known to be wrong.
    """
    new = [hour_s for hour_s in wanted if hour_s not in stored]
    changed = [h for h, kwh in wanted.items() if h in stored and abs(stored[h].state - kwh) > SAME_KWH]
    news = [*new, *changed]
    if not news:
        return None
    first_s, last_s = min(news), max(news)
    total = next((stored[hour_s].sum for hour_s in sorted(stored, reverse=True) if hour_s < first_s), 0.0)
    rows: dict[int, Row] = {}
    for hour_s in sorted({*stored, *wanted}):
        if first_s <= hour_s <= last_s:
            state = wanted[hour_s] if hour_s in wanted else stored[hour_s].state
            total = round(total + state, DECIMALS)
            rows[hour_s] = Row(state, total)
    return Plan(rows, _shift_after(stored, last_s, total), len(new), len(changed))


def _shift_after(stored: Mapping[int, Row], last_s: int, total: float) -> Shift | None:
    after_s = next((hour_s for hour_s in sorted(stored) if hour_s > last_s), None)
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
