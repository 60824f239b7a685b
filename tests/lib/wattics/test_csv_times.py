"""Local times become instants: also where the clocks go back or forward, and wherever they do it by half an hour."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from csv_bench import other, write
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.wattics import survey_csv
from aiowattbridge.wattics.csv_packets import CsvPacket, read_packets
from aiowattbridge.wattics.csv_rows import BadCellError
from aiowattbridge.wattics.csv_times import LocalTimes, parse_local_time

BACK = {
    "Europe/Berlin": datetime(2026, 10, 25, 1, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 1, 6, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "Australia/Adelaide": datetime(2026, 4, 4, 16, 30, tzinfo=UTC),
}
MINUTE = timedelta(minutes=1)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Read the clock on the wall."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize("name", BACK)
@pytest.mark.parametrize("minutes", [5, 15, 30, 60])
def test_clocks_that_go_back(name: str, minutes: int) -> None:
    """Regular rows around the hour that comes twice, hourly ones as well."""
    zone = ZoneInfo(name)
    instants = [BACK[name] + number * minutes * MINUTE for number in range(-200 // minutes - 2, 200 // minutes + 2)]
    times = LocalTimes(zone)
    assert [times.instant(local(instant, zone)) for instant in instants] == instants


@given(
    st.sampled_from(sorted(BACK)),
    st.lists(st.integers(1, 90), min_size=1, max_size=40),
    st.integers(-300, 0),
)
def test_rows_of_the_first_pass_and_rows_of_the_second(name: str, steps: list[int], begin: int) -> None:
    """Whatever the steps: instants rise, show the time of the row, and the second pass begins when times fall."""
    zone, instant = ZoneInfo(name), BACK[name] + begin * MINUTE
    times = LocalTimes(zone)
    before: datetime | None = None
    for step in steps:
        instant += step * MINUTE
        row_time = local(instant, zone)
        try:
            read = times.instant(row_time)
        except BadCellError as error:
            raise AssertionError(f"{row_time} after {before}") from error
        assert local(read, zone) == row_time
        # Where nothing tells the passes apart, it is the first one.
        assert read <= instant
        assert before is None or before < read
        before = read


@pytest.mark.parametrize(
    ("name", "row", "exists"),
    [
        ("Europe/Berlin", "2026-03-29 01:59:59", True),
        ("Europe/Berlin", "2026-03-29 02:00:00", False),
        ("Europe/Berlin", "2026-03-29 02:59:59", False),
        ("Europe/Berlin", "2026-03-29 03:00:00", True),
        ("America/New_York", "2026-03-08 02:30:00", False),
        ("Australia/Lord_Howe", "2026-10-04 02:15:00", False),
        ("Australia/Lord_Howe", "2026-10-04 02:30:00", True),
    ],
)
def test_time_that_the_clocks_skip_is_a_bad_row(name: str, row: str, *, exists: bool, tmp_path: Path) -> None:
    """There is no such time, so nothing is made up."""
    survey = survey_csv(other(write(tmp_path / "data.csv", [f"{row},1"]), zone=ZoneInfo(name)))
    assert survey.packets == exists
    assert [bad.reason for bad in survey.bad_rows] == [f"is a time that the clocks in {name} skip"] * (not exists)


def test_second_pass_has_its_own_offset(tmp_path: Path) -> None:
    """As it stands on the wire."""
    rows = [f"2026-10-25 {time}:00,1" for time in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")]
    path = write(tmp_path / "data.csv", rows)
    items = list(read_packets(other(path, zone=ZoneInfo("Europe/Berlin"))))
    stamps = [json.loads(item.packet.to_bytes())["tsISO8601"] for item in items if isinstance(item, CsvPacket)]
    assert [stamp[11:16] + stamp[23:] for stamp in stamps] == [
        "01:30+02:00",
        "02:00+02:00",
        "02:30+02:00",
        "02:00+01:00",
        "02:30+01:00",
        "03:00+01:00",
    ]


def test_third_time_is_one_too_many() -> None:
    """An hour comes twice, not thrice."""
    times = LocalTimes(ZoneInfo("Europe/Berlin"))
    for _ in range(2):
        times.instant(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - as it stands in the file
    with pytest.raises(BadCellError, match="not newer"):
        times.instant(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - as it stands in the file


def test_rows_after_a_gap_are_not_taken_for_the_second_pass() -> None:
    """The step that tells the passes apart is the shortest of the file, not the last."""
    times = LocalTimes(ZoneInfo("Europe/Berlin"))
    rows = ["00:00", "00:30", "02:00", "02:30"]
    read = [times.instant(parse_local_time(f"2026-10-25 {row}:00")) for row in rows]
    assert [f"{instant:%H:%M}" for instant in read] == ["22:00", "22:30", "00:00", "00:30"]


def test_row_whose_value_is_bad_still_counts_for_the_order(tmp_path: Path) -> None:
    """Otherwise the second pass would be taken for the first."""
    rows = ["2026-10-25 02:00:00,x", "2026-10-25 02:00:00,1"]
    channel = other(write(tmp_path / "data.csv", rows), zone=ZoneInfo("Europe/Berlin"))
    (item,) = [item for item in read_packets(channel) if isinstance(item, CsvPacket)]
    assert item.instant == datetime(2026, 10, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize("row", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
def test_ends_of_the_calendar_break_nothing(row: str, name: str, tmp_path: Path) -> None:
    """A bad row or a good one, and with a shift beyond the end a bad one."""
    path = write(tmp_path / "data.csv", [f"{row},1"])
    survey = survey_csv(other(path, zone=ZoneInfo(name)))
    assert survey.packets + survey.bad_row_count == 1
    shift = 10_000 * (1 if row.startswith("9") else -1)
    shifted = survey_csv(other(path, zone=ZoneInfo(name), shift=shift))
    assert (shifted.packets, shifted.bad_row_count) == (0, 1)


def test_offset_that_is_no_whole_minute_is_a_bad_row(tmp_path: Path) -> None:
    """Local mean time cannot be said to the collector."""
    survey = survey_csv(other(write(tmp_path / "data.csv", ["1880-01-01 00:00:00,1"]), zone=ZoneInfo("Europe/Berlin")))
    assert [bad.reason for bad in survey.bad_rows] == [
        "makes no packet (timestamp: the offset from UTC is not in whole minutes)"
    ]
