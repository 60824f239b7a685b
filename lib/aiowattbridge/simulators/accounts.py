"""The carbonTRACK cloud's token desk: password and refresh grants, form-encoded, expiring by the scripted clock."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .replies import Reply, json_reply

if TYPE_CHECKING:
    from .clock import SimulatorClock
    from .server import Call

NEEDED = {
    "password": frozenset({"grant_type", "username", "password"}),
    "refresh_token": frozenset({"grant_type", "refresh_token", "username", "password"}),
}


class TokenDesk:
    """Hands out tokens, tells whether one is good, takes them back."""

    def __init__(self, clock: SimulatorClock, lifetime_s: int) -> None:
        """Start with no token out."""
        self.lifetime_s = lifetime_s
        self.issued = {"password": 0, "refresh_token": 0}
        self._clock = clock
        self._access: dict[str, datetime] = {}
        self._refresh: set[str] = set()

    def is_good(self, token: str) -> bool:
        """Say whether an access token is known and not expired."""
        expires_at = self._access.get(token)
        return expires_at is not None and self._clock.now() < expires_at

    def expire_all(self) -> None:
        """Make every access token worthless before its time."""
        self._access.clear()

    def revoke_refresh_tokens(self) -> None:
        """Make every refresh token worthless."""
        self._refresh.clear()

    def answer(self, call: Call, account: tuple[str, str]) -> Reply:
        """Answer a request for a token as RFC 6749 has it."""
        if call.content_type != "application/x-www-form-urlencoded":
            return _refusal("invalid_request", "The body has to be form-encoded.")
        pairs = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs):
            return _refusal("invalid_request", "A parameter comes twice.")
        needed = NEEDED.get(grant := form.get("grant_type", ""))
        if needed is None:
            return _refusal("unsupported_grant_type", "password and refresh_token are supported.")
        if set(form) != needed:
            return _refusal("invalid_request", "Parameters are missing or unknown.")
        return (
            self._issue(grant)
            if self._is_granted(form, account)
            else _refusal("invalid_grant", "Something given is wrong.")
        )

    def _is_granted(self, form: dict[str, str], account: tuple[str, str]) -> bool:
        """Compare what was given with what is known."""
        known = (form["username"], form["password"]) == account
        return known and ("refresh_token" not in form or form["refresh_token"] in self._refresh)

    def _issue(self, grant: str) -> Reply:
        """Make a new access token, and with the password grant a refresh token."""
        self.issued[grant] += 1
        now = self._clock.now()
        access = self._invent("access")
        self._access[access] = now + timedelta(seconds=self.lifetime_s)
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "bearer",
            "issued_at": int(now.timestamp()),
            "expires_in": self.lifetime_s,
        }
        if grant == "password":
            answer["refresh_token"] = self._invent("refresh")
            self._refresh.add(str(answer["refresh_token"]))
        return json_reply(answer, headers={"Cache-Control": "no-store"})

    def _invent(self, kind: str) -> str:
        """Make up a token no two of which are alike."""
        seed = f"{kind} {sum(self.issued.values())} {self._clock.now().isoformat()}"
        return f"{kind}-{hashlib.sha256(seed.encode()).hexdigest()[:40]}"


def _refusal(error: str, description: str) -> Reply:
    """Answer 400 in the form of RFC 6749 section 5.2."""
    return json_reply({"error": error, "error_description": description}, 400, {"Cache-Control": "no-store"})
