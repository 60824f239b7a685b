"""An upload that was stopped goes on where it was; a file or settings that are not what they were are refused."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from csv_bench import add, hours, is_clean, other, push_one, write
from wattics_bench import CANARY, POST_PATH, RecordingClock, packet, until, values_of

from aiowattbridge.simulators import FaultKind, WatticsSimulator
from aiowattbridge.wattics import (
    AnotherSenderError,
    ChannelType,
    CsvChannel,
    OrderError,
    ProgressError,
    Sender,
    WatticsClient,
    push,
)
from aiowattbridge.wattics.csv_progress import Bookmark, ProgressFile

type NewSender = Callable[[], Sender]


@pytest.fixture
def new_sender(cloud: WatticsSimulator, client: WatticsClient, clock: RecordingClock) -> NewSender:
    """Make a sender that knows nothing, as after a restart."""
    return lambda: Sender(client, clock=clock)


def bookmark_of(channel: CsvChannel) -> Bookmark:
    """Read the progress beside a file."""
    return ProgressFile(channel).load()


async def stop_after(cloud: WatticsSimulator, sender: Sender, channel: CsvChannel, count: int) -> None:
    """Cancel an upload when the cloud has so many packets."""
    # Slow enough to be caught.
    cloud.latency_s = 0.005
    upload = asyncio.create_task(push(sender, [channel]))
    await until(lambda: len(values_of(cloud, channel.stream_id)) >= count)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    cloud.latency_s = 0


async def test_second_upload_of_a_file_sends_nothing(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path
) -> None:
    """All is settled, also when the cloud has got newer packets of others since."""
    channel = other(write(tmp_path / "data.csv", hours(5)))
    first = await push_one(new_sender(), channel)
    assert (first.total, first.before, first.accepted, first.is_complete) == (5, 0, 5, True)
    again = await push_one(new_sender(), channel)
    assert (again.total, again.before, again.accepted, again.is_complete) == (5, 5, 0, True)
    await new_sender().deliver(packet(999))
    assert (await push_one(new_sender(), channel)).is_complete
    assert values_of(cloud) == [0, 1, 2, 3, 4, 999]


async def test_file_that_has_grown_sends_its_new_rows(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path
) -> None:
    """Also where its last line had no end before."""
    path = tmp_path / "data.csv"
    path.write_text("\n".join(hours(5)))
    channel = other(path, shift=60)
    await push_one(new_sender(), channel)
    add(path, ["", *hours(3, begin=5)])
    report = await push_one(new_sender(), channel)
    assert (report.total, report.before, report.accepted) == (9, 6, 3)
    assert values_of(cloud) == [0, *range(8)]
    assert is_clean(cloud)


@pytest.mark.parametrize("shape", ["object", "list", "unknown"])
async def test_cancelled_upload_goes_on(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path, shape: str
) -> None:
    """As often as one likes, with all that was sent written down."""
    cloud.get_shape = shape  # type: ignore[assignment]  # one of the three
    channel = other(write(tmp_path / "data.csv", hours(60)))
    for count in (1, 20, 21, 40):
        await stop_after(cloud, new_sender(), channel, count)
    report = await push_one(new_sender(), channel)
    assert report.is_complete
    repeated = 4 if shape == "unknown" else 0
    assert list(dict.fromkeys(values_of(cloud))) == list(range(60))
    assert len(values_of(cloud)) <= 60 + repeated
    assert cloud.report()["out_of_order"] == 0
    assert bookmark_of(channel).accepted == 60


@pytest.mark.parametrize("shift", [None, 60])
async def test_lost_progress_is_found_at_the_cloud(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path, shift: int | None
) -> None:
    """The cloud's last packet is looked up in the file, the padding packet as well."""
    channel = other(write(tmp_path / "data.csv", hours(8)), shift=shift)
    total = 8 + (shift is not None)
    for count in (1, 2, 5):
        await stop_after(cloud, new_sender(), channel, count)
        channel.progress_path.unlink()
    report = await push_one(new_sender(), channel)
    assert report.found >= 5
    assert (report.found + report.accepted, report.before) == (total, 0)
    assert len(values_of(cloud)) == total
    assert is_clean(cloud)
    assert bookmark_of(channel).accepted == total


async def test_progress_that_lags_behind_the_cloud(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path
) -> None:
    """As a kill leaves it."""
    channel = other(write(tmp_path / "data.csv", hours(9)))
    await stop_after(cloud, new_sender(), channel, 3)
    older = channel.progress_path.read_bytes()
    settled = bookmark_of(channel).accepted
    await stop_after(cloud, new_sender(), channel, 6)
    channel.progress_path.write_bytes(older)
    report = await push_one(new_sender(), channel)
    assert report.before == settled
    assert report.found >= 2
    assert values_of(cloud) == list(range(9))


async def test_cloud_that_is_behind_the_progress_is_not_believed(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path
) -> None:
    """It may lag; what it accepted is not sent again."""
    path = write(tmp_path / "data.csv", hours(5))
    await push_one(new_sender(), other(path))
    del cloud.accepted["meter"][3:]
    add(path, hours(1, begin=5))
    assert (await push_one(new_sender(), other(path))).accepted == 1
    assert values_of(cloud) == [0, 1, 2, 5]


