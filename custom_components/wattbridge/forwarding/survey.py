"""What there is of a statistic around a position, by indexed look-ups: no row is read that is not needed."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from homeassistant.components.recorder.db_schema import Statistics, StatisticsBase, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import get_metadata_with_session
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from .model import HOUR_S


@dataclass(frozen=True, slots=True)
class Stock:
    """One statistic: what it is made of, and its rows next to a position and at the end."""

    statistic_id: str = ""
    metadata_id: int = 0
    unit: str | None = None
    unit_class: str | None = None
    mean_type: StatisticMeanType = StatisticMeanType.NONE
    has_sum: bool = False
    previous_s: int | None = None
    next_s: int | None = None
    last_s: int | None = None
    last_values: tuple[float | None, ...] = ()


def table_of(*, is_hourly: bool) -> type[StatisticsBase]:
    """Return the table that has rows of an hour, or of five minutes."""
    return Statistics if is_hourly else StatisticsShortTerm


def survey(hass: HomeAssistant, statistic_ids: frozenset[str], row_s: int, position_s: int) -> dict[str, Stock]:
    """Look up the rows of each statistic next to a position; runs in the recorder's executor.

    The recorder's public functions return whole stretches, so that finding the next row after an empty year would
    read the year after it as well.
    """
    is_hourly = row_s == HOUR_S
    with session_scope(hass=hass, read_only=True) as session:
        known = get_metadata_with_session(get_instance(hass), session, statistic_ids=set(statistic_ids))
        return {
            statistic_id: _stock(session, metadata_id, metadata, position_s, is_hourly=is_hourly)
            for statistic_id, (metadata_id, metadata) in known.items()
        }


def _stock(
    session: Session, metadata_id: int, metadata: StatisticMetaData, position_s: int, *, is_hourly: bool
) -> Stock:
    bounds = _bounds(is_hourly, metadata["has_sum"])
    previous_s, next_s, last_s = session.execute(bounds, {"series": metadata_id, "position_s": position_s}).one()
    last_values: tuple[float | None, ...] = ()
    if last_s is not None:
        row = session.execute(_values(is_hourly), {"series": metadata_id, "start_s": last_s}).first()
        last_values = () if row is None else tuple(row)
    return Stock(
        statistic_id=metadata["statistic_id"],
        metadata_id=metadata_id,
        unit=metadata["unit_of_measurement"],
        unit_class=metadata["unit_class"],
        mean_type=metadata["mean_type"],
        has_sum=metadata["has_sum"],
        previous_s=None if previous_s is None else int(previous_s),
        next_s=None if next_s is None else int(next_s),
        last_s=None if last_s is None else int(last_s),
        last_values=last_values,
    )


@cache
def _bounds(is_hourly: bool, has_sum: bool) -> Select[Any]:  # noqa: FBT001 - they are a key
    """Ask for the row before a position, the one at or after it, and the newest one. Made once: that takes its time."""
    table = table_of(is_hourly=is_hourly)
    start_ts, of_this = table.start_ts, table.metadata_id == bindparam("series")
    earlier = select(func.max(start_ts)).where(of_this, start_ts < bindparam("position_s"))
    if has_sum:
        earlier = earlier.where(table.sum.is_not(None))
    later = select(func.min(start_ts)).where(of_this, start_ts >= bindparam("position_s"))
    newest = select(func.max(start_ts)).where(of_this)
    return select(earlier.scalar_subquery(), later.scalar_subquery(), newest.scalar_subquery())


@cache
def _values(is_hourly: bool) -> Select[Any]:  # noqa: FBT001 - it is a key
    """Ask what a row holds."""
    table = table_of(is_hourly=is_hourly)
    of_this = table.metadata_id == bindparam("series"), table.start_ts == bindparam("start_s")
    return select(table.mean, table.state, table.sum).where(*of_this)
