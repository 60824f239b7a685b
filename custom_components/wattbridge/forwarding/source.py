"""Reads the recorder after a cursor: rows in the vendor's units, of closed periods only, in bounded batches."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from ..series import SeriesBook, async_series_book
from ..vendors.wattics import Measure
from .closing import Closing
from .model import HOUR_S, ROW_S, ParameterConfig, Problem, StreamConfig, utc
from .plan import Batch, Sample, Series
from .survey import Stock, survey

BATCH_PERIODS: Final = 500

# The unit that the cloud expects, and the recorder's name for what is measured in it.
UNIT_CLASSES: Final = {
    "A": "electric_current",
    "V": "voltage",
    "VA": "apparent_power",
    "W": "power",
    "Wh": "energy",
    "var": "reactive_power",
}

type Column = Literal["mean", "sum", "state"]

_COLUMNS: Final[Mapping[Measure, Column]] = {
    Measure.CHANGE: "sum",
    Measure.SUM: "sum",
    Measure.MEAN: "mean",
    Measure.STATE: "state",
}


class SourceError(Exception):
    """A series cannot be read; `problem` says why, and the text names the statistic."""

    def __init__(self, problem: Problem, statistic: str) -> None:
        """Keep what is wrong and with which statistic."""
        super().__init__(statistic)
        self.problem = problem
        self.statistic = statistic


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look into the recorder gave: a batch, or nothing yet, and up to where periods are closed."""

    batch: Batch | None
    closed_s: int | None
    next_row_s: int | None


class StreamSource:
    """The series of one stream, by the statistic ids they have today."""

    def __init__(self, hass: HomeAssistant, config: StreamConfig, units: Mapping[str, str]) -> None:
        """Read for this stream; `units` by parameter is what the cloud expects, absent where any unit will do."""
        self._hass = hass
        self._config = config
        self._units = units
        self._book: SeriesBook = async_series_book(hass)
        self._closing = Closing(config)
        self._ids: dict[str, str] = {}
        self._sources = tuple(dict.fromkeys(parameter.source for parameter in config.parameters))

    @property
    def external_ids(self) -> frozenset[str]:
        """The statistic ids of the stream that are no entity's."""
        return frozenset(source for source in self._sources if ":" in source)

    @property
    def has_entities(self) -> bool:
        """Tell whether a series of the stream is compiled by the recorder itself."""
        return len(self.external_ids) < len(self._sources)

    def resolve(self) -> dict[str, str]:
        """Find the statistic id of every source; an entity may have been renamed since.

        Raises SourceError for an entity that is gone.
        """
        registry = er.async_get(self._hass)
        for source in self._sources:
            statistic_id = source if ":" in source else er.async_resolve_entity_id(registry, source)
            if statistic_id is None:
                raise SourceError(Problem.SOURCE_MISSING, self._ids.get(source, source))
            self._ids[source] = statistic_id
        return dict(self._ids)

    async def read(self, position_s: int, now_s: float, *, replay_to_s: int | None = None) -> Reading:
        """Read the next closed periods from a position on.

        `replay_to_s`: periods up to there were sent already, so that they are taken as closed where that is only a
        matter of waiting. Raises SourceError.
        """
        ids = self.resolve()
        own = sorted(statistic_id for statistic_id in ids.values() if self._book.is_expected(statistic_id))
        async with AsyncExitStack() as locks:
            # Always in the same order, so that two streams of the same series cannot wait for one another.
            for statistic_id in own:
                await locks.enter_async_context(self._book.lock(statistic_id))
            # After a change of the interval the position may lie within a period, and within an hourly row.
            from_s = position_s // self._config.row_s * self._config.row_s
            stocks = await self._survey(ids, from_s)
            closed_s = self._closed_s(ids, stocks, position_s, now_s, replay_to_s)
            nexts = [stock.next_s for stock in stocks.values() if stock.next_s is not None]
            next_row_s = self._on_grid(min(nexts)) if nexts else None
            if closed_s is None or closed_s <= position_s:
                return Reading(None, closed_s, next_row_s)
            first_s = closed_s if next_row_s is None else min(max(next_row_s, self._on_grid(position_s)), closed_s)
            end_s = min(first_s + BATCH_PERIODS * self._config.interval_s, closed_s)
            rows_s = (max(first_s, from_s), end_s)
            series = await self._series(ids, stocks, rows_s, amid_row=from_s < position_s) if first_s < end_s else {}
        return Reading(Batch(position_s, first_s, end_s, series), closed_s, next_row_s)

    def _on_grid(self, epoch_s: int) -> int:
        return epoch_s // self._config.interval_s * self._config.interval_s

    async def _survey(self, ids: Mapping[str, str], position_s: int) -> dict[str, Stock]:
        """Look up what there is of every source, and refuse what does not fit its parameters."""
        found = await get_instance(self._hass).async_add_executor_job(
            survey, self._hass, frozenset(ids.values()), self._config.row_s, position_s
        )
        for parameter in self._config.parameters:
            statistic_id = ids[parameter.source]
            stock = found.get(statistic_id)
            if stock is not None:
                self._check(parameter, stock)
            elif ":" in statistic_id and not self._book.is_expected(statistic_id):
                raise SourceError(Problem.SOURCE_MISSING, statistic_id)
        return {source: found.get(statistic_id, Stock()) for source, statistic_id in ids.items()}

    def _check(self, parameter: ParameterConfig, stock: Stock) -> None:
        wanted = self._units.get(parameter.name)
        by_unit = wanted is None or stock.unit == wanted or stock.unit_class == UNIT_CLASSES.get(wanted)
        if parameter.measure is Measure.MEAN:
            # A mean of directions is no mean of numbers.
            circular = stock.mean_type is StatisticMeanType.CIRCULAR
            fits = stock.mean_type is not StatisticMeanType.NONE and not (
                circular and self._config.interval_s not in (ROW_S, HOUR_S)
            )
        else:
            fits = stock.has_sum
        only_hourly = ":" in stock.statistic_id and self._config.row_s != HOUR_S
        if only_hourly or not (by_unit and fits):
            raise SourceError(Problem.SOURCE_UNFIT, stock.statistic_id)

    def _closed_s(
        self,
        ids: Mapping[str, str],
        stocks: Mapping[str, Stock],
        position_s: int,
        now_s: float,
        replay_to_s: int | None,
    ) -> int | None:
        """Return up to where all series are closed, on the grid of the stream; None while one of them cannot say."""
        own: dict[str, int | None] = {}
        for source, statistic_id in ids.items():
            if self._book.is_expected(statistic_id):
                published = self._book.get(statistic_id)
                whole = published is not None and (
                    published.contiguous_from is None or published.contiguous_from.timestamp() <= position_s
                )
                own[source] = int(published.watermark.timestamp()) if published is not None and whole else None
        closed_s = self._closing.closed_s(stocks, own, now_s, replay_to_s)
        return None if closed_s is None else self._on_grid(closed_s)

    async def _series(
        self, ids: Mapping[str, str], stocks: Mapping[str, Stock], rows_s: tuple[int, int], *, amid_row: bool
    ) -> dict[str, Series]:
        """Read the rows of all sources of a stretch of time, and for sums the row before it too.

        `amid_row`: the first row was sent in part, so that only the sum kept with the cursor is the one before it.
        """
        units = {UNIT_CLASSES[unit]: unit for unit in self._units.values()}
        units |= {
            s.unit_class: s.unit for s in stocks.values() if s.unit and s.unit_class and s.unit_class not in units
        }
        change = {p.source for p in self._config.parameters if p.measure is Measure.CHANGE}
        befores = {} if amid_row else {source: stocks[source].previous_s for source in change}
        rows = await get_instance(self._hass).async_add_executor_job(
            _rows, self._hass, ids, befores, rows_s, self._config.row_s, units, self._columns()
        )
        starts_at_zero = self._config.row_s == HOUR_S and not amid_row
        return {
            parameter.name: _one_series(
                parameter, rows.get(ids[parameter.source], []), rows_s[0], starts_at_zero=starts_at_zero
            )
            for parameter in self._config.parameters
        }

    def _columns(self) -> frozenset[Column]:
        return frozenset(_COLUMNS[parameter.measure] for parameter in self._config.parameters)


