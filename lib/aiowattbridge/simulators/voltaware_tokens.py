"""The Voltaware cloud's token desk: client credentials and refresh in JSON, expiring by the scripted clock."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .checks import Refused, check_body
from .replies import Reply, json_reply

if TYPE_CHECKING:
    from .clock import SimulatorClock
    from .server import Call

NEEDED = {
    "/auth/token": {"grant_type": "client_credentials", "client_id": "", "client_secret": ""},
    "/auth/token/refresh": {"grant_type": "refresh_token", "client_id": "", "refresh_token": ""},
}
MOST_A_MINUTE = 3
"""More tokens than this within a minute, each got beside a good one, are what the page forbids: one per request."""


class Tokens:
    """Hands out tokens, tells since when one is good, takes them back; `refuses_refresh` makes logins necessary."""

    def __init__(self, clock: SimulatorClock, lifetime_s: int) -> None:
        """Start with no token out."""
        self.lifetime_s = lifetime_s
        self.refuses_refresh = False
        self.issued = {"client_credentials": 0, "refresh_token": 0}
        self._clock = clock
        # When a token was issued, and when its session began: a refreshed one knows what its session knew.
        self._access: dict[str, tuple[datetime, datetime]] = {}
        self._refresh: dict[str, datetime] = {}
        self._needless: list[datetime] = []

    def session_began(self, token: str) -> datetime | None:
        """Return when a good token's session began; None for a token that is unknown or expired."""
        issued, began = self._access.get(token, (None, None))
        return began if issued is not None and self._is_good(issued) else None

    def expire_all(self) -> None:
        """Make every access token worthless before its time."""
        self._access.clear()

    @property
    def is_asked_too_often(self) -> bool:
        """Tell whether within a minute there were more tokens got beside a good one than anybody needs."""
        recent = [at for at in self._needless if self._clock.now() - at < timedelta(minutes=1)]
        return len(recent) > MOST_A_MINUTE

    def answer(self, call: Call, account: tuple[str, str]) -> Reply:
        """Answer a request for a token."""
        needed = NEEDED[call.path]
        body = check_body(call, dict.fromkeys(needed, str))
        if missing := sorted(needed.keys() - body.keys()):
            raise Refused(400, f"{missing[0]} is missing.")
        if body["grant_type"] != needed["grant_type"]:
            raise Refused(400, f"grant_type has to be {needed['grant_type']}.")
        if call.path == "/auth/token":
            if (body["client_id"], body["client_secret"]) != account:
                raise Refused(401, "These credentials are not known.")
            return self._issue("client_credentials", self._clock.now())
        began = self._refresh.get(str(body["refresh_token"]))
        if self.refuses_refresh or began is None or body["client_id"] != account[0]:
            raise Refused(401, "This refresh token is not known.")
        return self._issue("refresh_token", began)

    def _issue(self, grant: str, began: datetime) -> Reply:
        """Make a new access token, and with a login a refresh token."""
        now = self._clock.now()
        if any(self._is_good(issued) for issued, _ in self._access.values()):
            self._needless.append(now)
        self.issued[grant] += 1
        access = self._invent("access")
        self._access[access] = now, began
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in_secs": self.lifetime_s,
        }
        if grant == "client_credentials":
            refresh = self._invent("refresh")
            answer["refresh_token"] = refresh
            self._refresh[refresh] = began
        return json_reply(answer)

    def _is_good(self, issued: datetime) -> bool:
        """Tell whether a token that was issued then is good now."""
        return self._clock.now() < issued + timedelta(seconds=self.lifetime_s)

    def _invent(self, kind: str) -> str:
        """Make up a token no two of which are alike."""
        seed = f"voltaware {kind} {sum(self.issued.values())} {self._clock.now().isoformat()}"
        return f"{kind}-{hashlib.sha256(seed.encode()).hexdigest()[:22]}"
