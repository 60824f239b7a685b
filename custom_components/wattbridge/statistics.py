"""One series of hourly energy in the recorder: write what is news, keep the sums fitting, believe what is read back.

The recorder writes in its own thread and says nothing of failures. Rows and the shift of the later sums are several of
its jobs, and a shift repeated is a shift too much; so what is missing after a restart is found by reading the series
back (`async_mend`), never from a note.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from time import monotonic
from typing import Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN
from .fold import HOUR_S
from .pace import Pace
from .rows import FITS_KWH, Plan, Row, Shift, is_news, misfits, plan_writes, shift_after
from .series import async_series_book

# So many hours of history are followed by one shift of what is newer, which costs as much for few as for many.
GROUP_ROWS: Final = 1000
# Neighbouring rows are nearly always this near; where they are not, another read finds them.
NEAR_S: Final = 48 * HOUR_S
# Anybody may adjust a sum at any time: the whole series is looked through so often.
MEND_EVERY_S: Final = 24 * HOUR_S
# A job that was begun is waited for even when its owner is told to stop, but not for ever.
LAST_JOB_S: Final = 8.0

_LOGGER = logging.getLogger(__name__)


class WriteLostError(Exception):
    """What was given to the recorder is not in its database: it was down, or is being shut down."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the hours that were wanted."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rows: int = 0

    def __add__(self, other: Written) -> Written:
        """Add two counts."""
        return Written(
            self.new + other.new, self.changed + other.changed, self.same + other.same, self.rows + other.rows
        )


