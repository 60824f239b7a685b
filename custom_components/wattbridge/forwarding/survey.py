"""What there is of a statistic around a position, by three indexed look-ups each: no row is read that is not needed."""

from dataclasses import dataclass

from homeassistant.components.recorder.db_schema import Statistics, StatisticsBase, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import get_metadata_with_session
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .model import HOUR_S


@dataclass(frozen=True, slots=True)
class Stock:
    """One statistic: what it is made of, and its rows next to a position and at the end."""

    statistic_id: str = ""
    unit: str | None = None
    unit_class: str | None = None
    mean_type: StatisticMeanType = StatisticMeanType.NONE
    has_sum: bool = False
    previous_s: int | None = None
    next_s: int | None = None
    last_s: int | None = None
    last_values: tuple[float | None, ...] = ()


def survey(hass: HomeAssistant, statistic_ids: frozenset[str], row_s: int, position_s: int) -> dict[str, Stock]:
    """Look up the rows of each statistic next to a position; runs in the recorder's executor.

    The recorder's public functions return whole stretches, so that finding the next row after an empty year would
    read the year after it as well.
    """
    table = Statistics if row_s == HOUR_S else StatisticsShortTerm
    with session_scope(hass=hass, read_only=True) as session:
        known = get_metadata_with_session(get_instance(hass), session, statistic_ids=set(statistic_ids))
        return {
            statistic_id: _stock(session, table, metadata_id, metadata, position_s)
            for statistic_id, (metadata_id, metadata) in known.items()
        }


def _stock(
    session: Session, table: type[StatisticsBase], metadata_id: int, metadata: StatisticMetaData, position_s: int
) -> Stock:
    of_this = table.metadata_id == metadata_id
    next_s = session.execute(select(func.min(table.start_ts)).where(of_this, table.start_ts >= position_s)).scalar()
    earlier = select(func.max(table.start_ts)).where(of_this, table.start_ts < position_s)
    if metadata["has_sum"]:
        earlier = earlier.where(table.sum.is_not(None))
    previous_s = session.execute(earlier).scalar()
    last = session.execute(
        select(table.start_ts, table.mean, table.state, table.sum)
        .where(of_this)
        .order_by(table.start_ts.desc())
        .limit(1)
    ).first()
    return Stock(
        statistic_id=metadata["statistic_id"],
        unit=metadata["unit_of_measurement"],
        unit_class=metadata["unit_class"],
        mean_type=metadata["mean_type"],
        has_sum=metadata["has_sum"],
        previous_s=None if previous_s is None else int(previous_s),
        next_s=None if next_s is None else int(next_s),
        last_s=None if last is None else int(last[0]),
        last_values=() if last is None else tuple(last[1:]),
    )
