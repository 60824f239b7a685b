"""What a look back at what was delivered comes to."""

from dataclasses import dataclass, field

from ..aiowattbridge.errors import RejectedError
from .hindsight import Losses, PastHour
from .model import HOUR_S
from .months import Month, month_of
from .revisions import Revision, Unsent


@dataclass(frozen=True, slots=True)
class Change:
    """An hour that is to be sent again, and what is told of it; nothing where nobody knows what was sent."""

    hour: PastHour
    revision: Revision | None

    @property
    def change_wh(self) -> float:
        """By how much the cloud's energy is to grow, as far as that is known."""
        return 0.0 if self.revision is None else self.revision.change_wh


@dataclass(slots=True)
class Look:
    """What a look back found, from `from_s` to `to_s`: what there is by the month, and what of it has changed.

    One that `only_reads` sends and notes nothing: what another one would send or count is `ahead` by the month, as so
    many stretches (`expected`), and what it would take for sent is `assumed`. `refused`: hours that the cloud refused
    before and might take now; `refusal`: why it was left off to send, and `unsent_wh`: what the cloud lacks by that.
    """

    from_s: int
    to_s: int
    everything: bool = False
    only_reads: bool = False
    months: dict[int, Month] = field(default_factory=dict)
    ahead: dict[int, Unsent] = field(default_factory=dict)
    assumed: dict[int, Unsent] = field(default_factory=dict)
    refused: list[PastHour] = field(default_factory=list)
    refusal: RejectedError | None = None
    unsent_wh: float = 0.0
    expected: int = 0
    revisions: int = 0
    change_wh: float = 0.0
    first_s: int = 0
    last_s: int = 0
    losses: Losses = field(default_factory=Losses)

    def add(self, revision: Revision) -> None:
        """Widen by one stretch that changed."""
        self.first_s = min(self.first_s, revision.start_s) if self.revisions else revision.start_s
        self.last_s = max(self.last_s, revision.end_s)
        self.change_wh += revision.change_wh
        self.revisions += 1

    def expect(self, revision: Revision, *, rows: int, is_assumed: bool = False, is_sent: bool = False) -> None:
        """Note what was only read; `rows` are hours that were none before.

        What nobody knows of is assumed to be in the cloud; `is_sent`: it would be sent all the same.
        """
        number = month_of(revision.start_s // HOUR_S)
        unsent = (self.assumed if is_assumed else self.ahead).setdefault(number, Unsent())
        unsent.rows += rows
        unsent.energy_wh += revision.change_wh
        self.expected += is_sent or not is_assumed

    def take_refusal(self) -> RejectedError | None:
        """Return why it was left off to send, and begin to send again."""
        refusal, self.refusal = self.refusal, None
        return refusal

    def add_hour(self, hour: PastHour) -> None:
        """Add an hour with data to its month."""
        if hour.energy_wh is not None:
            self.months.setdefault(month_of(hour.number), Month()).add(hour.number, hour.energy_wh, hour.digest)
