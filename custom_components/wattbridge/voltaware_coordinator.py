"""Asks a Voltaware account for what may be new, when it may be new, and tells what has come."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import RejectedError, ResponseError
from .aiowattbridge.voltaware import Device, Month, NotRegisteredError, VoltawareClient, Week, load_zone
from .const import CONF_DEVICES, DOMAIN
from .data import WattbridgeConfigEntry
from .errors import translated_update_errors
from .poll_failures import FailureLog, failures_among
from .voltaware_archive import WEEKS_KEPT, Archive, MeterRecord, Result
from .voltaware_data import MeterSnapshot, News, ResultNews
from .voltaware_reader import async_fetch_month, async_fetch_week
from .voltaware_schedule import (
    DESCRIPTION_EVERY,
    OLD_EVERY,
    PROPERTY_EVERY,
    is_due,
    month_every,
    newest_month,
    newest_week,
    week_every,
)
from .voltaware_snapshot import take_snapshot

# Hardly any of these polls asks for anything: most only look whether something is due.
POLL: Final = timedelta(hours=1)
LONGEST_JITTER_S: Final = 300.0
AT_ONCE: Final = 2
NO_GENERATOR: Final = "NONE"

type NewsListener = Callable[[ResultNews], None]

_LOGGER = logging.getLogger(__name__)


class VoltawareCoordinator(DataUpdateCoordinator[Mapping[str, MeterSnapshot]]):
    """Every chosen meter as it is known, by its id."""

    config_entry: WattbridgeConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: WattbridgeConfigEntry, client: VoltawareClient, archive: Archive
    ) -> None:
        """Prepare to poll; the archive has been loaded."""
        jitter_s = Random(entry.entry_id).uniform(0, LONGEST_JITTER_S)  # noqa: S311 - spreads polls, protects nothing
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} Voltaware",
            update_interval=POLL + timedelta(seconds=jitter_s),
        )
        self._client = client
        self._archive = archive
        self._names = {device_id: device["name"] for device_id, device in entry.data[CONF_DEVICES].items()}
        now_s = _now_s()
        archive.forget_others(self._names)
        self.records = {device_id: archive.record(device_id, now_s) for device_id in self._names}
        self._zones: dict[str, tzinfo] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._failure_log = FailureLog(_LOGGER, "meters")
        self._listeners_of_news: list[NewsListener] = []
        self._early_news: list[ResultNews] = []

    @callback
    def async_listen_news(self, listener: NewsListener) -> Callable[[], None]:
        """Call `listener` with every result that is new or corrected; returns how to stop that.

        What the first poll brings, before there is anybody to listen, is told to each as soon as it listens.
        """
        self._listeners_of_news.append(listener)
        for news in self._early_news:
            listener(news)
        return lambda: self._listeners_of_news.remove(listener)

    async def async_keep(self) -> None:
        """Write what is known to disk: the account is being unloaded."""
        await self._archive.async_save()

    def zone(self, device_id: str) -> tzinfo:
        """Return the time zone by whose days the vendor counts; UTC where it names none."""
        return self._zones.get(device_id, UTC)

    @override
    async def _async_setup(self) -> None:
        """Poll also while every sensor is switched off: the statistics live on what is fetched here."""
        self.config_entry.async_on_unload(self.async_add_listener(_nothing))
        for device_id, record in self.records.items():
            self._zones[device_id] = await load_zone(record.time_zone)

    @override
    async def _async_update_data(self) -> Mapping[str, MeterSnapshot]:
        """Ask for what is due; a meter that cannot be read keeps what is known of it."""
        now = dt_util.utcnow()
        with translated_update_errors():
            found = await asyncio.gather(
                *(self._poll(device_id, now) for device_id in self.records), return_exceptions=True
            )
            failures = failures_among(found)
            self._archive.async_save_soon()
            # With nothing to show, the account is not there yet; what is known of a month stays true without the cloud.
            if failures and len(failures) == len(found) and not any(r.first_event for r in self.records.values()):
                raise failures[0]
        self._failure_log.note(failures, len(found))
        return self._snapshots()

    def _snapshots(self) -> dict[str, MeterSnapshot]:
        now = dt_util.utcnow()
        return {
            device_id: take_snapshot(device_id, self._names[device_id], record, now)
            for device_id, record in self.records.items()
        }

    async def _poll(self, device_id: str, now: datetime) -> None:
        """Ask for what is due of one meter: what it says of itself, and its newest month and week."""
        record = self.records[device_id]
        async with self._at_once:
            await self._describe(device_id, record, now)
            if record.is_registered and record.first_day is not None:
                await self._ask_for_newest(device_id, record, now)

    async def _describe(self, device_id: str, record: MeterRecord, now: datetime) -> None:
        """Ask the meter's description and what the vendor was told of the home, if either is due."""
        if is_due(record.asked_s.get("device"), DESCRIPTION_EVERY, now):
            try:
                device = await self._client.device(device_id)
            except NotRegisteredError:
                # It has sent nothing yet, and will.
                record.is_registered, record.known_since_s = False, int(now.timestamp())
                record.asked_s["device"] = int(now.timestamp())
                return
            await self._take_description(device_id, record, device)
            record.asked_s["device"] = int(now.timestamp())
        if record.is_registered and is_due(record.asked_s.get("property"), PROPERTY_EVERY, now):
            details = await self._client.property_details(device_id)
            source = None if details is None else details.power_generator_source
            record.produces_energy = None if source is None else source != NO_GENERATOR
            record.asked_s["property"] = int(now.timestamp())

    async def _take_description(self, device_id: str, record: MeterRecord, device: Device) -> None:
        """Note what a meter says of itself."""
        record.is_registered = True
        record.connection_state, record.firmware = device.connection_state, device.firmware
        record.first_event, record.last_event = device.first_event, device.last_event
        if device.time_zone not in (None, record.time_zone):
            if record.time_zone is not None:
                # The vendor counts other days now: what it said of the old ones holds no longer than needed.
                record.ask_again()
            record.time_zone = device.time_zone
        zone = self._zones[device_id] = await load_zone(record.time_zone)
        record.first_day = None if device.first_event is None else device.first_event.astimezone(zone).date()

    async def _ask_for_newest(self, device_id: str, record: MeterRecord, now: datetime) -> None:
        """Ask for the newest month and week there can be, if they are due."""
        zone, first_day = self.zone(device_id), record.first_day or now.date()
        month = newest_month(now, zone)
        if month.last_day >= first_day and self.is_month_due(device_id, month):
            await self.async_ask_for_month(device_id, month)
        week, newest = newest_week(now, zone), record.newest_month
        if week.last_day >= first_day:
            await self._ask_for_week(device_id, record, week, now)
        for _ in range(WEEKS_KEPT - 1):
            # What no month tells of yet: the runs in these weeks. They are not asked for again once they are there.
            week = week.previous
            if newest is None or week.last_day <= newest.last_day or week.last_day < first_day:
                break
            if not record.holds_week(week.monday.isoformat()):
                await self._ask_for_week(device_id, record, week, now)

    async def _ask_for_week(self, device_id: str, record: MeterRecord, week: Week, now: datetime) -> None:
        """Ask for a week if it is due, keep what came, and tell if it is news."""
        zone, since = self.zone(device_id), datetime.fromtimestamp(record.known_since_s, UTC)
        key = week.monday.isoformat()
        every = week_every(week, now, zone, since, is_there=key in record.weeks)
        if every is None or not is_due(record.asked_s.get(f"week {key}"), every, now):
            return
        result = await async_fetch_week(self._client, device_id, week, zone)
        record.note_week_asked(key, int(now.timestamp()))
        if result is not None:
            before = record.weeks.get(key)
            is_first = key < max(record.weeks, default=key) or not record.weeks
            record.keep_week(key, result)
            self._tell(device_id, News.NEW_WEEK, before, result, is_first=is_first)

    def is_month_due(self, device_id: str, month: Month) -> bool:
        """Tell whether a month is to be asked for now."""
        record, now, zone = self.records[device_id], dt_util.utcnow(), self.zone(device_id)
        since = datetime.fromtimestamp(record.known_since_s, UTC)
        every = month_every(month, now, zone, since, is_there=record.month(month) is not None)
        asked_s = record.asked_s.get(f"month {month}")
        if every is None and now >= month.expected_at(zone):
            # What lies between months that are there is missing; before the first of them there may be nothing.
            oldest, newest = record.oldest_month, record.newest_month
            is_hole = oldest is not None and newest is not None and oldest < month < newest
            return asked_s is None or (is_hole and is_due(asked_s, OLD_EVERY, now))
        return every is not None and is_due(asked_s, every, now)

    async def async_ask_for_month(self, device_id: str, month: Month) -> Result | None:
        """Ask for a month, keep what came, and tell if it is news; None if it is not there.

        Raises the library's errors; after a refusal or an unreadable answer the month is not asked for before its time.
        """
        record, asked_s = self.records[device_id], _now_s()
        try:
            result = await async_fetch_month(self._client, device_id, month, self.zone(device_id))
        except NotRegisteredError:
            raise
        except RejectedError, ResponseError:
            record.asked_s[f"month {month}"] = asked_s
            raise
        record.asked_s[f"month {month}"] = asked_s
        if result is not None:
            before, newest = record.month(month), record.newest_month
            record.months[str(month)] = result
            # The history of a new meter comes newest first: only what is newer than anything known is news.
            is_first = newest is None or (before is None and month < newest)
            self._tell(device_id, News.NEW_MONTH, before, result, is_first=is_first)
        self._archive.async_save_soon()
        return result

    def _tell(self, device_id: str, kind: News, before: Result | None, result: Result, *, is_first: bool) -> None:
        """Tell of a result that is new, or not what it was."""
        if before is not None and before.digest == result.digest:
            return
        if before is None and is_first:
            return
        figures = result.figures
        news = ResultNews(
            device_id,
            kind if before is None else News.CORRECTED,
            figures.first_day,
            figures.last_day,
            figures.total_wh,
            None if before is None else before.figures.total_wh,
        )
        if not self._listeners_of_news:
            self._early_news.append(news)
        for listener in list(self._listeners_of_news):
            listener(news)

    @callback
    def async_show(self, device_id: str) -> None:
        """Let the entities see what the history of a meter has brought; the next poll comes when it would have come."""
        record, name = self.records[device_id], self._names[device_id]
        self.data = {**self.data, device_id: take_snapshot(device_id, name, record, dt_util.utcnow())}
        self.async_update_listeners()


@callback
def _nothing() -> None:
    """Listen without doing anything."""


def _now_s() -> int:
    return int(dt_util.utcnow().timestamp())
