"""Files that were not finished: where they go on, whatever their end looks like."""

from pathlib import Path

import pytest

from aiowattbridge.cli.output import Partial


def partial_with(folder: Path, content: bytes) -> Partial:
    """Make an unfinished file."""
    partial = Partial.of(folder / "day.csv", "question")
    partial.path.write_bytes(content)
    return partial


@pytest.mark.parametrize(
    ("content", "last", "kept"),
    [
        (b"", None, b""),
        (b"head", None, b""),
        (b"head\n", "head", b"head\n"),
        (b"head\none\ntw", "one", b"head\none\n"),
        (b"head\n" + b"x" * 10_000 + b"\ny", "x" * 10_000, b"head\n" + b"x" * 10_000 + b"\n"),
        (b"z" * 9_000, None, b""),
    ],
)
def test_unfinished_line_is_cut_off(content: bytes, last: str | None, kept: bytes, tmp_path: Path) -> None:
    """The last whole line is where it goes on."""
    partial = partial_with(tmp_path, content)
    assert partial.last_line() == last
    assert partial.path.read_bytes() == kept


def test_nothing_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    """Not a failure."""
    assert Partial.of(tmp_path / "day.csv", "question").last_line() is None


def test_other_questions_have_other_files(tmp_path: Path) -> None:
    """So that no file is ever made of two halves that do not fit."""
    target = tmp_path / "day.csv"
    assert Partial.of(target, "a", 1).path != Partial.of(target, "a", 2).path
    assert Partial.of(target, "a", 1).path == Partial.of(target, "a", 1).path


def test_finished_file_replaces_the_one_before(tmp_path: Path) -> None:
    """In one step."""
    partial = partial_with(tmp_path, b"new\n")
    partial.target.write_text("old\n")
    partial.finish()
    assert partial.target.read_text() == "new\n"
    assert list(tmp_path.iterdir()) == [partial.target]
