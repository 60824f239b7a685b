"""Carries whole hours in files: for a cloud where an upload replaces what is there of the same hours."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import batched, groupby
from random import Random
from typing import Final, override

from ..aiowattbridge.errors import ForbiddenError, NotFoundError, RejectedError, ResponseError, TryLaterError
from ..aiowattbridge.retry import RetryPolicy
from ..aiowattbridge.wattcarbon import BATCH_ROWS, HourlyEnergy, IntervalEnergy
from ..vendors.wattcarbon import Target
from .account import HourWay
from .courier import REJECTIONS_IN_A_ROW, Courier, Sent, answer_of
from .desk import StreamDesk
from .errands import InterruptedWorkError
from .model import HOUR_S, Choice, NewsKind, Notice, Problem, StreamConfig, utc
from .plan import ENERGY_KWH, Step
from .reconcile import HeldError, begin

# Between one attempt and the next: soon at first, and never longer than five minutes of our own accord.
PATIENCE: Final = RetryPolicy(base_s=2, cap_s=300)
# With what was passed before.
SHORT_PATIENCE: Final = RetryPolicy(attempts=3, total_s=30, base_s=2, cap_s=10, retry_after_ceiling_s=30)
# An upload is of so many hours at most: whoever waits for the account's turn does not wait for years of them.
UPLOAD_HOURS: Final = 500
# So many steps are settled before others have their turn.
SETTLED_AT_ONCE: Final = 200
# Finer than any meter; what is left of a float beyond it is noise.
_DECIMALS: Final = 9

_JITTER: Final = Random()  # noqa: S311 - spreads retries, protects nothing


@dataclass(slots=True)
class _Again:
    """How far the repetition of hours has come; `row`: the refusals since something was taken."""

    config: StreamConfig
    taken: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    row: dict[int, str] = field(default_factory=dict)
    refusal: RejectedError | None = None

    def refuse(self, start_s: int, err: RejectedError) -> None:
        """Note that an hour alone is refused."""
        self.row[start_s] = answer_of(err.status, err.answer)
        if len(self.row) >= REJECTIONS_IN_A_ROW:
            self.refusal = err

    def settle_row(self) -> None:
        """Take the refusals so far for those of single hours."""
        self.refused |= self.row
        self.row.clear()


class HourCourier(Courier):
    """Uploads to an asset or a meter; an upload whose answer was lost is repeated, since it only replaces."""

    def __init__(self, desk: StreamDesk, way: HourWay) -> None:
        """Upload over the way of the account."""
        super().__init__(desk)
        self._way = way
        self._is_first_refused = False

    @override
    async def async_agree(self) -> None:
        """Go on from the cursor: whatever the cloud has after it is replaced by the same."""
        desk, cursor = self._desk, self._desk.cursor
        self.start_over()
        if cursor is None or cursor.stream_id != desk.config.stream_id:
            cursor = begin(desk.config, None, desk.now_s())
        await desk.place(cursor)

    @override
    async def async_take(self, steps: Iterable[Step]) -> None:
        """Upload the hours of many steps together; the cursor lasts before more is sent."""
        for batch in batched(steps, UPLOAD_HOURS, strict=False):
            if self._desk.is_paused:
                return
            await self._carry(batch)
            await self._desk.account.committer.flush()

    async def _carry(self, steps: Sequence[Step]) -> None:
        """Upload the hours among these steps and settle all of them; what is refused is looked for in the halves."""
        hours = _hours_of(steps)
        if hours:
            self._desk.check_writable()
            try:
                await self._upload(hours)
            except RejectedError as err:
                self._check_refusal(err)
                if len(hours) > 1:
                    for half in _halves(steps):
                        await self._carry(half)
                    return
                for step in steps:
                    if step.values is None:
                        self.hole(step)
                    else:
                        self.reject(step, answer_of(err.status, err.answer))
                return
        await self._settle(steps)

    async def _settle(self, steps: Sequence[Step]) -> None:
        """Move over steps that are uploaded, and over the holes between them."""
        for some in batched(steps, SETTLED_AT_ONCE, strict=False):
            for is_hole, run in groupby(some, lambda step: step.values is None):
                if not is_hole:
                    self.accept(tuple(run))
                    continue
                for step in run:
                    self.hole(step)
            await asyncio.sleep(0)
        self._is_first_refused = self._is_lenient = False

    def _check_refusal(self, err: RejectedError) -> None:
        """Hold the stream where not the hours are refused, or where nothing was ever taken."""
        is_first = self._desk.moving.is_fresh and not self._is_lenient
        if isinstance(err, (NotFoundError, ForbiddenError)) or is_first:
            self._is_first_refused = is_first and not isinstance(err, (NotFoundError, ForbiddenError))
            self.start_over()
            self._desk.state = self._desk.moving.state
            raise HeldError(Problem.REJECTED, answer_of(err.status, err.answer))

    @override
    def can_skip(self) -> bool:
        """Tell whether there is something to be passed, or to be looked for in what was refused as a whole."""
        return self._is_first_refused or super().can_skip()

    @override
    def choose(self, choice: Choice) -> None:
        """Pass what was refused; of a first file that is found out hour by hour."""
        self._is_lenient = choice is Choice.SKIP
        self._is_first_refused = False
        super().choose(choice)

    @override
    async def async_send_again(self, hours: Mapping[int, float]) -> Sent:
        """Upload hours that were passed before; raises RejectedError where the asset itself is refused.

        The newest go first: it is the oldest that a cloud does not let anybody change any more.
        """
        desk = self._desk
        passed_s = desk.moving.state.position_s
        wanted = {start_s: kwh for start_s, kwh in sorted(hours.items()) if start_s + HOUR_S <= passed_s}
        again = _Again(desk.config)
        try:
            for part in reversed([*batched(wanted.items(), BATCH_ROWS, strict=False)]):
                await self._repeat(dict(part), again)
        finally:
            if (cursor := desk.cursor) is not None and cursor.redeem(again.taken):
                desk.moved()
        if again.refusal is None:
            again.settle_row()
        self._keep_aside(again.refused)
        return Sent(frozenset(again.taken), frozenset(again.refused), again.refusal)

    async def _repeat(self, hours: dict[int, float], again: _Again) -> None:
        """Upload hours, or their halves; nothing more after too many refusals in a row."""
        if again.refusal is not None:
            return
        try:
            await self._upload_again(hours, again.config)
        except NotFoundError, ForbiddenError:
            raise
        except RejectedError as err:
            if len(hours) == 1:
                again.refuse(next(iter(hours)), err)
                return
            items = list(hours.items())
            for half in (items[len(items) // 2 :], items[: len(items) // 2]):
                await self._repeat(dict(half), again)
        else:
            again.taken.update(hours)
            again.settle_row()

    def _keep_aside(self, refused: Mapping[int, str]) -> None:
        """Note the single hours that are refused, and tell of those of which nobody has heard yet."""
        desk = self._desk
        for start_s, answer in sorted(refused.items()):
            if desk.moving.refuse_hour(start_s, answer):
                start = utc(start_s).isoformat()
                desk.tell(NewsKind.REJECTED, start=start, end=utc(start_s + HOUR_S).isoformat(), answer=answer)
                desk.raise_notice(Notice.REJECTIONS, start)
                desk.moved()

    @override
    async def async_read_back(self, start_s: int, end_s: int) -> Mapping[int, float] | None:
        """Ask a meter what it holds; of an asset that cannot be asked."""
        config = self._desk.config
        if config.kind is not Target.METER:
            return None
        # A day more: whether the last one belongs to the answer is not documented.
        last = utc(end_s) + timedelta(days=1)
        async with self._way.turns.turn(0):
            rows = await self._way.client.meter_timeseries(config.stream_id, utc(start_s).date(), last.date())
        held = {int(row.start.timestamp()): float(row.energy_kwh) for row in rows}
        return {hour_s: kwh for hour_s, kwh in held.items() if start_s <= hour_s < end_s}

    async def _upload(self, hours: Mapping[int, float]) -> None:
        """Upload for as long as it takes; raises RejectedError and CredentialsError."""
        failures = 0
        while True:
            try:
                async with self._way.turns.turn(self._desk.backlog or 0):
                    await self._post(hours)
            except (TryLaterError, ResponseError) as err:
                failures += 1
                await self._wait(failures, err)
            else:
                return

    async def _upload_again(self, hours: Mapping[int, float], config: StreamConfig) -> None:
        """Upload what was passed before, a few times only: live data wait for that, and the next look comes."""
        loop = asyncio.get_running_loop()
        begun_s, failures = loop.time(), 0
        while True:
            async with self._way.turns.turn(self._desk.backlog or 0):
                # It may have taken long to get here.
                if self._desk.is_paused or self._desk.config is not config:
                    raise InterruptedWorkError(config.stream_id)
                try:
                    await self._post(hours)
                except (TryLaterError, ResponseError) as err:
                    failures += 1
                    asked_s = max(getattr(err, "retry_after_s", None) or 0.0, self._desk.account.pause.left_s)
                    delay_s = SHORT_PATIENCE.pause_s(failures, loop.time() - begun_s, asked_s, _JITTER)
                    if delay_s is None:
                        raise
                else:
                    return
            await asyncio.sleep(delay_s)

    async def _post(self, hours: Mapping[int, float]) -> None:
        config, client = self._desk.config, self._way.client
        if config.kind is Target.METER:
            receipts = client.upload_intervals(config.stream_id, _rows(hours, IntervalEnergy))
        else:
            receipts = client.upload(config.stream_id, _rows(hours, HourlyEnergy))
        async with aclosing(receipts):
            async for _ in receipts:
                self._desk.note_answer()

    async def _wait(self, failures: int, err: TryLaterError | ResponseError) -> None:
        delay_s = max(PATIENCE.backoff_s(failures, _JITTER), self._desk.account.pause.left_s)
        self._desk.note_wait(self._desk.time_after(delay_s), err.reason)
        await asyncio.sleep(delay_s)


def _hours_of(steps: Iterable[Step]) -> dict[int, float]:
    """Return the energy (kWh) of the steps that have one, by the start of their hour."""
    return {step.start_s: step.values[ENERGY_KWH] for step in steps if step.values is not None}


def _halves(steps: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
    """Part steps so that each part has half of their hours."""
    with_hours = [number for number, step in enumerate(steps) if step.values is not None]
    middle = with_hours[len(with_hours) // 2]
    return steps[:middle], steps[middle:]


def _rows[R: IntervalEnergy](hours: Mapping[int, float], kind: type[R]) -> Iterator[R]:
    """Make the rows of an upload one after another."""
    for start_s, kwh in hours.items():
        yield kind(utc(start_s), Decimal(repr(round(kwh, _DECIMALS))))
