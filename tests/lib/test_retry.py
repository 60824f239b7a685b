"""When to ask again: bounds of the waits, and what Retry-After may say."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_bench import Highest

from aiowattbridge.retry import NO_RETRY, RetryPolicy, parse_retry_after

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@given(attempt=st.integers(1, 10_000), seed=st.integers())
def test_backoff_jitters_between_nothing_and_a_doubling_capped_bound(attempt: int, seed: int) -> None:
    """Full jitter, however often it is asked."""
    bound_s = min(8.0, 0.5 * 2.0 ** min(attempt - 1, 100))
    assert 0 <= RetryPolicy().backoff_s(attempt, Random(seed)) <= bound_s  # noqa: S311 - a seed of the test's
    assert RetryPolicy().backoff_s(attempt, Highest()) == bound_s


def test_last_attempt_is_the_last() -> None:
    """Attempts are bounded."""
    policy = RetryPolicy(attempts=3)
    assert policy.pause_s(2, 0, None, Random()) is not None  # noqa: S311 - any will do
    assert policy.pause_s(3, 0, None, Random()) is None  # noqa: S311 - any will do
    assert NO_RETRY.pause_s(1, 0, None, Random()) is None  # noqa: S311 - any will do


def test_no_attempt_starts_after_the_total_time() -> None:
    """The total time is bounded too."""
    policy = RetryPolicy(attempts=99, total_s=10, base_s=4)
    assert policy.pause_s(1, 6.0, None, Highest()) == 4.0
    assert policy.pause_s(1, 6.1, None, Highest()) is None


def test_retry_after_is_the_least_wait_up_to_the_ceiling() -> None:
    """Never earlier than asked for; beyond the ceiling the caller decides."""
    policy = RetryPolicy(retry_after_ceiling_s=20, base_s=1)
    assert policy.pause_s(1, 0, 20.0, Highest()) == 20.0
    assert policy.pause_s(1, 0, 0.2, Highest()) == 1.0
    assert policy.pause_s(1, 0, 20.5, Highest()) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("Sat, 14 Mar 2026 12:01:00 GMT", 60.0),
        ("Saturday, 14-Mar-26 12:01:00 GMT", 60.0),
        ("Sat Mar 14 12:01:00 2026", 60.0),
        ("Sat, 14 Mar 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1e3", None),
        ("nan", None),
        ("soon", None),
        ("9" * 400, None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(value: str | None, seconds: float | None) -> None:
    """All forms of HTTP, and nothing from what is none of them."""
    assert parse_retry_after(value, NOW) == seconds


def test_date_is_rounded_up_to_whole_seconds() -> None:
    """A fraction of a second too early is too early."""
    assert parse_retry_after("Sat, 14 Mar 2026 12:00:01 GMT", NOW + timedelta(milliseconds=300)) == 1.0


@given(st.text())
def test_no_header_text_breaks_the_reading(value: str) -> None:
    """Whatever a server writes there."""
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
