"""The fast way of reading a page and the strict one say the same of everything that a cloud could answer."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest
from carbontrack_bench import DEVICE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aiowattbridge.carbontrack import Measurement
from aiowattbridge.carbontrack.table import read_table
from aiowattbridge.carbontrack.wire import _RECORDS

TIME = '"2026-03-14T12:00:00Z"'


def strictly(array: bytes) -> list[Measurement] | None:
    """Read in the strict way; None where it refuses."""
    try:
        return _RECORDS.validate_json(array)
    except ValidationError:
        return None


def assert_alike(array: bytes) -> None:
    """Assert that the fast way leaves the array to the strict one, or reads the same."""
    fast = read_table(array)
    assert fast is None or fast == strictly(array)


def written(*records: dict[str, str]) -> bytes:
    """Write records, whose values are JSON already, as compactly as the cloud does."""
    texts = (
        "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in record.items()) + "}" for record in records
    )
    return f"[{','.join(texts)}]".encode()


def record(**values: str) -> dict[str, str]:
    """Make a record of a device and a time with these values."""
    return {"ID": '"1"', "DeviceID": f'"{DEVICE}"', "RecordDateTime": TIME, **values}


GOOD = ["0.00", "12.5", "-3.25", "1,000.00", "-12,345", "1,234,567.89", "999", "0.1", "123456789012345678901234567890"]
MISSING = ["", "-", "NaN"]
SPELLINGS = [
    *("1_000", "1,2,3.4", "1,5", "1,0000", ",100", "1.000,5", "1.000,500", "1,000.000,000", "12 ", " 12", "1e5", "1E5"),
    *("+1", ".", "--", ".5", "12.", "012.5", "-0", "1234,567", "12,34,567", "1,000,", "-,100", "1-234,567", "Infinity"),
    *(
        "-inf",
        "nan",
        "null",
        "true",
        "false",
        "0x10",
        "[1",
        "2]",
        "1]",
        "{}",
        '1"2',
        "N/A",
        "1:2",
        "},{",
        "9" * 400,
        "1,000e3",
    ),
    *(
        "\u0661\u0662",
        "1\u00a0000",
        "1\t",
        "1\n",
        "\x0b1",
        'a"b',
        "\\",
        "\x7f",
        "0,123",
        "0,000.5",
        "1.2.3",
        "1--2",
        ":null",
        "a:null",
        ":null,",
        '":null',
    ),
]
QUOTED = st.sampled_from(GOOD + MISSING + SPELLINGS).map(json.dumps) | st.text(max_size=6).map(json.dumps)
BARE = st.sampled_from(["null", "12", "-3.5", "1e3", "1e400", "NaN", "true", "[]", "{}", '{"a":"1"}', '["1","2"]'])
USUAL = st.decimals(-99999, 99999, places=2).flatmap(lambda n: st.sampled_from([f'"{n:.2f}"', f'"{n:,.2f}"', "null"]))
MOMENTS = [
    *("2026-03-14T12:00:00Z", "2026-03-14T12:00:00", "2026-03-14T22:00:00+10:00", "2026-03-14 12:00:00Z"),
    *("2026-03-14T24:00:00Z", "2026-W11-6T12:00:00Z", "20260314T120000Z", "2026-02-30T12:00:00Z", "2026-03-14"),
    *("2026-03-14T12:00:00.5Z", "2026-03-14T12:00:60Z", "0000-00-00T00:00:00Z", "2026-03-14x12:00:00Z", ""),
]
TIMES = st.sampled_from(MOMENTS).map(json.dumps)
NAMES = ["ID", "DeviceID", "RecordDateTime", "PowerUsage", "Power1N", "Flow", "SignalStrength", "Unknown", "e"]
VALUES = st.one_of(USUAL, QUOTED, BARE)
TABLES = st.lists(st.sampled_from(NAMES), min_size=1, max_size=9).flatmap(
    lambda names: st.lists(
        st.tuples(*(TIMES if name == "RecordDateTime" else VALUES for name in names)), min_size=1, max_size=4
    ).map(lambda rows: [list(zip(names, row, strict=True)) for row in rows])
)
COLUMNS = st.fixed_dictionaries({"PowerUsage": VALUES, "Flow": VALUES}).map(lambda values: record(**values))


def assert_value_alike(spelling: str, name: str) -> None:
    """Assert it of one value among good ones, written in both of the ways that JSON has."""
    good = record(Power1='"1.00"', Power2='"2.00"')
    for missing in ({}, {"Voltage": "null"}):
        for ascii_only in (True, False):
            odd = good | missing | {name: json.dumps(spelling, ensure_ascii=ascii_only)}
            assert_alike(written(odd, good | missing | {name: '"1.00"'}))
            assert_alike(written(odd))


@pytest.mark.parametrize("name", ["PowerUsage", "Unknown", "ID", "DeviceID", "RecordDateTime"])
def test_every_known_oddity_is_read_alike(name: str) -> None:
    """As a number, as a text, as a time, or in a field that nobody knows."""
    for spelling in [*SPELLINGS, *GOOD, *MISSING, *MOMENTS]:
        assert_value_alike(spelling, name)


@given(st.text(max_size=8), st.sampled_from(["PowerUsage", "Unknown", "ID"]))
def test_any_value_is_read_alike(spelling: str, name: str) -> None:
    """Whatever a cloud could write."""
    assert_value_alike(spelling, name)


@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_odd_values_together_are_read_alike(records: list[dict[str, str]]) -> None:
    """Two wrongs must not make a right, as "[1" and "2]" would."""
    assert_alike(written(*records))


@given(TABLES)
def test_any_layout_is_read_alike(table: list[list[tuple[str, str]]]) -> None:
    """Names in any order, missing, unknown or twice."""
    texts = ("{" + ",".join(f'"{name}":{value}' for name, value in row) + "}" for row in table)
    assert_alike(f"[{','.join(texts)}]".encode())


@given(
    st.datetimes(),
    st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%G-W%V-%uT%H:%M:%SZ", "%Y-%m-%d %H:%M:%SZ", "%Y%m%dT%H%M%SZ"]),
)
def test_every_time_is_read_alike(time: datetime, form: str) -> None:
    """The page's own form in the fast way; what only resembles it is left to the strict one."""
    array = written(record() | {"RecordDateTime": f'"{time.strftime(form)}"'})
    assert_alike(array)
    if form == "%Y-%m-%dT%H:%M:%SZ" and time.year >= 1000:
        assert read_table(array) is not None


