"""When something that has failed is tried again: a cloud that is not there, a database that cannot be written."""

import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from .aiowattbridge.errors import CredentialsError, TryLaterError, WattbridgeError
from .statistics import WriteLostError

FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 15 * 60.0

_LOGGER = logging.getLogger(__name__)


class Pause(Protocol):
    """What knows how long the account's cloud wants to be left alone, whoever it said that to."""

    @property
    def left_s(self) -> float:
        """Return how long to wait."""


class Patience:
    """When to try again what has failed: soon at first, then ever more rarely, and not before the cloud allows it."""

    def __init__(self, pause: Pause | None = None) -> None:
        """Let the first attempt be made at once, or after the pause of the account."""
        self._pause = pause
        self._wait_s = 0.0
        self._due_s = 0.0

    @property
    def left_s(self) -> float:
        """Return how long to wait."""
        asked_s = 0.0 if self._pause is None else self._pause.left_s
        return max(0.0, asked_s, self._due_s - monotonic())

    async def attempt[T](self, step: Callable[[], Awaitable[T]]) -> T | None:
        """Do something that may fail; None if it did. Only refused credentials are raised."""
        try:
            result = await step()
        except CredentialsError:
            raise
        except TryLaterError as err:
            self._postpone(err.reason, err.retry_after_s or 0.0)
        except WattbridgeError as err:
            self._postpone(str(err), LONGEST_WAIT_S)
        except WriteLostError:
            self._postpone("the recorder did not keep what it was given", 0.0)
        except SQLAlchemyError as err:
            self._postpone(f"the recorder could not be read ({type(err).__name__})", 0.0)
        else:
            self._wait_s = 0.0
            return result
        return None

    def _postpone(self, reason: str, asked_s: float) -> None:
        if not self._wait_s:
            _LOGGER.warning("The history of a device has to wait: %s", reason)
        self._wait_s = min(max(FIRST_WAIT_S, 2 * self._wait_s), LONGEST_WAIT_S)
        self._due_s = monotonic() + max(self._wait_s, asked_s)
