"""Where an upload goes on: its progress file and the cloud's last packet, looked up in the CSV file itself."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import isclose
from typing import Final

from .csv_packets import CsvPacket
from .csv_progress import Bookmark
from .csv_survey import MOST_LISTED
from .packets import VALUE, LastPacket, Packet, ValuePacket
from .receipts import AnotherSenderError

# A cloud may keep numbers in single precision.
_PRECISION: Final = 1e-6


@dataclass(slots=True)
class Landmarks:
    """Sees the packets of a file go by, and finds the one it was at and the one the cloud has.

    `settled` counts the packets up to the bookmark; `newer` those after it up to the cloud's last packet.
    """

    bookmark: Bookmark
    last: LastPacket | None
    settled: int = 0
    newer: int = 0
    is_intact: bool = False
    _next: datetime | None = None
    _found: CsvPacket | None = None

    def __post_init__(self) -> None:
        """Where nothing was sent, nothing can have changed."""
        self.is_intact = self.bookmark.instant is None

    def see(self, item: CsvPacket) -> None:
        """Look at a packet."""
        bookmark, last = self.bookmark, self.last
        if bookmark.instant is not None and item.instant <= bookmark.instant:
            self.settled += 1
            if item.instant == bookmark.instant:
                self.is_intact = (item.row.last_line, item.row.digest.hex()) == (bookmark.line, bookmark.digest)
            return
        if self._next is None:
            self._next = item.instant
        if last is not None and item.instant <= last.timestamp:
            self.newer += 1
            if item.instant == last.timestamp and _are_same(item.packet, last):
                self._found = item

    def bookmark_to_go_on_from(self, stream_id: str) -> Bookmark:
        """Return the bookmark, moved up to the cloud's last packet where that is a newer one of this file.

        Raises AnotherSenderError where something is left to send and the cloud has a newer packet that is not ours.
        """
        bookmark, last, following = self.bookmark, self.last, self._next
        if self._found is not None:
            return settled_at(bookmark, self._found, accepted=self.newer - len(bookmark.unsettled))
        if last is not None and following is not None:
            # Before the first packet of a file, the stream may have what it likes.
            has_newer = self.newer > 0 if bookmark.instant is None else last.timestamp > bookmark.instant
            if has_newer:
                raise AnotherSenderError(stream_id, following, last.timestamp)
        return replace(bookmark, unsettled=())


def settled_at(bookmark: Bookmark, item: CsvPacket, *, accepted: int, repeated: int = 0) -> Bookmark:
    """Move a bookmark to a packet that the cloud has; what was refused before it stays refused."""
    rejections = bookmark.rejections + bookmark.unsettled if bookmark.unsettled else bookmark.rejections
    return replace(
        bookmark,
        line=item.row.last_line,
        digest=item.row.digest.hex(),
        instant=item.instant,
        accepted=bookmark.accepted + accepted,
        repeated=bookmark.repeated + repeated,
        rejected=bookmark.rejected + len(bookmark.unsettled),
        rejections=rejections[:MOST_LISTED],
        unsettled=(),
    )


def _are_same(packet: Packet, last: LastPacket) -> bool:
    """Tell whether the cloud shows this packet's values, as far as it shows any."""
    values = {VALUE: packet.value} if isinstance(packet, ValuePacket) else packet.values
    pairs = [(values[name], number) for name, number in last.values.items() if name in values]
    return not last.values or (
        bool(pairs)
        and all(
            ours is not None and isclose(ours, theirs, rel_tol=_PRECISION, abs_tol=_PRECISION) for ours, theirs in pairs
        )
    )
