"""The energy of one Voltaware meter in the recorder: month by month, newest first, the total and each appliance."""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import RejectedError, ResponseError
from .aiowattbridge.voltaware import Month, NotRegisteredError
from .names import SeriesNames
from .pace import Pace
from .progress import Hole, ImportCounts, Progress
from .series import Published, async_series_book
from .spread import TOTAL, disagreements, spread
from .statistics import SeriesWriter, WriteLostError, Written, async_clear
from .vendors.voltaware import appliance_id, total_id
from .voltaware_archive import MeterRecord, Result
from .voltaware_coordinator import VoltawareCoordinator
from .voltaware_months import hours_of, missing_months, months_of, next_to_compare, settled_down_to
from .voltaware_snapshot import results_of

HOUR: Final = timedelta(hours=1)
_UTC_NAME: Final = "UTC"

_LOGGER = logging.getLogger(__name__)

type _WrittenMonth = tuple[str, frozenset[str]]


class VoltawareHistory:
    """All series of a meter. What it fetches goes through the coordinator, which keeps it."""

    def __init__(
        self,
        hass: HomeAssistant,
        device_id: str,
        *,
        name: str,
        names: SeriesNames,
        coordinator: VoltawareCoordinator,
        pace: Pace,
    ) -> None:
        """Prepare; nothing is read or written yet."""
        self._hass = hass
        self._device_id = device_id
        self._name = name
        self._names = names
        self._coordinator = coordinator
        self._pace = pace
        self._book = async_series_book(hass)
        self._writers: dict[str, SeriesWriter] = {}
        # Of each month that is in the recorder: what the result was, and the series it made.
        self._written: dict[str, _WrittenMonth] = {}
        self._stored: dict[str, int] = {}
        # When the rows of a month were last compared with what the cloud said, in epoch seconds.
        self._compared_s: dict[str, int] = {}
        self._days_of_rows: str | None = None
        self._revised_hours = 0
        self._revised_at: datetime | None = None
        self._revised_between: tuple[datetime, datetime] | None = None

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of the meter that are known by now."""
        return list(self.statistic_names)

    @property
    def statistic_names(self) -> dict[str, str]:
        """Return the names of the series by their ids, the total first."""
        keys = [TOTAL, *self._record.appliance_keys]
        return {self._statistic_id(key): self._series_name(key) for key in keys}

    @property
    def note(self) -> dict[str, Any] | None:
        """Return what is worth remembering."""
        if not self._written:
            return None
        written = {month: [digest, sorted(keys)] for month, (digest, keys) in self._written.items()}
        return {
            "written": written,
            "stored": dict(self._stored),
            "days": self._days_of_rows,
            "compared_s": dict(self._compared_s),
        }

    @property
    def progress(self) -> Progress:
        """Tell how far the history has come."""
        months = list(self._months())
        settled = sum(self._is_settled(month) for month in months)
        holes = [
            Hole(self._begin_of(month), self._end_of(month))
            for month in missing_months(self._record, dt_util.utcnow(), self._zone)
        ]
        written = [Month.parse(month) for month in self._written]
        return Progress(
            fraction=settled / len(months) if months else 0.0,
            imported_from=self._begin_of(min(written)) if written else None,
            complete=bool(written) and self.is_complete,
            missing_hours=sum((hole.end - hole.start) // HOUR for hole in holes),
            holes=holes,
            revised_hours=self._revised_hours,
            revised_at=self._revised_at,
            revised_between=self._revised_between,
        )

    @property
    def is_complete(self) -> bool:
        """Tell whether every month that there may be was asked for, and is in the recorder if it is there."""
        return all(self._is_settled(month) for month in self._months())

    async def async_begin(self, note: Mapping[str, Any] | None) -> None:
        """Put the stored series right, and find out what is there."""
        stored = {} if note is None else note["stored"]
        for key in dict.fromkeys([TOTAL, *self._record.appliance_keys, *stored]):
            rows = await self._writer(key).async_mend()
            self._stored[key] = len(rows)
        self._days_of_rows = None if note is None else note.get("days")
        is_same = self._days_of_rows == self._days_counted
        await self._async_keep_days()
        if note is None or not is_same:
            return
        if all(self._stored.get(key, 0) >= count for key, count in stored.items()):
            self._written = {month: (digest, frozenset(keys)) for month, (digest, keys) in note["written"].items()}
            self._compared_s = dict(note.get("compared_s", {}))
        self._publish()

    async def async_update(self) -> Written:
        """Write the months that the last poll has brought or corrected; older ones come by `async_fill_in`."""
        await self._async_keep_days()
        total = Written()
        newest = max(self._written, default=None)
        for month in sorted(self._record.months, reverse=True):
            if newest is not None and (month > newest or month in self._written):
                total += await self._async_write(Month.parse(month))
        return total

    async def async_fill_in(self) -> Written:
        """Fetch and write the next month below what is there; the first one is the newest."""
        month = next(month for month in self._months() if not self._is_settled(month))
        if self._record.month(month) is None:
            try:
                await self._coordinator.async_ask_for_month(self._device_id, month)
            except NotRegisteredError:
                raise
            except (RejectedError, ResponseError) as err:
                # It is asked for again in its time, and the months before it need not wait for that.
                _LOGGER.warning("%s: %s could not be read: %s", self._statistic_id(TOTAL), month, err.reason)
        written = await self._async_write(month)
        self._coordinator.async_show(self._device_id)
        return written

    async def async_heal(self) -> Written | None:
        """Ask again for an older month that is due, and write what was corrected; the newest is the coordinator's."""
        months = list(self._months())[1:]
        due = next((month for month in months if self._coordinator.is_month_due(self._device_id, month)), None)
        if due is not None:
            await self._coordinator.async_ask_for_month(self._device_id, due)
            written = await self._async_write(due)
        elif (due := next_to_compare(self._record, self._compared_s, dt_util.utcnow(), self._zone)) is not None:
            # Anybody may have changed the rows.
            written = await self._async_write(due, anew=True)
        else:
            return None
        if written.rows:
            self._coordinator.async_show(self._device_id)
        return written

    async def async_import(self, start: datetime, end: datetime) -> ImportCounts:
        """Ask for the months that a range touches, whatever is remembered of them, and write them."""
        counts = ImportCounts()
        for month in self._months():
            if self._begin_of(month) < end and self._end_of(month) > start:
                counts += await self._async_import_month(month)
        self._coordinator.async_show(self._device_id)
        return counts

    async def _async_import_month(self, month: Month) -> ImportCounts:
        """Ask for a month and write it; where it cannot be read back it is refused, and written again later."""
        result = await self._coordinator.async_ask_for_month(self._device_id, month)
        try:
            written = await self._async_write(month, anew=True)
        except WriteLostError:
            # What series it made is not forgotten: one that a correction takes out has to be brought to zero.
            if (before := self._written.get(str(month))) is not None:
                self._written[str(month)] = ("", before[1])
            self._publish()
            hours = len(hours_of(self._record, month, self._zone))
            return ImportCounts(read=1, refused=hours * len(self.statistic_ids))
        return ImportCounts(read=int(result is not None), new=written.new, changed=written.changed, same=written.same)

    async def async_restart(self) -> None:
        """Forget what is known of the stored series; what the cloud has said is still known."""
        self._written = {}
        self._stored = dict.fromkeys(self._stored, 0)
        self.withdraw()

    def withdraw(self) -> None:
        """Let readers of the series wait until somebody writes them again."""
        for statistic_id in self.statistic_ids:
            self._book.async_withdraw(statistic_id)

    async def _async_keep_days(self) -> None:
        """Begin anew where days are counted by other clocks, or from another day on: old rows would stay."""
        if self._days_of_rows not in (None, self._days_counted):
            await async_clear(self._hass, [writer.statistic_id for writer in self._writers.values()])
            await self.async_restart()
        self._days_of_rows = self._days_counted

    @property
    def _record(self) -> MeterRecord:
        return self._coordinator.records[self._device_id]

    @property
    def _zone(self) -> tzinfo:
        return self._coordinator.zone(self._device_id)

    @property
    def _days_counted(self) -> str:
        return f"{self._record.time_zone or _UTC_NAME} since {self._record.first_day}"

    def _months(self) -> Iterator[Month]:
        return months_of(self._record, dt_util.utcnow(), self._zone)

    def _is_settled(self, month: Month) -> bool:
        """Tell whether a month is in the recorder as it is known, or was asked for and is not there."""
        result = self._record.month(month)
        if result is None:
            return f"month {month}" in self._record.asked_s
        return self._is_written(month, result)

    def _is_written(self, month: Month, result: Result) -> bool:
        written = self._written.get(str(month))
        return written is not None and written[0] == result.digest

    async def _async_write(self, month: Month, *, anew: bool = False) -> Written:
        """Make the series hold a month, if it is there and not written yet (`anew`: whatever was written)."""
        result = self._record.month(month)
        is_written = result is not None and self._is_written(month, result)
        if result is None or (is_written and not anew):
            self._publish()
            return Written()
        results = results_of(self._record, result)
        if not is_written and (found := disagreements(results)):
            total_id_, places = self._statistic_id(TOTAL), len(found)
            _LOGGER.warning("%s: the vendor's own figures of %s disagree at %d places", total_id_, month, places)
        hours = spread(results, self._zone)
        before = self._written.get(str(month))
        if before is not None:
            # A kind of appliance that a correction has taken out has used nothing, as the vendor sees it now.
            hours |= {
                key: dict.fromkeys(hours_of(self._record, month, self._zone), 0.0) for key in before[1] - hours.keys()
            }
        total = Written()
        for key, kwh in hours.items():
            written = await self._writer(key).async_write(kwh)
            self._stored[key] = self._stored.get(key, 0) + written.new
            total += written
        self._written[str(month)] = (result.digest, frozenset(hours))
        self._compared_s[str(month)] = int(dt_util.utcnow().timestamp())
        if before is not None and total.changed:
            self._revised_hours += total.changed
            self._revised_at = dt_util.utcnow()
            self._revised_between = (self._begin_of(month), self._end_of(month))
        self._publish()
        return total

    def _publish(self) -> None:
        """Tell readers up to where the series are whole: the end of the newest month that is written."""
        if not self._written:
            return
        newest = Month.parse(max(self._written))
        watermark, contiguous_from = self._end_of(newest), None
        if not self.is_complete:
            contiguous_from = self._begin_of(settled_down_to(self._months(), newest, self._is_settled))
        for statistic_id in self.statistic_ids:
            self._book.async_publish(statistic_id, Published(contiguous_from, watermark))

    def _writer(self, key: str) -> SeriesWriter:
        if key not in self._writers:
            name = self._series_name(key)
            self._writers[key] = SeriesWriter(self._hass, self._statistic_id(key), name, self._pace)
        return self._writers[key]

    def _statistic_id(self, key: str) -> str:
        return total_id(self._device_id) if key == TOTAL else appliance_id(self._device_id, key)

    def _series_name(self, key: str) -> str:
        return f"{self._name} {self._names.series(key) if key == TOTAL else self._names.appliance(key)}"

    def _begin_of(self, month: Month) -> datetime:
        return datetime.fromtimestamp(hours_of(self._record, month, self._zone).start, UTC)

    def _end_of(self, month: Month) -> datetime:
        return datetime.fromtimestamp(hours_of(self._record, month, self._zone).stop, UTC)
