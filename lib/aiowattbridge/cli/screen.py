"""What is shown: results on stdout, for people or for programs; notes, progress and errors on stderr.

Texts come from clouds and files, so nothing in them is taken as markup, and control characters do not reach a terminal.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

# A pipe has no width: a table must not be cut for it.
_WIDTH_OF_A_PIPE = 1000


class Screen:
    """Stdout and stderr of one run."""

    def __init__(self, *, as_json: bool) -> None:
        """Take both streams as they are now."""
        self.as_json = as_json
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)

    @property
    def is_watched(self) -> bool:
        """Tell whether somebody looks at the progress."""
        return self._err.is_terminal

    def document(self, document: Mapping[str, object]) -> None:
        """Write one line of JSON."""
        sys.stdout.write(to_json(document) + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Write a line of the result, for people."""
        self._out.print(Text(printable(text)), soft_wrap=True)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[object]], *, right_from: int | None = None) -> None:
        """Write a table, for people; whatever does not fit is folded, never cut.

        From the column `right_from` on, values stand on the right, as numbers do.
        """
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for place, title in enumerate(titles):
            is_right = right_from is not None and place >= right_from
            table.add_column(title, overflow="fold", justify="right" if is_right else "left")
        for row in rows:
            table.add_row(*(Text(shown(value)) for value in row))
        self._out.print(table)

    def facts(self, document: Mapping[str, object]) -> None:
        """Write a document as names and values, for people."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in document.items():
            table.add_row(name.replace("_", " "), Text(shown(value)))
        self._out.print(table)

    def note(self, text: str) -> None:
        """Say something beside the result."""
        self._err.print(Text(printable(text), style="dim"), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Say something that somebody should look at."""
        self._err.print(Text(printable(text), style="yellow"), soft_wrap=True)

    def error(self, text: str) -> None:
        """Say in one line why the run ends."""
        self._err.print(Text(f"error: {printable(text)}", style="red"), soft_wrap=True)

    def progress(self, *columns: ProgressColumn) -> Progress:
        """Return a progress display, which shows itself on terminals alone."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            *columns,
            console=self._err,
            transient=True,
            disable=not self.is_watched,
        )


def _console(*, stderr: bool) -> Console:
    """Make a console that takes text as it is."""
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_PIPE
    return console


def printable(text: str) -> str:
    """Replace what could move the cursor of a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def shown(value: object) -> str:
    """Write a value for people; a missing one is a dash."""
    if value is None or value in ("", (), []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"  # noqa: PLR2004 - where exponents would begin
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    return printable(str(value))


def to_json(value: object) -> str:
    """Write one line of JSON; times and dates as ISO, decimals as numbers; NaN is refused, for it is none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    """Turn what JSON does not know into what it knows."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
