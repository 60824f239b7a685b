"""One CSV file's way to its stream: looked through, taken up where it was, sent packet by packet, noted as it goes."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..errors import CredentialsError, WattbridgeError
from .csv_keeper import ProgressKeeper
from .csv_packets import CsvPacket
from .csv_pieces import read_items
from .csv_progress import Bookmark, ProgressError, ProgressFile, RejectedRow, held_alone
from .csv_report import Progress, PushReport, StreamHeldError
from .csv_resume import Landmarks, settled_at
from .csv_rows import BadRow
from .csv_survey import BadRowsError, CsvSurvey, Surveyor
from .receipts import OrderError, Outcome, Receipt

if TYPE_CHECKING:
    from .csv_channel import CsvChannel
    from .sender import Sender

# So many in a row are no accident of single rows.
MOST_REJECTIONS_IN_A_ROW: Final = 3
_TELL_EVERY_S: Final = 0.1


class Upload:
    """Sends one channel's file; may be cancelled at any time, and goes on from there when it is begun again."""

    def __init__(
        self,
        sender: Sender,
        channel: CsvChannel,
        *,
        skip_bad_rows: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        """Begin with nothing known."""
        self._sender = sender
        self._channel = channel
        self._skip_bad_rows = skip_bad_rows
        self._on_progress = on_progress
        self._bookmark = Bookmark(settings=channel.settings)
        self._survey: CsvSurvey | None = None
        self._problem: Exception | None = None
        self._before = self._found = self._accepted = self._repeated = 0
        self._settled_at_start = self._done = 0
        self._cloud_tells: bool | None = None
        self._began_s = self._told_s = 0.0

    async def run(self) -> PushReport:
        """Send what is left, and report; raises CredentialsError alone, for that is about all channels."""
        try:
            with held_alone(self._channel):
                await self._push()
        except CredentialsError:
            raise
        except (BadRowsError, ProgressError, OrderError, OSError, WattbridgeError) as error:
            self._problem = error
        return self._report()

    async def _push(self) -> None:
        """Find out where to go on, and go on."""
        file = ProgressFile(self._channel)
        self._bookmark = await asyncio.to_thread(file.load)
        last = await self._sender.last_packet(self._channel.stream_id)
        self._cloud_tells = True if last is not None else None
        landmarks = Landmarks(self._bookmark, last)
        self._survey = survey = await self._look_through(landmarks)
        if not landmarks.is_intact:
            raise file.changed(self._bookmark)
        if survey.bad_row_count and not self._skip_bad_rows:
            raise BadRowsError(survey.bad_rows, survey.bad_row_count)
        accepted_before = self._bookmark.accepted
        self._bookmark = landmarks.bookmark_to_go_on_from(self._channel.stream_id)
        self._before = landmarks.settled
        self._found = self._bookmark.accepted - accepted_before
        self._settled_at_start = landmarks.settled + landmarks.newer
        keeper = ProgressKeeper(file)
        try:
            # Before anything is sent it must be sure that we can write down that it was.
            await keeper.note_now(self._bookmark)
            await self._send(survey, keeper)
        finally:
            await keeper.aclose()

    async def _look_through(self, landmarks: Landmarks) -> CsvSurvey:
        """Survey the file, looking for the landmarks on the way."""
        surveyor = Surveyor()
        async with aclosing(read_items(self._channel)) as items:
            async for item in items:
                surveyor.add(item)
                if isinstance(item, CsvPacket):
                    landmarks.see(item)
        return surveyor.survey()

    async def _send(self, survey: CsvSurvey, keeper: ProgressKeeper) -> None:
        """Send every packet after the bookmark, as far as the file was looked through."""
        stream_id, after = self._channel.stream_id, self._bookmark.instant
        if after is not None:
            self._sender.filled_until(stream_id, after)
        self._began_s = asyncio.get_running_loop().time()
        self._tell(survey.packets)
        async with aclosing(read_items(self._channel)) as items:
            async for item in items:
                if item.line > survey.last_line:
                    return
                if isinstance(item, BadRow) and not self._skip_bad_rows:
                    # The survey saw none: somebody writes into the file.
                    raise BadRowsError((item,), 1)
                if isinstance(item, CsvPacket) and (after is None or item.instant > after):
                    await self._deliver(item, keeper)
                    self._done += 1
                    self._tell(survey.packets)

    async def _deliver(self, item: CsvPacket, keeper: ProgressKeeper) -> None:
        """Send one packet and note what became of it; raises StreamHeldError where the cloud wants none of them."""
        receipt = await self._sender.deliver(item.packet)
        before = self._bookmark
        self._repeated += receipt.repeated
        if receipt.outcome is Outcome.REJECTED:
            await self._refuse(item, receipt, keeper)
            return
        self._accepted += 1
        self._bookmark = settled_at(before, item, accepted=1, repeated=receipt.repeated)
        if self._cloud_tells and not before.unsettled:
            await keeper.note(self._bookmark)
            return
        # A cloud that does not tell its last packet gives no second chance to find out what it has.
        await keeper.note_now(self._bookmark)
        if self._cloud_tells is None:
            self._cloud_tells = await self._sender.last_packet(self._channel.stream_id) is not None

    async def _refuse(self, item: CsvPacket, receipt: Receipt, keeper: ProgressKeeper) -> None:
        """Note a refusal, and stop where it is no accident of one row."""
        bookmark = self._bookmark
        row = RejectedRow(item.line, item.instant, receipt.status, receipt.answer)
        unsettled = (*bookmark.unsettled, row)
        repeated = bookmark.repeated + receipt.repeated
        self._bookmark = replace(bookmark, unsettled=unsettled, repeated=repeated)
        await keeper.note_now(self._bookmark)
        if not bookmark.accepted or len(unsettled) == MOST_REJECTIONS_IN_A_ROW:
            raise StreamHeldError(self._channel.stream_id, unsettled)

    def _tell(self, total: int) -> None:
        """Tell the progress, now and then and at the end."""
        if self._on_progress is None:
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        settled = self._settled_at_start + self._done
        if self._done > 0 and settled < total and now_s - self._told_s < _TELL_EVERY_S:
            return
        self._told_s = now_s
        duration_s = now_s - self._began_s
        rate_per_s = self._done / duration_s if self._done and duration_s > 0 else None
        left_s = (total - settled) / rate_per_s if rate_per_s else None
        # Not called from here: what goes wrong in the caller's code must not end an upload.
        loop.call_soon(self._on_progress, Progress(self._channel, settled, total, rate_per_s, left_s))

    def _report(self) -> PushReport:
        """Write down how it ended."""
        bookmark = self._bookmark
        return PushReport(
            channel=self._channel,
            survey=self._survey,
            total=self._survey.packets if self._survey else 0,
            before=self._before,
            found=self._found,
            accepted=self._accepted,
            repeated=self._repeated,
            rejected=bookmark.rejected + len(bookmark.unsettled),
            rejections=(*bookmark.rejections, *bookmark.unsettled),
            unsettled=len(bookmark.unsettled),
            problem=self._problem,
        )
