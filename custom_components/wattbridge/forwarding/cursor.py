"""How far each stream has come, in one small file per account that survives kill -9 and power loss.

The file is written beside its place, synced, renamed over the old one, and the folder is synced: it is always the
whole old state or the whole new one. It may lag behind what the cloud accepted (by a group commit), it never runs
ahead of it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from .model import Problem, utc
from .plan import PlanState, Step

VERSION: Final = 1
# More marks than this are only counted: the map is a help for people, not a ledger.
MOST_MARKS: Final = 500
HOLE: Final = "hole"
REJECTED: Final = "rejected"


class CursorError(Exception):
    """The cursor cannot be used; `problem` says why."""

    problem = Problem.CURSOR_CORRUPT


class CursorNewerError(CursorError):
    """A newer version of this integration wrote the file."""

    problem = Problem.CURSOR_NEWER


class CursorWriteError(CursorError):
    """The file could not be written."""

    problem = Problem.CURSOR_UNWRITABLE


@dataclass(slots=True)
class Mark:
    """A stretch of periods that were passed without being accepted."""

    start_s: int
    end_s: int
    kind: str
    answer: str | None = None

    def to_json(self) -> list[Any]:
        """Write the mark as a short list."""
        return [self.start_s, self.end_s, self.kind, *([self.answer] if self.answer else [])]


@dataclass(slots=True)
class StreamCursor:
    """How far one stream has come, and what became of its periods.

    Everything before `state.position_s` has a class. `last_packet_s` is the time of the newest packet that was
    accepted; `unsure` says that a packet may be at the cloud that is not counted here (its GET cannot tell, and we
    did not stop cleanly).
    """

    stream_id: str
    state: PlanState
    last_packet_s: int | None = None
    continued_after_s: int | None = None
    begun_s: int = 0
    delivered: int = 0
    rejected: int = 0
    repeated: int = 0
    holes: int = 0
    resets: int = 0
    unsure: bool = False
    marks: list[Mark] = field(default_factory=list)
    # The marks as text: they seldom change, and every commit writes them again.
    _marks_text: str | None = field(default=None, compare=False, repr=False)

    @property
    def is_fresh(self) -> bool:
        """Tell whether no packet of the stream was ever accepted."""
        return self.last_packet_s is None

    def accept(self, step: Step, repeated: int = 0) -> None:
        """Move over a period whose packet the cloud has."""
        self.delivered += 1
        self.repeated += repeated
        self.last_packet_s = step.end_s
        self._move(step)

    def reject(self, step: Step, answer: str | None) -> None:
        """Move over a period whose packet the cloud refuses for good."""
        self.rejected += 1
        self._mark(Mark(step.start_s, step.end_s, REJECTED, answer))
        self._move(step)

    def pass_hole(self, step: Step, interval_s: int) -> int:
        """Move over periods without data and return how many holes that makes: none before the first packet."""
        holes = 0 if self.is_fresh else (step.end_s - step.start_s) // interval_s
        if holes:
            self.holes += holes
            self._mark(Mark(step.start_s, step.end_s, HOLE))
        self._move(step)
        return holes

    def _move(self, step: Step) -> None:
        self.resets += len(step.resets)
        self.state = step.after

    def _mark(self, mark: Mark) -> None:
        self._marks_text = None
        last = self.marks[-1] if self.marks else None
        if last is not None and (last.end_s, last.kind, last.answer) == (mark.start_s, mark.kind, mark.answer):
            last.end_s = mark.end_s
        else:
            self.marks.append(mark)
            del self.marks[:-MOST_MARKS]

    def to_text(self) -> str:
        """Write the cursor as JSON, with times that people can read too."""
        if self._marks_text is None:
            self._marks_text = _dumps([mark.to_json() for mark in self.marks])
        return f'{_dumps(self._facts())[:-1]},"marks":{self._marks_text}}}'

    def _facts(self) -> dict[str, Any]:
        return {
            "stream_id": self.stream_id,
            "position": utc(self.state.position_s).isoformat(),
            "last_packet": None if self.last_packet_s is None else utc(self.last_packet_s).isoformat(),
            "continued_after": None if self.continued_after_s is None else utc(self.continued_after_s).isoformat(),
            "begun": utc(self.begun_s).isoformat(),
            "accumulators_wh": dict(self.state.accumulators_wh),
            "last_sums": dict(self.state.last_sums),
            "delivered": self.delivered,
            "rejected": self.rejected,
            "repeated": self.repeated,
            "holes": self.holes,
            "resets": self.resets,
            "unsure": self.unsure,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_text` wrote; raises KeyError, TypeError or ValueError for anything else."""
        position_s = _epoch_s(data["position"])
        last_packet, continued_after = data["last_packet"], data["continued_after"]
        return cls(
            stream_id=str(data["stream_id"]),
            state=PlanState(position_s, _floats(data["accumulators_wh"]), _floats(data["last_sums"])),
            last_packet_s=None if last_packet is None else _epoch_s(last_packet),
            continued_after_s=None if continued_after is None else _epoch_s(continued_after),
            begun_s=_epoch_s(data["begun"]),
            delivered=int(data["delivered"]),
            rejected=int(data["rejected"]),
            repeated=int(data["repeated"]),
            holes=int(data["holes"]),
            resets=int(data["resets"]),
            unsure=bool(data["unsure"]),
            marks=[Mark(int(mark[0]), int(mark[1]), str(mark[2]), *mark[3:4]) for mark in data["marks"]],
        )


