"""What the log says of a device's history: one line where it begins, at every tenth, at its end, and per correction."""

import logging
from typing import Final

from .progress import Progress

STEPS: Final = 10

_LOGGER = logging.getLogger(__name__)


class HistoryLog:
    """Remembers what was said of one device; which one it is, the log need not know."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._told: int | None = None
        self._revised = 0

    def note(self, progress: Progress) -> None:
        """Say what is new."""
        self._say_step(progress)
        if progress.revised_hours > self._revised:
            _LOGGER.info(
                "The cloud has corrected %d hours of a device's history, between %s and %s",
                progress.revised_hours - self._revised,
                *progress.revised_between or ("?", "?"),
            )
        self._revised = progress.revised_hours

    def _say_step(self, progress: Progress) -> None:
        told = self._told
        step = STEPS if progress.complete else min(int(STEPS * progress.fraction), STEPS - 1)
        # A little that was missed, while the device was silent say, is not worth two lines each time.
        if step == told or (told == STEPS and step == STEPS - 1):
            return
        self._told = step
        if progress.complete:
            if told is not None:
                _LOGGER.info("The history of a device is complete, from %s on", progress.imported_from)
        elif told is None or step < told:
            _LOGGER.info("The history of a device is being fetched, newest first; there is %.0f %%", _percent(progress))
        else:
            _LOGGER.info("History of a device: %.0f %% done, back to %s", _percent(progress), progress.imported_from)


def _percent(progress: Progress) -> float:
    return 100 * progress.fraction
