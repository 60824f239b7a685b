"""Looks back at what was delivered, and finds the hours that the recorder holds otherwise by now.

WattCarbon gets them again. Wattics takes nothing older than its last packet: there they are counted, listed and told.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from math import isnan
from typing import Final
from zlib import crc32

from ..aiowattbridge.errors import ResponseError, TryLaterError
from ..const import DOMAIN
from .again import AGAIN_HOURS, async_send_again
from .courier import Courier
from .desk import StreamDesk
from .errands import InterruptedWorkError
from .hindsight import Hindsight, PastHour
from .ledger import HOLE
from .look import Change, Look
from .model import HOUR_S, NewsKind, Notice, SourceError, utc
from .months import Month, month_of, month_start_s
from .report import TOLERATED_WH
from .revisions import Revision, is_same

DAY_S: Final = 24 * HOUR_S
_LOGGER = logging.getLogger(__name__)


class StreamReview:
    """The looks back of one stream."""

    def __init__(self, desk: StreamDesk, courier: Callable[[], Courier]) -> None:
        """Look back at what the ledger knows of; show what was found before. `courier` may be another by then."""
        self._desk = desk
        self._courier = courier
        self._ledger = desk.ledger
        # Who sends hours again, a look or somebody by hand, does that alone.
        self.turn = asyncio.Lock()
        # Not all streams look at their whole past at the same time.
        self._offset_s = crc32(f"{DOMAIN} {desk.subentry_id}".encode()) % DAY_S
        self._day = self._today()
        self._looked_to_s = 0
        self._not_before_s = 0.0
        self._show()

    @property
    def _sends(self) -> bool:
        """Tell whether the cloud gets again what changed."""
        config = self._desk.config
        return config.is_hourly_energy and config.send_revisions

    def _today(self) -> int:
        return int(self._desk.now_s() + self._offset_s) // DAY_S

    async def async_look_if_due(self) -> None:
        """Look back when another hour is over since the last look, or another day.

        Live data wait neither for somebody else's look nor for a cloud that does not take old hours now.
        """
        if self.turn.locked() or self._desk.now_s() < self._not_before_s:
            return
        if self._ledger.whole_to_s > self._looked_to_s or self._today() != self._day:
            try:
                await self.async_look()
            except (TryLaterError, ResponseError, InterruptedWorkError) as err:
                self._not_before_s = self._desk.now_s() + HOUR_S
                _LOGGER.debug("A look back was left off: %s", type(err).__name__)

    async def async_look(self, *, everything: bool = False, only_read: bool = False) -> Look | None:
        """Compare what was delivered with what there is now, and send or count what changed.

        The last 35 days are compared by the hour; what is older by the month, once a day or when `everything` is
        wanted. Of a paused stream is only read, and of any where that is wanted. Returns None where nothing can be.
        Raises SQLAlchemyError, and what a courier raises.
        """
        async with self.turn:
            looked_to_s, day = self._ledger.whole_to_s, self._today()
            everything = everything or day != self._day
            if not only_read:
                self._looked_to_s = looked_to_s
            hindsight = Hindsight(self._desk.hass, self._desk.config, self._desk.state)
            try:
                if (look := self._begin(hindsight)) is None:
                    return None
                look.everything = everything
                look.only_reads = only_read or self._desk.is_paused
                window_s = max(look.from_s, self._ledger.window.start * HOUR_S)
                if everything and look.from_s < window_s:
                    await self._look_at_months(hindsight, look, window_s)
                await self._look_at_window(hindsight, look, window_s)
                await self._try_refused(look)
            except SourceError:
                # The stream itself says so, if that keeps it from going on.
                return None
            if not only_read:
                self._day = day
                self._tell(look)
                self._tell_refusal(look)
            return look

    def _begin(self, hindsight: Hindsight) -> Look | None:
        """Return the stretch that can be compared."""
        cursor, ledger = self._desk.cursor, self._ledger
        whole_from_s = hindsight.whole_from_s()
        if cursor is None or ledger.from_s is None or whole_from_s is None:
            return None
        from_s = max(ledger.from_s, whole_from_s)
        to_s = min(ledger.whole_to_s, cursor.state.position_s // HOUR_S * HOUR_S)
        return Look(from_s, to_s) if from_s < to_s else None

    async def _look_at_window(self, hindsight: Hindsight, look: Look, window_s: int) -> None:
        """Compare hour by hour; what is refused of older months says nothing of these hours."""
        refusal = look.take_refusal()
        changes: list[Change] = []
        async for hour in hindsight.hours(window_s, look.to_s):
            look.add_hour(hour)
            if look.losses.precede(hour, self._ledger.energy_wh(hour.number)):
                continue
            if look.only_reads or self._desk.is_paused:
                self._foresee(hour, look)
                continue
            if (change := self._compare(hour, look)) is None:
                self._note_refused(hour, look)
            else:
                changes.append(change)
                if len(changes) >= AGAIN_HOURS:
                    await self._send_changes(changes, look)
                    changes.clear()
        if changes:
            await self._send_changes(changes, look)
        look.to_s = hindsight.read_to_s
        look.refusal = look.refusal or refusal

    def _compare(self, hour: PastHour, look: Look) -> Change | None:
        """Return the hour if it is to be sent again; what is not sent is noted."""
        ledger, number = self._ledger, hour.number
        known_wh, digest = ledger.energy_wh(number), ledger.digest(number)
        if number not in ledger.window or hour.energy_wh is None:
            # What is gone here stays there: nothing can be taken back.
            if isnan(known_wh):
                ledger.put(number, HOLE, 0)
            return None
        if isnan(known_wh) and self._sends:
            return Change(hour, None)
        revision = self._revision_of(hour, hour.energy_wh)
        if revision is not None and self._sends:
            return Change(hour, revision)
        if revision is not None or not digest:
            ledger.put(number, hour.energy_wh, hour.digest)
        if revision is not None:
            self._count(revision, look, rows=int(revision.sent_wh is None))
        return None

    def _revision_of(self, hour: PastHour, energy_wh: float) -> Revision | None:
        """Say how an hour differs from what is known to be sent."""
        known_wh, digest = self._ledger.energy_wh(hour.number), self._ledger.digest(hour.number)
        was_hole, also = known_wh == HOLE, digest not in {0, hour.digest}
        if isnan(known_wh) or not (was_hole or also or not is_same(energy_wh, known_wh)):
            return None
        return Revision(hour.start_s, hour.start_s + HOUR_S, None if was_hole else known_wh, energy_wh, also)

    def _foresee(self, hour: PastHour, look: Look) -> None:
        """Note what would become of an hour."""
        if hour.number not in self._ledger.window or hour.energy_wh is None:
            return
        if isnan(self._ledger.energy_wh(hour.number)):
            unknown = Revision(hour.start_s, hour.start_s + HOUR_S, None, hour.energy_wh)
            look.expect(unknown, rows=1, is_assumed=True, is_sent=self._sends)
        elif (revision := self._revision_of(hour, hour.energy_wh)) is not None:
            look.expect(revision, rows=int(revision.sent_wh is None))

    def _note_refused(self, hour: PastHour, look: Look) -> None:
        """Note an hour that the cloud refused before: once a day it might take that."""
        if look.everything and hour.energy_wh is not None and hour.number in self._ledger.revisions.refused:
            look.refused.append(hour)

    async def _try_refused(self, look: Look) -> None:
        """Upload once more what was refused before; that it still is, is no news."""
        known = self._ledger.revisions.refused
        hours = [hour for hour in look.refused if hour.number in known]
        if hours and self._sends and look.refusal is None and not (look.only_reads or self._desk.is_paused):
            await async_send_again(self._courier(), self._ledger, hours)

    async def _send_changes(self, changes: list[Change], look: Look) -> bool:
        """Upload what changed, and count it; returns whether the cloud has, or has refused, each hour by itself."""
        noted: frozenset[int] = frozenset()
        if look.refusal is None:
            sent = await async_send_again(self._courier(), self._ledger, [change.hour for change in changes])
            look.refusal, noted = sent.refusal, sent.taken | sent.refused
        for change in changes:
            if change.hour.start_s not in noted:
                look.unsent_wh += change.change_wh
            elif change.revision is not None:
                self._count(change.revision, look)
        return look.refusal is None

    async def _look_at_months(self, hindsight: Hindsight, look: Look, window_s: int) -> None:
        """Compare the months before the window; the last one as far as it has left the window."""
        async for hour in hindsight.hours(look.from_s, window_s):
            look.add_hour(hour)
            self._note_refused(hour, look)
        read_to_s = hindsight.read_to_s
        # The newest first: it is the oldest that a cloud does not let anybody change any more.
        for number in range(month_of(window_s // HOUR_S - 1), month_of(look.from_s // HOUR_S) - 1, -1):
            start_s, end_s = max(look.from_s, month_start_s(number)), min(window_s, month_start_s(number + 1))
            is_whole = end_s <= read_to_s and start_s in {self._ledger.from_s, month_start_s(number)}
            if is_whole and not self._is_moving(end_s, window_s):
                await self._compare_month(hindsight, look, number, (start_s, end_s))

    def _is_moving(self, end_s: int, window_s: int) -> bool:
        """Tell whether a month that ends at the window has got more hours from there meanwhile."""
        return end_s >= window_s != self._ledger.window.start * HOUR_S

    async def _compare_month(self, hindsight: Hindsight, look: Look, number: int, stretch_s: tuple[int, int]) -> None:
        ledger = self._ledger
        known, now = ledger.months.get(number), replace(look.months.get(number) or Month())
        is_doubtful = known.unknown > 0 if known is not None else stretch_s[0] < ledger.unknown_to_s
        known = known or Month()
        if now.rows < known.rows or not now.rows:
            # What is gone here stays there.
            return
        only_reads = look.only_reads or self._desk.is_paused
        if known.is_same(now) and not is_doubtful:
            if known.undigested and not only_reads:
                ledger.put_month(number, now)
            return
        if self._sends and not only_reads:
            begun_s = ledger.window.start * HOUR_S
            sent = await self._send_month(hindsight, look, stretch_s)
            if sent is None or self._is_moving(stretch_s[1], begun_s):
                # Nobody knows what the cloud has, or the month has got more hours meanwhile: the next look does.
                look.unsent_wh += now.energy_wh - known.energy_wh if sent is None else 0.0
                return
            now = sent
        # Opposite corrections leave the energy as it was.
        also = is_same(known.energy_wh, now.energy_wh)
        revision = Revision(*stretch_s, known.energy_wh if known.rows else None, now.energy_wh, also)
        if only_reads:
            is_sent = is_doubtful and self._sends
            look.expect(revision, rows=now.rows - known.rows, is_assumed=is_doubtful, is_sent=is_sent)
            return
        ledger.put_month(number, now)
        if not is_doubtful:
            self._count(revision, look, rows=now.rows - known.rows)

    async def _send_month(self, hindsight: Hindsight, look: Look, stretch_s: tuple[int, int]) -> Month | None:
        """Upload all hours of a month once more; returns what they come to, or None where not all can be sent."""
        month = Month()
        changes: list[Change] = []
        async for hour in hindsight.hours(*stretch_s):
            if hour.energy_wh is not None:
                month.add(hour.number, hour.energy_wh, hour.digest)
                changes.append(Change(hour, None))
        if hindsight.read_to_s < stretch_s[1]:
            return None
        return month if await self._send_changes(changes, look) else None

    def _count(self, revision: Revision, look: Look, *, rows: int = 0) -> None:
        look.add(revision)
        month = month_of(revision.start_s // HOUR_S)
        self._ledger.revisions.note(revision, month, rows=rows, is_sent=self._sends)

    def _tell(self, look: Look) -> None:
        """Tell once of all that a look found."""
        if not look.revisions:
            return
        self._desk.tell(
            NewsKind.REVISED,
            stretches=look.revisions,
            energy_kwh=round(look.change_wh / 1000.0, 6),
            start=utc(look.first_s).isoformat(),
            end=utc(look.last_s).isoformat(),
        )
        self._show()
        self._desk.notify()

    def _tell_refusal(self, look: Look) -> None:
        """Say at once that the cloud takes no corrections: the reconciliation would find out within a day."""
        accepted_wh = self._ledger.accepted_wh
        if look.refusal is None or (accepted_wh is not None and abs(look.unsent_wh - accepted_wh) <= TOLERATED_WH):
            return
        self._desk.raise_notice(Notice.MISMATCH, f"{look.unsent_wh / 1000.0:.3f} kWh")

    def _show(self) -> None:
        ledger, desk = self._ledger, self._desk
        desk.revised = ledger.revisions.count
        desk.revised_kwh = ledger.revisions.energy_wh / 1000.0 if desk.revised else None
        desk.difference_kwh = None if ledger.difference_wh is None else ledger.difference_wh / 1000.0
        desk.reconciled_at = None if ledger.reconciled_s is None else utc(ledger.reconciled_s)

    def note_reconciled(self, at_s: int, difference_wh: float) -> None:
        """Keep what a reconciliation came to."""
        self._ledger.reconciled_s, self._ledger.difference_wh = at_s, difference_wh
        self._ledger.on_change()
        self._show()
        self._desk.notify()
