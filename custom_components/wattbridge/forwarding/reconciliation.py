"""Once a day and on demand: what Home Assistant has, what the cloud acknowledged, and what it can be asked about.

"Acknowledged" and "read back" are two things: the first is what the cloud said when it took something, the second what
it says that it has. Wattics tells its last packet, WattCarbon what a meter holds; of an asset nothing can be read.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..aiowattbridge.errors import WattbridgeError
from ..aiowattbridge.wattics import LastPacket
from .account import PacketWay
from .engine import StreamEngine
from .errands import InterruptedWorkError
from .look import Look
from .model import Notice, utc
from .months import Month, month_of, month_start_s
from .reconcile import is_known
from .report import TOLERATED_WH, MonthReport, ReadBack, Reconciliation
from .review import DAY_S
from .revisions import Unsent

# So often it is looked whether a stream is due, and so long after the start nobody is.
CHECK: Final = timedelta(minutes=10)
SETTLING: Final = timedelta(hours=1)
# Of so many months the cloud is asked every day; of all, when somebody wants to know.
DAILY_MONTHS: Final = 3
# What the rounding of a meter reading in the cloud explains.
_ROUNDED: Final = 1e-6

_LOGGER = logging.getLogger(__name__)


class Reconciler:
    """Reconciles the streams of an account, each at its own time of the day."""

    def __init__(self, hass: HomeAssistant, streams: Mapping[str, StreamEngine]) -> None:
        """Know the streams; nothing is asked yet."""
        self._hass = hass
        self._streams = streams
        self._begun = dt_util.utcnow()
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a stream is being reconciled."""
        return self._task is not None and not self._task.done()

    @callback
    def async_start(self) -> None:
        """Begin to look at the clock."""
        self._begun = dt_util.utcnow()
        self._unsubscribe = async_track_time_interval(
            self._hass, self._check, CHECK, name="wattbridge reconciliation", cancel_on_shutdown=True
        )

    async def async_stop(self) -> None:
        """Look at it no longer."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @callback
    def _check(self, now: datetime) -> None:
        """Begin with the streams that are due, one after another."""
        if now - self._begun < SETTLING or self.is_busy:
            return
        due = [key for key, engine in self._streams.items() if _is_due(engine, now)]
        if due:
            self._task = self._hass.async_create_background_task(self._async_daily(due), "wattbridge reconciliation")

    async def _async_daily(self, subentry_ids: list[str]) -> None:
        for subentry_id in subentry_ids:
            engine = self._streams.get(subentry_id)
            if engine is None or engine.problem is not None:
                continue
            try:
                await async_reconcile(engine, months=DAILY_MONTHS)
            except (WattbridgeError, SQLAlchemyError, InterruptedWorkError) as err:
                # The stream will say so itself; the next check tries again.
                _LOGGER.debug("A reconciliation was left undone: %s", type(err).__name__)


def _is_due(engine: StreamEngine, now: datetime) -> bool:
    """Tell whether a stream's time of the day has come since it was last reconciled."""
    if engine.is_paused or engine.is_blocked or engine.cursor is None:
        return False
    offset_s = crc32(f"reconcile {engine.subentry_id}".encode()) % DAY_S
    last_s = engine.ledger.reconciled_s
    return last_s is None or (now.timestamp() + offset_s) // DAY_S != (last_s + offset_s) // DAY_S


async def async_reconcile(
    engine: StreamEngine, months: int | None = None, *, only_compare: bool = False
) -> Reconciliation:
    """Compare a stream's figures, and raise or take back the notice of a mismatch.

    `months`: of how many of them the cloud is asked, the newest; None for all. With `only_compare` nothing else
    happens: no correction is sent or counted. Raises WattbridgeError and SQLAlchemyError, and InterruptedWorkError for
    a stream that is stopped meanwhile.
    """
    work = _async_reconcile(engine, months, only_compare=only_compare)
    return await engine.errands.async_run(engine.config.stream_id, work)


async def _async_reconcile(engine: StreamEngine, months: int | None, *, only_compare: bool) -> Reconciliation:
    look = await engine.review.async_look(everything=True, only_read=only_compare)
    now = dt_util.utcnow()
    report = await _report(engine, look, now, months)
    if only_compare:
        return report
    if report.last_packet is not None and engine.cursor is not None and not report.is_known:
        # Somebody else's packet, or one of ours that the cloud lost: the stream itself finds out which.
        engine.async_agree_anew()
    if look is not None:
        engine.review.note_reconciled(int(now.timestamp()), report.difference_wh)
        if report.is_matching or _is_accepted(engine, report):
            engine.async_dismiss(Notice.MISMATCH)
        else:
            engine.raise_notice(Notice.MISMATCH, f"{report.difference_wh / 1000.0:.3f} kWh")
    return report


