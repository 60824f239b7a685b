"""One timeout for many: who is late is ended, and nobody else."""

import asyncio

import pytest

from aiowattbridge.deadline import Deadline

SOON_S = 0.02


async def work(deadline: Deadline, duration_s: float, after_s: float = 0.0) -> str:
    """Work for so long, beginning after so long."""
    await asyncio.sleep(after_s)
    with deadline.stretch():
        await asyncio.sleep(duration_s)
    return "done"


async def test_what_takes_too_long_is_a_timeout() -> None:
    """It ends when its time is over."""
    started_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await work(Deadline(SOON_S), 60)
    assert SOON_S <= asyncio.get_running_loop().time() - started_s < 5


async def test_each_has_its_whole_time() -> None:
    """Each is timed from its own beginning, whatever began or ended before it."""
    deadline = Deadline(5 * SOON_S)
    works = [work(deadline, 60), work(deadline, 0), work(deadline, 3 * SOON_S, 3 * SOON_S), work(deadline, 60, SOON_S)]
    ends = await asyncio.gather(*works, return_exceptions=True)
    assert [str(end) or type(end) for end in ends] == [TimeoutError, "done", "done", TimeoutError]


async def test_work_in_time_may_be_followed_by_anything() -> None:
    """A stretch that is over does not end what its task does next."""
    deadline = Deadline(SOON_S)
    assert await work(deadline, 0) == "done"
    await asyncio.sleep(3 * SOON_S)


async def test_no_timer_stays_behind() -> None:
    """There is a timer only while there is something to watch."""
    deadline = Deadline(60)
    await asyncio.gather(*(work(deadline, 0) for _ in range(3)))
    assert deadline._timer is None
    assert not deadline._watched


async def test_cancellation_stays_a_cancellation() -> None:
    """Who cancels the task gets what asyncio promises, also when the time is over at the same moment."""
    deadline = Deadline(SOON_S)
    early = asyncio.create_task(work(deadline, 60))
    late = asyncio.create_task(work(deadline, 60))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    early.cancel()
    asyncio.get_running_loop().call_at(next(reversed(deadline._watched)).ends_s, late.cancel)
    ends = await asyncio.gather(early, late, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError, asyncio.CancelledError]


async def test_other_errors_pass() -> None:
    """What goes wrong inside comes out as it is."""
    with pytest.raises(ValueError, match="broken"), Deadline(60).stretch():
        raise ValueError("broken")
