"""The error tree tells the caller what to do, and nothing it should not."""

import pytest
from kernel_bench import CANARY, assert_silent

from aiowattbridge import errors


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (errors.CredentialsError, errors.WattbridgeError),
        (errors.UnreachableError, errors.TryLaterError),
        (errors.RequestTimeoutError, errors.TryLaterError),
        (errors.RateLimitedError, errors.TryLaterError),
        (errors.ServerError, errors.TryLaterError),
        (errors.ForbiddenError, errors.RejectedError),
        (errors.NotFoundError, errors.RejectedError),
        (errors.ResponseError, errors.WattbridgeError),
    ],
)
def test_every_error_belongs_to_one_advice(kind: type, advice: type) -> None:
    """Each class has one parent that says what to do, and the root above it."""
    assert advice in kind.__bases__
    assert issubclass(kind, errors.WattbridgeError)


def test_network_errors_are_also_pythons_own() -> None:
    """Callers that know nothing of us still catch them."""
    assert issubclass(errors.UnreachableError, ConnectionError)
    assert issubclass(errors.RequestTimeoutError, TimeoutError)


def test_error_names_vendor_and_endpoint_and_keeps_the_facts() -> None:
    """The text is for people, the attributes for code."""
    error = errors.RateLimitedError("too many", vendor="V", endpoint="/e", status=429, retry_after_s=7.0)
    assert str(error) == "V /e: too many"
    assert (error.reason, error.status, error.retry_after_s, error.may_have_arrived) == ("too many", 429, 7.0, False)


def test_excerpt_of_the_answer_stays_out_of_the_text() -> None:
    """Who wants to know what the cloud said has to ask for it."""
    error = errors.RejectedError("refused", vendor="V", answer=CANARY)
    assert error.answer == CANARY
    assert_silent(error, CANARY)
