"""The progress file is always whole, seldom behind, and says when it cannot be used."""

import asyncio
import errno
import fcntl
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from csv_bench import other, write
from wattics_bench import until

from aiowattbridge.wattics import ProgressError, RejectedRow, csv_keeper
from aiowattbridge.wattics.csv_keeper import ProgressKeeper
from aiowattbridge.wattics.csv_progress import Bookmark, ProgressFile, held_alone

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> ProgressFile:
    """Return the progress file of a CSV file."""
    return ProgressFile(other(tmp_path / "data.csv"))


@pytest.fixture
def bookmark(tmp_path: Path) -> Bookmark:
    """Return a progress with everything in it."""
    row = RejectedRow(3, NOON, 400, "no, thank you")
    return Bookmark(
        settings=other(tmp_path / "data.csv").settings,
        line=7,
        digest="ab" * 32,
        instant=NOON,
        accepted=5,
        repeated=1,
        rejected=1,
        rejections=(row,),
        unsettled=(replace(row, line=8, answer=None),),
    )


def test_what_is_written_is_read(file: ProgressFile, bookmark: Bookmark, tmp_path: Path) -> None:
    """Beside the CSV, with nothing left over; before that there is no progress."""
    assert file.load() == Bookmark(settings=bookmark.settings)
    file.write(1, bookmark)
    assert file.load() == bookmark
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv.progress"]


def test_write_that_was_overtaken_does_nothing(file: ProgressFile, bookmark: Bookmark) -> None:
    """Threads may be late."""
    file.write(2, bookmark)
    file.write(1, replace(bookmark, accepted=4))
    assert file.load() == bookmark


def test_write_that_is_cut_off_leaves_the_old_state(
    file: ProgressFile, bookmark: Bookmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever there is of the new one lies beside it; the next write does not mind."""
    file.write(1, bookmark)

    def cut_off(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_off)
        with pytest.raises(OSError, match="No space left"):
            file.write(2, replace(bookmark, accepted=6))
    assert file.load() == bookmark
    file.write(3, replace(bookmark, accepted=7))
    assert file.load().accepted == 7


def test_file_and_folder_are_synced_around_the_renaming(
    file: ProgressFile, bookmark: Bookmark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Otherwise a power loss could leave an empty file, or none."""
    steps: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    file.write(1, bookmark)
    assert steps == ["sync data.csv.progress.new", "rename", f"sync {tmp_path.name}"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"version":1}',
        '{"version":"one"}',
        '{"version":1,"settings":{},"instant":"2026-03-01"}',
    ],
)
def test_content_that_cannot_be_read_is_refused(file: ProgressFile, tmp_path: Path, content: str) -> None:
    """With what to do, and without what was there."""
    (tmp_path / "data.csv.progress").write_text(content)
    with pytest.raises(ProgressError, match=r"^data\.csv\.progress (cannot be read|belongs to).*remove") as caught:
        file.load()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_file_of_a_newer_version_is_refused(file: ProgressFile, tmp_path: Path) -> None:
    """It may know something we do not."""
    (tmp_path / "data.csv.progress").write_text('{"version":2,"where":"here"}')
    with pytest.raises(ProgressError, match="newer version"):
        file.load()


def test_csv_file_is_held_by_one_process(tmp_path: Path) -> None:
    """And free again afterwards."""
    channel = other(write(tmp_path / "data.csv", []))
    with held_alone(channel), pytest.raises(ProgressError, match="is being uploaded already"), held_alone(channel):
        pass
    with held_alone(channel):
        pass


def test_file_system_that_holds_nothing_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some networks have such."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held_alone(other(write(tmp_path / "data.csv", []))):
        pass


async def test_progress_is_written_soon_and_not_each_time(
    file: ProgressFile, bookmark: Bookmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody asking for it, also what is noted while it is being written."""
    monkeypatch.setattr(csv_keeper, "COMMIT_WITHIN_S", 0.02)
    written: list[int] = []
    write_down = file.write

    def note(sequence: int, latest: Bookmark) -> None:
        written.append(sequence)
        write_down(sequence, latest)

    monkeypatch.setattr(file, "write", note)
    keeper = ProgressKeeper(file)
    for accepted in range(100):
        await keeper.note(replace(bookmark, accepted=accepted))
    await until(lambda: written)
    await keeper.note(replace(bookmark, accepted=100))
    await until(lambda: len(written) == 2)
    assert written == [100, 101]
    await keeper.aclose()
    assert file.load().accepted == 100


async def test_progress_is_never_many_packets_behind(
    file: ProgressFile, bookmark: Bookmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However fast they are settled."""
    monkeypatch.setattr(csv_keeper, "COMMIT_WITHIN_PACKETS", 10)
    keeper = ProgressKeeper(file)
    for accepted in range(1, 36):
        await keeper.note(replace(bookmark, accepted=accepted))
        assert file.load().accepted > accepted - 10
    await keeper.note_now(replace(bookmark, accepted=36))
    assert file.load().accepted == 36
    await keeper.aclose()


async def test_write_that_failed_in_the_background_is_told_at_the_next_note(
    file: ProgressFile, bookmark: Bookmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent that could not be noted; the end tells it as well."""
    monkeypatch.setattr(csv_keeper, "COMMIT_WITHIN_S", 0.001)
    failures = 0

    def fail(*_: object) -> None:
        nonlocal failures
        failures += 1
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "write", fail)
    keeper = ProgressKeeper(file)
    await keeper.note(bookmark)
    await until(lambda: failures)
    await asyncio.sleep(0.01)
    with pytest.raises(OSError, match="No space left"):
        await keeper.note(bookmark)
    with pytest.raises(OSError, match="No space left"):
        await keeper.aclose()
