"""What became of a poll of several devices: which failures are everybody's, and what is said of the others."""

import logging
from collections.abc import Iterable, Sequence

from .aiowattbridge.errors import CredentialsError, WattbridgeError


def failures_among(results: Iterable[object]) -> list[WattbridgeError]:
    """Return the devices' own failures; raises refused credentials, and errors of ours, which must not hide."""
    failures: list[WattbridgeError] = []
    for result in results:
        if isinstance(result, WattbridgeError) and not isinstance(result, CredentialsError):
            failures.append(result)
        elif isinstance(result, BaseException):
            raise result
    return failures


class FailureLog:
    """Says once that some devices cannot be read, and once that all can be again; Home Assistant says it for all."""

    def __init__(self, logger: logging.Logger, what: str) -> None:
        """Name the devices in the plural."""
        self._logger = logger
        self._what = what
        self._some_fail = False

    def note(self, failures: Sequence[WattbridgeError], count: int) -> None:
        """Take notice of a poll of so many devices."""
        if failures and not self._some_fail:
            reason = failures[0].reason
            self._logger.warning("%d of %d %s cannot be read now: %s", len(failures), count, self._what, reason)
        elif self._some_fail and not failures:
            self._logger.info("All %s can be read again", self._what)
        self._some_fail = bool(failures)
