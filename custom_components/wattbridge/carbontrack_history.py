"""The energy of one device in the recorder: mended, filled in newest first, kept up to date, and compared again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .carbontrack_records import DeviceRecords, Hours, made_of
from .fold import HOUR_S
from .gaps import Stretch, Stretches, holes, hour_of, utc
from .healing import DAY_S, RECENT_S, Healing, Scan, parts_of
from .ids import statistic_id
from .kept_series import KeptSeries
from .pace import Pace
from .progress import Hole, ImportCounts, Progress
from .series import Published, async_series_book
from .snapshot import DeviceSettings
from .statistics import WriteLostError, Written
from .vendors.carbontrack import KEY

# So much is fetched and folded at a time: 15 days of five minutes.
WINDOW_RECORDS: Final = 15 * 288
LONGEST_WINDOW_S: Final = 30 * DAY_S
# The newest hours are compared again at every poll, since records come late.
LATE_S: Final = 3 * HOUR_S


class CarbonTrackHistory:
    """All series of one device. What is known of each is kept apart; what is fetched serves all that want it."""

    def __init__(
        self,
        hass: HomeAssistant,
        device_id: str,
        *,
        names: Mapping[str, str],
        settings: DeviceSettings,
        records: DeviceRecords,
        history_days: int,
        pace: Pace,
    ) -> None:
        """Prepare; nothing is read or written yet. `names` are those of the series, by their keys."""
        self._records = records
        self._history_s = history_days * DAY_S
        self._window_s = max(DAY_S, hour_of(min(LONGEST_WINDOW_S, WINDOW_RECORDS * settings.interval_s)))
        self._book = async_series_book(hass)
        self._series = {
            key: KeptSeries(
                hass,
                statistic_id(KEY, device_id, key),
                names[key],
                pace,
                made_of=made_of(name, settings.unit, settings.interval_s),
            )
            for key, name in settings.fields.items()
        }
        self._healing: Healing | None = None
        # Notes of series that were chosen once: chosen again, they go on.
        self._dormant: dict[str, Any] = {}
        self._begun_s = 0
        self._newest: datetime | None = None
        self._revised = Progress()
        self._holes: Stretches | None = None

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of the device."""
        return [series.statistic_id for series in self._series.values()]

    @property
    def statistic_names(self) -> dict[str, str]:
        """Return the names of these series by their ids."""
        return {series.statistic_id: series.name for series in self._series.values()}

    @property
    def note(self) -> dict[str, Any] | None:
        """Return what is worth remembering."""
        if self._healing is None:
            return None
        return {
            "series": self._dormant | {key: series.note for key, series in self._series.items()},
            "newest_s": None if self._newest is None else int(self._newest.timestamp()),
            "healing": self._healing.note,
        }

    @property
    def progress(self) -> Progress:
        """Tell how far the history has come."""
        if self._healing is None:
            return Progress()
        wanted = sum(self._top_s - series.reach_s for series in self._series.values()) // HOUR_S
        left = sum(series.wanted(self._top_s).hours for series in self._series.values())
        oldest_s, missing = self._oldest_s, self._missing()
        return replace(
            self._revised,
            fraction=1 - left / max(wanted, 1),
            imported_from=None if oldest_s is None else utc(oldest_s),
            complete=not left,
            missing_hours=missing.hours,
            holes=[Hole(utc(start_s), utc(end_s)) for start_s, end_s in missing],
        )

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole history that is wanted has been fetched."""
        return self._healing is not None and not any(
            len(series.wanted(self._top_s)) for series in self._series.values()
        )

    @property
    def _top_s(self) -> int:
        """Return up to where the past can be known: to the newest record, to the present as long as there is none."""
        return self._begun_s if self._newest is None else hour_of(self._newest.timestamp())

    @property
    def _oldest_s(self) -> int | None:
        """Return the first hour that any series has a row for."""
        firsts = (series.present.first_s for series in self._series.values())
        return min((first_s for first_s in firsts if first_s is not None), default=None)

    async def async_begin(self, note: Mapping[str, Any] | None) -> None:
        """Put the stored series right, and find out what is there."""
        # Notes of another form cost no more than requests.
        known = {} if note is None or "series" not in note else note
        notes: Mapping[str, Any] = known.get("series", {})
        now_s = int(dt_util.utcnow().timestamp())
        self._begun_s = hour_of(now_s) + HOUR_S
        for key, series in self._series.items():
            await series.async_begin(notes.get(key), hour_of(now_s - self._history_s))
        self._dormant = {key: series_note for key, series_note in notes.items() if key not in self._series}
        self._newest = None if known.get("newest_s") is None else utc(known["newest_s"])
        self._healing = Healing(known.get("healing"), now_s)
        self._publish()

    async def async_restart(self) -> None:
        """Find out which series were cleared, and forget what was known of them."""
        limit_s = hour_of(dt_util.utcnow().timestamp() - self._history_s)
        for series in self._series.values():
            await series.async_begin_anew(limit_s)
        self._publish()

    async def async_update(self) -> Written:
        """Write the newest hours from the records of the last poll.

        Where these do not reach back to the newest record that is known (the account was not loaded, the cloud was not
        there, the device was silent), what lies between is not known any more, and is filled in.
        """
        newest, whole_from_s = self._records.newest, self._records.polled_from_s
        if self._healing is None or newest is None:
            return Written()
        known_to_s = 0 if self._newest is None else hour_of(self._newest.timestamp())
        if whole_from_s > known_to_s:
            if self._newest is not None and newest <= self._newest:
                return Written()
            for series in self._series.values():
                series.known.remove(known_to_s - LATE_S, whole_from_s)
        stretch = (max(known_to_s - LATE_S, whole_from_s), hour_of(newest.timestamp()) + HOUR_S)
        written = await self._async_write(self._series, await self._records.async_polled(stretch))
        self._know(self._series, stretch, newest)
        return written

    async def async_fill_in(self) -> Written:
        """Fetch the newest stretch that some series lack."""
        wanted = Stretches()
        for series in self._series.values():
            wanted.add_all(series.wanted(self._top_s))
        stretch = wanted.newest_part(self._top_s, self._window_s)
        if stretch is None:
            return Written()
        lacking = {
            key: series for key, series in self._series.items() if len(series.wanted(self._top_s).within(*stretch))
        }
        if stretch[1] == self._top_s:
            # The hour that the newest record lies in goes on: it is written as far as it has come.
            stretch = (stretch[0], stretch[1] + HOUR_S)
        return (await self._async_window(stretch, lacking))[1]

    async def async_heal(self) -> Written | None:
        """Compare the next stretch that is due to be looked at again; None when nothing is due."""
        if self._healing is None or not self._series:
            return None
        stretch = self._healing.next(int(dt_util.utcnow().timestamp()), self._part_of, self._window_s)
        if stretch is None:
            return None
        _, written = await self._async_window(stretch, self._series)
        self._healing.seen(stretch)
        self._note_revision(stretch, written)
        return written

    async def async_import(self, start: datetime, end: datetime) -> ImportCounts:
        """Fetch and write a range now, the newest window first, whatever is remembered of it."""
        total = ImportCounts()
        first_s = hour_of(start.timestamp())
        below_s = min(hour_of(end.timestamp() + HOUR_S - 1), hour_of(dt_util.utcnow().timestamp()) + HOUR_S)
        while below_s > first_s:
            stretch = (max(first_s, below_s - self._window_s), below_s)
            total += await self._async_import_window(stretch)
            below_s = stretch[0]
        return total

    async def _async_import_window(self, stretch: Stretch) -> ImportCounts:
        """Fetch and write one window; what cannot be read back of it is refused, and fetched again later."""
        try:
            records, written = await self._async_window(stretch, self._series)
        except WriteLostError:
            for series in self._series.values():
                series.known.remove(*stretch)
            self._publish()
            return ImportCounts(refused=(stretch[1] - stretch[0]) // HOUR_S * len(self._series))
        self._note_revision(stretch, written)
        return ImportCounts(read=records, new=written.new, changed=written.changed, same=written.same)

    def withdraw(self) -> None:
        """Let readers of the series wait until somebody writes them again."""
        for statistic in self.statistic_ids:
            self._book.async_withdraw(statistic)

    def _part_of(self, scan: Scan) -> Stretches:
        first_s = from_s = min(series.reach_s for series in self._series.values())
        if (oldest_s := self._oldest_s) is not None:
            # From before the first record, others may come: but they are looked for nearby alone.
            from_s = max(from_s, oldest_s - RECENT_S)
            first_s = min(from_s, oldest_s)
        # Up to the present: what a silent device has kept may come before it is heard again.
        until_s = hour_of(dt_util.utcnow().timestamp()) - LATE_S
        parts = parts_of(scan, first_s, until_s, self._missing(), self._window_s)
        # Further back than is wanted, what is there is looked after, and nothing is brought in that lies in between.
        there = Stretches()
        for series in self._series.values():
            there.add_all([*series.known.within(first_s, from_s), *series.present.within(first_s, from_s)])
        for stretch in there.missing(first_s, from_s):
            parts.remove(*stretch)
        return parts

    def _missing(self) -> Stretches:
        """Find the hours that one of the series lacks, though the cloud was asked for them."""
        if self._holes is None:
            self._holes = Stretches()
            for series in self._series.values():
                self._holes.add_all(holes(series.present, series.known, self._top_s - LATE_S))
        return self._holes

    async def _async_window(self, stretch: Stretch, chosen: Mapping[str, KeptSeries]) -> tuple[int, Written]:
        """Fetch a stretch and write some of the series of it; returns how many records there were, too."""
        fetched = await self._records.async_fetch(stretch, chosen.keys())
        written = await self._async_write(chosen, fetched.hours)
        # What lies in the margin was fetched, but is not written.
        self._know(chosen, stretch, None if fetched.newest is None else min(fetched.newest, utc(stretch[1])))
        return fetched.records, written

    async def _async_write(self, chosen: Mapping[str, KeptSeries], hours: Hours) -> Written:
        total = Written()
        self._holes = None
        for key, series in chosen.items():
            total += await series.async_write(hours[key])
        return total

    def _know(self, chosen: Mapping[str, KeptSeries], stretch: Stretch, newest: datetime | None) -> None:
        """Note what was fetched and written; what lies after the newest record is not known before another comes."""
        if newest is not None and (self._newest is None or newest > self._newest):
            if self._newest is None:
                # As long as there was none, everything was asked for in vain, and maybe too early.
                for series in self._series.values():
                    series.known = Stretches()
            self._newest = newest
        for series in chosen.values():
            series.known.add(stretch[0], stretch[1] if self._newest is None else min(stretch[1], self._top_s))
        self._holes = None
        self._publish()

    def _note_revision(self, stretch: Stretch, written: Written) -> None:
        if written.changed:
            self._revised = replace(
                self._revised,
                revised_hours=self._revised.revised_hours + written.changed,
                revised_at=dt_util.utcnow(),
                revised_between=(utc(stretch[0]), utc(stretch[1])),
            )

    def _publish(self) -> None:
        """Tell readers what is whole; a series that is being made anew is not, before all of it is there."""
        for series in self._series.values():
            newest, wanted = series.known.newest, series.wanted(self._top_s)
            if series.is_remade and not wanted:
                series.is_remade = False
            if series.is_remade or newest is None or self._newest is None or newest[1] < self._top_s:
                self._book.async_withdraw(series.statistic_id)
            else:
                contiguous_from = utc(newest[0]) if wanted else None
                self._book.async_publish(series.statistic_id, Published(contiguous_from, self._newest))
