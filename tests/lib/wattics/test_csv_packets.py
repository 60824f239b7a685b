"""Values and times written into a file come back as packets; the file is looked through in little memory."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from csv_bench import hours, other, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wattics_bench import START

from aiowattbridge.wattics import (
    ELECTRICITY_PARAMETERS,
    PRODUCTION_URL,
    ChannelType,
    CsvChannel,
    CsvSurvey,
    ElectricityPacket,
    ValuePacket,
    survey_csv,
)
from aiowattbridge.wattics.csv_packets import CsvPacket, EmptyRow, read_packets
from aiowattbridge.wattics.csv_survey import MOST_LISTED, BadRowsError

NAMES = [parameter.name for parameter in ELECTRICITY_PARAMETERS]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
STEPS = st.lists(st.integers(1, 10**7), min_size=1, max_size=20)
ROWS = st.lists(st.lists(st.none() | FINITE, max_size=21), min_size=1, max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, steps=STEPS, shift=st.integers(-600, 600), bom=st.booleans())
def test_electricity_round_trip(
    tmp_path: Path, rows: list[list[float | None]], steps: list[int], shift: int, *, bom: bool
) -> None:
    """Row by row the same values at the same times, moved by the shift; what has no value is passed."""
    times, cells = [], []
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    for row, step in zip(rows, steps * len(rows), strict=False):
        instant += timedelta(seconds=step)
        times.append(instant)
        cells.append(["" if number is None else repr(number) for number in row])
    path = tmp_path / "data.csv"
    lines = [",".join([f"{time:%Y-%m-%d %H:%M:%S}", *texts]) for time, texts in zip(times, cells, strict=True)]
    path.write_text("\n".join(lines), encoding="utf-8-sig" if bom else "utf-8")
    items = list(read_packets(CsvChannel(path, "meter", ChannelType.REAL_ELECTRICITY, minutes_shift=shift)))
    read = iter(items)
    is_first = True
    for time, row in zip(times, rows, strict=True):
        values = {name: number for name, number in zip(NAMES, row, strict=False) if number is not None}
        item = next(read)
        if not values:
            assert isinstance(item, EmptyRow)
            continue
        if is_first and shift > 0:
            assert isinstance(item, CsvPacket)
            assert (item.is_padding, item.packet) == (True, ElectricityPacket("meter", time, values))
            item = next(read)
        is_first = False
        assert isinstance(item, CsvPacket)
        assert (item.is_padding, item.row_time) == (False, time)
        assert item.packet == ElectricityPacket("meter", time + timedelta(minutes=shift), values)
    assert next(read, None) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 10**6), FINITE), min_size=1, max_size=20),
    st.sampled_from(["UTC", "Asia/Kolkata"]),
)
def test_single_value_round_trip(tmp_path: Path, rows: list[tuple[int, float]], name: str) -> None:
    """The values come back bit for bit."""
    zone = ZoneInfo(name)
    time = datetime(2026, 1, 1, tzinfo=zone)
    expected, lines = [], []
    for step, value in rows:
        time += timedelta(seconds=step)
        expected.append(ValuePacket("meter", time, value))
        lines.append(f"{time:%Y-%m-%d %H:%M:%S},{value!r}")
    items = read_packets(other(write(tmp_path / "data.csv", lines), zone=zone))
    assert [item.packet for item in items if isinstance(item, CsvPacket)] == expected


def test_survey_tells_what_is_there_before_anything_is_sent(tmp_path: Path) -> None:
    """Rows, times in the file's zone, and the first packet by the letter."""
    rows = ["x", *hours(3), "2026-03-01 02:30:00,", "2026-03-01 02:40:00,?", ""]
    path = write(tmp_path / "data.csv", rows)
    zone = ZoneInfo("Europe/Berlin")
    survey = survey_csv(other(path, zone=zone, shift=30))
    assert survey == CsvSurvey(
        rows=6,
        packets=4,
        empty_rows=1,
        bad_row_count=2,
        bad_rows=survey.bad_rows,
        first=datetime(2026, 3, 1, tzinfo=zone),
        last=datetime(2026, 3, 1, 2, tzinfo=zone),
        first_packet=ValuePacket("meter", datetime(2026, 3, 1, tzinfo=zone), 0),
        last_line=6,
    )
    assert survey.first_packet is not None
    assert survey.first_packet.to_bytes() == b'{"id":"meter","tsISO8601":"2026-03-01T00:00:00.000+01:00","value":0}'


def test_empty_file_has_nothing_and_nothing_wrong(tmp_path: Path) -> None:
    """An uploader may meet one on the first of a month."""
    survey = survey_csv(other(write(tmp_path / "data.csv", [])))
    assert (survey.rows, survey.packets, survey.bad_row_count) == (0, 0, 0)
    assert (survey.first, survey.last, survey.first_packet) == (None, None, None)


def test_bad_rows_without_end_are_counted_and_not_kept(tmp_path: Path) -> None:
    """The message names the first ones."""
    survey = survey_csv(other(write(tmp_path / "data.csv", ["x,1"] * 500)))
    assert (len(survey.bad_rows), survey.bad_row_count) == (MOST_LISTED, 500)
    message = str(BadRowsError(survey.bad_rows, survey.bad_row_count))
    assert message.startswith("500 bad rows: line 1, column 1: is no time")
    assert message.endswith("; and 495 more")
    assert str(BadRowsError(survey.bad_rows[:1], 1)).startswith("1 bad row: line 1, column 1: is no time")
    assert "more" not in str(BadRowsError(survey.bad_rows[:1], 1))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """50,000 rows, 2 MB, looked through and begun to be sent in a small part of that."""
    times = (START + timedelta(minutes=number) for number in range(50_000))
    path = write(tmp_path / "data.csv", (f"{time:%Y-%m-%d %H:%M:%S},1.012345678901234567890" for time in times))
    assert path.stat().st_size > 2_000_000
    channel = other(path)
    next(read_packets(channel))
    tracemalloc.start()
    try:
        assert survey_csv(channel).packets == 50_000
        assert len(list(islice(read_packets(channel), 256))) == 256
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("stream_id: ", {"stream_id": " "}),
        ("path: ", {"path": Path()}),
        ("minutes_shift: ", {"minutes_shift": 10**9}),
        ("minutes_in_slot: ", {"channel_type": ChannelType.FAKE_ELECTRICITY}),
        ("minutes_in_slot: ", {"channel_type": ChannelType.FAKE_ELECTRICITY, "minutes_in_slot": 0}),
    ],
)
def test_channel_that_could_not_be_sent_is_refused(message: str, arguments: dict[str, object]) -> None:
    """By the field's name."""
    good = {"path": Path("data.csv"), "stream_id": "meter", "channel_type": ChannelType.OTHER}
    with pytest.raises(ValueError, match=f"^{message}"):
        CsvChannel(**(good | arguments))  # type: ignore[arg-type]  # one bad thing at a time


def test_settings_are_those_that_change_what_is_sent() -> None:
    """A slot means nothing but for fake electricity, and no shift is a shift of nothing."""
    plain = CsvChannel(Path("a.csv"), "meter", ChannelType.OTHER)
    assert plain.destination == PRODUCTION_URL
    assert CsvChannel(Path("b.csv"), "meter", ChannelType.OTHER, ZoneInfo("UTC"), 0, 15).settings == plain.settings
    fake = [CsvChannel(Path("a"), "meter", ChannelType.FAKE_ELECTRICITY, UTC, None, slot).settings for slot in (10, 15)]
    assert fake[0] != fake[1]
