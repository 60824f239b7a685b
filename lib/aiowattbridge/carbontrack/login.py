"""How carbonTRACK's tokens are got: by password, then by refresh token, and by password again where that fails."""

from typing import Final

from ..auth import Token
from ..errors import CredentialsError
from ..transport import Transport, decode_json
from .wire import TOKEN, VENDOR

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path

# RFC 6749 5.2 refuses a grant with 400; some servers say 401 or 403.
REFUSALS: Final = frozenset({400, 401, 403})


class Login:
    """Fetches tokens for one account; to be called by `TokenAuth`."""

    def __init__(self, transport: Transport, username: str, password: str) -> None:
        """Keep the credentials, which the refresh grant of this cloud wants as well."""
        self._transport = transport
        self._credentials = {"username": username, "password": password}

    async def __call__(self, held: Token | None) -> Token:
        """Return a new token; raises CredentialsError when the password itself is refused."""
        if held is None or held.refresh_token is None:
            return await self._ask({"grant_type": "password"})
        try:
            refreshed = await self._ask({"grant_type": "refresh_token", "refresh_token": held.refresh_token})
        except CredentialsError:
            # The refresh token has had its day; whether the password has too is the next answer.
            return await self._ask({"grant_type": "password"})
        # The refresh grant answers without a refresh token: the one we have stays good.
        kept = refreshed.refresh_token or held.refresh_token
        return Token(access_token=refreshed.access_token, expires_in_s=refreshed.expires_in_s, refresh_token=kept)

    async def _ask(self, grant: dict[str, str]) -> Token:
        """Make one request for a token; asking twice for the same does no harm."""
        form = {**grant, **self._credentials}
        secrets = [text for name, text in form.items() if name != "grant_type"]
        answer = await self._transport.request("POST", TOKEN_PATH, form=form, secrets=secrets, repeatable=True)
        token = decode_json(answer, TOKEN, vendor=VENDOR, endpoint=TOKEN_PATH)
        return Token(
            access_token=token.access_token, expires_in_s=token.expires_in, refresh_token=token.refresh_token or None
        )
