"""The door to WattCarbon: it says who is asking, and tells the cloud's refusals in the cloud's own words."""

import re
from collections.abc import Collection, Mapping
from typing import Final

import aiohttp

from ..auth import Auth
from ..clock import Clock
from ..errors import WattbridgeError
from ..pause import Pause
from ..retry import RetryPolicy
from ..session import OwnSession
from ..transport import USER_AGENT, Answer, Transport, _Call
from .rejections import explained

VENDOR: Final = "WattCarbon"

_UNAUTHORIZED: Final = frozenset({401})
# The id of an asset or a meter in a path: what follows the collection.
_ID: Final = re.compile("^(/(?!auth/)[^/]+/)[^/]+")


def agent_name(application: str | None) -> str:
    """Return the User-Agent, an application's own name first; raises ValueError for a name that no header can hold."""
    if application is None:
        return USER_AGENT
    if not application.strip() or not application.isascii() or not application.isprintable():
        raise ValueError("user_agent: has to be a name in printable ASCII")
    return f"{application.strip()} {USER_AGENT}"


class Door(Transport):
    """The kernel's transport with this vendor's manners."""

    def __init__(  # noqa: PLR0913 - the world is handed in by name
        self,
        session: aiohttp.ClientSession | OwnSession,
        base_url: str,
        *,
        agent: str,
        policy: RetryPolicy,
        clock: Clock,
        timeout_s: float,
        auth: Auth | None = None,
        credential_statuses: frozenset[int] = _UNAUTHORIZED,
        pause: Pause | None = None,
    ) -> None:
        """Keep the name to send with every request; raises ValueError for a base URL that is not safe."""
        super().__init__(
            session,
            base_url,
            vendor=VENDOR,
            auth=auth,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            credential_statuses=credential_statuses,
            pause=pause,
        )
        self._agent = agent

    async def request(  # noqa: PLR0913 - the parts of a request are given by name
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        repeatable: bool,
    ) -> Answer:
        """Return the successful answer, or raise what its failure means.

        `secrets` are the secrets and the personal texts of the request itself. A request that is refused for what is in
        it raises RefusedError.
        """
        return await super().request(
            method,
            path,
            query=query,
            json=json,
            form=form,
            data=data,
            headers={"User-Agent": self._agent, **(headers or {})},
            secrets=secrets,
            repeatable=repeatable,
        )

    def _logged(self, path: str) -> str:
        """Leave out which asset or meter it is about: logs are shown in public."""
        return _ID.sub(r"\1…", path)

    def _status_error(self, call: _Call, answer: Answer, signature: Mapping[str, str]) -> WattbridgeError:
        """Make the error that the answer's status means, with the cloud's reasons."""
        error = super()._status_error(call, answer, signature)
        secrets = (*self._auth.secrets, *signature.values())
        return explained(error, answer.body, secrets=secrets, personal=call.secrets)
