"""Reads the recorder after a cursor: rows in the vendor's units, of closed periods only, in bounded batches."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import UNIT_CLASS_TO_UNIT_CONVERTER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from ..series import Published, SeriesBook, async_series_book
from ..vendors.wattics import Measure
from .closing import Closing
from .junction import hourly_until
from .model import HOUR_S, ROW_S, ParameterConfig, Problem, SourceError, StreamConfig
from .plan import Batch, Series
from .reading import async_read
from .rows import Stretch, Wanted, read_series
from .survey import Stock, survey

# A batch is of so many rows at most, of all series of a stream together. Every look into the recorder takes its time,
# so more of them would be slower; and two batches of each stream are in memory.
BATCH_ROWS: Final = 2000
# Streams of many series have batches of so many periods all the same.
LEAST_PERIODS: Final = 50
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look into the recorder gave: a batch, or nothing yet, and up to where periods are closed."""

    batch: Batch | None
    closed_s: int | None
    next_row_s: int | None


@dataclass(frozen=True, slots=True)
class _View:
    """What there is of the sources of a stream around a position, in rows of one length.

    `hours`: the same in hours, where a stream of short intervals has no earlier row of some source.
    """

    position_s: int
    row_s: int
    interval_s: int
    stocks: Mapping[str, Stock]
    hours: Mapping[str, Stock] | None = None

    @property
    def from_s(self) -> int:
        """Where rows are read from; after a change of the interval that may be within a period, and within a row."""
        return self.position_s // self.row_s * self.row_s

    def on_grid(self, epoch_s: int) -> int:
        """Return the start of the period of a time."""
        return epoch_s // self.interval_s * self.interval_s

    @property
    def next_row_s(self) -> int | None:
        """The start of the next period that has a row."""
        nexts = [stock.next_s for stock in self.stocks.values() if stock.next_s is not None]
        return self.on_grid(min(nexts)) if nexts else None

    def before(self, source: str) -> tuple[int, int] | None:
        """Return the row to count from, by its start and its length; None where only the cursor's sum can tell."""
        if self.from_s < self.position_s:
            # The first row was sent in part.
            return None
        if (previous_s := self.stocks[source].previous_s) is not None:
            return previous_s, self.row_s
        if self.hours is None or self.position_s % HOUR_S or (hour_s := self.hours[source].previous_s) is None:
            return None
        return hour_s, HOUR_S

    def is_oldest(self, source: str) -> bool:
        """Tell whether no row of a source, short or long, begins before the position."""
        stocks = [views[source] for views in (self.stocks, self.hours) if views is not None]
        return not any(
            stock.previous_s is not None or (stock.next_s is not None and stock.next_s < self.position_s)
            for stock in stocks
        )


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

    def expires_s(self, position_s: int) -> int | None:
        """Return when the recorder may drop the short row of a position; None for what it keeps for ever."""
        recorder = get_instance(self._hass)
        if self._config.row_s == HOUR_S or not recorder.auto_purge:
            return None
        return position_s + recorder.keep_days * _DAY_S

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
            view = await self._view(ids, position_s)
            closed_s = self._closed_s(ids, view, now_s, replay_to_s)
            hourly_to_s = self._hourly_to_s(view, now_s)
            if hourly_to_s is not None and view.hours is not None:
                view = _View(position_s, HOUR_S, HOUR_S, view.hours, view.stocks)
                closed_s = max(hourly_to_s, closed_s or 0)
            to_s = hourly_to_s or closed_s
            if to_s is None or to_s <= position_s:
                return Reading(None, closed_s, view.next_row_s)
            batch = await self._batch(view, to_s)
        return Reading(batch, closed_s, view.next_row_s)

    async def _view(self, ids: Mapping[str, str], position_s: int) -> _View:
        """Look up what there is of every source, and the hours too where short rows may be gone."""
        row_s, interval_s = self._config.row_s, self._config.interval_s
        stocks = await self._survey(ids, row_s, position_s)
        known = {source for source, stock in stocks.items() if stock.previous_s is not None}
        counted = {p.source for p in self._config.parameters if p.measure is Measure.CHANGE}
        if row_s == HOUR_S or (known and counted <= known):
            return _View(position_s, row_s, interval_s, stocks)
        hours = await self._survey(ids, HOUR_S, position_s)
        return _View(position_s, row_s, interval_s, stocks, hours)

    def _hourly_to_s(self, view: _View, now_s: float) -> int | None:
        """Return up to where only hours are left; a short row of any source tells that they are not."""
        if view.hours is None or any(stock.previous_s is not None for stock in view.stocks.values()):
            return None
        purged_to_s = now_s - get_instance(self._hass).keep_days * _DAY_S
        until_s = hourly_until(view.position_s, view.stocks.values(), view.hours.values(), purged_to_s)
        # Also hours may be imported for the future.
        return None if until_s is None else min(until_s, int(now_s) // HOUR_S * HOUR_S)

    async def _survey(self, ids: Mapping[str, str], row_s: int, position_s: int) -> dict[str, Stock]:
        """Look up the rows of every source around a position, and refuse what does not fit its parameters."""
        look_up = partial(survey, self._hass, frozenset(ids.values()), row_s, position_s // row_s * row_s)
        found = await async_read(self._hass, look_up)
        for parameter in self._config.parameters:
            statistic_id = ids[parameter.source]
            stock = found.get(statistic_id)
            if stock is not None:
                self._check(parameter, stock)
            elif ":" in statistic_id and not self._book.is_expected(statistic_id):
                raise SourceError(Problem.SOURCE_MISSING, statistic_id)
        return {source: found.get(statistic_id, Stock()) for source, statistic_id in ids.items()}

    def _check(self, parameter: ParameterConfig, stock: Stock) -> None:
        """Refuse a statistic of another quantity, and one that lacks what is taken from it; raises SourceError."""
        wanted = self._units.get(parameter.name)
        if wanted is not None and (stock.unit or "") != wanted and not _is_convertible(stock.unit_class, wanted):
            raise SourceError(Problem.UNIT_CHANGED, stock.statistic_id)
        if parameter.measure is Measure.MEAN:
            # A mean of directions is no mean of numbers.
            circular = stock.mean_type is StatisticMeanType.CIRCULAR
            fits = stock.mean_type is not StatisticMeanType.NONE and not (
                circular and self._config.interval_s not in (ROW_S, HOUR_S)
            )
        else:
            fits = stock.has_sum
        only_hourly = ":" in stock.statistic_id and self._config.row_s != HOUR_S
        if only_hourly or not fits:
            raise SourceError(Problem.SOURCE_UNFIT, stock.statistic_id)

    def _closed_s(self, ids: Mapping[str, str], view: _View, now_s: float, replay_to_s: int | None) -> int | None:
        """Return up to where all series are closed, on the grid of the stream; None while one of them cannot say."""
        own: dict[str, int | None] = {}
        for source, statistic_id in ids.items():
            if self._book.is_expected(statistic_id):
                published = self._whole(statistic_id, view.position_s)
                own[source] = None if published is None else int(published.watermark.timestamp())
        closed_s = self._closing.closed_s(view.stocks, own, now_s, replay_to_s)
        return None if closed_s is None else view.on_grid(closed_s)

    def _whole(self, statistic_id: str, position_s: int) -> Published | None:
        """Return what one of our own series says, if it is whole from a position on."""
        published = self._book.get(statistic_id)
        if published is None or published.contiguous_from is None:
            return published
        return published if published.contiguous_from.timestamp() <= position_s else None

    def awaits(self, position_s: int) -> bool:
        """Tell whether one of our own series does not say yet what there is from a position on."""
        return any(
            self._book.is_expected(statistic_id) and self._whole(statistic_id, position_s) is None
            for statistic_id in self.external_ids
        )

    async def _batch(self, view: _View, to_s: int) -> Batch:
        """Read the rows of all sources from the next period that has one, and for sums the row before it too."""
        position_s, next_row_s = view.position_s, view.next_row_s
        first_s = to_s if next_row_s is None else min(max(next_row_s, view.on_grid(position_s)), to_s)
        rows_of_period = len(self._config.parameters) * view.interval_s // view.row_s
        periods = max(LEAST_PERIODS, BATCH_ROWS // rows_of_period)
        end_s = min(first_s + periods * view.interval_s, to_s)
        series: dict[str, Series] = {}
        if first_s < end_s:
            wanted = [
                Wanted(
                    parameter,
                    view.stocks[parameter.source],
                    self._units.get(parameter.name, view.stocks[parameter.source].unit),
                    view.before(parameter.source) if parameter.measure is Measure.CHANGE else None,
                    view.is_oldest(parameter.source),
                )
                for parameter in self._config.parameters
            ]
            stretch = Stretch(max(first_s, view.from_s), end_s, view.row_s)
            starts_at_zero = view.row_s == HOUR_S and view.from_s == position_s
            read = partial(read_series, self._hass, wanted, stretch, starts_at_zero=starts_at_zero)
            series = await async_read(self._hass, read)
        return Batch(position_s, first_s, end_s, series, view.interval_s)


def _is_convertible(unit_class: str | None, unit: str) -> bool:
    converter = UNIT_CLASS_TO_UNIT_CONVERTER.get(unit_class) if unit_class else None
    return converter is not None and unit in converter.VALID_UNITS
