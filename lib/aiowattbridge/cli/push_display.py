"""What is shown while files are sent: a bar for each stream, and why it waits if it does."""

from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Final, Self

from rich.progress import TextColumn, TimeRemainingColumn

from ..wattics import CsvChannel, Progress, Wait
from .screen import Screen, printable

# The same is told again only after so long.
_TOLD_EVERY_S: Final = 60.0


class PushDisplay:
    """Bars on a terminal, and notes on stderr."""

    def __init__(self, screen: Screen, channels: Sequence[CsvChannel]) -> None:
        """Make a bar for each stream."""
        self._screen = screen
        self._progress = screen.progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
        )
        self._tasks = {
            channel.stream_id: self._progress.add_task(printable(channel.stream_id), total=1, rate="")
            for channel in channels
        }
        self._told: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Show the bars."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take them away."""
        self._progress.stop()

    def on_progress(self, progress: Progress) -> None:
        """Move a stream's bar."""
        rate = "" if progress.rate_per_s is None else f"{progress.rate_per_s:.0f}/s"
        task = self._tasks[progress.channel.stream_id]
        self._progress.update(task, completed=progress.settled, total=progress.total, rate=rate)
        if not self._screen.is_watched and self._is_time_for(progress.channel.stream_id):
            self._screen.note(f"{progress.channel.stream_id}: {progress.settled} of {progress.total} {rate}")

    def on_wait(self, wait: Wait) -> None:
        """Say why nothing moves, but not at every turn."""
        who = "all streams" if wait.whole_account else wait.stream_id
        text = f"{who}: {wait.reason}"
        if self._is_time_for(text):
            self._screen.warn(f"{text}; trying again at {wait.until.astimezone():%H:%M:%S}")

    def _is_time_for(self, text: str) -> bool:
        """Tell, and note, that something may be said, again if it was said a while ago."""
        now_s = monotonic()
        if now_s - self._told.get(text, -inf) < _TOLD_EVERY_S:
            return False
        self._told[text] = now_s
        return True
