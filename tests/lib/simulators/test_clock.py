"""The scripted clock: what the clouds take for the time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aiowattbridge.simulators import SimulatorClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_runs_with_real_time_by_default() -> None:
    """Be close to the real time and go on."""
    clock = SimulatorClock()
    first = clock.now()
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=1)
    assert clock.now() >= first


def test_can_be_moved_and_set() -> None:
    """Move the day and never turn the monotonic seconds back."""
    clock = SimulatorClock(START, frozen=True)
    clock.advance(90)
    assert clock.now() == START + timedelta(seconds=90)
    assert clock.monotonic() == 90
    clock.set(START)
    assert clock.now() == START
    assert clock.monotonic() == 90


async def test_sleepers_on_a_frozen_clock_wake_at_their_time() -> None:
    """Sleep without waiting, two at once not twice as long."""
    clock = SimulatorClock(START, frozen=True)
    await asyncio.gather(clock.sleep(60), clock.sleep(60))
    assert clock.now() == START + timedelta(seconds=60)


def test_refuses_naive_times() -> None:
    """Take no time without a zone."""
    with pytest.raises(ValueError, match="aware"):
        SimulatorClock(START.replace(tzinfo=None))