class SeriesWriter:
    """Writes one external statistic."""

    def __init__(self, hass: HomeAssistant, statistic_id: str, name: str, pace: Pace) -> None:
        """Name the series; nothing is read or written yet."""
        self._hass = hass
        self._name = name
        self._pace = pace
        self._lock = async_series_book(hass).lock(statistic_id)
        self._mended_s: float | None = None
        self.statistic_id = statistic_id

    async def async_mend(self) -> dict[int, Row]:
        """Put sums right that do not fit together, and return the rows as they were found (by epoch seconds).

        They do not fit after a stop between two jobs, or when somebody adjusted a sum: the series is the cloud's.
        """
        async with self._lock:
            # Somebody before us may have left jobs with the recorder; what is read before they are done is no basis.
            await self._queue_mark()
            self._mended_s = None
            stored, shifts = await self._async_examine()
            for shift in shifts:
                self._adjust(shift.from_s, shift.by_kwh)
            if shifts:
                await self._async_settled()
                if (await self._async_examine())[1]:
                    raise WriteLostError(self.statistic_id)
                _LOGGER.info("%s: sums put right at %d places, as the cloud has them", self.statistic_id, len(shifts))
            await self._async_rename()
            self._mended_s = monotonic()
        return stored

    async def _async_rename(self) -> None:
        """Give a series that was stored in another language its name of today."""
        metadata = (await _async_metadata(self._hass, {self.statistic_id})).get(self.statistic_id)
        if metadata is not None and metadata[1]["name"] != self._name:
            # No rows: the recorder renews the metadata with every import.
            self._import({})
            await self._queue_mark()

    async def async_write(self, wanted: Mapping[int, float]) -> Written:
        """Make the series hold these hours (kWh by epoch seconds); raises WriteLostError if it then does not."""
        if self._mended_s is None or monotonic() - self._mended_s > MEND_EVERY_S:
            await self.async_mend()
        total = Written()
        for group in await self._async_groups(wanted):
            async with self._lock:
                total += await self._async_write_group(group)
        return total

    async def _async_groups(self, wanted: Mapping[int, float]) -> list[dict[int, float]]:
        """Cut the hours into groups: history in front of a series newest first, what follows it oldest first."""
        hours = sorted(wanted)
        groups = [dict.fromkeys(batch) for batch in batched(hours, GROUP_ROWS, strict=False)]
        if len(groups) > 1 and not await self._async_before(hours[0]):
            groups.reverse()
        return [{hour_s: wanted[hour_s] for hour_s in group} for group in groups]

    async def _async_write_group(self, group: Mapping[int, float]) -> Written:
        """Write what is news of these hours, and read it back."""
        first_s, last_s = min(group), max(group)
        stored = await self._async_read(first_s, last_s + NEAR_S)
        if not any(is_news(stored, hour_s, kwh) for hour_s, kwh in group.items()):
            return Written(same=len(group))
        stored |= await self._async_neighbours(stored, first_s, last_s)
        # Until everything is read back, the series is in doubt.
        self._mended_s, mended_s = None, self._mended_s
        total = Written()
        try:
            for plan in plan_writes(stored, group):
                await self._async_carry_out(plan, stored)
                await self._async_verify(plan)
                total += Written(plan.new, plan.changed, rows=len(plan.rows))
        except asyncio.CancelledError:
            await asyncio.wait([self._queue_mark()], timeout=LAST_JOB_S)
            raise
        self._mended_s = mended_s
        return total + Written(same=len(group) - total.new - total.changed)

    async def _async_carry_out(self, plan: Plan, stored: Mapping[int, Row]) -> None:
        """Give the recorder the rows job by job, and then the shift they need; also when cancelled on the way."""
        hours, given = list(plan.rows), 0
        try:
            while given < len(hours):
                async with self._pace.turn():
                    chunk = hours[given : given + self._pace.chunk_rows]
                    begun = self._queue_mark()
                    self._import({hour_s: plan.rows[hour_s] for hour_s in chunk})
                    given += len(chunk)
                    await self._async_job(begun, len(chunk))
        finally:
            begun = self._queue_mark()
            shift = shift_after(stored, hours[given - 1], plan.rows[hours[given - 1]].sum) if given else None
            if shift is not None:
                self._adjust(shift.from_s, shift.by_kwh)
        if shift is not None:
            await self._async_job(begun)

    async def _async_verify(self, plan: Plan) -> None:
        first_s, last_s = min(plan.rows), max(plan.rows)
        end_s = (last_s if plan.shift is None else plan.shift.from_s) + HOUR_S
        found = await self._async_read(first_s, end_s)
        for hour_s, row in plan.rows.items():
            is_there = found.get(hour_s)
            if is_there is None or abs(is_there.sum - row.sum) > FITS_KWH or abs(is_there.state - row.state) > FITS_KWH:
                raise WriteLostError(self.statistic_id)
        if plan.shift is not None:
            after = found.get(plan.shift.from_s)
            if after is None or abs(found[last_s].sum + after.state - after.sum) > FITS_KWH:
                raise WriteLostError(self.statistic_id)

    async def _async_job(self, begun: asyncio.Future[None], rows: int = 0) -> None:
        """Wait until the recorder has done what it was given since a mark, and learn how long that took."""
        done = self._queue_mark()
        await begun
        started_s = monotonic()
        await done
        self._pace.learn(rows, monotonic() - started_s)

    async def _async_neighbours(self, rows: Mapping[int, Row], first_s: int, last_s: int) -> dict[int, Row]:
        """Read the row before the first of these hours, and the one after the last if it was not near enough."""
        neighbours = await self._async_before(first_s)
        if not rows or max(rows) <= last_s:
            newer = await self._async_read(last_s + NEAR_S, None)
            if newer:
                neighbours[min(newer)] = newer[min(newer)]
        return neighbours

    async def _async_before(self, first_s: int) -> dict[int, Row]:
        """Read the last row before an hour, if there is one."""
        rows = await self._async_read(first_s - NEAR_S, first_s) or await self._async_read(0, first_s)
        return {max(rows): rows[max(rows)]} if rows else {}

    async def _async_read(self, start_s: int, end_s: int | None) -> dict[int, Row]:
        """Read stored rows of a stretch of time."""
        return await get_instance(self._hass).async_add_executor_job(
            _read_rows, self._hass, self.statistic_id, start_s, end_s
        )

    async def _async_examine(self) -> tuple[dict[int, Row], list[Shift]]:
        """Read the whole series, and find what is wrong with its sums."""

        def examine() -> tuple[dict[int, Row], list[Shift]]:
            stored = _read_rows(self._hass, self.statistic_id, 0, None)
            return stored, list(misfits(stored))

        return await get_instance(self._hass).async_add_executor_job(examine)

    def _import(self, rows: Mapping[int, Row]) -> None:
        metadata = StatisticMetaData(
            has_sum=True,
            mean_type=StatisticMeanType.NONE,
            name=self._name,
            source=DOMAIN,
            statistic_id=self.statistic_id,
            unit_class=EnergyConverter.UNIT_CLASS,
            unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        )
        data = [
            StatisticData(start=datetime.fromtimestamp(hour_s, UTC), state=row.state, sum=row.sum)
            for hour_s, row in rows.items()
        ]
        async_add_external_statistics(self._hass, metadata, data)

    def _adjust(self, from_s: int, by_kwh: float) -> None:
        get_instance(self._hass).async_adjust_statistics(
            self.statistic_id, datetime.fromtimestamp(from_s, UTC), by_kwh, UnitOfEnergy.KILO_WATT_HOUR
        )

    async def _async_settled(self) -> None:
        """Wait until the recorder has done everything it was given so far, for a while even when cancelled meanwhile.

        Nobody else may get at rows that lack their shift.
        """
        done = self._queue_mark()
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done], timeout=LAST_JOB_S)
            raise

    def _queue_mark(self) -> asyncio.Future[None]:
        return queue_mark(self._hass)


