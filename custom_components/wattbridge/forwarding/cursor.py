"""How far each stream has come, in one small file per account that survives kill -9 and power loss.

The file is written beside its place, synced, renamed over the old one, and the folder is synced: it is always the
whole old state or the whole new one. It may lag behind what the cloud accepted (by a group commit), it never runs
ahead of it.
"""

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from .marks import HOLE, REJECTED, Mark, Marks, dumps
from .model import HOUR_S, Notice, Problem, utc
from .plan import PlanState, Step


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
class StreamCursor:
    """How far one stream has come, and what became of its periods.

    Everything before `state.position_s` has a class. `last_packet_s` is the time of the newest packet that was
    accepted; `unsure` says that a packet may be at the cloud that is not counted here (its GET cannot tell, and we
    did not stop cleanly). `hourly_until_s`: up to here a stream of shorter intervals was sent by the hour.
    `has_caught_up`: there was a moment when nothing was left to send.
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
    hourly_until_s: int | None = None
    has_caught_up: bool = False
    passed: Marks = field(default_factory=Marks)

    @property
    def marks(self) -> list[Mark]:
        """What became of the stretches that were not accepted, as time goes; of very many, the newest."""
        return list(self.passed)

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
        self.mark(Mark(step.start_s, step.end_s, REJECTED, answer))
        self._move(step)

    def pass_hole(self, step: Step, interval_s: int) -> int:
        """Move over periods without data and return how many holes that makes: none before the first packet."""
        holes = 0 if self.is_fresh else (step.end_s - step.start_s) // interval_s
        if holes:
            self.holes += holes
            self.mark(Mark(step.start_s, step.end_s, HOLE))
        self._move(step)
        return holes

    def _move(self, step: Step) -> None:
        self.resets += len(step.resets)
        self.state = step.after

    def redeem(self, starts_s: Collection[int]) -> int:
        """Take hours out of what was rejected: the cloud has them after all; returns how many they are."""
        redeemed = self.passed.redeem(starts_s)
        self.rejected -= redeemed
        return redeemed

    def refuse_hour(self, start_s: int, answer: str | None) -> bool:
        """Put an hour that was passed before to what is rejected; returns whether it was not among that yet."""
        marks = (mark for mark in self.passed.others if mark.kind == REJECTED)
        if any(mark.start_s <= start_s < mark.end_s for mark in marks):
            return False
        self.rejected += 1
        self.mark(Mark(start_s, start_s + HOUR_S, REJECTED, answer))
        return True

    def mark(self, mark: Mark) -> None:
        """Remember what became of a stretch that was not accepted."""
        self.passed.add(mark)

    def to_text(self) -> str:
        """Write the cursor as JSON, with times that people can read too."""
        return f"{dumps(self._facts())[:-1]},{self.passed.to_text()}}}"

    def _facts(self) -> dict[str, Any]:
        return {
            "stream_id": self.stream_id,
            "position": utc(self.state.position_s).isoformat(),
            "last_packet": None if self.last_packet_s is None else utc(self.last_packet_s).isoformat(),
            "continued_after": None if self.continued_after_s is None else utc(self.continued_after_s).isoformat(),
            "begun": utc(self.begun_s).isoformat(),
            "accumulators_wh": dict(self.state.accumulators_wh),
            "last_sums": dict(self.state.last_sums),
            "last_rows": {source: utc(start_s).isoformat() for source, start_s in self.state.last_rows_s.items()},
            "uncounted_firsts": sorted(self.state.uncounted_firsts),
            "delivered": self.delivered,
            "rejected": self.rejected,
            "repeated": self.repeated,
            "holes": self.holes,
            "resets": self.resets,
            "unsure": self.unsure,
            "hourly_until": None if self.hourly_until_s is None else utc(self.hourly_until_s).isoformat(),
            "has_caught_up": self.has_caught_up,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_text` wrote; raises KeyError, TypeError or ValueError for anything else."""
        last_rows_s = {str(source): _epoch_s(start) for source, start in data["last_rows"].items()}
        last_packet, continued_after, hourly_until = data["last_packet"], data["continued_after"], data["hourly_until"]
        return cls(
            stream_id=str(data["stream_id"]),
            state=PlanState(
                _epoch_s(data["position"]),
                _floats(data["accumulators_wh"]),
                _floats(data["last_sums"]),
                last_rows_s,
                frozenset(str(source) for source in data["uncounted_firsts"]),
            ),
            last_packet_s=None if last_packet is None else _epoch_s(last_packet),
            continued_after_s=None if continued_after is None else _epoch_s(continued_after),
            begun_s=_epoch_s(data["begun"]),
            delivered=int(data["delivered"]),
            rejected=int(data["rejected"]),
            repeated=int(data["repeated"]),
            holes=int(data["holes"]),
            resets=int(data["resets"]),
            unsure=bool(data["unsure"]),
            hourly_until_s=None if hourly_until is None else _epoch_s(hourly_until),
            has_caught_up=bool(data["has_caught_up"]),
            passed=Marks.from_json(data["marks"], data["unlisted"]),
        )


def _epoch_s(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.utcoffset() is None:
        raise ValueError("a cursor's time has no offset")
    return int(time.timestamp())


def _floats(data: Mapping[str, Any]) -> dict[str, float]:
    return {str(key): float(value) for key, value in data.items()}


class Cursors(dict[str, StreamCursor]):
    """The cursors of an account's streams, and what is kept of streams that may have no place yet.

    `paused`: which ones somebody paused; `notices`: what somebody has not looked at yet, by stream; `silenced`: whose
    expiring rows nobody wants to hear of before they have caught up.
    """

    def __init__(
        self,
        cursors: Mapping[str, StreamCursor] | None = None,
        paused: Iterable[str] = (),
        *,
        notices: Mapping[str, dict[Notice, str]] | None = None,
        silenced: Iterable[str] = (),
    ) -> None:
        """Begin with what is known."""
        super().__init__(cursors or {})
        self.paused = set(paused)
        self.notices = dict(notices or {})
        self.silenced = set(silenced)

    def take_up(self, others: Cursors) -> None:
        """Take up everything that others hold."""
        self.update(others)
        self.paused |= others.paused
        self.notices |= others.notices
        self.silenced |= others.silenced

    def forget(self, known: Container[str]) -> bool:
        """Drop everything of streams that are not known; returns whether there was anything."""
        gone = {key for key in (*self, *self.paused, *self.notices, *self.silenced) if key not in known}
        for key in gone:
            self.pop(key, None)
            self.notices.pop(key, None)
        self.paused -= gone
        self.silenced -= gone
        return bool(gone)
