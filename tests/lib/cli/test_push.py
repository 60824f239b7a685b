"""`push`: files into streams, all that can be wrong with them, and going on after an interruption."""

import json
import signal
from pathlib import Path

import pytest
from cli_bench import SECRET, Child, Shell, content, end_of, until, write_rows

from aiowattbridge.simulators import Fault, WatticsSimulator

OTHER = ("--type", "other", "--zone", "UTC")


def values(cloud: WatticsSimulator, stream: str) -> list[object]:
    """List the values that a stream got."""
    return [stored.packet["value"] for stored in cloud.accepted[stream]]


async def test_fills_a_stream(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """Every row once, in order, at the local time of the zone."""
    file = write_rows(tmp_path / "gas.csv", 40)
    result = await shell("push", file, "--stream", "gas", "--type", "other", "--zone", "Europe/Berlin")
    assert result.code == 0
    assert values(collector, "gas") == [row + 0.5 for row in range(40)]
    assert collector.accepted["gas"][0].packet["tsISO8601"] == "2026-02-01T00:00:00.000+01:00"
    assert "gas" in result.out
    assert "complete" in result.out
    assert collector.report()["violations"] == 0


async def test_pairs_files_and_streams_in_their_order(
    collector: WatticsSimulator, shell: Shell, tmp_path: Path
) -> None:
    """Each report is one line of JSON."""
    files = [write_rows(tmp_path / "a.csv", 3), write_rows(tmp_path / "b.csv", 5)]
    result = await shell("push", files[0], "--stream", "first", files[1], "--stream", "second", *OTHER, "--json")
    assert result.code == 0
    assert [(one["stream"], one["accepted"], one["complete"]) for one in result.documents] == [
        ("first", 3, True),
        ("second", 5, True),
    ]
    assert collector.report()["streams"] == {"first": 3, "second": 5}


async def test_goes_on_with_rows_that_were_added(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """The same command again sends what is new."""
    file = tmp_path / "gas.csv"
    await shell("push", write_rows(file, 10), "--stream", "gas", *OTHER)
    result = await shell("push", write_rows(file, 12), "--stream", "gas", *OTHER, "--json")
    assert (result.json["before"], result.json["accepted"]) == (10, 2)
    assert collector.report()["duplicates"] == 0


async def test_bad_row_ends_with_1_before_anything_is_sent(
    collector: WatticsSimulator, shell: Shell, tmp_path: Path
) -> None:
    """The row is named, and so is the way around it."""
    file = write_rows(tmp_path / "gas.csv", 10, bad=4)
    result = await shell("push", file, "--stream", "gas", *OTHER)
    assert result.code == 1
    assert "line 4, column 2" in result.error
    assert "--skip-bad-rows" in result.error
    assert collector.report()["accepted"] == 0


async def test_bad_rows_are_skipped_where_that_is_asked_for(
    collector: WatticsSimulator, shell: Shell, tmp_path: Path
) -> None:
    """All others go out."""
    file = write_rows(tmp_path / "gas.csv", 10, bad=4)
    result = await shell("push", file, "--stream", "gas", *OTHER, "--skip-bad-rows")
    assert result.code == 0
    assert len(values(collector, "gas")) == 9


async def test_dry_run_shows_the_file_and_asks_for_no_credentials(shell: Shell, tmp_path: Path) -> None:
    """Also what the first packet would look like."""
    file = write_rows(tmp_path / "gas.csv", 10)
    result = await shell("push", file, "--stream", "gas", *OTHER, "--dry-run", "--json")
    assert result.code == 0
    assert (result.json["rows"], result.json["packets"], result.json["bad_rows"]) == (10, 10, [])
    assert json.loads(result.json["first_packet"]) == {
        "id": "gas",
        "tsISO8601": "2026-02-01T00:00:00.000+00:00",
        "value": 0.5,
    }
    shown = await shell("push", file, "--stream", "gas", *OTHER, "--dry-run")
    assert "first packet" in shown.out


async def test_dry_run_lists_bad_rows_and_ends_with_1(shell: Shell, tmp_path: Path) -> None:
    """As the real run would."""
    file = write_rows(tmp_path / "gas.csv", 10, bad=4)
    result = await shell("push", file, "--stream", "gas", *OTHER, "--dry-run")
    assert result.code == 1
    assert "line 4, column 2" in result.err


async def test_refused_packet_ends_with_1(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """A single refusal does not stop the others, and is told with the cloud's words."""
    collector.reject("gas", lambda packet: packet["value"] == 3.5, reason="That much gas there is not.")
    result = await shell("push", write_rows(tmp_path / "gas.csv", 10), "--stream", "gas", *OTHER)
    assert result.code == 1
    assert "line 4 was refused (HTTP 400): That much gas there is not." in result.err
    assert len(values(collector, "gas")) == 9


async def test_refused_credentials_end_with_3(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """Nothing was sent, so there is nothing to go on with."""
    collector.password = "another"
    result = await shell("push", write_rows(tmp_path / "gas.csv", 10), "--stream", "gas", *OTHER)
    assert result.code == 3
    assert "refuses the credentials" in result.error


async def test_waiting_for_the_cloud_is_told(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """It goes on when the cloud is back, by itself."""
    path = "/measurements/v2/unifiedjson/"
    collector.faults.script(path, [None, Fault("unavailable", retry_after_s=0.1)])
    result = await shell("push", write_rows(tmp_path / "gas.csv", 3), "--stream", "gas", *OTHER)
    assert result.code == 0
    assert "trying again at" in result.err
    assert len(values(collector, "gas")) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_upload_goes_on_with_the_same_command(
    number: signal.Signals, collector: WatticsSimulator, shell: Shell, start: Child, tmp_path: Path
) -> None:
    """It ends with 130, says where it is noted, and nothing is lost or sent twice."""
    collector.latency_s = 0.01
    file = write_rows(tmp_path / "gas.csv", 300)
    command = ("push", file, "--stream", "gas", *OTHER)
    process = await start(*command)
    await until(lambda: collector.store.total >= 30)
    process.send_signal(number)
    interrupted = await end_of(process)
    assert interrupted.code == 130
    assert interrupted.error == "interrupted"
    assert "gas.csv.progress; the same command goes on from there" in interrupted.err
    assert collector.store.total < 300

    collector.latency_s = 0
    assert (await shell(*command)).code == 0
    assert values(collector, "gas") == [row + 0.5 for row in range(300)]


def write_ini(folder: Path, url: str, username: str) -> Path:
    """Write what the vendor's own uploader would be told."""
    ini = folder / "swarm.ini"
    ini.write_text(
        f"[Logs]\nFilename={folder / 'swarm.log'}\nLevel=INFO\n"
        f"[Web DC]\nURL={url}/measurements/v2/unifiedjson/\nUsername={username}\nPassword={SECRET}\n"
        f"[General]\nChannelReference=fake\nFilename={write_rows(folder / 'meter.csv', 4)}\n"
        "ChannelType=fake_electricity\nMinutesShift=\nMinutesInSlot=15\n"
    )
    return ini


async def test_ini_file_says_everything(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """As for the vendor's own uploader: also the credentials, and where to log."""
    ini = write_ini(tmp_path, collector.url, collector.username)
    result = await shell("push", "--ini", ini, "--zone", "Europe/Berlin")
    assert result.code == 0
    packets = [stored.packet for stored in collector.accepted["fake"]]
    assert [set(packet) - {"id", "tsISO8601"} for packet in packets] == [{"aP_1", "pC_1"}] * 4
    assert packets[0]["tsISO8601"] == "2026-02-01T00:00:00.000+01:00"
    log = content(tmp_path / "swarm.log")
    assert "4 accepted" in log
    assert SECRET not in log


async def test_ini_file_can_be_sent_elsewhere(collector: WatticsSimulator, shell: Shell, tmp_path: Path) -> None:
    """What was sent there is no progress with the file's own collector."""
    ini = write_ini(tmp_path, "https://collector.example", collector.username)
    result = await shell("push", "--ini", ini, "--url", collector.url)
    assert result.code == 0
    assert len(collector.accepted["fake"]) == 4
    assert json.loads(content(tmp_path / "meter.csv.progress"))["settings"]["destination"] == collector.url


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "FILE"),
        (("gas.csv", *OTHER), "--stream"),
        (("gas.csv", "--stream", "a", "--stream", "b", *OTHER), "--stream"),
        (("gas.csv", "--stream", "a", "--zone", "UTC"), "--type"),
        (("gas.csv", "--stream", "a", "--type", "other"), "--zone"),
        (("gas.csv", "--stream", "a", "--type", "other", "--zone", "Nowhere/Land"), "--zone"),
        (("gas.csv", "--stream", "a", "--type", "fake_electricity", "--zone", "UTC"), "--slot"),
        (("gas.csv", "--stream", " ", *OTHER), "--stream"),
        (("gas.csv", "--stream", "a", "gas.csv", "--stream", "b", *OTHER), "FILE"),
        (("gas.csv", "--ini", "swarm.ini"), "--ini"),
        (("--ini", "swarm.ini"), "swarm.ini"),
        (("nothing.csv", "--stream", "a", *OTHER), "nothing.csv"),
    ],
)
@pytest.mark.usefixtures("collector")
async def test_bad_input_ends_with_2_and_names_the_option(
    arguments: tuple[str, ...], named: str, shell: Shell, tmp_path: Path
) -> None:
    """Nothing is sent, and a newcomer sees what to change."""
    write_rows(tmp_path / "gas.csv", 3)
    result = await shell("push", *arguments)
    assert result.code == 2
    assert named in result.error
