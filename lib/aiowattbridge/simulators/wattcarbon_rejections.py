"""Files that a simulated WattCarbon cloud is told to refuse although nothing is wrong with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .wattcarbon_forms import FILE
from .wattcarbon_refusals import Unwanted, problem, unprocessable

REJECTED = "rejected"

type Predicate = Callable[[Mapping[datetime, float]], bool]


@dataclass(frozen=True, slots=True)
class UploadRejection:
    """Which files of an asset or meter are refused, and how; the predicate is given the rows."""

    owner_id: str
    predicate: Predicate
    status: int
    reason: str

    @property
    def answer(self) -> Unwanted:
        """Write the refusal, in the form that goes with its status."""
        if self.status == 422:  # noqa: PLR2004 - FastAPI's status for a body that is wrong
            return unprocessable(problem(FILE, self.reason), tally=REJECTED)
        return Unwanted(self.status, self.reason, tally=REJECTED)
