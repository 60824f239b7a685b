"""What a cloud answered: the raw answer, the error that its status means, and the way into a typed model."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, quote_plus

from multidict import CIMultiDictProxy
from pydantic import TypeAdapter, ValidationError

from .errors import (
    CredentialsError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    ResponseError,
    ServerError,
    WattbridgeError,
)

_LONGEST_EXCERPT: Final = 200
# An excerpt is taken from so much of the body: enough after scrubbing, and little work for a huge page.
_EXCERPT_SOURCE_BYTES: Final = 65_536

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_NOT_PROCESSED: Final = frozenset({408, 425})
_SERVER_SIDE: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; its headers are case-insensitive and keep repeated ones."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes = field(repr=False)


def status_error(
    status: int,
    *,
    vendor: str,
    endpoint: str,
    answer: str | None,
    retry_after_s: float | None = None,
    credential_statuses: Collection[int] = (),
) -> WattbridgeError:
    """Return the error that a status of 300 or more means, in terms of what the caller should do."""
    refused = CredentialsError if status in credential_statuses else _REFUSALS.get(status, RejectedError)
    if status >= _SERVER_SIDE or status in _NOT_PROCESSED:
        return ServerError(
            f"the cloud is in trouble (HTTP {status})",
            vendor=vendor,
            endpoint=endpoint,
            status=status,
            may_have_arrived=status >= _SERVER_SIDE,
            answer=answer,
            retry_after_s=retry_after_s,
        )
    if status == _TOO_MANY:
        return RateLimitedError(
            "too many requests (HTTP 429)",
            vendor=vendor,
            endpoint=endpoint,
            status=status,
            answer=answer,
            retry_after_s=retry_after_s,
        )
    if status < 400:  # noqa: PLR2004 - where HTTP's redirections end
        message = f"redirects elsewhere (HTTP {status}), which is not followed"
        return ResponseError(message, vendor=vendor, endpoint=endpoint, status=status)
    message = f"{_REASONS.get(refused, 'refuses the request')} (HTTP {status})"
    return refused(message, vendor=vendor, endpoint=endpoint, status=status, answer=answer)


_REFUSALS: Final[dict[int, type[CredentialsError | RejectedError]]] = {
    401: CredentialsError,
    _FORBIDDEN: ForbiddenError,
    _NOT_FOUND: NotFoundError,
}
_REASONS: Final[dict[type[WattbridgeError], str]] = {
    CredentialsError: "refuses the credentials",
    ForbiddenError: "does not let this account see or do that",
    NotFoundError: "knows no such thing",
}


def excerpt(body: bytes | str, secrets: Collection[str]) -> str | None:
    """Return a text's beginning without control characters and without any of these secrets; None if it is empty."""
    text = body if isinstance(body, str) else body[:_EXCERPT_SOURCE_BYTES].decode(errors="replace")
    # The longest first: one secret may hold another (a token its user's name).
    for spelling in sorted({spelling for secret in secrets for spelling in _spellings(secret)}, key=len, reverse=True):
        text = text.replace(spelling, "***")
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_LONGEST_EXCERPT] or None


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it may be echoed: plain, inside JSON, inside a URL or a form."""
    if secret:
        yield from (secret, quote(secret, safe=""), quote_plus(secret))
        yield from (json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))


def decode_json[T](answer: Answer, adapter: TypeAdapter[T], *, vendor: str, endpoint: str) -> T:
    """Turn an answer into a model; raises ResponseError that names the field at fault, never its value."""
    problem = _unreadable(answer)
    if problem is None:
        try:
            return adapter.validate_json(answer.body)
        except ValidationError as err:
            problem = describe_invalid(err)
    # Raised out here: pydantic's error quotes the payload, and as a context it would travel with ours.
    raise ResponseError(problem, vendor=vendor, endpoint=endpoint, status=answer.status, may_have_arrived=True)


def _unreadable(answer: Answer) -> str | None:
    """Say why an answer is not even a candidate for JSON, or None."""
    start = answer.body[:64].lstrip()
    if not start:
        return "the answer is empty"
    if start.startswith(b"<"):
        return "the answer is a page of HTML or XML instead of JSON"
    content_type = answer.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        return "the answer is not declared as JSON"
    return None


def describe_invalid(err: ValidationError) -> str:
    """Name the first field at fault and the kind of fault; pydantic's own text could quote the value."""
    first = err.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "the answer is no whole JSON"
    path = ".".join(str(part) for part in first["loc"]) or "the whole answer"
    kind = "is missing" if first["type"] == "missing" else f"is malformed ({first['type']})"
    return f"field {path} {kind}"
