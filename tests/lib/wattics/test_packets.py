"""What a packet may hold, and what it looks like on the wire."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.wattics import (
    ELECTRICITY_PARAMETERS,
    ElectricityPacket,
    LastPacket,
    ParameterGroup,
    ValuePacket,
    format_timestamp,
    instant_of,
    parse_last_packet,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = [
    "aP_1",
    "aP_2",
    "aP_3",
    "rP_1",
    "rP_2",
    "rP_3",
    "apP_1",
    "apP_2",
    "apP_3",
    "v_1",
    "v_2",
    "v_3",
    "c_1",
    "c_2",
    "c_3",
    "pC_1",
    "pC_2",
    "pC_3",
    "v_12",
    "v_13",
    "v_23",
]
MINUTES = st.integers(-14 * 60, 14 * 60)
TIMES = st.builds(
    lambda naive, minutes: naive.replace(tzinfo=timezone(timedelta(minutes=minutes))),
    st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30)),  # noqa: DTZ001 - the zone follows
    MINUTES,
)
NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63))
IDS = st.text(min_size=1).filter(lambda text: bool(text.strip()) and text.isprintable())


def strict(body: bytes) -> dict[str, object]:
    """Parse JSON as a strict reader does."""

    def refuse(name: str) -> object:
        raise AssertionError(name)

    return dict(json.loads(body.decode("ascii"), parse_constant=refuse))


def test_the_table_has_all_parameters_in_the_order_of_the_vendors_columns() -> None:
    """21 parameters with their units."""
    assert [parameter.name for parameter in ELECTRICITY_PARAMETERS] == NAMES
    units = {parameter.group: parameter.unit for parameter in ELECTRICITY_PARAMETERS}
    assert units == {
        ParameterGroup.ACTIVE_POWER: "W",
        ParameterGroup.REACTIVE_POWER: "var",
        ParameterGroup.APPARENT_POWER: "VA",
        ParameterGroup.VOLTAGE: "V",
        ParameterGroup.CURRENT: "A",
        ParameterGroup.ENERGY: "Wh",
        ParameterGroup.LINE_VOLTAGE: "V",
    }
    assert [parameter.phase for parameter in ELECTRICITY_PARAMETERS][-4:] == ["3", "12", "13", "23"]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2016, 2, 10, 21, 45, 31, 70_000, timezone(timedelta(hours=11))), "2016-02-10T21:45:31.070+11:00"),
        (datetime(2016, 2, 10, 21, 45, 31, 70_999, UTC), "2016-02-10T21:45:31.070+00:00"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=ZoneInfo("Asia/Kolkata")), "2026-01-01T00:00:00.000+05:30"),
        (datetime(2026, 7, 1, tzinfo=ZoneInfo("America/St_Johns")), "2026-07-01T00:00:00.000-02:30"),
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("America/New_York")), "2026-01-01T00:00:00.000-05:00"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(minutes=-45))), "2026-01-01T00:00:00.000-00:45"),
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("Pacific/Chatham")), "2026-01-01T00:00:00.000+13:45"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")), "2026-10-25T02:30:00.000+02:00"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1), "2026-10-25T02:30:00.000+01:00"),
    ],
)
def test_times_are_written_exactly(moment: datetime, text: str) -> None:
    """Milliseconds, and the offset with its sign and colon, also in the repeated hour."""
    assert format_timestamp(moment) == text
    assert strict(ValuePacket("meter", moment, 1).to_bytes())["tsISO8601"] == text


def test_instants_tell_the_two_hours_apart_that_a_wall_clock_cannot() -> None:
    """The repeated hour comes in order, though its local times are equal."""
    berlin = ZoneInfo("Europe/Berlin")
    first = ValuePacket("meter", datetime(2026, 10, 25, 2, 30, tzinfo=berlin), 1)
    second = ValuePacket("meter", datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=1), 1)
    assert second.instant - first.instant == timedelta(hours=1)


def test_instants_are_as_fine_as_the_wire() -> None:
    """What the cloud gives back equals what was sent."""
    fine = ValuePacket("meter", NOON.replace(microsecond=123_456), 1)
    last = parse_last_packet(fine.to_bytes(), "meter")
    assert last is not None
    assert last.timestamp == fine.instant == instant_of(fine.timestamp)


@pytest.mark.parametrize(
    ("moment", "match"),
    [
        (datetime(2026, 1, 1), "timestamp: has no offset"),  # noqa: DTZ001 - the point
        (datetime(1890, 1, 1, tzinfo=ZoneInfo("Europe/Paris")), "timestamp: the offset"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=3601))), "timestamp: the offset"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "timestamp: out of range"),
    ],
)
def test_impossible_times_are_refused(moment: datetime, match: str) -> None:
    """A naive time, an offset with seconds, an instant before time began."""
    with pytest.raises(ValueError, match=match):
        ValuePacket("meter", moment, 1)
    with pytest.raises(ValueError, match=match):
        ElectricityPacket("meter", moment, {"aP_1": 1})


@pytest.mark.parametrize("stream_id", ["", "  ", "a\nb", "a\x00", "\ud800"])
def test_impossible_ids_are_refused(stream_id: str) -> None:
    """An id is printable text."""
    with pytest.raises(ValueError, match="stream_id"):
        ValuePacket(stream_id, NOON, 1)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, True, "12", None, 10**400, 1 + 2j])
def test_impossible_numbers_are_refused(number: float) -> None:
    """The field at fault is named, and its value is not."""
    with pytest.raises(ValueError, match=r"^value: is (no number|not a finite number)$"):
        ValuePacket("meter", NOON, number)
    if number is not None:
        with pytest.raises(ValueError, match=r"^pC_2: is "):
            ElectricityPacket("meter", NOON, {"aP_1": 1, "pC_2": number})


@pytest.mark.parametrize("values", [{}, {"aP_1": None}])
def test_a_packet_without_any_parameter_is_refused(values: dict[str, float | None]) -> None:
    """There is nothing to say."""
    with pytest.raises(ValueError, match="values: holds no parameter"):
        ElectricityPacket("meter", NOON, values)


@pytest.mark.parametrize("name", ["value", "ap_1", "v_4", "id", ""])
def test_unknown_parameters_are_refused(name: str) -> None:
    """The collector would refuse them too."""
    with pytest.raises(ValueError, match=f"^{name}: is no electricity parameter"):
        ElectricityPacket("meter", NOON, {"aP_1": 1, name: 1})


def test_a_packet_is_one_line_with_only_the_parameters_one_has() -> None:
    """In the order of the table, None left out, minus zero as zero, full precision."""
    given_values = {"pC_1": 8_423_692, "v_23": -0.0, "aP_1": 1819.1300048828, "aP_2": None, "c_1": 1e-7, "rP_3": 1e22}
    packet = ElectricityPacket("my stream ⚡", NOON, given_values)
    assert packet.to_bytes() == (
        b'{"id":"my stream \\u26a1","tsISO8601":"2026-01-31T12:00:00.000+00:00",'
        b'"aP_1":1819.1300048828,"rP_3":1e+22,"c_1":1e-7,"pC_1":8423692,"v_23":0}'
    )
    assert packet == ElectricityPacket("my stream ⚡", NOON, dict(reversed(given_values.items())))
    assert hash(packet) == hash(ElectricityPacket("my stream ⚡", NOON, given_values))


def test_a_packet_does_not_change_with_the_mapping_it_was_made_of() -> None:
    """What was checked is what is sent."""
    values: dict[str, float | None] = {"aP_1": 1}
    packet = ElectricityPacket("meter", NOON, values)
    values["aP_1"] = math.nan
    assert packet.values == {"aP_1": 1}


def test_numbers_of_other_libraries_are_written_plainly() -> None:
    """A subclass of float may have a repr of its own."""

    class Odd(float):
        def __repr__(self) -> str:
            return "Odd(1)"

    assert strict(ValuePacket("meter", NOON, Odd(1.5)).to_bytes())["value"] == 1.5


def test_the_same_packet_in_utc() -> None:
    """Only the way of saying the time changes."""
    local = ElectricityPacket("meter", datetime(2026, 7, 1, 14, tzinfo=ZoneInfo("Australia/Adelaide")), {"v_12": 400})
    assert strict(local.in_utc().to_bytes()) == {
        "id": "meter",
        "tsISO8601": "2026-07-01T04:30:00.000+00:00",
        "v_12": 400,
    }
    assert local.in_utc().instant == local.instant


@given(IDS, TIMES, st.dictionaries(st.sampled_from(NAMES), NUMBERS, min_size=1))
def test_electricity_packets_survive_the_wire(stream_id: str, moment: datetime, values: dict[str, float]) -> None:
    """Packet to bytes to packet: one ASCII line, and nothing is lost."""
    packet = ElectricityPacket(stream_id, moment, dict(values))
    body = packet.to_bytes()
    assert not {0x0A, 0x0D} & set(body)
    parsed = strict(body)
    assert list(parsed) == ["id", "tsISO8601", *(name for name in NAMES if name in values)]
    assert parsed["id"] == stream_id
    assert parse_last_packet(body, stream_id) == LastPacket(packet.instant, values)


@given(IDS, TIMES, NUMBERS)
def test_value_packets_survive_the_wire(stream_id: str, moment: datetime, value: float) -> None:
    """The same for one value, alone and as the last of a list."""
    packet = ValuePacket(stream_id, moment, value)
    last = LastPacket(packet.instant, {"value": value})
    assert parse_last_packet(packet.to_bytes(), stream_id) == last
    assert parse_last_packet(b"[{}," + packet.to_bytes() + b"]", stream_id) == last


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"17",
        b'"2026-01-31T12:00:00.000+00:00"',
        b"<html></html>",
        b'{"tsISO8601":"2026-01-31T12:00:00.000+00:00"',
        b'{"tsISO8601":"2026-01-31T12:00:00.000"}',
        b'{"tsISO8601":"2026-01-31"}',
        b'{"tsISO8601":"Invalid Date"}',
        b'{"tsISO8601":1769860800}',
        b'{"tsISO8601":null}',
        b'{"tsISO8601":"0001-01-01T00:00:00.000+14:00"}',
        b'{"id":"other","tsISO8601":"2026-01-31T12:00:00.000+00:00"}',
        b'[{"tsISO8601":"2026-01-31T12:00:00.000+00:00"},{}]',
        b'[{"tsISO8601":"2026-01-31T12:00:00.000+00:00"},null]',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_nothing_is_concluded_from_other_answers(body: bytes) -> None:
    """Whatever has no time with an offset, or names another stream, is unknown."""
    assert parse_last_packet(body, "meter") is None


def test_a_last_packet_keeps_what_we_know_and_drops_the_rest() -> None:
    """Unknown fields break nothing; numbers that are none are left out."""
    body = (
        b'{"id":"7","tsISO8601":"2026-01-31T13:00:00.000+01:00","pC_1":12,"aP_1":1.5,"aP_2":null,"aP_3":"12",'
        b'"v_1":NaN,"v_2":1e999,"v_3":true,"quality":3,"site":{"name":"x"}}'
    )
    assert parse_last_packet(body, "7") == LastPacket(NOON, {"pC_1": 12, "aP_1": 1.5})
    assert parse_last_packet(body.replace(b'"7"', b"7"), "7") == LastPacket(NOON, {"pC_1": 12, "aP_1": 1.5})
