"""Reads rows out of the recorder, in the units that the cloud expects, as the series of a plan."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any, Final, Literal

from homeassistant.components.recorder.const import SupportedDialect
from homeassistant.components.recorder.statistics import UNIT_CLASS_TO_UNIT_CONVERTER
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from sqlalchemy import Integer, Select, bindparam, cast, func, select
from sqlalchemy.orm import Session

from ..vendors.wattics import Measure
from .model import HOUR_S, ParameterConfig
from .plan import Series
from .survey import Stock, table_of

type Column = Literal["mean", "sum", "state"]

_EXACTLY: Final = "%!.17g"
_COLUMNS: Final[Mapping[Measure, Column]] = {
    Measure.CHANGE: "sum",
    Measure.SUM: "sum",
    Measure.MEAN: "mean",
    Measure.STATE: "state",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parameter whose rows are read, and the unit to read them in.

    `stock`: what there is of its statistic; `before`: where and how long the row before them is, if it may be used.
    """

    parameter: ParameterConfig
    stock: Stock
    unit: str | None
    before: tuple[int, int] | None
    is_oldest: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, and how long the rows in it are."""

    start_s: int
    end_s: int
    row_s: int


def read_series(
    hass: HomeAssistant, wanted: Sequence[Wanted], stretch: Stretch, *, starts_at_zero: bool
) -> dict[str, Series]:
    """Read the series of all parameters; runs in the recorder's executor.

    The recorder's public function makes a dictionary of every row, which takes as long as all the rest.
    """
    with session_scope(hass=hass, read_only=True) as session:
        return {each.parameter.name: _series(session, each, stretch, starts_at_zero=starts_at_zero) for each in wanted}


def _series(session: Session, wanted: Wanted, stretch: Stretch, *, starts_at_zero: bool) -> Series:
    # The row before is mostly next to the first one, and is read with it.
    adjacent = (stretch.start_s - stretch.row_s, stretch.row_s)
    from_s = adjacent[0] if wanted.before == adjacent else stretch.start_s
    starts_s, values = _read(session, wanted, Stretch(from_s, stretch.end_s, stretch.row_s))
    before = None
    if wanted.before == adjacent:
        if starts_s and starts_s[0] < stretch.start_s:
            starts_s.pop(0)
            before = values.pop(0)
    elif wanted.before is not None:
        # It lies far back, or in the other table: that costs one more short read.
        start_s, row_s = wanted.before
        _, sums = _read(session, wanted, Stretch(start_s, start_s + row_s, row_s))
        before = sums[-1] if sums else None
    return Series(
        starts_s,
        values,
        before,
        starts_at_zero,
        wanted.is_oldest,
        wanted.stock.statistic_id,
        None if wanted.before is None else sum(wanted.before),
    )


def _read(session: Session, wanted: Wanted, stretch: Stretch) -> tuple[array[int], array[float]]:
    """Read when the rows of a stretch start, and what they hold in the wanted unit."""
    starts, numbers = _find(session, wanted, stretch)
    starts_s, values = array("q", starts), array("d", numbers)
    if not isfinite(sum(values)):
        finite = {start_s: value for start_s, value in zip(starts_s, values, strict=True) if isfinite(value)}
        starts_s, values = array("q", finite), array("d", finite.values())
    stock, unit = wanted.stock, wanted.unit
    converter = UNIT_CLASS_TO_UNIT_CONVERTER.get(stock.unit_class)
    if converter is not None and unit and unit != stock.unit:
        values = array("d", map(converter.converter_factory(stock.unit, unit), values))
    return starts_s, values


def _find(session: Session, wanted: Wanted, stretch: Stretch) -> tuple[Iterable[int], Iterable[float]]:
    """Find when the rows of a stretch start, and what they hold in the unit of their statistic.

    SQLite hands out row by row, and Python's module lets go of the interpreter for each: while the event loop is busy,
    that makes both wait for each other thousands of times. So it is asked for one row of text.
    """
    of_this = {"series": wanted.stock.metadata_id, "from_s": stretch.start_s, "to_s": stretch.end_s}
    is_hourly, column = stretch.row_s == HOUR_S, _COLUMNS[wanted.parameter.measure]
    if session.get_bind().dialect.name == SupportedDialect.SQLITE:
        starts, values = session.execute(_joined_statement(is_hourly, column), of_this).one()
        return ((), ()) if starts is None else (map(int, starts.split(",")), map(float, values.split(",")))
    rows = session.execute(_statement(is_hourly, column), of_this).all()
    return [int(start_s) for start_s, _ in rows], [value for _, value in rows]


@cache
def _joined_statement(is_hourly: bool, column: Column) -> Select[Any]:  # noqa: FBT001 - it is a key
    """Join what the other statement gives; the digits are as many as make the same float again."""
    start_ts, value = _statement(is_hourly, column).subquery().c
    return select(func.group_concat(cast(start_ts, Integer)), func.group_concat(func.printf(_EXACTLY, value)))


@cache
def _statement(is_hourly: bool, column: Column) -> Select[Any]:  # noqa: FBT001 - it is a key
    table = table_of(is_hourly=is_hourly)
    value = getattr(table, column)
    return (
        select(table.start_ts, value)
        .where(
            table.metadata_id == bindparam("series"),
            table.start_ts >= bindparam("from_s"),
            table.start_ts < bindparam("to_s"),
            value.is_not(None),
        )
        .order_by(table.start_ts)
    )
