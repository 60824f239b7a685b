"""How long a cloud wants to be left alone by an account, whichever of its requests it said that to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from .errors import RateLimitedError, TryLaterError

# Where a cloud has enough of us and does not say for how long.
UNSAID_S: Final = 30.0
# No cloud means more than this; a pause that a broken clock made longer ends all the same.
LONGEST_S: Final = 24 * 3600.0


def _now() -> datetime:
    return datetime.now(UTC)


class Pause:
    """A pause that all requests of an account keep; `until` (aware) is what is worth remembering over a restart."""

    def __init__(self, until: datetime | None = None, *, now: Callable[[], datetime] = _now) -> None:
        """Begin with what is remembered; `now` tells the time."""
        self._now = now
        self.until = until

    @property
    def left_s(self) -> float:
        """Return how long to wait."""
        if self.until is None:
            return 0.0
        return min(max(0.0, (self.until - self._now()).total_seconds()), LONGEST_S)

    def check(self, vendor: str, endpoint: str) -> None:
        """Raise RateLimitedError while the cloud is to be left alone: nothing is sent then."""
        if left_s := self.left_s:
            raise RateLimitedError("asked to be left alone", vendor=vendor, endpoint=endpoint, retry_after_s=left_s)

    def note(self, err: TryLaterError) -> None:
        """Learn from what the cloud answered how long to wait; a longer pause that was asked for before stays."""
        wait_s = err.retry_after_s
        if err.status is None:
            # No answer of the cloud's: there was none, or it is our own refusal to send.
            return
        if wait_s is None and isinstance(err, RateLimitedError):
            wait_s = UNSAID_S
        if wait_s and wait_s > self.left_s:
            self.until = self._now() + timedelta(seconds=min(wait_s, LONGEST_S))