async def async_clear(hass: HomeAssistant, statistic_ids: Iterable[str]) -> None:
    """Delete whole series, and return when they are gone; raises WriteLostError if they are not."""
    ids = set(statistic_ids)
    async with AsyncExitStack() as locks:
        # In the order of all who take several of them.
        for statistic_id in sorted(ids):
            await locks.enter_async_context(async_series_book(hass).lock(statistic_id))
        get_instance(hass).async_clear_statistics(sorted(ids))
        await queue_mark(hass)
        left = await _async_metadata(hass, ids)
    if left:
        raise WriteLostError(", ".join(sorted(left)))


async def async_stored_ids(hass: HomeAssistant, statistic_ids: Iterable[str]) -> set[str]:
    """Return which of these series the recorder has."""
    return set(await _async_metadata(hass, set(statistic_ids)))


@callback
def queue_mark(hass: HomeAssistant) -> asyncio.Future[None]:
    """Return a future that is done when the recorder has come to where its queue ends now."""
    done: asyncio.Future[None] = hass.loop.create_future()
    get_instance(hass).queue_task(SynchronizeTask(done))
    return done


async def _async_metadata(hass: HomeAssistant, statistic_ids: set[str]) -> dict[str, tuple[int, StatisticMetaData]]:
    return await get_instance(hass).async_add_executor_job(partial(get_metadata, hass, statistic_ids=statistic_ids))


def _read_rows(hass: HomeAssistant, statistic_id: str, start_s: int, end_s: int | None) -> dict[int, Row]:
    """Read stored rows in one of the recorder's threads; years of them would hold up the event loop."""
    found = statistics_during_period(
        hass,
        datetime.fromtimestamp(start_s, UTC),
        None if end_s is None else datetime.fromtimestamp(end_s, UTC),
        {statistic_id},
        "hour",
        {EnergyConverter.UNIT_CLASS: UnitOfEnergy.KILO_WATT_HOUR},
        {"state", "sum"},
    )
    return {int(row["start"]): Row(row["state"] or 0.0, row["sum"] or 0.0) for row in found.get(statistic_id, [])}
