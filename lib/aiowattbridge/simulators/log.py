"""What a simulator was asked and what it answered, without query strings, headers or secrets."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

KEPT_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer; `status` is None when the connection was dropped instead."""

    at: datetime
    method: str
    path: str
    status: int | None
    fault: str | None = None
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Something no well-behaved client does."""

    at: datetime
    kind: str
    method: str
    path: str


class RequestLog:
    """The newest requests one by one, all of them as counts, and every violation."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self.violations: list[Violation] = []
        self.total = 0
        self._counts: Counter[tuple[str, str, int | None, str | None]] = Counter()

    def add(self, entry: Entry) -> None:
        """Keep a finished request."""
        self.total += 1
        self.entries.append(entry)
        self._counts[entry.method, entry.path, entry.status, entry.fault] += 1

    def violate(self, at: datetime, kind: str, method: str, path: str) -> None:
        """Keep a violation."""
        self.violations.append(Violation(at, kind, method, path))

    def count(
        self, path: str | None = None, *, method: str | None = None, status: int | None = None, fault: str | None = None
    ) -> int:
        """Count the requests that match all that is given."""
        return sum(
            number
            for (its_method, its_path, its_status, its_fault), number in self._counts.items()
            if (path is None or path == its_path)
            and (method is None or method == its_method)
            and (status is None or status == its_status)
            and (fault is None or fault == its_fault)
        )

    def statuses(self) -> dict[int | None, int]:
        """Count by status; None stands for dropped connections."""
        found: Counter[int | None] = Counter()
        for (_, _, status, _), number in self._counts.items():
            found[status] += number
        return dict(found)

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.violations.clear()
        self.total = 0
        self._counts.clear()
