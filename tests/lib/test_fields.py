"""Odd spellings become one Python type, or are refused; never guessed at."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aiowattbridge.fields import LooseNumber, LooseTime, Number, OpaqueId, UtcTime

NUMBER: TypeAdapter[float | None] = TypeAdapter(Number)
TIME: TypeAdapter[datetime] = TypeAdapter(UtcTime)
IDENTIFIER: TypeAdapter[str] = TypeAdapter(OpaqueId)
LOOSE_NUMBER: TypeAdapter[float | None] = TypeAdapter(LooseNumber)
LOOSE_TIME: TypeAdapter[datetime | None] = TypeAdapter(LooseTime)


@pytest.mark.parametrize(
    ("wire", "number"),
    [
        ('"0.00"', 0.0),
        ('"12.5"', 12.5),
        ('"-12"', -12.0),
        ('".5"', 0.5),
        ('"1,000.00"', 1000.0),
        ('"-1,234,567.8"', -1_234_567.8),
        ("3", 3.0),
        ("-3.5", -3.5),
        ("1e3", 1000.0),
    ],
)
def test_numbers_are_read_as_text_grouped_or_as_json(wire: str, number: float) -> None:
    """Every spelling a cloud uses."""
    assert NUMBER.validate_json(wire) == number


@pytest.mark.parametrize("wire", ['""', '"-"', '"NaN"', "null", "NaN"])
def test_missing_number_is_none_and_never_zero(wire: str) -> None:
    """Nothing measured is not nothing consumed."""
    assert NUMBER.validate_json(wire) is None


MALFORMED = [
    '"1_000"',
    '"1,2,3.4"',
    '"1,5"',
    '"1,0000"',
    '",100"',
    '"1.000,5"',
    '"12 "',
    '"1e5"',
    '"+1"',
    '"."',
    '"--"',
]
WRONG = [
    '"abc"',
    '"Infinity"',
    "Infinity",
    "1e400",
    "true",
    "[]",
    "{}",
    '"١٢"',
    f'"{"999," * 120}999"',
    '"0x10"',
    '"N/A"',
]


@pytest.mark.parametrize("wire", MALFORMED + WRONG)
def test_malformed_number_is_refused(wire: str) -> None:
    """One clear error, without the value in what it says of itself."""
    with pytest.raises(ValidationError) as caught:
        NUMBER.validate_json(wire)
    assert [error["type"] for error in caught.value.errors()] == ["number"]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15), st.booleans())
def test_every_number_survives_its_spelling(number: float, grouped: bool) -> None:  # noqa: FBT001 - hypothesis draws it
    """With or without groups, what was written is what is read."""
    text = f"{number:,.2f}" if grouped else f"{number:.2f}"
    assert NUMBER.validate_json(json.dumps(text)) == float(text.replace(",", ""))


@given(st.text())
def test_text_is_a_number_by_the_grammar_or_refused(text: str) -> None:
    """No text is read as a number that a stricter reader would not read alike."""
    try:
        number = NUMBER.validate_json(json.dumps(text))
    except ValidationError:
        return
    assert text in ("", "-", "NaN") if number is None else float(text.replace(",", "")) == number


@pytest.mark.parametrize(
    "wire", ["2019-05-16T06:59:35Z", "2019-05-16T06:59:35", "2019-05-16T16:59:35+10:00", "2019-05-16 06:59:35"]
)
def test_time_is_utc_with_or_without_an_offset(wire: str) -> None:
    """A missing offset is UTC's."""
    time = TIME.validate_json(json.dumps(wire))
    assert time == datetime(2019, 5, 16, 6, 59, 35, tzinfo=UTC)
    assert time.tzinfo is UTC


ZONES = st.none() | st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - the zone is drawn
    ZONES,
    st.sampled_from(["T", " "]),
    st.sampled_from(["auto", "seconds", "milliseconds"]),
)
def test_every_time_survives_its_spelling(local: datetime, zone: timezone | None, separator: str, spec: str) -> None:
    """With any offset or none, and with any part of a second."""
    time = local.replace(tzinfo=zone)
    text = time.isoformat(separator, spec)
    read = TIME.validate_json(json.dumps(text))
    written = datetime.fromisoformat(text)
    assert read == (written if written.tzinfo else written.replace(tzinfo=UTC))
    assert read.tzinfo is UTC
    if text.endswith("+00:00"):
        assert TIME.validate_json(json.dumps(text.replace("+00:00", "Z"))) == read


@given(st.text(max_size=30))
def test_text_is_a_time_by_the_grammar_or_refused(text: str) -> None:
    """No text is read as a time that does not begin as one."""
    try:
        TIME.validate_json(json.dumps(text))
    except ValidationError:
        return
    assert text[:4].isdigit()


@pytest.mark.parametrize("wire", ["1557990000", '"1557990000"', '"2019-05-16"', '"yesterday"', '""', "null"])
def test_what_is_no_iso_time_is_refused(wire: str) -> None:
    """A bare number or a bare date would be a guess."""
    with pytest.raises(ValidationError):
        TIME.validate_json(wire)


def test_time_that_utc_cannot_hold_is_refused() -> None:
    """The first hours of the first year lie before it in the east."""
    with pytest.raises(ValidationError):
        TIME.validate_json('"0001-01-01T00:00:00+10:00"')


@pytest.mark.parametrize(("wire", "text"), [("8796541235874587", "8796541235874587"), ('"0042"', "0042")])
def test_identifier_is_text_whatever_it_arrives_as(wire: str, text: str) -> None:
    """Numbers and strings alike."""
    assert IDENTIFIER.validate_json(wire) == text


@pytest.mark.parametrize("wire", ['""', "null", "true", "[]"])
def test_what_names_nothing_is_no_identifier(wire: str) -> None:
    """An empty one would match anything."""
    with pytest.raises(ValidationError):
        IDENTIFIER.validate_json(wire)


@pytest.mark.parametrize(
    ("wire", "number"), [("21.5", 21.5), ("21.5 °C", 21.5), ("21", 21.0), ("mild", None), ("", None)]
)
def test_number_in_free_text_is_read_or_left(wire: str, number: float | None) -> None:
    """Free text cannot be malformed."""
    assert LOOSE_NUMBER.validate_python(wire) == number


@pytest.mark.parametrize("wire", ["never", "", "0001-01-01T00:00:00", None, "16/05/2019"])
def test_time_in_free_text_is_left_where_it_is_none(wire: str | None) -> None:
    """Among them the year 1, which is how .NET says never."""
    assert LOOSE_TIME.validate_python(wire) is None


def test_time_in_free_text_is_read() -> None:
    """As any other time."""
    assert LOOSE_TIME.validate_python("2019-05-16T06:59:35") == datetime(2019, 5, 16, 6, 59, 35, tzinfo=UTC)
