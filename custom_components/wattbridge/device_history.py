"""The energy of one device in the recorder: mended, caught up, filled in below, and kept up to date."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import Measurement
from .fold import HOUR_S, MARGIN_S, Reading, hourly_kwh, within
from .series import Published, async_series_book
from .snapshot import DeviceSettings, Ledger
from .statistics import Pace, SeriesWriter, Written
from .vendors.carbontrack import SERIES, statistic_id, value_of

DAY_S: Final = 24 * HOUR_S
# So much is fetched and folded at a time: 15 days of five minutes.
WINDOW_RECORDS: Final = 15 * 288
LONGEST_WINDOW_S: Final = 30 * DAY_S
# The newest hours are compared again at every poll, since records come late.
RECENT_S: Final = 3 * HOUR_S

type Fetch = Callable[[str, datetime, datetime], AsyncIterator[Measurement]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the history of a device has come; `imported_from` is the oldest hour that is there."""

    fraction: float
    imported_from: datetime | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Note:
    """What is remembered of a device's history over a restart: a hint that saves requests, never trusted alone.

    Every record between the two times was fetched, and is in the hours that were read back, under these settings.
    `stored` counts the hours of each series: where there are fewer now, some were deleted, or a backup was restored.
    """

    verified_from_s: int
    verified_to_s: int
    stored: dict[str, int]
    settings: str


