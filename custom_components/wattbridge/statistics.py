"""One series of hourly energy in the recorder: write what is news, keep the sums fitting, believe what is read back.

The recorder writes in its own thread and says nothing of failures. Rows and the shift of the later sums are two of its
jobs, and a shift repeated is a shift too much; so what is missing after a restart is found by reading the series back
(`async_mend`), never from a note.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.util.unit_conversion import EnergyConverter

from .const import DOMAIN
from .fold import HOUR_S
from .rows import FITS_KWH, Plan, Row, Shift, misfits, plan_write
from .series import async_series_book

FIRST_CHUNK_ROWS: Final = 100
SMALLEST_CHUNK_ROWS: Final = 10
LARGEST_CHUNK_ROWS: Final = 500
# The recorder does nothing else while it writes: so long may others have to wait.
JOB_S: Final = 0.12
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


class Pace:
    """How many rows make a recorder job of `JOB_S`, learned from the jobs done; and a rest as long as each job."""

    def __init__(self) -> None:
        """Begin small."""
        self.chunk_rows = FIRST_CHUNK_ROWS

    async def rest(self, rows: int, job_s: float) -> None:
        """Learn from a job, and leave the recorder to others for as long as it took."""
        if rows >= SMALLEST_CHUNK_ROWS:
            fitting = int(rows * JOB_S / max(job_s, 0.001))
            # Half way: one slow job, a purge in between say, is no reason to crawl.
            wanted = (self.chunk_rows + fitting) // 2
            self.chunk_rows = min(max(wanted, SMALLEST_CHUNK_ROWS), LARGEST_CHUNK_ROWS)
        await asyncio.sleep(job_s)


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
                await self._async_finish()
                if (await self._async_examine())[1]:
                    raise WriteLostError(self.statistic_id)
                _LOGGER.info("%s: sums put right at %d places, as the cloud has them", self.statistic_id, len(shifts))
            self._mended_s = monotonic()
        return stored

    async def async_write(self, wanted: Mapping[int, float]) -> Written:
        """Make the series hold these hours (kWh by epoch seconds); raises WriteLostError if it then does not."""
        if self._mended_s is None or monotonic() - self._mended_s > MEND_EVERY_S:
            await self.async_mend()
        total = Written()
        for chunk in self._chunks(wanted, descending=await self._async_is_older(wanted)):
            async with self._lock:
                written, job_s = await self._async_write_chunk(chunk)
            total += written
            if written.rows:
                await self._pace.rest(written.rows, job_s)
        return total

    def _chunks(self, wanted: Mapping[int, float], *, descending: bool) -> Iterator[dict[int, float]]:
        """Cut the hours into jobs: history in front of a series newest first, what follows it oldest first."""
        hours = sorted(wanted, reverse=descending)
        position = 0
        while position < len(hours):
            chunk = hours[position : position + self._pace.chunk_rows]
            position += len(chunk)
            yield {hour_s: wanted[hour_s] for hour_s in chunk}

    async def _async_is_older(self, wanted: Mapping[int, float]) -> bool:
        """Tell whether nothing is stored before the first of these hours."""
        return bool(wanted) and not await self._async_before(min(wanted))

    async def _async_write_chunk(self, chunk: Mapping[int, float]) -> tuple[Written, float]:
        """Do one import and the shift it needs, and read both back; also returns how long the recorder took (s)."""
        stored = await self._async_neighbourhood(min(chunk), max(chunk))
        plan = plan_write(stored, chunk)
        if plan is None:
            return Written(same=len(chunk)), 0.0
        await self._queue_mark()
        # Until both jobs are read back, the series is in doubt.
        self._mended_s, mended_s = None, self._mended_s
        started_s = monotonic()
        self._import(plan)
        if plan.shift is not None:
            self._adjust(plan.shift.from_s, plan.shift.by_kwh)
        await self._async_finish()
        job_s = monotonic() - started_s
        await self._async_verify(plan)
        self._mended_s = mended_s
        same = len(chunk) - plan.new - plan.changed
        return Written(plan.new, plan.changed, same, len(plan.rows)), job_s

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

    async def _async_neighbourhood(self, first_s: int, last_s: int) -> dict[int, Row]:
        """Read the rows from one hour to another, and the nearest on both sides."""
        rows = await self._async_before(first_s)
        rows |= await self._async_read(first_s, last_s + NEAR_S)
        if not rows or max(rows) <= last_s:
            newer = await self._async_read(last_s + NEAR_S, None)
            if newer:
                rows[min(newer)] = newer[min(newer)]
        return rows

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

    def _import(self, plan: Plan) -> None:
        metadata = StatisticMetaData(
            has_sum=True,
            mean_type=StatisticMeanType.NONE,
            name=self._name,
            source=DOMAIN,
            statistic_id=self.statistic_id,
            unit_class=EnergyConverter.UNIT_CLASS,
            unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        )
        rows = [
            StatisticData(start=datetime.fromtimestamp(hour_s, UTC), state=row.state, sum=row.sum)
            for hour_s, row in plan.rows.items()
        ]
        async_add_external_statistics(self._hass, metadata, rows)

    def _adjust(self, from_s: int, by_kwh: float) -> None:
        get_instance(self._hass).async_adjust_statistics(
            self.statistic_id, datetime.fromtimestamp(from_s, UTC), by_kwh, UnitOfEnergy.KILO_WATT_HOUR
        )

    async def _async_finish(self) -> None:
        """Return when the recorder has done everything it was given so far, even when cancelled meanwhile.

        The lock must not go to somebody else between an import and its shift.
        """
        done = self._queue_mark()
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done], timeout=LAST_JOB_S)
            raise

    def _queue_mark(self) -> asyncio.Future[None]:
        """Return a future that is done when the recorder has come to where its queue ends now."""
        done: asyncio.Future[None] = self._hass.loop.create_future()
        get_instance(self._hass).queue_task(SynchronizeTask(done))
        return done


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
