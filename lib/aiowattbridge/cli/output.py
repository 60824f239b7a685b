"""Files that have their name only when they are whole; until then they can be gone on with."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self


@dataclass(frozen=True, slots=True)
class Partial:
    """The unfinished form of a file, named after what was asked for, so that another question never goes on with it."""

    target: Path
    path: Path

    @classmethod
    def of(cls, target: Path, *asked: object) -> Self:
        """Name the unfinished form of a file that answers this question."""
        digest = hashlib.sha256(json.dumps([str(part) for part in asked]).encode()).hexdigest()[:8]
        return cls(target, target.with_name(f"{target.name}.{digest}.partial"))

    def last_line(self) -> str | None:
        """Cut off a line that was not finished, and return the last that was; None where there is none."""
        try:
            with self.path.open("r+b") as file:
                end = _end_of_last_line(file)
                file.truncate(end)
                file.seek(_end_of_last_line(file, end - 1) if end else 0)
                return file.read().decode().rstrip("\n") or None
        except FileNotFoundError:
            return None

    def finish(self) -> None:
        """Give the whole file its name, for good."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())
        self.path.replace(self.target)

    def remove(self) -> None:
        """Throw the unfinished file away."""
        self.path.unlink(missing_ok=True)


def _end_of_last_line(file: IO[bytes], before: int | None = None) -> int:
    """Find the place after the last line feed before a place (None: the end); 0 where there is none."""
    end = file.seek(0, os.SEEK_END) if before is None else before
    step = 4096
    while end > 0:
        start = max(0, end - step)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
