"""How a run can end: the exit codes, and the one table that says which error means which, in which words."""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from ..errors import (
    CredentialsError,
    ForbiddenError,
    NotFoundError,
    RejectedError,
    ResponseError,
    TryLaterError,
    WattbridgeError,
)
from ..wattics import BadRowsError, OrderError, ProgressError


class Ending(IntEnum):
    """The exit codes."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CREDENTIALS = 3
    TRY_LATER = 4
    UNREADABLE = 5
    INTERRUPTED = 130


EXPLAINED: Final = {
    Ending.OK: "all went well",
    Ending.REFUSED: "the cloud refused something, or the data are not as they should be",
    Ending.USAGE: "the command line, a file or a variable cannot be used as it is",
    Ending.CREDENTIALS: "the cloud refuses the credentials",
    Ending.TRY_LATER: "try later: the cloud is away, in trouble, or asks for a pause",
    Ending.UNREADABLE: "the cloud's answer cannot be read",
    Ending.INTERRUPTED: "interrupted; what was done is kept, and it is said how to go on",
}


class Stop(Exception):  # noqa: N818 - an ending, not a defect
    """End the run with this code and this sentence."""

    def __init__(self, ending: Ending, sentence: str) -> None:
        """Keep how the run ends."""
        super().__init__(sentence)
        self.ending = ending
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Meaning:
    """What errors of one class mean at a shell."""

    error: type[Exception]
    ending: Ending
    sentence: Callable[[Exception], str]


def _said_by_cloud(error: Exception) -> str:
    """Give the error with what the cloud said, which is scrubbed of secrets already."""
    answer = error.answer if isinstance(error, WattbridgeError) else None
    return f"{error}. It says: {answer}" if answer else f"{error}"


def _wait(error: Exception) -> str:
    """Give the error with how long the cloud asks us to wait."""
    delay_s = error.retry_after_s if isinstance(error, TryLaterError) else None
    if delay_s is None:
        return f"{error}. Try again later"
    return f"{error}. Try again in {delay_s:g} s{f' ({timedelta(seconds=round(delay_s))})' if delay_s >= 60 else ''}"  # noqa: PLR2004 - a minute


def _file(error: Exception) -> str:
    """Name the file and what is wrong with it."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    reason = os.strerror(error.errno)
    return f"{error.filename}: {reason}" if error.filename else reason


# The first that fits counts, so a class stands before those it is derived from.
MEANINGS: Final = (
    Meaning(CredentialsError, Ending.CREDENTIALS, _said_by_cloud),
    Meaning(TryLaterError, Ending.TRY_LATER, _wait),
    Meaning(NotFoundError, Ending.REFUSED, lambda error: f"{_said_by_cloud(error)}. Is the id right?"),
    Meaning(ForbiddenError, Ending.REFUSED, _said_by_cloud),
    Meaning(RejectedError, Ending.REFUSED, _said_by_cloud),
    Meaning(ResponseError, Ending.UNREADABLE, _said_by_cloud),
    Meaning(WattbridgeError, Ending.REFUSED, _said_by_cloud),
    Meaning(OrderError, Ending.REFUSED, str),
    Meaning(BadRowsError, Ending.REFUSED, lambda error: f"{error}. Leave them out with --skip-bad-rows"),
    Meaning(ProgressError, Ending.USAGE, str),
    Meaning(OSError, Ending.USAGE, _file),
    Meaning(ValueError, Ending.USAGE, lambda error: next(iter(str(error).splitlines()), type(error).__name__)),
)


def meaning_of(error: Exception) -> Stop | None:
    """Translate an error into an ending; None for one that is a defect of ours."""
    if isinstance(error, Stop):
        return error
    for meaning in MEANINGS:
        if isinstance(error, meaning.error):
            return Stop(meaning.ending, meaning.sentence(error))
    return None


@contextmanager
def named_as(options: Mapping[str, str]) -> Generator[None]:
    """Let a ValueError that begins with a field's name end the run with the name of the option it came from."""
    try:
        yield
    except ValueError as error:
        name, colon, reason = str(error).partition(":")
        if not colon or name not in options:
            raise
        raise Stop(Ending.USAGE, f"{options[name]}:{reason}") from None
