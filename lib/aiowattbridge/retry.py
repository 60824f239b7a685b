"""When to ask again and how long to wait before it: values and pure functions, no I/O."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

# Beyond this doubling any sensible cap is reached; 2.0 ** attempt would overflow for callers that retry for ever.
_MOST_DOUBLINGS: Final = 32

_SECONDS = re.compile(r"\d{1,12}(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and for how long a repeatable request is tried.

    No attempt starts later than `total_s` after the first; the one under way is bounded by the transport's timeout.
    """

    attempts: int = 4
    total_s: float = 60.0
    base_s: float = 0.5
    cap_s: float = 8.0
    retry_after_ceiling_s: float = 60.0

    def backoff_s(self, attempt: int, random: Random) -> float:
        """Draw the wait after the given failed attempt (the first is 1): full jitter under a doubling, capped bound."""
        return random.uniform(0.0, min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)))

    def pause_s(self, attempt: int, elapsed_s: float, retry_after_s: float | None, random: Random) -> float | None:
        """Return how long to wait after the given failed attempt, or None if it was the last.

        Never less than the cloud asked for; what it asks beyond the ceiling is left to the caller.
        """
        if attempt >= self.attempts:
            return None
        pause_s = self.backoff_s(attempt, random)
        if retry_after_s is not None:
            if retry_after_s > self.retry_after_ceiling_s:
                return None
            pause_s = max(pause_s, retry_after_s)
        return pause_s if elapsed_s + pause_s <= self.total_s else None


NO_RETRY: Final = RetryPolicy(attempts=1)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as seconds from `now`; None if there is nothing to read."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    when = parse_http_date(text)
    if when is None:
        return None
    # Rounded up: a date has whole seconds, and asking a fraction of one too early is asking too early.
    return max(0.0, float(math.ceil((when - now).total_seconds())))


def parse_http_date(text: str) -> datetime | None:
    """Read an HTTP date in any of its three forms as aware UTC; None if it is none."""
    try:
        when = parsedate_to_datetime(text)
        # The asctime form does not say so, but an HTTP date is always in GMT.
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except ValueError, OverflowError:
        return None