@callback
def async_accept_difference(engine: StreamEngine) -> None:
    """Say no more of a difference that somebody has seen, until it is another one."""
    engine.ledger.accepted_wh = engine.ledger.difference_wh
    engine.ledger.on_change()
    engine.async_dismiss(Notice.MISMATCH)


def _is_accepted(engine: StreamEngine, report: Reconciliation) -> bool:
    accepted_wh = engine.ledger.accepted_wh
    return accepted_wh is not None and abs(report.difference_wh - accepted_wh) <= TOLERATED_WH


async def _report(engine: StreamEngine, look: Look | None, now: datetime, newest: int | None) -> Reconciliation:
    """Put the figures of all sides together."""
    months = {} if look is None else _months(engine, look)
    kind, last = ReadBack.NOT_OFFERED, None
    if isinstance(engine.account.way, PacketWay):
        last = await engine.account.sender.last_packet(engine.config.stream_id)
        kind = ReadBack.SAYS_NOTHING if last is None else ReadBack.LAST_PACKET
    elif look is not None and await _read_back(engine, look, months, newest):
        kind = ReadBack.COVERED
    status = engine.status
    return Reconciliation(
        stream_id=engine.config.stream_id,
        at=now,
        start=None if look is None or not months else utc(max(look.from_s, month_start_s(min(months)))),
        end=None if look is None else utc(look.to_s),
        months=tuple(months.values()),
        kind=kind,
        last_packet=None if last is None else last.timestamp,
        is_known=last is None or engine.cursor is None or is_known(engine.cursor, last),
        reading_wh=None if last is None else _ahead_wh(engine, last),
        rejected=status.rejected,
        holes=status.holes,
        revised=status.revised,
        expected=0 if look is None else look.expected,
    )


def _months(engine: StreamEngine, look: Look) -> dict[int, MonthReport]:
    """Report every month that could be read from its beginning, or from the stream's, by its number."""
    ledger = engine.ledger
    known, revisions = ledger.totals(look.to_s), ledger.revisions
    reports: dict[int, MonthReport] = {}
    for number in sorted(known.keys() | look.months.keys()):
        start_s = max(month_start_s(number), ledger.from_s or 0)
        if start_s < look.from_s:
            continue
        passed, home = known.get(number, Month()), look.months.get(number, Month())
        unsent, ahead = revisions.unsent.get(number, Unsent()), look.ahead.get(number, Unsent())
        assumed = look.assumed.get(number, Unsent())
        refused = [wh for hour, wh in revisions.refused.items() if month_of(hour) == number]
        reports[number] = MonthReport(
            month=f"{utc(month_start_s(number)):%Y-%m}",
            home_rows=home.rows,
            home_wh=home.energy_wh,
            acknowledged_rows=passed.rows + assumed.rows - unsent.rows - len(refused),
            acknowledged_wh=passed.energy_wh + assumed.energy_wh - unsent.energy_wh - sum(refused),
            revised_rows=unsent.rows + ahead.rows,
            revised_wh=unsent.energy_wh + ahead.energy_wh,
            refused_rows=len(refused),
            refused_wh=sum(refused),
        )
    return reports


async def _read_back(engine: StreamEngine, look: Look, months: dict[int, MonthReport], newest: int | None) -> bool:
    """Ask the cloud what it has of the newest months; returns whether it says so."""
    numbers = sorted(months)
    for number in numbers if newest is None else numbers[-newest:]:
        start_s, end_s = max(look.from_s, month_start_s(number)), min(look.to_s, month_start_s(number + 1))
        held = await engine.courier.async_read_back(start_s, end_s)
        if held is None:
            return False
        months[number] = replace(months[number], read_back_rows=len(held), read_back_wh=sum(held.values()) * 1000.0)
    return bool(numbers)


def _ahead_wh(engine: StreamEngine, last: LastPacket) -> float | None:
    """Return by how much our readings are ahead of the cloud's; None where its packet is not the end of ours."""
    cursor = engine.cursor
    if cursor is None or not cursor.last_packet_s == cursor.state.position_s == int(last.timestamp.timestamp()):
        return None
    readings = [
        (ours_wh, last.values[name]) for name, ours_wh in cursor.state.accumulators_wh.items() if name in last.values
    ]
    if not readings:
        return None
    ahead = [ours - theirs for ours, theirs in readings if abs(ours - theirs) > _ROUNDED * max(abs(ours), abs(theirs))]
    return sum(ahead, 0.0)
