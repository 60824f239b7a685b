"""The cursor survives a crash at any moment, is never ahead of what it was told, and never begins again from zero."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from custom_components.wattbridge.forwarding.committer import GROUP_S, Committer
from custom_components.wattbridge.forwarding.cursor import (
    CursorError,
    CursorNewerError,
    Cursors,
    CursorWriteError,
    StreamCursor,
)
from custom_components.wattbridge.forwarding.cursor_file import CursorFile, encode
from custom_components.wattbridge.forwarding.marks import MOST_MARKS
from custom_components.wattbridge.forwarding.model import HOUR_S, Notice, Problem
from custom_components.wattbridge.forwarding.plan import PlanState, Step

DAY_S = 1_790_000_000 // 86_400 * 86_400


def step(number: int, value: float | None = 1.0, *, hours: int = 1) -> Step:
    """Make the step of an hour; without a value it is a hole."""
    start_s = DAY_S + number * HOUR_S
    end_s = start_s + hours * HOUR_S
    after = PlanState(end_s, {"pC_1": float(number)}, {"meter:energy": float(number)})
    return Step(start_s, end_s, None if value is None else {"pC_1": value}, after)


def cursor_at(number: int) -> StreamCursor:
    """Make a cursor that has so many hours behind it."""
    cursor = StreamCursor("meter", PlanState(DAY_S), begun_s=DAY_S)
    for hour in range(number):
        cursor.accept(step(hour))
    return cursor


def test_everything_comes_back_from_the_file(tmp_path: Path) -> None:
    """Counts, accumulators, sums and marks are what they were."""
    cursor = cursor_at(2)
    cursor.reject(step(2), "400: no such meter")
    cursor.accept(step(3), repeated=1)
    cursor.pass_hole(step(4, None, hours=5), HOUR_S)
    cursor.state = cursor.state._replace(last_rows_s={"meter:energy": step(3).start_s})
    file = CursorFile(tmp_path / "cursor")
    file.write(1, encode(Cursors({"one": cursor})))
    loaded = CursorFile(tmp_path / "cursor").load()
    assert loaded == {"one": cursor}
    assert (cursor.delivered, cursor.rejected, cursor.repeated, cursor.holes) == (3, 1, 1, 5)
    assert [mark.kind for mark in cursor.marks] == ["rejected", "hole"]


def test_neighbouring_holes_are_one_mark_and_time_before_the_first_packet_is_none() -> None:
    """The map stays compact, and nothing was missed before there was anything."""
    cursor = cursor_at(0)
    cursor.pass_hole(step(0, None), HOUR_S)
    assert (cursor.holes, cursor.marks) == (0, [])
    cursor.accept(step(1))
    cursor.pass_hole(step(2, None), HOUR_S)
    cursor.pass_hole(step(3, None, hours=3), HOUR_S)
    assert cursor.holes == 4
    assert [(mark.start_s, mark.end_s) for mark in cursor.marks] == [(DAY_S + 2 * HOUR_S, DAY_S + 6 * HOUR_S)]
    assert cursor.last_packet_s == DAY_S + 2 * HOUR_S


def test_absent_file_has_no_cursors(tmp_path: Path) -> None:
    """A new account begins with none."""
    assert CursorFile(tmp_path / "cursor").load() == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":1}',
        b'{"version":1,"streams":[]}',
        b'{"version":1,"streams":{"one":{}}}',
        encode(Cursors({"one": cursor_at(1)})).replace(b"+00:00", b"", 1),
        encode(Cursors({"one": cursor_at(1)}))[:-20],
    ],
)
def test_unreadable_file_is_no_empty_file(tmp_path: Path, content: bytes) -> None:
    """Beginning from zero would send everything again."""
    path = tmp_path / "cursor"
    path.write_bytes(content)
    with pytest.raises(CursorError) as caught:
        CursorFile(path).load()
    assert caught.value.problem is Problem.CURSOR_CORRUPT
    assert path.read_bytes() == content


def test_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    """It knew of no pauses, and its streams are told to have caught up no second time."""
    cursor = cursor_at(3)
    data = json.loads(encode(Cursors({"one": cursor})))
    data["version"] = 1
    del data["paused"], data["notices"], data["silenced"]
    for key in ("hourly_until", "has_caught_up", "unlisted", "last_rows", "uncounted_firsts"):
        del data["streams"]["one"][key]
    path = tmp_path / "cursor"
    path.write_text(json.dumps(data))
    loaded = CursorFile(path).load()
    cursor.has_caught_up = True
    assert loaded == {"one": cursor}
    assert not loaded.paused


def test_file_of_the_second_version_is_taken_over(tmp_path: Path) -> None:
    """It knew of no notices; its pauses and marks stay what they were."""
    cursor = cursor_at(3)
    cursor.reject(step(3), "400: no")
    data = json.loads(encode(Cursors({"one": cursor}, ("one",))))
    data["version"] = 2
    del data["notices"], data["silenced"]
    for key in ("unlisted", "last_rows", "uncounted_firsts"):
        del data["streams"]["one"][key]
    path = tmp_path / "cursor"
    path.write_text(json.dumps(data))
    loaded = CursorFile(path).load()
    assert loaded == {"one": cursor}
    assert (loaded.paused, loaded.notices, loaded.silenced) == ({"one"}, {}, set())


def test_file_of_the_third_version_is_taken_over(tmp_path: Path) -> None:
    """It did not know whose first sum was not counted."""
    cursor = cursor_at(3)
    data = json.loads(encode(Cursors({"one": cursor})))
    data["version"] = 3
    del data["streams"]["one"]["uncounted_firsts"]
    path = tmp_path / "cursor"
    path.write_text(json.dumps(data))
    assert CursorFile(path).load() == {"one": cursor}


def test_holes_push_out_no_rejections_and_what_is_pushed_out_is_counted(tmp_path: Path) -> None:
    """A patchy series has thousands of holes; what the cloud answered to a refusal is what somebody looks for."""
    cursor = cursor_at(1)
    cursor.reject(step(1), "400: odd")
    for number in range(2, 2 * MOST_MARKS + 12, 2):
        cursor.pass_hole(step(number, None), HOUR_S)
        cursor.accept(step(number + 1))
    assert [mark.answer for mark in cursor.marks if mark.kind == "rejected"] == ["400: odd"]
    assert len(cursor.marks) == MOST_MARKS + 1
    assert cursor.passed.unlisted == {"hole": 5}
    for number in range(MOST_MARKS + 2):
        cursor.reject(step(3000 + 2 * number), f"400: {number}")
    assert cursor.passed.unlisted == {"hole": 5, "rejected": 3}
    CursorFile(tmp_path / "cursor").write(1, encode(Cursors({"one": cursor})))
    assert CursorFile(tmp_path / "cursor").load() == {"one": cursor}


def test_notices_and_silence_come_back_from_the_file(tmp_path: Path) -> None:
    """Of rows that expire it is found out anew whether they do; without a notice nothing is written of a stream."""
    notices = {"one": {Notice.REJECTIONS: "then", Notice.ROWS_EXPIRING: "soon"}, "two": {}}
    CursorFile(tmp_path / "cursor").write(1, encode(Cursors(notices=notices, silenced=("two",))))
    loaded = CursorFile(tmp_path / "cursor").load()
    assert (loaded.notices, loaded.silenced) == ({"one": {Notice.REJECTIONS: "then"}}, {"two"})
    assert loaded.forget({"two"})
    assert not loaded.forget({"two"})
    assert (loaded.notices, loaded.silenced) == ({}, {"two"})


def test_pauses_are_kept_also_of_a_stream_without_a_place(tmp_path: Path) -> None:
    """Somebody may pause a stream before its first look."""
    file = CursorFile(tmp_path / "cursor")
    file.write(1, encode(Cursors({"one": cursor_at(1)}, ("one", "new"))))
    assert CursorFile(tmp_path / "cursor").load().paused == {"one", "new"}


def test_file_that_cannot_be_read_is_put_aside_and_removed_with_the_other(tmp_path: Path) -> None:
    """Somebody may want to look at it; an account that is removed leaves nothing."""
    path = tmp_path / "cursor"
    path.write_bytes(b"{broken")
    file = CursorFile(path)
    file.put_aside()
    file.put_aside()
    assert file.load() == {}
    file.write(1, encode(Cursors({"one": cursor_at(1)})))
    assert (tmp_path / "cursor.unreadable").read_bytes() == b"{broken"
    file.remove()
    assert not list(tmp_path.iterdir())


def test_hours_that_are_taken_after_all_are_rejected_no_longer() -> None:
    """Of a stretch of rejected hours the others stay."""
    cursor = cursor_at(1)
    for number in range(1, 5):
        cursor.reject(step(number), "422: odd")
    assert cursor.redeem({step(2).start_s, step(9).start_s}) == 1
    assert cursor.rejected == 3
    assert [(mark.start_s, mark.end_s) for mark in cursor.marks] == [
        (step(number).start_s, step(number).end_s) for number in (1, 3, 4)
    ]
    assert cursor.redeem(()) == 0


def test_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """What a newer version notes may change what ours means."""
    path = tmp_path / "cursor"
    path.write_bytes(json.dumps({"version": 5, "streams": {"one": "whatever"}}).encode())
    with pytest.raises(CursorNewerError) as caught:
        CursorFile(path).load()
    assert caught.value.problem is Problem.CURSOR_NEWER


def test_overtaken_write_does_nothing(tmp_path: Path) -> None:
    """A slow thread must not put an older state over a newer one."""
    file = CursorFile(tmp_path / "cursor")
    file.write(2, encode(Cursors({"one": cursor_at(2)})))
    file.write(1, encode(Cursors({"one": cursor_at(1)})))
    assert file.load() == {"one": cursor_at(2)}


class Crash(BaseException):
    """The power went."""


class Disk:
    """A folder of which only what was synced survives; of everything else any part may."""

    def __init__(self, name: str, content: bytes, crash_at: int | None = None) -> None:
        """Begin with one file that is safely there."""
        self.durable = {name: content}
        self.calls: list[str] = []
        self._crash_at = crash_at
        self._written: dict[str, bytes] = {}
        self._synced: dict[str, bytes] = {}
        self._renamed: tuple[str, str] | None = None
        self._handles: dict[int, str | None] = {}

    def _step(self, call: str) -> None:
        if len(self.calls) == self._crash_at:
            raise Crash
        self.calls.append(call)

    def open(self, path: Path, flags: int, _mode: int = 0) -> int:
        """Open a new file, or the folder."""
        self._step("open")
        is_folder = bool(flags & os.O_DIRECTORY)
        handle = 10_000 + len(self._handles)
        self._handles[handle] = None if is_folder else path.name
        if not is_folder:
            self._written[path.name] = b""
        return handle

    def write(self, handle: int, data: bytes) -> int:
        """Write at most a hundred bytes, as a disk under pressure would."""
        self._step("write")
        name = self._handles[handle]
        assert name is not None
        self._written[name] += data[:100]
        return len(data[:100])

    def fsync(self, handle: int) -> None:
        """Make a file's content last, or the names of the folder."""
        self._step("fsync")
        name = self._handles[handle]
        if name is not None:
            self._synced[name] = self._written[name]
        elif self._renamed is not None:
            self.durable = dict(self._outcomes_of_rename()[-1])
            self._renamed = None

    def close(self, _handle: int) -> None:
        """Close; that alone makes nothing last."""
        self._step("close")

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another name."""
        self._step("replace")
        self._renamed = (source.name, target.name)

    def _outcomes_of_rename(self) -> list[dict[str, bytes]]:
        assert self._renamed is not None
        source, target = self._renamed
        written = self._written[source]
        is_synced = self._synced.get(source) == written
        contents = [written] if is_synced else [written[:n] for n in (0, 1, len(written) // 2)]
        return [{**self.durable, target: content} for content in contents]

    def outcomes(self) -> list[dict[str, bytes]]:
        """List everything that may be found after the power is back."""
        renamed = self._outcomes_of_rename() if self._renamed is not None else []
        return [self.durable, *renamed]


@contextmanager
def disk_under(monkeypatch: pytest.MonkeyPatch, disk: Disk) -> Iterator[None]:
    """Put the simulated disk under the module for a while."""
    with monkeypatch.context() as patch:
        for name in ("open", "write", "fsync", "close", "replace"):
            patch.setattr(os, name, getattr(disk, name))
        yield


def written_on(monkeypatch: pytest.MonkeyPatch, path: Path, disk: Disk, content: bytes) -> bool:
    """Write onto the disk; returns whether that came to its end."""
    with disk_under(monkeypatch, disk):
        try:
            CursorFile(path).write(1, content)
        except Crash:
            return False
    return True


def test_crash_at_any_step_leaves_the_old_or_the_new_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever the disk had not synced may be lost or torn: the file is whole, and new once the write has returned."""
    path = tmp_path / "cursor"
    old, new = encode(Cursors({"one": cursor_at(1)})), encode(Cursors({"one": cursor_at(9), "two": cursor_at(3)}))
    whole = Disk(path.name, old)
    assert written_on(monkeypatch, path, whole, new)
    assert whole.outcomes() == [{path.name: new}]
    assert len(whole.calls) > 8
    for crash_at in range(len(whole.calls)):
        disk = Disk(path.name, old, crash_at)
        finished = written_on(monkeypatch, path, disk, new)
        for outcome in disk.outcomes():
            assert outcome[path.name] == new if finished else outcome[path.name] in {old, new}
            path.write_bytes(outcome[path.name])
            assert set(CursorFile(path).load()) in ({"one"}, {"one", "two"})


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_failed_write_says_so_and_keeps_the_old_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: str
) -> None:
    """A full or broken disk is an error, and the same moves can be written when it is well again."""
    path = tmp_path / "cursor"
    file = CursorFile(path)
    file.write(1, encode(Cursors({"one": cursor_at(1)})))

    def fail(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(CursorWriteError, match="No space left"):
            file.write(2, encode(Cursors({"one": cursor_at(2)})))
    assert file.load() == {"one": cursor_at(1)}
    file.write(2, encode(Cursors({"one": cursor_at(2)})))
    assert file.load() == {"one": cursor_at(2)}


class SlowFile(CursorFile):
    """Counts its writes and can be made to fail."""

    def __init__(self, path: Path) -> None:
        """Begin with none."""
        super().__init__(path)
        self.writes = 0
        self.broken = False

    def write(self, sequence: int, content: bytes) -> None:
        """Write unless it is broken."""
        self.writes += 1
        if self.broken:
            raise CursorWriteError("broken")
        super().write(sequence, content)


async def async_wait(condition: Callable[[], Any]) -> None:
    """Wait until something is so."""
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never became so")


async def test_moves_are_written_together_and_soon(hass: HomeAssistant, tmp_path: Path) -> None:
    """Many moves within a quarter of a second are one write."""
    cursors = Cursors({"one": cursor_at(0)})
    file = SlowFile(tmp_path / "cursor")
    committer = Committer(hass, file, lambda: encode(cursors))
    for number in range(50):
        cursors["one"].accept(step(number))
        committer.mark()
    await async_wait(lambda: file.writes)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert file.writes == 1
    assert file.load()["one"].delivered == 50


async def test_asked_for_write_lasts_when_it_returns(hass: HomeAssistant, tmp_path: Path) -> None:
    """Streams whose cloud cannot tell wait for every packet; one write serves all that wait."""
    cursors = Cursors({"one": cursor_at(1)})
    file = SlowFile(tmp_path / "cursor")
    committer = Committer(hass, file, lambda: encode(cursors))
    committer.mark()
    await committer.flush()
    assert file.load() == cursors
    await committer.flush()
    assert file.writes == 1
    await committer.stop()


async def test_failure_is_kept_until_a_write_goes_through(hass: HomeAssistant, tmp_path: Path) -> None:
    """Nobody may send while the last write failed."""
    file = SlowFile(tmp_path / "cursor")
    committer = Committer(hass, file, lambda: encode(Cursors({"one": cursor_at(1)})))
    file.broken = True
    committer.mark()
    with pytest.raises(CursorWriteError):
        await committer.flush()
    errors = [committer.error]
    file.broken = False
    await committer.flush()
    errors.append(committer.error)
    assert [error is None for error in errors] == [False, True]
    assert file.load() == {"one": cursor_at(1)}
    await committer.stop()


async def test_nothing_is_written_after_the_end(hass: HomeAssistant, tmp_path: Path) -> None:
    """The account may be loaded anew by then, and the file be its own."""
    cursors = Cursors({"one": cursor_at(1)})
    file = SlowFile(tmp_path / "cursor")
    committer = Committer(hass, file, lambda: encode(cursors))
    committer.mark()
    await committer.stop()
    cursors["one"].accept(step(1))
    committer.mark()
    await committer.flush()
    await asyncio.sleep(2 * GROUP_S)
    assert file.load() == {"one": cursor_at(1)}
