"""The one door to a cloud: here alone a request waits, renews its credentials, is repeated, and fails."""

import ipaddress
import json as jsonlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import urlencode, urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from .answer import Answer, decode_json, excerpt, status_error
from .auth import Auth
from .clock import SYSTEM_CLOCK, Clock
from .deadline import Deadline
from .errors import RequestTimeoutError, ResponseError, TryLaterError, UnreachableError, WattbridgeError
from .headers import USER_AGENT, RequestHeaders
from .pause import Pause
from .retry import RetryPolicy, parse_retry_after
from .session import OwnSession

__all__ = ["USER_AGENT", "Answer", "Transport", "check_base_url", "decode_json"]

_LOGGER = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S: Final = 30.0
# A host that does not take a connection within this time is away; the rest of the timeout is for its answer.
_LONGEST_CONNECT_S: Final = 10.0
# No answer we know comes near this; without a bound a broken server could fill the memory.
LARGEST_BODY_BYTES: Final = 64 * 1024 * 1024

# What aiohttp never repeats of itself: it does that with idempotent methods alone.
_NEVER_REPEATED: Final = frozenset({"POST", "PATCH"})
_UNAUTHORIZED: Final = 401
_FIRST_NOT_SUCCESS: Final = 300

# Jitter needs no reproducibility across clients; tests hand in their own.
_JITTER: Final = Random()  # noqa: S311 - spreads retries, protects nothing


def check_base_url(url: str) -> str:
    """Return a base URL without trailing slash; raises ValueError unless it is https, or http on a loopback host."""
    try:
        parts = urlsplit(url.strip())
        port_is_valid = parts.port != 0
    except ValueError:
        raise ValueError("The URL cannot be read") from None
    if not parts.hostname or not port_is_valid:
        raise ValueError("The URL names no host or no usable port")
    if "@" in parts.netloc or "\\" in url:
        raise ValueError("The URL must not hold credentials")
    if not url.isascii():
        raise ValueError("The URL must be spelled in ASCII (an international name as xn--…)")
    if any(char in url.strip() for char in "?# \t\r\n"):
        raise ValueError("The URL must not hold a query, a fragment or spaces")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("The URL must start with https:// (http:// is for loopback hosts alone)")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself, without asking a name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(slots=True)
class _Call:
    """One request as it goes out, whatever number of times."""

    method: str
    path: str
    url: URL
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str] | None = field(repr=False)
    content_type: str | None
    secrets: Collection[str] = field(repr=False)


class _Once:
    """Lets a request go out once: aiohttp repeats a GET whose kept connection broke, past every policy and pause."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._sent = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send the request, or refuse to send it again."""
        if self._sent:
            raise aiohttp.ClientConnectionError
        self._sent = True
        return await handler(request)