class DeviceHistory:
    """All series of one device, in lockstep."""

    def __init__(
        self,
        hass: HomeAssistant,
        device_id: str,
        name: str,
        *,
        settings: DeviceSettings,
        fetch: Fetch,
        history_days: int,
        pace: Pace,
    ) -> None:
        """Prepare; nothing is read or written yet."""
        self._device_id = device_id
        self._settings = settings
        self._fetch = fetch
        self._history_s = history_days * DAY_S
        window_s = min(LONGEST_WINDOW_S, WINDOW_RECORDS * settings.interval_s)
        self._window_s = max(DAY_S, _hour(window_s))
        self._book = async_series_book(hass)
        self._writers = {
            series.key: SeriesWriter(hass, statistic_id(device_id, series), f"{name} {series.name}", pace)
            for series in SERIES
        }
        self._stored = dict.fromkeys(self._writers, 0)
        self._verified_from_s: int | None = None
        self._oldest_s: int | None = None
        self._top_s = 0
        self._watermark: datetime | None = None

    @property
    def statistic_ids(self) -> list[str]:
        """List the series of the device."""
        return [writer.statistic_id for writer in self._writers.values()]

    @property
    def note(self) -> Note | None:
        """Return what is worth remembering."""
        if self._verified_from_s is None:
            return None
        return Note(self._verified_from_s, self._known_to_s, dict(self._stored), self._fingerprint)

    @property
    def progress(self) -> Progress:
        """Tell how far the history has come."""
        if self._verified_from_s is None:
            return Progress(0.0, None, complete=False)
        done = min(1.0, (self._top_s - self._verified_from_s) / max(self._history_s, 1))
        oldest = None if self._oldest_s is None else datetime.fromtimestamp(self._oldest_s, UTC)
        return Progress(1.0 if self.is_complete else done, oldest, complete=self.is_complete)

    @property
    def is_complete(self) -> bool:
        """Tell whether the whole history that is wanted has been fetched."""
        return self._verified_from_s is not None and self._verified_from_s <= self._limit_s

    @property
    def _limit_s(self) -> int:
        return _hour(dt_util.utcnow().timestamp() - self._history_s)

    @property
    def _known_to_s(self) -> int:
        """Return the time of the newest record that is known; without any, nothing is known from the beginning on."""
        return self._verified_from_s or 0 if self._watermark is None else int(self._watermark.timestamp())

    @property
    def _fingerprint(self) -> str:
        """Identify the settings that the figures depend on: under others they have to be made anew."""
        fields = " ".join(self._settings.fields.values())
        return f"{fields} {self._settings.unit} {self._settings.interval_s}"

    async def async_begin(self, note: Note | None) -> None:
        """Put the stored series right, and find out what is there."""
        stored = {key: await writer.async_mend() for key, writer in self._writers.items()}
        self._stored = {key: len(rows) for key, rows in stored.items()}
        self._oldest_s = min((min(rows) for rows in stored.values() if rows), default=None)
        self._top_s = _next_hour(dt_util.utcnow())
        if note is not None and note.settings == self._fingerprint and self._has_all(note):
            self._verified_from_s = note.verified_from_s
            if note.verified_to_s > note.verified_from_s:
                self._note_watermark(_utc(note.verified_to_s))
            self._publish()

    def _has_all(self, note: Note) -> bool:
        return all(self._stored[key] >= note.stored.get(key, 0) for key in self._stored)

    async def async_catch_up(self) -> Written:
        """Fetch what happened since the newest record that is known, oldest first."""
        total = Written()
        end_s = _next_hour(dt_util.utcnow())
        for start_s in range(_hour(self._known_to_s) - RECENT_S, end_s, self._window_s):
            total += await self._async_write_window(start_s, min(start_s + self._window_s, end_s))
            self._publish()
        return total

    async def async_fill_in(self) -> Written:
        """Fetch the next window below what is there; the first one begins at the present."""
        end_s = self._top_s if self._verified_from_s is None else self._verified_from_s
        start_s = max(end_s - self._window_s, self._limit_s)
        written = await self._async_write_window(start_s, end_s)
        self._verified_from_s = start_s
        self._publish()
        return written

    async def async_update(self, ledger: Ledger) -> Written:
        """Write the newest hours from the records of the last poll.

        Where these do not reach back to the newest record that is known (the account was not loaded, the cloud was not
        there, the device was silent), what lies between is fetched first.
        """
        newest = ledger.newest
        if self._verified_from_s is None or newest is None:
            return Written()
        if _whole_from_s(ledger) > _hour(self._known_to_s):
            is_news = self._watermark is None or newest > self._watermark
            return await self.async_catch_up() if is_news else Written()
        # All is taken from the ledger at once: the next poll may come while the recorder writes.
        start_s = max(_hour(self._known_to_s) - RECENT_S, _whole_from_s(ledger))
        hours = {
            key: within(self._fold(ledger.readings(name)), start_s, _next_hour(newest))
            for key, name in self._settings.fields.items()
        }
        total = Written()
        for key, writer in self._writers.items():
            total += await self._async_write(key, writer, hours[key])
        self._note_watermark(newest)
        self._publish()
        return total

    def withdraw(self) -> None:
        """Let readers of the series wait until somebody writes them again."""
        for statistic in self.statistic_ids:
            self._book.async_withdraw(statistic)

    async def _async_write_window(self, start_s: int, end_s: int) -> Written:
        """Fetch a stretch of whole hours with a margin on both sides, and write every series of it."""
        records: dict[str, list[Reading]] = {key: [] for key in self._writers}
        newest: datetime | None = None
        async for record in self._fetch(self._device_id, _utc(start_s - MARGIN_S), _utc(end_s + MARGIN_S)):
            newest = record.recorded_at if newest is None else max(newest, record.recorded_at)
            for key, name in self._settings.fields.items():
                records[key].append(Reading(record.recorded_at, value_of(record, name)))
        total = Written()
        for key, writer in self._writers.items():
            total += await self._async_write(key, writer, within(self._fold(records[key]), start_s, end_s))
        if newest is not None:
            # What lies in the margin was fetched, but is not written yet.
            self._note_watermark(min(newest, _utc(end_s)))
        return total

    async def _async_write(self, key: str, writer: SeriesWriter, hours: dict[int, float]) -> Written:
        written = await writer.async_write(hours)
        self._stored[key] += written.new
        if hours:
            self._oldest_s = min(hours) if self._oldest_s is None else min(self._oldest_s, *hours)
        return written

    def _fold(self, readings: list[Reading]) -> dict[int, float]:
        return hourly_kwh(readings, self._settings.unit, self._settings.interval_s)

    def _note_watermark(self, newest: datetime) -> None:
        self._watermark = newest if self._watermark is None else max(self._watermark, newest)

    def _publish(self) -> None:
        if self._watermark is None or self._verified_from_s is None:
            return
        contiguous_from = None if self.is_complete else _utc(self._verified_from_s)
        for statistic in self.statistic_ids:
            self._book.async_publish(statistic, Published(contiguous_from, self._watermark))


def _whole_from_s(ledger: Ledger) -> int:
    """Return the first hour of which a ledger has every record, and the record before."""
    return 0 if ledger.begins is None else _hour(ledger.begins.timestamp() + MARGIN_S + HOUR_S - 1)


def _utc(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def _hour(epoch_s: float) -> int:
    return int(epoch_s // HOUR_S) * HOUR_S


def _next_hour(moment: datetime) -> int:
    return _hour(moment.timestamp()) + HOUR_S