@pytest.mark.parametrize(
    ("hour", "value"),
    [(2.5, 7), (3, 7), (100, 7)],
    ids=["between the rows", "at a row with another value", "after them all"],
)
async def test_another_sender_is_not_sent_over(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path, hour: float, value: float
) -> None:
    """Neither at the first upload nor at a later one."""
    path = write(tmp_path / "data.csv", hours(2))
    channel = other(path)
    await push_one(new_sender(), channel)
    await new_sender().deliver(replace(packet(hour), value=value))
    add(path, hours(5, begin=2))
    for _ in range(2):
        report = await push_one(new_sender(), channel)
        assert isinstance(report.problem, AnotherSenderError)
        assert not report.is_complete
        channel.progress_path.unlink(missing_ok=True)
    assert values_of(cloud) == [0, 1, value]


async def test_what_the_stream_had_before_the_file_is_no_hindrance(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path
) -> None:
    """A file a month, for instance."""
    await push_one(new_sender(), other(write(tmp_path / "a.csv", hours(3))))
    report = await push_one(new_sender(), other(write(tmp_path / "b.csv", hours(3, begin=3))))
    assert (report.accepted, report.problem) == (3, None)
    assert values_of(cloud) == list(range(6))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [rows[0].replace(",0", ",1"), *rows[1:]],
        lambda rows: rows[1:],
        lambda rows: ["", *rows],
        lambda rows: rows[:2],
        lambda _: [],
        lambda rows: [*rows[:2], "2026-03-01 01:30:00,1", *rows[2:]],
    ],
    ids=["a value", "a row less", "a line more", "the end cut off", "empty", "a row more"],
)
async def test_file_that_changed_where_it_was_sent_is_refused(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    """With what to do about it."""
    path = write(tmp_path / "data.csv", hours(4))
    await push_one(new_sender(), other(path))
    write(path, change(hours(4)))
    add(path, hours(2, begin=10))
    report = await push_one(new_sender(), other(path))
    assert isinstance(report.problem, ProgressError)
    assert str(report.problem).startswith("data.csv is not what it was up to line 4, and that much is sent already: ")
    assert "remove data.csv.progress to begin anew" in str(report.problem)
    assert values_of(cloud) == list(range(4))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"stream_id": "cellar"}, "another stream_id (meter instead of cellar)"),
        ({"zone": ZoneInfo("Asia/Kolkata")}, "another zone (UTC instead of Asia/Kolkata)"),
        ({"minutes_shift": 5}, "another minutes_shift (0 instead of 5)"),
        ({"destination": "https://demo.example"}, "another destination"),
        (
            {"channel_type": ChannelType.FAKE_ELECTRICITY, "minutes_in_slot": 5},
            "another channel_type (other instead of fake_electricity)",
        ),
    ],
)
async def test_settings_that_changed_are_refused(
    cloud: WatticsSimulator, new_sender: NewSender, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    """The one that changed is named."""
    channel = other(write(tmp_path / "data.csv", hours(2)))
    await push_one(new_sender(), channel)
    report = await push_one(new_sender(), replace(channel, **change))  # type: ignore[arg-type]  # one field at a time
    assert isinstance(report.problem, ProgressError)
    assert named in str(report.problem)
    assert values_of(cloud) == [0, 1]


async def test_interrupted_packet_is_not_sent_twice_by_the_same_sender(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """Cancelled while its answer is on the way, and begun again in the same process."""
    channel = other(write(tmp_path / "data.csv", hours(3)))
    cloud.faults.script(POST_PATH, [None, FaultKind.SLOW_ANSWER])
    await stop_after(cloud, sender, channel, 2)
    report = await push_one(sender, channel)
    assert (report.before, report.found, report.accepted) == (1, 1, 1)
    assert values_of(cloud) == [0, 1, 2]


async def test_stream_that_the_sender_has_filled_further_is_told(
    cloud: WatticsSimulator, sender: Sender, tmp_path: Path
) -> None:
    """What cannot be in order is not sent, and the rest of the program goes on."""
    cloud.get_shape = "unknown"
    sender.filled_until("meter", packet(5).timestamp)
    report = await push_one(sender, other(write(tmp_path / "data.csv", hours(3))))
    assert isinstance(report.problem, OrderError)
    assert values_of(cloud) == []


async def test_file_on_its_way_is_not_sent_a_second_time_at_once(
    cloud: WatticsSimulator, new_sender: NewSender, clock: RecordingClock, tmp_path: Path
) -> None:
    """Two runs of a timer may overlap."""
    channel = other(write(tmp_path / "data.csv", hours(3)))
    clock.free.clear()
    cloud.faults.script(POST_PATH, [FaultKind.UNAVAILABLE])
    slow = asyncio.create_task(push_one(new_sender(), channel))
    await until(lambda: clock.sleeps_s)
    report = await push_one(new_sender(), channel)
    assert isinstance(report.problem, ProgressError)
    assert str(report.problem) == "data.csv is being uploaded already: wait for that to end"
    clock.free.set()
    assert (await slow).is_complete
    assert values_of(cloud) == [0, 1, 2]
    assert cloud.password == CANARY
