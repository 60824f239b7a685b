"""What is told of an upload: how far it is, how it ended, and what the cloud refused."""

from dataclasses import dataclass

from ..errors import WattbridgeError
from .csv_channel import CsvChannel
from .csv_progress import RejectedRow
from .csv_survey import CsvSurvey
from .receipts import VENDOR


class StreamHeldError(WattbridgeError):
    """The cloud refuses the packets of a file; the first of them is where the upload goes on."""

    def __init__(self, stream_id: str, rejections: tuple[RejectedRow, ...]) -> None:
        """Name the stream and the lines; `answer` is what the cloud said last."""
        last = rejections[-1]
        lines = ", ".join(str(row.line) for row in rejections)
        super().__init__(
            f"stream {stream_id}: refuses the packets of line {lines}",
            vendor=VENDOR,
            status=last.status,
            answer=last.answer,
        )
        self.rejections = rejections


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a channel's upload is: packets settled of all that its file makes, and how fast it goes.

    `rate_per_s` and `left_s` are None as long as nothing was sent by this run.
    """

    channel: CsvChannel
    settled: int
    total: int
    rate_per_s: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """How the upload of one file ended; `problem` says why it stopped before its end.

    Of `total` packets, `before` were settled by earlier runs, `found` the cloud had without our knowing, and `accepted`
    it took in this run; it may have `repeated` of them twice. `rejected` counts all of the file that it refused, the
    first ones are listed; those after the last packet it has (`unsettled`) will be tried again.
    """

    channel: CsvChannel
    survey: CsvSurvey | None
    total: int
    before: int
    found: int
    accepted: int
    repeated: int
    rejected: int
    rejections: tuple[RejectedRow, ...]
    unsettled: int
    problem: Exception | None

    @property
    def is_complete(self) -> bool:
        """Tell whether all packets of the file are settled."""
        return self.problem is None and not self.unsettled
