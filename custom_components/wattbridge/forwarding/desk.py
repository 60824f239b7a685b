"""Where the work on a stream lies: its series, its place, and what is written when it moves."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import override

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .account import Account
from .cursor import StreamCursor
from .model import StreamConfig
from .plan import PlanState, Step, plan
from .source import Reading, StreamSource
from .watch import StreamWatch
from .wire import units_of


class StreamDesk(StreamWatch):
    """What the one who reads and the one who delivers have in common."""

    def __init__(self, account: Account, subentry_id: str, config: StreamConfig) -> None:
        """Begin without a place."""
        super().__init__(account.hass, account.entry, subentry_id, config, account.cursors)
        self.account = account
        self.source = StreamSource(account.hass, config, units_of(config))
        # From where the stream plans on: what was refused just now, and may be the stream's fault, lies before it.
        cursor = self.cursor
        self.state = PlanState(0) if cursor is None or cursor.stream_id != config.stream_id else cursor.state
        self.ledger = account.ledgers.of(subentry_id)

    @property
    @override
    def paused_until(self) -> datetime | None:
        """Until when nothing is sent: because of a failure of this stream, or because the cloud wants no requests."""
        return super().paused_until or self.account.paused_until

    @property
    def moving(self) -> StreamCursor:
        """The cursor of a stream that has its place."""
        return self.account.cursors[self.subentry_id]

    async def place(self, cursor: StreamCursor) -> None:
        """Go on from a cursor, which is written before anything else happens."""
        self.account.cursors[self.subentry_id] = cursor
        self.state = cursor.state
        begun_s = max(self.config.first_s, cursor.continued_after_s or 0)
        self.ledger.follow(self.config, begun_s, cursor.state.position_s)
        self.account.committer.mark()
        await self.account.committer.flush()

    def moved(self) -> None:
        """Have the cursor written soon, and its move shown."""
        self.account.committer.mark()
        self.notify()

    @callback
    @override
    def keep_notices(self) -> None:
        """Have the notices written soon, unless the file must stay as it is."""
        if not self.is_blocked:
            self.account.committer.mark()

    def check_writable(self) -> None:
        """Raise CursorWriteError while moves cannot be noted: what is sent then might be sent again after a restart."""
        if (error := self.account.committer.error) is not None:
            raise error

    async def read(self, position_s: int, *, replay_to_s: int | None = None) -> Reading:
        """Read the next closed periods from a position on; raises SourceError."""
        return await self.source.read(position_s, dt_util.utcnow().timestamp(), replay_to_s=replay_to_s)

    def note_sources(self, reading: Reading, position_s: int) -> None:
        """Keep up to where periods are closed, and whether all sources of ours say what there is."""
        self.note_reading(reading)
        if self.source.awaits(position_s):
            self.note_awaits(self.now_s())
        else:
            self.note_heard()

    async def replay(self, state: PlanState, end_s: int) -> AsyncIterator[Step]:
        """Plan again what follows a state up to a time, waiting for series that are not whole yet."""
        while state.position_s < end_s:
            reading = await self.read(state.position_s, replay_to_s=end_s)
            self.note_sources(reading, state.position_s)
            if reading.batch is None:
                await self.wait()
                continue
            for step in plan(self.config, state, reading.batch):
                yield step
                state = step.after

    async def wait(self) -> None:
        """Wait for a reason to look at the series again."""
        await self.wait_for_rows(self._closed_s, compiled=self.source.has_entities)

    def now_s(self) -> float:
        """Return the time by which periods are over."""
        return dt_util.utcnow().timestamp()

    def time_after(self, delay_s: float) -> datetime:
        """Return the time so many seconds from now."""
        return dt_util.utcnow() + timedelta(seconds=delay_s)
