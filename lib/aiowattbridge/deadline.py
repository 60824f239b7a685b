"""One timeout for many requests at once, with one timer for all of them.

All that begin later end later, so it is enough to watch the oldest. `asyncio.timeout` and aiohttp's own total make and
drop a timer with every request; with many on their way this one makes next to none.
"""

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """The same timeout for everything that is entered through it."""

    def __init__(self, timeout_s: float) -> None:
        """Begin with nothing to watch."""
        self._timeout_s = timeout_s
        # In the order they began, which is that of their ends.
        self._watched: dict[_Stretch, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def stretch(self) -> _Stretch:
        """Return what to enter for one stretch of work; it raises TimeoutError where that takes too long."""
        return _Stretch(self)

    def watch(self, stretch: _Stretch) -> float:
        """Watch a stretch that begins now; returns when it has to be over, by the loop's clock."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self._timeout_s
        self._watched[stretch] = None
        if self._timer is None:
            self._timer = loop.call_at(ends_s, self._end_the_late)
        return ends_s

    def leave(self, stretch: _Stretch) -> None:
        """Watch a stretch no more; without any no timer stays behind."""
        self._watched.pop(stretch, None)
        if not self._watched and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_the_late(self) -> None:
        """End what took too long, and look again when the next one would."""
        loop = asyncio.get_running_loop()
        self._timer = None
        now_s = loop.time()
        for stretch in list(self._watched):
            if stretch.ends_s > now_s:
                self._timer = loop.call_at(stretch.ends_s, self._end_the_late)
                return
            del self._watched[stretch]
            stretch.end()


class _Stretch:
    """A stretch of one task's work; what ends it is a cancellation that becomes a TimeoutError on its way out."""

    __slots__ = ("_cancelling", "_deadline", "_is_late", "_task", "ends_s")

    def __init__(self, deadline: Deadline) -> None:
        """Begin with nothing done."""
        self._deadline = deadline
        self._is_late = False

    def __enter__(self) -> Self:
        """Begin; raises RuntimeError outside of a task, which alone can be ended."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        self._task = task
        # Somebody may be cancelling the task already, and that is not to be mistaken for the timeout.
        self._cancelling = task.cancelling()
        self.ends_s = self._deadline.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; where the timeout did, and nobody else cancelled the task as well, this is a TimeoutError."""
        self._deadline.leave(self)
        if self._is_late and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """Cancel what is still at work."""
        self._is_late = True
        self._task.cancel()
