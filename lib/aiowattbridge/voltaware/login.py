"""How Voltaware's tokens are got: by client credentials, then by refresh token, and anew where that is refused."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from ..auth import Token
from ..errors import CredentialsError, RejectedError
from ..transport import Transport, decode_json

VENDOR: Final = "Voltaware"

TOKEN_PATH: Final = "/auth/token"  # noqa: S105 - a path
REFRESH_PATH: Final = "/auth/token/refresh"

# The page names 401 alone; 400 and 403 are what other servers say to credentials they do not know.
REFUSALS: Final = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class _TokenAnswer:
    """An answer of either path ("Access Token", "Refresh Token"); the one to a refresh has no refresh token."""

    access_token: Annotated[str, Field(min_length=1)] = field(repr=False)
    expires_in_secs: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    refresh_token: str | None = field(default=None, repr=False)
    token_type: str | None = None


_TOKEN: Final = TypeAdapter(_TokenAnswer)


class Login:
    """Fetches tokens for one account; to be called by `TokenAuth`."""

    def __init__(self, transport: Transport, client_id: str, client_secret: str) -> None:
        """Keep the credentials."""
        self._transport = transport
        self._client_id = client_id
        self._client_secret = client_secret

    async def __call__(self, held: Token | None) -> Token:
        """Return a new token; raises CredentialsError when the credentials themselves are refused."""
        if held is None or held.refresh_token is None:
            return await self._log_in()
        grant = {"grant_type": "refresh_token", "client_id": self._client_id, "refresh_token": held.refresh_token}
        try:
            refreshed = await self._ask(REFRESH_PATH, grant, held.refresh_token)
        except CredentialsError, RejectedError:
            # The refresh token has had its day; whether the credentials have too is the next answer.
            return await self._log_in()
        kept = refreshed.refresh_token or held.refresh_token
        return Token(access_token=refreshed.access_token, expires_in_s=refreshed.expires_in_s, refresh_token=kept)

    async def _log_in(self) -> Token:
        """Take a new token."""
        grant = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        return await self._ask(TOKEN_PATH, grant, self._client_secret)

    async def _ask(self, path: str, grant: dict[str, str], secret: str) -> Token:
        """Make one request for a token; asking twice for the same does no harm."""
        secrets = (self._client_id, secret)
        answer = await self._transport.request("POST", path, json=grant, secrets=secrets, repeatable=True)
        token = decode_json(answer, _TOKEN, vendor=VENDOR, endpoint=path)
        return Token(
            access_token=token.access_token,
            expires_in_s=token.expires_in_secs,
            refresh_token=token.refresh_token or None,
        )