@settings(max_examples=400)
@given(
    st.integers(0, 400), st.sampled_from([b"", b'"', b",", b":", b"{", b"}", b"]", b" ", b"\n", b"e", b"9", b"\xff"])
)
@example(0, b" ")
def test_page_with_one_letter_changed_is_read_alike(place: int, letter: bytes) -> None:
    """Wherever it is broken."""
    array = written(*(record(PowerUsage='"1,000.25"', Flow="null", Power1N='"7.00"') for _ in range(3)))
    assert_alike(array[:place] + letter + array[place + 1 :])
    assert_alike(array[:place] + letter + array[place:])


@pytest.mark.parametrize("array", [b"[]", b"[{}]", b"", b"[", b'[{"DeviceID":"1"}]', b"[null]", b"{}", b'["a","b"]'])
def test_what_is_no_table_is_read_alike(array: bytes) -> None:
    """Nor a reason to fall over."""
    assert_alike(array)


def test_usual_page_takes_the_fast_way() -> None:
    """Grouped, missing and null values, and a field that nobody knows yet; its records are like any other."""
    page = [
        record(PowerUsage='"1,234.50"', Flow="null", Voltage='"-"', Power1='""', Power2='"NaN"', New='"a b"'),
        record(PowerUsage='"0.25"', Flow='"1.00"', Voltage='"230.10"', Power1='"2.00"', Power2='"3.00"', New='""'),
    ]
    found = read_table(written(*page))
    assert found == strictly(written(*page))
    assert found is not None
    assert [(each.power_usage, each.flow, each.voltage, each.power_1, each.power_2) for each in found] == [
        (1234.5, None, None, None, None),
        (0.25, 1.0, 230.1, 2.0, 3.0),
    ]
    assert found[0].recorded_at == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert found[0].recorded_at.tzinfo is UTC
    assert type(found[0]) is Measurement
    assert hash(found[0]) == hash(Measurement(**{name: getattr(found[0], name) for name in Measurement.__slots__}))
    with pytest.raises(FrozenInstanceError):
        found[0].flow = 0.0  # type: ignore[misc]  # that is the point
