"""The ways a cloud can fail, scripted for the next requests or drawn from a seeded profile."""

import random
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class FaultKind(StrEnum):
    """What goes wrong with one request."""

    RATE_LIMITED = "rate_limited"  # 429, with Retry-After when given
    SERVER_ERROR = "server_error"  # 500
    BAD_GATEWAY = "bad_gateway"  # 502 with a proxy's HTML page
    UNAVAILABLE = "unavailable"  # 503, with Retry-After when given
    STATUS = "status"  # any other status
    SLOW_ANSWER = "slow_answer"  # executed, then answered late
    SLOW_BODY = "slow_body"  # executed; headers at once, the body in two halves
    CUT_BEFORE = "cut_before"  # connection dropped, nothing executed
    CUT_AFTER = "cut_after"  # executed, then the connection is dropped without an answer
    CUT_BODY = "cut_body"  # executed; half of the announced body, then the connection is dropped
    TRUNCATED_JSON = "truncated_json"  # a whole HTTP answer that holds half of the JSON
    HTML = "html"  # 200 with an HTML page of something in between
    EMPTY_BODY = "empty_body"  # 200 and nothing
    WRONG_CONTENT_TYPE = "wrong_content_type"  # the right body under text/plain
    DUPLICATE_PAGE = "duplicate_page"  # the page before, once more
    EMPTY_PAGE = "empty_page"  # no records on a page that has some
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a fault: 401 although the token should be good
    IN_BAND = "in_band"  # 200 with an error inside the answer


NOT_EXECUTED = frozenset(
    {
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
        FaultKind.STATUS,
        FaultKind.CUT_BEFORE,
        FaultKind.HTML,
    }
)
WITH_RETRY_AFTER = frozenset(
    {
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
        FaultKind.STATUS,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure with its details.

    `retry_after_s` goes out in seconds, or as a date when `as_date`; with `enforced` every request is answered the same
    way until that time has passed. `executed` overrides whether the request takes effect. `delay_s` is real time.
    """

    kind: str
    retry_after_s: float | None = None
    as_date: bool = False
    enforced: bool = False
    status: int | None = None
    delay_s: float = 0.5
    executed: bool | None = None
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist, when the fault is made rather than when it strikes."""
        object.__setattr__(self, "kind", FaultKind(self.kind))
        if self.kind is FaultKind.STATUS and self.status is None:
            raise ValueError("a status fault needs a status")
        if self.retry_after_s is not None and self.kind not in WITH_RETRY_AFTER:
            raise ValueError(f"a {self.kind} fault has no Retry-After")

    @property
    def takes_effect(self) -> bool:
        """Say whether the cloud executes the request that this fault strikes."""
        return self.executed if self.executed is not None else self.kind not in NOT_EXECUTED


class Faults:
    """Which fault strikes which request: scripts first, then the profile, else none."""

    def __init__(self, kinds: frozenset[FaultKind]) -> None:
        """Remember which kinds this cloud can play."""
        self._kinds = kinds
        self._scripts: dict[str, deque[Fault | None]] = {}
        self._shares: list[tuple[Fault, float]] = []
        self._random = random.Random()
        self._profile_path = "*"

    def script(self, path: str, faults: Iterable[Fault | str | None]) -> None:
        """Strike the next requests to `path` (`*`: any) one by one; None lets one through unharmed."""
        queue = self._scripts.setdefault(path, deque())
        queue.extend(None if fault is None else self._checked(fault) for fault in faults)

    def profile[Kind: Fault | str](self, seed: int, shares: Mapping[Kind, float], *, path: str = "*") -> None:
        """Strike requests at random in these shares, the same ones for the same seed and order of requests."""
        if sum(shares.values()) > 1 or any(share < 0 for share in shares.values()):
            raise ValueError("the shares of a fault profile lie between 0 and 1 in all")
        self._shares = [(self._checked(fault), share) for fault, share in shares.items()]
        self._random = random.Random(seed)
        self._profile_path = path

    def clear(self) -> None:
        """Let every request through from now on."""
        self._scripts.clear()
        self._shares.clear()

    @property
    def pending(self) -> int:
        """Count the scripted turns that no request has taken yet."""
        return sum(len(queue) for queue in self._scripts.values())

    def take(self, path: str) -> Fault | None:
        """Choose the fault of a request that has just come."""
        for key in (path, "*"):
            if queue := self._scripts.get(key):
                return queue.popleft()
        if not self._shares or self._profile_path not in ("*", path):
            return None
        drawn = self._random.random()
        for fault, share in self._shares:
            if (drawn := drawn - share) < 0:
                return fault
        return None

    def _checked(self, fault: Fault | str) -> Fault:
        """Give a bare kind its default details and refuse what this cloud cannot play."""
        whole = fault if isinstance(fault, Fault) else Fault(fault)
        if whole.kind not in self._kinds:
            raise ValueError(f"this simulator knows no {whole.kind} fault")
        return whole
