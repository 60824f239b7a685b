"""How WattCarbon's tokens are got: the e-mail and the API key, form-encoded, once a day; there is no refresh token."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from ..auth import Token
from ..errors import RejectedError, ResponseError
from ..fields import Number
from ..transport import decode_json
from .checks import check_text
from .door import VENDOR, Door

TOKEN_PATH: Final = "/auth/token"  # noqa: S105 - a path

# RFC 6749 5.2 refuses a grant with 400; this kind of service says 401. 422 is about the form, not the credentials.
REFUSALS: Final = frozenset({400, 401, 403})

# The guide says 24 hours; the answer is not shown to say so itself.
_LIFETIME_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _TokenAnswer:
    """An answer of /auth/token; `expires_in` is not documented, but believed where it is there."""

    access_token: Annotated[str, Field(min_length=1)]
    expires_in: Number = None


_TOKEN: Final = TypeAdapter(_TokenAnswer)


class Login:
    """Fetches tokens for one account; to be called by `TokenAuth`."""

    def __init__(self, door: Door, email: str, api_key: str) -> None:
        """Keep the credentials; raises ValueError for an empty one."""
        check_text("email", email)
        check_text("api_key", api_key)
        self._door = door
        self._form = {"grant_type": "password", "username": email, "password": api_key}
        self._secrets = (email, api_key)

    async def __call__(self, _: Token | None) -> Token:
        """Return a new token; raises CredentialsError when the credentials are refused.

        Any other refusal is a ResponseError: nothing that a request asks for is refused by it, an upload least of all.
        """
        try:
            answer = await self._door.request(
                "POST", TOKEN_PATH, form=self._form, secrets=self._secrets, repeatable=True
            )
        except RejectedError as err:
            raise ResponseError(
                f"the login is refused: {err.reason}",
                vendor=VENDOR,
                endpoint=TOKEN_PATH,
                status=err.status,
                answer=err.answer,
            ) from err
        token = decode_json(answer, _TOKEN, vendor=VENDOR, endpoint=TOKEN_PATH)
        lifetime_s = _LIFETIME_S if token.expires_in is None else max(token.expires_in, 0.0)
        return Token(access_token=token.access_token, expires_in_s=lifetime_s)