class _NoAuth:
    """Nobody in particular: for the endpoints that make somebody of us."""

    secrets: Collection[str] = ()

    async def headers(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    async def renew(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's argument
        """Renew nothing."""
        return False

    def absorb(self, answer_headers: CIMultiDictProxy[str]) -> None:
        """Learn nothing."""


class Transport:
    """Sends requests to one cloud over a session that belongs to somebody else."""

    def __init__(  # noqa: PLR0913 - the world is handed in by name
        self,
        session: aiohttp.ClientSession | OwnSession,
        base_url: str,
        *,
        vendor: str,
        auth: Auth | None = None,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
        timeout_s: float = DEFAULT_TIMEOUT_S,
        clock: Clock = SYSTEM_CLOCK,
        credential_statuses: frozenset[int] = frozenset({_UNAUTHORIZED}),
        largest_body_bytes: int = LARGEST_BODY_BYTES,
        random: Random = _JITTER,
        pause: Pause | None = None,
    ) -> None:
        """Keep what every request needs; raises ValueError for a base URL that is not safe."""
        self._session = session
        self._base_url = check_base_url(base_url)
        self._vendor = vendor
        self._auth: Auth = _NoAuth() if auth is None else auth
        self._policy = policy
        self._deadline = Deadline(timeout_s)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(timeout_s, _LONGEST_CONNECT_S))
        self._clock = clock
        self._credential_statuses = credential_statuses
        self._largest_body_bytes = largest_body_bytes
        self._random = random
        self._pause = pause
        self._headers = RequestHeaders()

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
        """Return the successful (2xx) answer, or raise what its failure means; `path` is taken as already escaped.

        A `repeatable` request is tried again as the policy says. A 401 is replayed once with renewed credentials.
        `secrets` are those in the request itself, which an answer may echo.
        """
        url = URL(self._base_url + path, encoded=True)
        content_type, body = _encode(json, form, data)
        call = _Call(method, path, url.with_query(query) if query else url, body, headers, content_type, secrets)
        started_s = self._clock.monotonic() if repeatable else 0.0
        attempt, may_replay = 1, True
        while True:
            # Outside of the retries: logging in is a request of its own, with retries of its own.
            signature = await self._auth.headers()
            try:
                if self._pause is not None:
                    self._pause.check(self._vendor, path)
                answer = await self._exchange(call, signature)
            except TryLaterError as err:
                if self._pause is not None:
                    self._pause.note(err)
                if not repeatable:
                    raise
                elapsed_s = self._clock.monotonic() - started_s
                pause_s = self._policy.pause_s(attempt, elapsed_s, err.retry_after_s, self._random)
                if pause_s is None:
                    raise
                attempt += 1
                await self._clock.sleep(pause_s)
                continue
            if answer.status != _UNAUTHORIZED:
                return answer
            if not (may_replay and await self._auth.renew(signature)):
                raise self._status_error(call, answer, signature)
            may_replay = False

    async def _exchange(self, call: _Call, signature: Mapping[str, str]) -> Answer:
        """Send the request once; returns a success or a 401, which may be worth a replay, and raises the rest."""
        started_s = self._clock.monotonic()
        session = self._session.open() if isinstance(self._session, OwnSession) else self._session
        try:
            # It covers the body too.
            with self._deadline.stretch():
                response = await session.request(
                    call.method,
                    call.url,
                    data=call.body,
                    headers=self._headers.of(call.headers, call.content_type, signature),
                    timeout=self._timeout,
                    allow_redirects=False,
                    middlewares=() if call.method in _NEVER_REPEATED else (_Once(),),
                )
                content = response.content
                try:
                    # A small answer mostly came whole together with its headers, and nothing is left to wait for.
                    body = content.read_nowait() if content.is_eof() else await self._read(content)
                finally:
                    # At its end a response has given its connection back; before, nobody can use that again.
                    if not response.closed:
                        response.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            failure = self._connection_error(call, err)
        else:
            answer = Answer(response.status, response.headers, body)
            duration_ms = 1000 * (self._clock.monotonic() - started_s)
            path = self._logged(call.path)
            _LOGGER.debug("%s: %s %s: %s in %.0f ms", self._vendor, call.method, path, answer.status, duration_ms)
            problem = self._judge(call, answer, signature)
            if problem is None:
                return answer
            failure = problem
        # Raised out here: aiohttp's errors can quote URLs and headers, and as a context they would travel with ours.
        raise failure

    def _logged(self, path: str) -> str:
        """Return a path as it may stand in a log; a vendor that has ids in its paths takes them out."""
        return path

    def _judge(self, call: _Call, answer: Answer, signature: Mapping[str, str]) -> WattbridgeError | None:
        """Learn what an answer says about the session; returns the error it means, if it means one."""
        if len(answer.body) > self._largest_body_bytes:
            return self._error(ResponseError, call, "the answer is too large", may_have_arrived=True)
        self._auth.absorb(answer.headers)
        if answer.status < _FIRST_NOT_SUCCESS or answer.status == _UNAUTHORIZED:
            return None
        return self._status_error(call, answer, signature)

    async def _read(self, content: aiohttp.StreamReader) -> bytes:
        """Read a body to its end, or until it is larger than any we want."""
        size, chunks = 0, []
        while size <= self._largest_body_bytes and (chunk := await content.readany()):
            size += len(chunk)
            chunks.append(chunk)
        return b"".join(chunks)

    def _connection_error(self, call: _Call, err: Exception) -> WattbridgeError:
        """Say what a failure below HTTP means: above all, whether the request may have arrived."""
        name = type(err).__name__
        if isinstance(err, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            return self._error(UnreachableError, call, f"no connection ({name})")
        if isinstance(err, TimeoutError):
            return self._error(RequestTimeoutError, call, "no whole answer in time", may_have_arrived=True)
        if isinstance(err, aiohttp.ClientResponseError):
            return self._error(ResponseError, call, f"the answer is no HTTP ({name})", may_have_arrived=True)
        return self._error(UnreachableError, call, f"the connection broke ({name})", may_have_arrived=True)

    def _error(
        self, kind: type[WattbridgeError], call: _Call, message: str, *, may_have_arrived: bool = False
    ) -> WattbridgeError:
        """Make an error of this cloud and this endpoint."""
        return kind(message, vendor=self._vendor, endpoint=call.path, may_have_arrived=may_have_arrived)

    def _status_error(self, call: _Call, answer: Answer, signature: Mapping[str, str]) -> WattbridgeError:
        """Make the error that the answer's status means, with a scrubbed excerpt of what the cloud said."""
        return status_error(
            answer.status,
            vendor=self._vendor,
            endpoint=call.path,
            answer=excerpt(answer.body, (*self._auth.secrets, *signature.values(), *call.secrets)),
            retry_after_s=parse_retry_after(answer.headers.get("Retry-After"), self._clock.now()),
            credential_statuses=self._credential_statuses,
        )


def _encode(json: object, form: Mapping[str, str] | None, data: bytes | None) -> tuple[str | None, bytes | None]:
    """Turn a body into bytes that can be sent again, and say what type they are."""
    if json is not None:
        return "application/json", jsonlib.dumps(json, separators=(",", ":")).encode()
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode()
    return None, data
