"""Every kind of failure of a cloud has a text of its own."""

import pytest

from custom_components.wattbridge.aiowattbridge.errors import (
    CredentialsError,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    UnreachableError,
    WattbridgeError,
)
from custom_components.wattbridge.errors import error_key


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (CredentialsError, "invalid_auth"),
        (UnreachableError, "cannot_connect"),
        (RateLimitedError, "cannot_connect"),
        (NotFoundError, "request_rejected"),
        (ResponseError, "answer_unreadable"),
        (WattbridgeError, "unknown"),
    ],
)
def test_failure_has_a_key(kind: type[WattbridgeError], key: str) -> None:
    """The flows' errors and the exceptions share it."""
    assert error_key(kind("it failed", vendor="Wattics")) == key
