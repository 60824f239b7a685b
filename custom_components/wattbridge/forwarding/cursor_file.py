"""The file of an account's cursors: it is always the whole old state or the whole new one."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from .cursor import CursorError, CursorNewerError, Cursors, CursorWriteError, StreamCursor
from .marks import dumps
from .model import Notice

# 2: paused streams, and what a stream of shorter intervals sent by the hour.
# 3: notices that nobody has looked at, how many marks are not kept, and which rows were counted last.
# 4: whose first sum was not counted.
VERSION: Final = 4
_FOUND_ANEW: Final = frozenset({Notice.ROWS_EXPIRING, Notice.SOURCE_SILENT})


class CursorFile:
    """The file of one account; its methods block and belong in the executor."""

    def __init__(self, path: Path) -> None:
        """Name the place; nothing is touched yet."""
        self._path = path
        self._lock = Lock()
        self._written = 0

    def load(self) -> Cursors:
        """Read all cursors; an absent file has none.

        Raises CursorNewerError for a file of a newer version, and CursorError for one that cannot be read.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return Cursors()
        except OSError as err:
            raise CursorError(f"{self._path.name}: {err.strerror}") from err
        try:
            data = json.loads(content)
            version = int(data["version"])
            if version > VERSION:
                raise CursorNewerError(f"{self._path.name}: version {version}")
            return _from_json(_migrated(data, version))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as err:
            raise CursorError(f"{self._path.name}: cannot be read") from err

    def write(self, sequence: int, content: bytes) -> None:
        """Put the content in place so that it lasts; a write that was overtaken by a newer one does nothing."""
        with self._lock:
            if sequence <= self._written:
                return
            try:
                self._replace(content)
            except OSError as err:
                raise CursorWriteError(f"{self._path.name}: {err.strerror}") from err
            self._written = sequence

    def _replace(self, content: bytes) -> None:
        folder = self._path.parent
        folder.mkdir(exist_ok=True)
        temporary = folder / f"{self._path.name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            written = 0
            while written < len(content):
                written += os.write(descriptor, content[written:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(self._path)
        # Only the synced folder makes the new name last.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def put_aside(self) -> None:
        """Make room for a new file beside one that cannot be read: somebody may want to look at it."""
        with self._lock, suppress(FileNotFoundError):
            self._path.replace(self._path.with_name(f"{self._path.name}.unreadable"))

    def remove(self) -> None:
        """Delete the file, if there is one."""
        with self._lock:
            self._path.unlink(missing_ok=True)
            for ending in ("new", "unreadable"):
                self._path.with_name(f"{self._path.name}.{ending}").unlink(missing_ok=True)


def _migrated(data: dict[str, Any], version: int) -> dict[str, Any]:
    """Bring what an older version wrote to the present form."""
    added: dict[str, Any] = {}
    if version < 2:  # noqa: PLR2004 - the number of a version
        data = {"paused": [], **data}
        added |= {"hourly_until": None, "has_caught_up": True}
    if version < 3:  # noqa: PLR2004 - the number of a version
        data = {"notices": {}, "silenced": [], **data}
        added |= {"unlisted": {}, "last_rows": {}}
    if version < 4:  # noqa: PLR2004 - the number of a version
        added |= {"uncounted_firsts": []}
    return {**data, "streams": {key: {**added, **stream} for key, stream in data["streams"].items()}}


def _from_json(data: Mapping[str, Any]) -> Cursors:
    return Cursors(
        {key: StreamCursor.from_json(stream) for key, stream in data["streams"].items()},
        (str(key) for key in data["paused"]),
        notices={
            str(key): {Notice(notice): str(detail) for notice, detail in notices.items()}
            for key, notices in data["notices"].items()
        },
        silenced=(str(key) for key in data["silenced"]),
    )


def encode(cursors: Cursors) -> bytes:
    """Write all cursors of an account as the content of its file."""
    others = {
        "version": VERSION,
        "paused": sorted(cursors.paused),
        "notices": {key: _kept(notices) for key, notices in cursors.notices.items() if _kept(notices)},
        "silenced": sorted(cursors.silenced),
    }
    streams = ",".join(f"{dumps(key)}:{cursor.to_text()}" for key, cursor in cursors.items())
    return f'{dumps(others)[:-1]},"streams":{{{streams}}}}}'.encode()


def _kept(notices: Mapping[Notice, str]) -> dict[Notice, str]:
    """Leave out what is found out anew at any time."""
    return {notice: detail for notice, detail in notices.items() if notice not in _FOUND_ANEW}
