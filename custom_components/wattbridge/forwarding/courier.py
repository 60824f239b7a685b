"""Who carries the periods of a stream to its cloud. Each cloud has its own courier; what becomes of a period is one."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..aiowattbridge.errors import RejectedError
from .desk import StreamDesk
from .model import Choice, Problem
from .plan import Step
from .reconcile import HeldError

# So many rejections in a row are no accident of single periods.
REJECTIONS_IN_A_ROW: Final = 3
# What is usual is entered into the ledger, and shown, for so many packets together, or after so long.
USUAL_PACKETS: Final = 8
USUAL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pending:
    """A period whose class is known only when a later one is accepted: rejected, or a hole after a rejected one."""

    step: Step
    answer: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of hours that were sent again, by their starts; the others were not passed yet, or were left off.

    `refusal`: what the cloud said when so many were refused in a row that it is no accident of single hours.
    """

    taken: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    refusal: RejectedError | None = None


class Courier(ABC):
    """Brings planned steps to the cloud in order, and moves the cursor over what has a class."""

    def __init__(self, desk: StreamDesk) -> None:
        """Carry for a stream."""
        self._desk = desk
        self._pending: list[Pending] = []
        # What the stream is held with, until somebody says whether it is to be sent again or passed.
        self._held: list[Pending] = []
        # What the cursor has passed, but the ledger not yet; and since when.
        self._late: list[Step] = []
        self._late_since_s = 0.0
        # Somebody wants what is refused to be passed although nothing was ever accepted.
        self._is_lenient = False

    @abstractmethod
    async def async_agree(self) -> None:
        """Find the place to go on from; raises HeldError where that is not certain."""

    @abstractmethod
    async def async_take(self, steps: Iterable[Step]) -> None:
        """Deliver steps one after another; raises HeldError where the stream has to be held."""

    async def async_send_again(self, hours: Mapping[int, float]) -> Sent:
        """Send hours once more, given as kWh by their start."""
        return Sent()

    async def async_read_back(self, start_s: int, end_s: int) -> Mapping[int, float] | None:
        """Ask what the cloud has of a stretch, as kWh by the start of the hour; None where it does not say."""
        return None

    def choose(self, choice: Choice) -> None:
        """Do what somebody chose about the present problem, before the stream is tried again."""
        if choice is Choice.SKIP:
            self._skip()
            self._desk.clear(Problem.REJECTED)
        self._held.clear()

    def note_stopped(self) -> None:  # noqa: B027 - most have nothing to settle
        """Settle what can be settled because nothing is on its way any more."""

    def can_skip(self) -> bool:
        """Tell whether there is something to be passed."""
        return bool(self._held)

    def hole(self, step: Step) -> None:
        """Pass periods without data; after a rejection that has to wait."""
        self.catch_up()
        desk = self._desk
        desk.state = step.after
        if step.resets:
            desk.note_resets(step)
        if self._pending:
            self._pending.append(Pending(step, None))
            return
        self._pass_hole(step)
        desk.moved()

    def reject(self, step: Step, answer: str, *, repeated: int = 0) -> None:
        """Keep a rejection until we know whether it is the period or the stream; hold the stream in the second case."""
        self.catch_up()
        desk = self._desk
        desk.state = step.after
        desk.note_rejected(repeated)
        self._pending.append(Pending(step, answer))
        in_a_row = sum(1 for pending in self._pending if pending.answer is not None)
        if (desk.moving.is_fresh and not self._is_lenient) or in_a_row >= REJECTIONS_IN_A_ROW:
            self._held, self._pending = self._pending, []
            desk.state = desk.moving.state
            raise HeldError(Problem.REJECTED, answer)

    def accept(self, steps: Sequence[Step], *, confirmed: int = 0, repeated: int = 0) -> None:
        """Move over what the cloud has, and over what was waiting for that."""
        self.catch_up()
        desk, cursor = self._desk, self._desk.moving
        if self._pending:
            self._pass(self._pending)
            self._pending.clear()
        desk.ledger.note_all(steps, desk.config)
        for step in steps:
            cursor.accept(step)
            if step.end_s - step.start_s > desk.config.interval_s:
                cursor.hourly_until_s = step.end_s
            if step.resets:
                desk.note_resets(step)
        cursor.repeated += repeated
        desk.state = steps[-1].after
        desk.clear(Problem.REJECTED)
        desk.note_accepted(steps, confirmed=confirmed, repeated=repeated)
        desk.moved()

    def is_usual(self, step: Step) -> bool:
        """Tell whether nothing is to be noted of an accepted step but that."""
        desk = self._desk
        is_short = step.end_s - step.start_s <= desk.config.interval_s
        return is_short and not step.resets and not self._pending and desk.is_quiet

    def accept_usual(self, step: Step) -> None:
        """Move over a packet that is like many others; the ledger follows, which may always be behind the cursor."""
        desk = self._desk
        desk.moving.accept(step)
        desk.state = step.after
        desk.account.committer.mark()
        now_s = desk.hass.loop.time()
        if not self._late:
            self._late_since_s = now_s
        self._late.append(step)
        if len(self._late) >= USUAL_PACKETS or now_s - self._late_since_s >= USUAL_S:
            self.catch_up()

    def catch_up(self) -> None:
        """Enter into the ledger what the cursor has passed, and show it."""
        if self._late:
            late, self._late = self._late, []
            self._desk.ledger.note_all(late, self._desk.config)
            self._desk.notify()

    def start_over(self) -> None:
        """Forget what was under way, and what was held: the steps come again from the place of the cursor."""
        self._pending.clear()
        self._held.clear()

    def _skip(self) -> None:
        """Pass what the stream is held with, each with the cloud's answer."""
        self._pass(self._held, is_chosen=True)
        self._desk.state = self._desk.moving.state
        self._desk.moved()

    def _pass(self, pendings: list[Pending], *, is_chosen: bool = False) -> None:
        desk, cursor = self._desk, self._desk.moving
        for pending in pendings:
            if pending.answer is None:
                self._pass_hole(pending.step)
            else:
                cursor.reject(pending.step, pending.answer)
                desk.ledger.note_refused(pending.step, desk.config)
                desk.note_given_up(pending.step, pending.answer, is_chosen=is_chosen)

    def _pass_hole(self, step: Step) -> None:
        desk = self._desk
        desk.note_holes(desk.moving.pass_hole(step, desk.config.interval_s))
        desk.ledger.note_hole(step)


def answer_of(status: int | None, answer: str | None) -> str:
    """Write what a cloud answered to what it refuses."""
    return f"{status}: {answer}" if answer else str(status)
