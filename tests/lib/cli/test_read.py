"""`read carbontrack`: the same records in three formats, whole files or none, and going on after an interruption."""

import csv
import io
import json
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_bench import Child, Shell, content, end_of, partials, until
from pyarrow import parquet

from aiowattbridge.simulators import CarbonTrackSimulator, Fault

DAY = ("--from", "2026-03-08", "--to", "2026-03-09")


def of_csv(text: str) -> list[dict[str, Any]]:
    """Read a CSV as records of times, texts and numbers."""
    records: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text)):
        numbers = {
            name: float(cell) if cell else None
            for name, cell in row.items()
            if name not in ("recorded_at", "device_id")
        }
        records.append(
            {"recorded_at": datetime.fromisoformat(row["recorded_at"]), "device_id": row["device_id"], **numbers}
        )
    return records


def of_jsonl(text: str) -> list[dict[str, Any]]:
    """Read JSON lines as records."""
    records = [json.loads(line) for line in text.splitlines()]
    return [record | {"recorded_at": datetime.fromisoformat(record["recorded_at"])} for record in records]


def list_of(folder: Path) -> list[Path]:
    """List the files of a folder."""
    return sorted(folder.iterdir())


async def test_formats_hold_the_same(sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path) -> None:
    """The same values, and the same ones missing."""
    device = sun.house.device_ids[0]
    as_csv = await shell("read", "carbontrack", device, *DAY, "--derived")
    as_json = await shell("read", "carbontrack", device, *DAY, "--derived", "--json")
    file = tmp_path / "day.parquet"
    assert (await shell("read", "carbontrack", device, *DAY, "--derived", "--output", file)).code == 0
    table = parquet.read_table(file)
    expected = table.to_pylist()
    assert of_csv(as_csv.out) == expected
    assert of_jsonl(as_json.out) == expected

    # Those that end after the first midnight, up to the one that ends with the second.
    assert len(expected) == 288
    assert str(table.schema.field("recorded_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("generating").type) == "double"
    # The simulated meters have no such field, and a zero would be an invention.
    assert table.column("power_vah_4").null_count == len(expected)
    assert expected[100]["power_usage_power_w"] == pytest.approx(expected[100]["power_usage"] * 12)
    assert expected[100]["interval_s"] == 300
    assert {record["device_id"] for record in expected} == {device}
    assert not sun.log.violations


async def test_writes_only_the_fields_asked_for_in_the_zone(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """Naive times are of the zone, a date is its first instant, and the energies add up to the house's."""
    device = sun.house.device_ids[1]
    result = await shell(
        *("read", "carbontrack", device, "--zone", "Australia/Adelaide", "--fields", "generating,power_usage"),
        *("--from", "2026-03-08T00:30", "--to", "2026-03-08T01:30"),
    )
    assert result.out.splitlines()[0] == "recorded_at,device_id,generating,power_usage"
    assert result.out.splitlines()[1].startswith("2026-03-08T00:35:00+10:30,")
    records = of_csv(result.out)
    hour = datetime.fromisoformat("2026-03-08T00:30+10:30")
    (expected,) = sun.house.hourly_energy_wh(device, "PowerUsage", hour, hour + timedelta(hours=1)).values()
    assert sum(record["power_usage"] for record in records) == pytest.approx(expected)


async def test_periods_that_follow_each_other_share_no_record(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """Nor do they leave one out, and each record knows the time since the one before it."""
    device, times = sun.house.device_ids[0], ("2026-03-07", "2026-03-08", "2026-03-09")
    command = ("read", "carbontrack", device, "--derived", "--json")
    first, second, both = [
        (await shell(*command, "--from", times[start], "--to", times[end])).documents
        for start, end in ((0, 1), (1, 2), (0, 2))
    ]
    assert first + second == both
    assert {record["interval_s"] for record in both} == {300.0}


async def test_says_what_was_written(sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path) -> None:
    """The file is not the output, so there is something to say; and nothing unfinished is left."""
    file = tmp_path / "day.jsonl"
    result = await shell("read", "carbontrack", sun.house.device_ids[0], *DAY, "-o", file, "--json")
    assert result.code == 0
    assert result.json["records"] == len(content(file).splitlines())
    assert result.json["output"] == str(file)
    assert list_of(tmp_path) == [file]


async def test_nothing_there_is_no_failure(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """It is said, and a head without rows is written."""
    result = await shell("read", "carbontrack", sun.house.device_ids[0], "--from", "2020-01-01", "--to", "2020-01-02")
    assert result.code == 0
    assert len(result.out.splitlines()) == 1
    assert "no records" in result.err


async def test_interrupted_file_goes_on_with_resume(
    sun: CarbonTrackSimulator, shell: Shell, start: Child, tmp_path: Path
) -> None:
    """Nothing looks whole that is not; in the end it is as if nothing had happened."""
    device, file = sun.house.device_ids[0], tmp_path / "days.csv"
    command = ("read", "carbontrack", device, "--from", "2026-02-20", "--to", "2026-03-09", "--derived", "-o", file)
    sun.latency_s = 0.05
    process = await start(*command)
    await until(lambda: bool(partials(tmp_path)))
    process.send_signal(signal.SIGINT)
    interrupted = await end_of(process)
    assert interrupted.code == 130
    assert "records were written, up to 2026-0" in interrupted.err
    assert "--resume" in interrupted.err
    (partial,) = list_of(tmp_path)
    # As if the power had failed in the middle of a line.
    partial.write_bytes(partial.read_bytes()[:-7])

    sun.latency_s = 0
    asked = sun.log.count("/ctapi/Measurement")
    resumed = await shell(*command, "--resume")
    assert resumed.code == 0
    assert sun.log.count("/ctapi/Measurement") - asked < 49
    whole = await shell(*command[:-1], tmp_path / "whole.csv")
    assert whole.code == 0
    assert content(file) == content(tmp_path / "whole.csv")
    assert len(list_of(tmp_path)) == 2


async def test_resume_takes_nothing_of_another_question(
    sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path
) -> None:
    """Other fields make another file."""
    device, file = sun.house.device_ids[0], tmp_path / "days.csv"
    times = ("--from", "2026-02-20", "--to", "2026-03-09")
    sun.faults.script("/ctapi/Measurement", [*[None] * 45, Fault("status", status=400)])
    failed = await shell("read", "carbontrack", device, *times, "-o", file)
    assert failed.code == 1
    assert len(partials(tmp_path)) == 1
    result = await shell("read", "carbontrack", device, *times, "-o", file, "--resume", "--fields", "generating")
    assert result.code == 0
    assert len(content(file).splitlines()) == 1 + 17 * 288


async def test_failed_parquet_leaves_nothing(sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path) -> None:
    """Half of one cannot be read."""
    sun.faults.script("/ctapi/Measurement", [*[None] * 45, Fault("status", status=400)])
    times = ("--from", "2026-02-20", "--to", "2026-03-09")
    result = await shell("read", "carbontrack", sun.house.device_ids[0], *times, "-o", tmp_path / "days.parquet")
    assert result.code == 1
    assert "was removed" in result.err
    assert list_of(tmp_path) == []


async def test_refused_from_the_beginning_leaves_nothing(
    sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path
) -> None:
    """A head without rows is nothing to go on with."""
    result = await shell("read", "carbontrack", "4711", *DAY, "-o", tmp_path / "day.csv")
    assert result.code == 1
    assert list_of(tmp_path) == []


async def test_unknown_device_ends_with_1(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """The cloud does not let this account see it."""
    result = await shell("read", "carbontrack", "4711", *DAY)
    assert result.code == 1
    assert "carbonTRACK /ctapi/Measurement" in result.error


async def test_parquet_without_its_package_names_the_extra(
    sun: CarbonTrackSimulator, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is asked of the cloud."""
    monkeypatch.setattr("aiowattbridge.cli.records.find_spec", lambda _: None)
    result = await shell("read", "carbontrack", sun.house.device_ids[0], *DAY, "-o", tmp_path / "day.parquet")
    assert result.code == 2
    assert "aiowattbridge[parquet]" in result.error
    assert sun.log.total == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--from", "yesterday"), "--from"),
        (("--from", "2026-03-08", "--to", "2026-03-08"), "--to"),
        (("--from", "2026-03-08", "--to", "2026-3-9"), "--to"),
        (("--from", "2026-03-08", "--zone", "Europe"), "--zone"),
        (("--from", "2025-10-26T02:30", "--zone", "Europe/Berlin"), "--from"),
        (("--from", "2025-03-30T02:30", "--zone", "Europe/Berlin"), "--from"),
        (("--from", "2026-03-08", "--fields", "generating,sunshine"), "--fields"),
        (("--from", "2026-03-08", "--format", "parquet"), "--output"),
        (("--from", "2026-03-08", "--resume"), "--resume"),
        (("--from", "2026-03-08", "--format", "csv", "--json"), "--format"),
        (("--from", "2026-03-08", "--output", "nowhere/day.csv"), "nowhere"),
    ],
)
async def test_bad_input_ends_with_2_and_names_the_option(
    arguments: tuple[str, ...], named: str, sun: CarbonTrackSimulator, shell: Shell
) -> None:
    """Nothing is asked of the cloud."""
    result = await shell("read", "carbontrack", "4711", *arguments)
    assert result.code == 2
    assert named in result.error
    assert sun.log.total == 0
