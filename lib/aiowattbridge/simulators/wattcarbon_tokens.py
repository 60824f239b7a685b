"""The WattCarbon cloud's token desk: e-mail and API key for a token of 24 hours, and nothing to renew it."""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .replies import Reply, json_reply
from .wattcarbon_refusals import UNAUTHORISED, Unwanted, missing, problem, unprocessable

if TYPE_CHECKING:
    from .clock import SimulatorClock
    from .server import Call

FIELDS = ("grant_type", "username", "password")
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class DayTokens:
    """Hands out access tokens and tells whether one is good."""

    def __init__(self, clock: SimulatorClock, lifetime_s: int) -> None:
        """Start with no token out."""
        self.lifetime_s = lifetime_s
        self.issued = 0
        self._clock = clock
        self._good_until: dict[str, datetime] = {}

    def expire_all(self) -> None:
        """Make every access token worthless before its time."""
        self._good_until.clear()

    def check(self, call: Call) -> None:
        """Let only the holder of a living token pass."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unwanted(401, "Not authenticated", tally=UNAUTHORISED, headers=CHALLENGE)
        good_until = self._good_until.get(token)
        if good_until is None or self._clock.now() >= good_until:
            raise Unwanted(401, "The token is unknown or expired.", tally=UNAUTHORISED, headers=CHALLENGE)

    def answer(self, call: Call, account: tuple[str, str]) -> Reply:
        """Answer a request for a token."""
        form = _form(call)
        if (form["username"], form["password"]) != account:
            raise Unwanted(401, "The e-mail address or the key is wrong.", tally=UNAUTHORISED, headers=CHALLENGE)
        self.issued += 1
        now = self._clock.now()
        token = hashlib.sha256(f"{self.issued} {now.isoformat()}".encode()).hexdigest()
        self._good_until[token] = now + timedelta(seconds=self.lifetime_s)
        return json_reply({"access_token": token, "token_type": "bearer"})


def _form(call: Call) -> dict[str, str]:
    """Read the three fields; a body that is no form has none of them."""
    pairs: list[tuple[str, str]] = []
    if call.content_type == "application/x-www-form-urlencoded":
        pairs = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    counts = Counter(name for name, _ in pairs)
    form = dict(pairs)
    problems = [missing("body", name) for name in FIELDS if not form.get(name)]
    for name, number in counts.items():
        if name not in FIELDS:
            problems.append(problem(("body", name), "This field is not known.", "extra_forbidden"))
        elif number > 1:
            problems.append(problem(("body", name), "This field comes twice."))
    if form.get("grant_type", "password") not in ("", "password"):
        problems.append(problem(("body", "grant_type"), "The only grant is password.", "string_pattern_mismatch"))
    if problems:
        raise unprocessable(*problems)
    return form