def _epoch_s(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.utcoffset() is None:
        raise ValueError("a cursor's time has no offset")
    return int(time.timestamp())


def _floats(data: Mapping[str, Any]) -> dict[str, float]:
    return {str(key): float(value) for key, value in data.items()}


class CursorFile:
    """The file of one account; its methods block and belong in the executor."""

    def __init__(self, path: Path) -> None:
        """Name the place; nothing is touched yet."""
        self._path = path
        self._lock = Lock()
        self._written = 0

    def load(self) -> dict[str, StreamCursor]:
        """Read all cursors; an absent file has none.

        Raises CursorNewerError for a file of a newer version, and CursorError for one that cannot be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as err:
            raise CursorError(f"{self._path.name}: {err.strerror}") from err
        try:
            data = json.loads(content)
            version = int(data["version"])
            if version > VERSION:
                raise CursorNewerError(f"{self._path.name}: version {version}")
            return {key: StreamCursor.from_json(stream) for key, stream in data["streams"].items()}
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as err:
            raise CursorError(f"{self._path.name}: cannot be read") from err

    def write(self, sequence: int, content: bytes) -> None:
        """Put the content in place so that it lasts; a write that was overtaken by a newer one does nothing."""
        with self._lock:
            if sequence <= self._written:
                return
            try:
                self._replace(content)
            except OSError as err:
                raise CursorWriteError(f"{self._path.name}: {err.strerror}") from err
            self._written = sequence

    def _replace(self, content: bytes) -> None:
        folder = self._path.parent
        folder.mkdir(exist_ok=True)
        temporary = folder / f"{self._path.name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            written = 0
            while written < len(content):
                written += os.write(descriptor, content[written:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(self._path)
        # Only the synced folder makes the new name last.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Delete the file, if there is one."""
        with self._lock:
            self._path.unlink(missing_ok=True)
            (self._path.parent / f"{self._path.name}.new").unlink(missing_ok=True)


def encode(cursors: Mapping[str, StreamCursor]) -> bytes:
    """Write all cursors of an account as the content of its file."""
    streams = ",".join(f"{_dumps(key)}:{cursor.to_text()}" for key, cursor in cursors.items())
    return f'{{"version":{VERSION},"streams":{{{streams}}}}}'.encode()


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
