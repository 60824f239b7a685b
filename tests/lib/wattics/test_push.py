"""Many files at once: side by side, each in order, and no one's trouble is another's."""

import asyncio
import logging
from pathlib import Path

import pytest
from csv_bench import add, hours, is_clean, other, push_one, write
from wattics_bench import CANARY, POST_PATH, packet, until, values_of

from aiowattbridge.errors import CredentialsError
from aiowattbridge.simulators import Fault, FaultKind, WatticsSimulator
from aiowattbridge.wattics import (
    AnotherSenderError,
    BadRowsError,
    Progress,
    RejectedRow,
    Sender,
    StreamHeldError,
    WatticsClient,
    csv_progress,
    csv_upload,
    push,
)
from aiowattbridge.wattics.csv_progress import ProgressFile

TROUBLE = {
    FaultKind.UNAVAILABLE: 0.03,
    FaultKind.CUT_BEFORE: 0.03,
    FaultKind.CUT_AFTER: 0.05,
    FaultKind.SERVER_ERROR: 0.02,
    FaultKind.HTML: 0.02,
    FaultKind.CUT_BODY: 0.03,
}


async def test_many_files_in_a_bad_network(cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """Eight streams, each whole and in order, with what they were told in the order of the channels."""
    channels = [other(write(tmp_path / f"{number}.csv", hours(60)), f"meter-{number}") for number in range(8)]
    cloud.faults.profile(5, TROUBLE)
    reports = await push(sender, channels)
    assert [report.channel for report in reports] == channels
    assert all(report.is_complete and report.accepted == 60 for report in reports)
    assert all(values_of(cloud, channel.stream_id) == list(range(60)) for channel in channels)
    assert is_clean(cloud)


async def test_files_are_sent_side_by_side(cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """None waits for another to end."""
    cloud.latency_s = 0.005
    channels = [other(write(tmp_path / f"{number}.csv", hours(20)), f"meter-{number}") for number in range(8)]
    upload = asyncio.create_task(push(sender, channels))
    await until(lambda: len(cloud.accepted) == 8)
    assert all(len(values_of(cloud, channel.stream_id)) < 20 for channel in channels)
    await upload


async def test_one_bad_channel_does_not_stop_the_others(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """Each has its own report."""
    await sender.deliver(packet(0.5, "meter-2"))
    cloud.reject("meter-3")
    good = other(write(tmp_path / "good.csv", hours(9)), "meter-0")
    bad = [
        other(write(tmp_path / "1.csv", [*hours(3), "x,y"]), "meter-1"),
        other(write(tmp_path / "2.csv", hours(3)), "meter-2"),
        other(write(tmp_path / "3.csv", hours(3)), "meter-3"),
        other(tmp_path / "none.csv", "meter-4"),
    ]
    reports = await push(sender, [*bad, good])
    kinds = [type(report.problem) for report in reports]
    assert kinds == [BadRowsError, AnotherSenderError, StreamHeldError, FileNotFoundError, type(None)]
    assert [report.is_complete for report in reports] == [False, False, False, False, True]
    assert values_of(cloud, "meter-0") == list(range(9))
    assert values_of(cloud, "meter-1") == []
    assert reports[0].survey is not None
    assert reports[0].survey.bad_row_count == 1
    assert reports[3].survey is None


async def test_bad_rows_are_skipped_when_asked_for(cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """The same file goes on then, and later with new rows."""
    path = write(tmp_path / "data.csv", [*hours(3), "x,y", *hours(2, begin=3)])
    assert isinstance((await push_one(sender, other(path))).problem, BadRowsError)
    assert values_of(cloud) == []
    report = await push_one(sender, other(path), skip_bad_rows=True)
    assert report.is_complete
    add(path, hours(1, begin=5))
    await push_one(sender, other(path), skip_bad_rows=True)
    assert values_of(cloud) == list(range(6))


async def test_refused_credentials_stop_all_and_new_ones_go_on(
    cloud: WatticsSimulator, client: WatticsClient, sender: Sender, tmp_path: Path
) -> None:
    """In the middle of three files."""
    channels = [other(write(tmp_path / f"{number}.csv", hours(40)), f"meter-{number}") for number in range(3)]
    cloud.faults.script(POST_PATH, [None] * 50 + [Fault(FaultKind.STATUS, status=401)] * 9)
    with pytest.raises(CredentialsError):
        await push(sender, channels)
    settled = [ProgressFile(channel).load().accepted for channel in channels]
    assert all(0 < count < 40 for count in settled)
    assert sum(settled) == cloud.store.total
    requests = cloud.log.total
    with pytest.raises(CredentialsError):
        await push(sender, channels)
    assert cloud.log.total == requests
    cloud.faults.clear()
    sender.resume(client)
    reports = await push(sender, channels)
    assert [report.before for report in reports] == settled
    assert all(values_of(cloud, channel.stream_id) == list(range(40)) for channel in channels)
    assert is_clean(cloud)


async def test_first_packet_that_is_refused_holds_the_stream(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """With the answer, and without another one tried."""
    rejection = cloud.reject("meter", status=404, reason="No such stream.")
    channel = other(write(tmp_path / "data.csv", hours(4)))
    report = await push_one(sender, channel)
    assert isinstance(report.problem, StreamHeldError)
    assert str(report.problem) == "Wattics: stream meter: refuses the packets of line 1"
    assert (report.problem.status, report.problem.answer) == (404, "No such stream.")
    assert (cloud.rejected, report.rejected, report.unsettled) == (1, 1, 1)
    cloud.rejections.remove(rejection)
    report = await push_one(sender, channel)
    assert (report.accepted, report.rejected, report.rejections) == (4, 0, ())
    assert values_of(cloud) == [0, 1, 2, 3]


async def test_single_refused_rows_are_passed_and_listed(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """By their lines in the file; two in a row are still single ones."""
    cloud.reject("meter", lambda values: values["value"] in {2, 5, 6})
    path = write(tmp_path / "data.csv", ["", *hours(8)])
    report = await push_one(sender, other(path))
    row = RejectedRow(4, packet(2).timestamp, 400, "This packet is not wanted.")
    assert report.rejections[0] == row
    assert [rejected.line for rejected in report.rejections] == [4, 7, 8]
    assert (report.accepted, report.rejected, report.unsettled, report.is_complete) == (5, 3, 0, True)
    assert values_of(cloud) == [0, 1, 3, 4, 7]
    again = await push_one(sender, other(path))
    assert (again.accepted, again.rejections) == (0, report.rejections)


async def test_three_refused_in_a_row_hold_the_stream_before_them(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """When the cloud takes them after all, they are sent in their order."""
    rejection = cloud.reject("meter", lambda values: float(str(values["value"])) >= 3)
    channel = other(write(tmp_path / "data.csv", hours(8)))
    report = await push_one(sender, channel)
    assert isinstance(report.problem, StreamHeldError)
    assert str(report.problem).endswith("line 4, 5, 6")
    assert (cloud.rejected, report.accepted, report.unsettled) == (3, 3, 3)
    cloud.rejections.remove(rejection)
    report = await push_one(sender, channel)
    assert (report.before, report.accepted, report.rejected) == (3, 5, 0)
    assert values_of(cloud) == list(range(8))


async def test_refused_row_at_the_end_is_tried_again(cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """As long as nothing newer was accepted it can be."""
    rejection = cloud.reject("meter", lambda values: values["value"] == 3)
    channel = other(write(tmp_path / "data.csv", hours(4)))
    report = await push_one(sender, channel)
    assert (report.problem, report.unsettled, report.is_complete) == (None, 1, False)
    cloud.rejections.remove(rejection)
    report = await push_one(sender, channel)
    assert (report.accepted, report.rejected, report.is_complete) == (1, 0, True)
    assert values_of(cloud) == [0, 1, 2, 3]


async def test_refused_row_is_not_taken_for_accepted_when_the_progress_lags(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """It was written down before the next one went out."""
    cloud.reject("meter", lambda values: values["value"] == 2)
    channel = other(write(tmp_path / "data.csv", hours(6)))
    seen: list[bytes] = []
    write_down = csv_progress._replace

    def note(path: Path, content: bytes) -> None:
        seen.append(content)
        write_down(path, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_progress, "_replace", note)
        await push_one(sender, channel)
    lagging = next(content for content in seen if b'"unsettled": [\n' in content)
    channel.progress_path.write_bytes(lagging)
    report = await push_one(sender, channel)
    assert (report.found, report.rejected, report.unsettled) == (3, 1, 0)
    bookmark = ProgressFile(channel).load()
    assert (bookmark.accepted, bookmark.rejected, [row.line for row in bookmark.rejections]) == (5, 1, [3])
    assert values_of(cloud) == [0, 1, 3, 4, 5]


async def test_progress_is_told(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From what was settled before to the end, before the call returns."""
    monkeypatch.setattr(csv_upload, "_TELL_EVERY_S", 0)
    path = write(tmp_path / "data.csv", hours(4))
    await push_one(sender, other(path))
    add(path, hours(6, begin=4))
    told: list[Progress] = []
    await push(sender, [other(path)], on_progress=told.append)
    assert [(step.settled, step.total) for step in told] == [(settled, 10) for settled in range(4, 11)]
    assert (told[0].rate_per_s, told[0].left_s) == (None, None)
    for step in told[1:]:
        assert step.rate_per_s is not None
        assert step.left_s == pytest.approx((10 - step.settled) / step.rate_per_s)


async def test_progress_is_not_told_for_every_packet(cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """Screens are slower than that; the end is told in any case."""
    told: list[Progress] = []
    await push(sender, [other(write(tmp_path / "data.csv", hours(200)))], on_progress=told.append)
    assert len(told) < 50
    assert (told[0].settled, told[-1].settled) == (0, 200)


async def test_progress_that_cannot_be_written_stops_before_anything_is_sent(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """What could not be noted would be sent again."""
    channel = other(write(tmp_path / "data.csv", hours(4)))
    (tmp_path / "data.csv.progress.new").mkdir()
    report = await push_one(sender, channel)
    assert isinstance(report.problem, IsADirectoryError)
    assert values_of(cloud) == []


async def test_rows_that_come_while_it_is_sent_wait_for_the_next_time(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """They were not looked through."""
    path = write(tmp_path / "data.csv", hours(800))
    more = iter([*hours(5, begin=800), "half a ro"])
    (report,) = await push(sender, [other(path)], on_progress=lambda _: add(path, more))
    assert next(more, None) is None
    assert (report.accepted, report.problem) == (800, None)
    assert len(values_of(cloud)) == 800


@pytest.mark.parametrize("same", ["stream_id", "path"])
async def test_channels_that_share_something_are_refused(sender: Sender, tmp_path: Path, same: str) -> None:
    """Before anything is sent."""
    first = other(write(tmp_path / "a.csv", hours(1)), "a")
    second = other(first.path, "b") if same == "path" else other(write(tmp_path / "b.csv", hours(1)), "a")
    with pytest.raises(ValueError, match=f"^{same}: each channel must have its own"):
        await push(sender, [first, second])


async def test_nothing_to_push(sender: Sender) -> None:
    """No channel, no report."""
    assert await push(sender, []) == []


async def test_nothing_secret_is_said(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in reports nor in logs nor in the progress file."""
    caplog.set_level(logging.DEBUG)
    cloud.reject("meter", lambda values: values["value"] == 2, reason=f"Not with {CANARY}")
    channel = other(write(tmp_path / "data.csv", hours(4)))
    report = await push_one(sender, channel)
    assert report.rejected == 1
    for text in (repr(report), caplog.text, channel.progress_path.read_text()):
        assert CANARY not in text