def _one_series(parameter: ParameterConfig, rows: list[Any], first_s: int, *, starts_at_zero: bool) -> Series:
    """Take a parameter's column out of the rows of its statistic."""
    column = _COLUMNS[parameter.measure]
    samples = tuple(
        Sample(int(row["start"]), value) for row in rows if (value := row.get(column)) is not None and isfinite(value)
    )
    earlier = [sample.value for sample in samples if sample.start_s < first_s]
    return Series(
        samples[len(earlier) :],
        before=earlier[-1] if earlier and parameter.measure is Measure.CHANGE else None,
        starts_at_zero=starts_at_zero,
    )


def _rows(
    hass: HomeAssistant,
    ids: Mapping[str, str],
    befores: Mapping[str, int | None],
    stretch_s: tuple[int, int],
    row_s: int,
    units: dict[str, str],
    columns: frozenset[Column],
) -> dict[str, list[Any]]:
    """Read the rows of a stretch; a source whose last earlier row lies far back costs one more short read."""
    first_s, end_s = stretch_s
    period: Literal["hour", "5minute"] = "hour" if row_s == HOUR_S else "5minute"
    rows: dict[str, list[Any]] = {}
    for source, before_s in befores.items():
        if before_s is not None:
            earlier = statistics_during_period(
                hass, utc(before_s), utc(before_s + row_s), {ids[source]}, period, units, {"sum"}
            )
            rows[ids[source]] = list(earlier.get(ids[source], []))
    read = statistics_during_period(hass, utc(first_s), utc(end_s), set(ids.values()), period, units, set(columns))
    for statistic_id, found in read.items():
        rows.setdefault(statistic_id, []).extend(found)
    return rows
