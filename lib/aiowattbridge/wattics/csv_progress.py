"""How far the upload of a CSV file has come, in a small file beside it that survives kill -9 and power loss.

The file is written beside its place, synced, renamed over the old one, and the folder is synced: it is always the
whole old state or the whole new one. It may lag behind what the cloud accepted, it never runs ahead of it.
"""

import json
import logging
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final, Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from .csv_channel import CsvChannel

if sys.platform != "win32":
    import fcntl

_LOGGER = logging.getLogger(__name__)

VERSION: Final = 1


class ProgressError(Exception):
    """The upload cannot go on where it was; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row whose packet the cloud refused: its line, the instant of the packet, and what the cloud said."""

    line: int
    instant: AwareDatetime
    status: int | None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where an upload is: all packets up to `instant` are settled, the last of them made of the row ending at `line`.

    `digest` is the fingerprint of the file up to there. `accepted` counts the packets that the cloud has, `repeated`
    those that it may have twice. `rejections` lists the first of `rejected`; `unsettled` those refused since `instant`,
    which will be sent again unless the cloud has something newer.
    """

    settings: Mapping[str, str]
    line: int = 0
    digest: str = ""
    instant: AwareDatetime | None = None
    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    rejections: tuple[RejectedRow, ...] = ()
    unsettled: tuple[RejectedRow, ...] = ()
    version: Literal[1] = field(default=VERSION)


_BOOKMARK: Final = TypeAdapter(Bookmark)


class ProgressFile:
    """The file beside a channel's CSV; its methods block and belong on a thread."""

    def __init__(self, channel: CsvChannel) -> None:
        """Name the place; nothing is touched yet."""
        self._channel = channel
        self._path = channel.progress_path
        self._lock = Lock()
        self._written = 0

    def load(self) -> Bookmark:
        """Read the progress; an absent file is none.

        Raises ProgressError where it cannot be read or belongs to another upload, and OSError.
        """
        settings = self._channel.settings
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return Bookmark(settings=settings)
        bookmark = self._parse(content)
        for name, value in settings.items():
            if (before := bookmark.settings.get(name)) != value:
                raise ProgressError(
                    f"{self._path.name} belongs to an upload with another {name} ({before or 'none'} instead of "
                    f"{value or 'none'}): go on with the settings it was begun with, or {self._begin_anew}"
                )
        return bookmark

    def _parse(self, content: bytes) -> Bookmark:
        """Read the content; raises ProgressError, which never quotes it."""
        try:
            version = json.loads(content)["version"]
            if isinstance(version, int) and version > VERSION:
                raise ProgressError(f"{self._path.name} was written by a newer version of this program: use that one")
            return _BOOKMARK.validate_json(content)
        except ValidationError, ValueError, KeyError, TypeError:
            raise ProgressError(f"{self._path.name} cannot be read: {self._begin_anew}") from None

    def changed(self, bookmark: Bookmark) -> ProgressError:
        """Make the error for a CSV file whose beginning is not what was sent."""
        return ProgressError(
            f"{self._path.stem} is not what it was up to line {bookmark.line}, and that much is sent already: restore "
            f"these lines (new rows belong after them), put the rest into a file of its own, or {self._begin_anew}"
        )

    @property
    def _begin_anew(self) -> str:
        """Say how to begin anew, and what that means."""
        return f"remove {self._path.name} to begin anew, which sends all rows newer than the cloud's last packet"

    def write(self, sequence: int, bookmark: Bookmark) -> None:
        """Put the progress in place so that it lasts; a write that was overtaken by a newer one does nothing."""
        content = _BOOKMARK.dump_json(bookmark, indent=1)
        with self._lock:
            if sequence > self._written:
                _replace(self._path, content)
                self._written = sequence


@contextmanager
def held_alone(channel: CsvChannel) -> Generator[None]:
    """Keep other processes from uploading the same file; raises ProgressError if one does, and OSError.

    The system gives it up for a process that is killed. On Windows, and where files cannot be held, nothing is.
    """
    descriptor = os.open(channel.path, os.O_RDONLY)
    try:
        if sys.platform != "win32":
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ProgressError(f"{channel.path.name} is being uploaded already: wait for that to end") from None
            except OSError as error:
                # Some network file systems hold nothing, and files on them are sent all the same.
                _LOGGER.debug("%s cannot be held: %s", channel.path.name, error.strerror)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Replace a file so that a crash at any moment leaves the old or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if sys.platform != "win32":
        # Only the synced folder makes the new name last.
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
