"""The CSV of WattCarbon: written to the digit, read by the letter, surveyed before it is sent."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wattcarbon_bench import HEADER, HOUR, START, hours

from aiowattbridge.wattcarbon import Grid, Hole, HourlyEnergy, IntervalEnergy, read_csv, survey, write_csv

ENERGIES = st.decimals(
    min_value=Decimal("-1e12"), max_value=Decimal("1e12"), allow_nan=False, allow_infinity=False, places=9
) | st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(-(10**9), 10**9), st.integers(-20, 3)
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
ROWS = st.lists(
    st.builds(
        HourlyEnergy,
        st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=ZONES.map(ZoneInfo)).map(  # noqa: DTZ001 - bounds
            lambda time: time.replace(microsecond=0)
        ),
        ENERGIES,
    )
)


def row(text: str, start: datetime = START) -> HourlyEnergy:
    """Make a row of a number."""
    return HourlyEnergy(start, Decimal(text))


def value_of(energy: HourlyEnergy) -> str:
    """Return how a row's number is written."""
    return list(write_csv([energy]))[1].strip().partition(",")[2]


@given(ROWS)
def test_what_is_written_is_read_as_the_same(rows: list[HourlyEnergy]) -> None:
    """To the second and to the digit."""
    back = list(read_csv(write_csv(rows)))
    assert back == rows
    assert [one.energy_kwh.as_tuple() for one in back] == [Decimal(f"{one.energy_kwh:f}").as_tuple() for one in rows]


@given(ROWS)
def test_text_is_plain_whatever_the_number(rows: list[HourlyEnergy]) -> None:
    """Every line in the one form of the guide."""
    for line in list(write_csv(rows))[1:]:
        time, number = line.removesuffix("\n").split(",")
        assert len(time) == len("2022-08-01T00:00:00+00:00")
        assert time.endswith("+00:00")
        assert not set(number) - set("-0123456789.")


def test_sample_of_the_guide() -> None:
    """Line by line."""
    start = datetime(2022, 8, 1, tzinfo=UTC)
    lines = write_csv([row("0.1", start), row("1.1", start + HOUR)])
    assert "".join(lines) == (f"{HEADER}2022-08-01T00:00:00+00:00,0.1\n2022-08-01T01:00:00+00:00,1.1\n")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.10", "0.10"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("-0.0", "0.0"),
        ("-2.5", "-2.5"),
        ("123456789012.123456789", "123456789012.123456789"),
    ],
)
def test_number_is_written_to_the_digit(number: str, text: str) -> None:
    """Without an exponent, without the noise of binary fractions, whatever the decimal context."""
    with localcontext(prec=3):
        assert value_of(row(number)) == text


@pytest.mark.parametrize("number", [0.1, 1, True, "1", None, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+13")])
def test_energy_has_to_be_a_finite_decimal_that_can_be_meant(number: object) -> None:
    """A float has been rounded already."""
    with pytest.raises(ValueError, match=r"^energy_kwh: has to"):
        HourlyEnergy(START, number)  # type: ignore[arg-type]  # the point


def test_number_of_endless_digits_is_refused() -> None:
    """It would be written as a line of them."""
    with pytest.raises(ValueError, match=r"^energy_kwh: has to have at most"):
        row("1E-31")


@pytest.mark.parametrize(
    "time",
    [
        datetime(2022, 8, 1),  # noqa: DTZ001 - the point
        datetime(2022, 8, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime(9999, 12, 31, tzinfo=UTC),
        "2022-08-01T00:00:00+00:00",
    ],
)
def test_time_has_to_be_aware_and_whole(time: object) -> None:
    """A naive one could be of any zone."""
    with pytest.raises(ValueError, match=r"^start: "):
        HourlyEnergy(time, Decimal(1))  # type: ignore[arg-type]  # the point


def test_time_is_kept_in_utc() -> None:
    """So that rows of two zones compare, also in the hour that comes twice."""
    berlin = ZoneInfo("Europe/Berlin")
    twice = [datetime(2025, 10, 26, 2, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    assert [row("1", time).start.hour for time in twice] == [0, 1]
    assert all(row("1", time).start.tzinfo is UTC for time in twice)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2022-08-01T02:00:00+02:00,1", "1"),
        ("2022-08-01T00:00:00Z,-1.50", "-1.50"),
        ("2022-08-01 00:00+0000,+.5", "0.5"),
        ('"2022-08-01T00:00:00+00:00","1e-3"\r', "0.001"),
        (" 2022-08-01T00:00:00.000+00:00 , 7 ", "7"),
    ],
)
def test_same_hour_is_read_in_other_spellings(line: str, expected: str) -> None:
    """Those that can be meant in one way only."""
    assert list(read_csv([HEADER, line])) == [row(expected, datetime(2022, 8, 1, tzinfo=UTC))]


@pytest.mark.parametrize("header", ["", "datetime;value_kwh", "value_kwh,datetime", "Datetime,value_kwh", "datetime"])
def test_header_has_to_be_the_one(header: str) -> None:
    """Anything else may be any other file."""
    with pytest.raises(ValueError, match=r"^header \(line 1\): has to be datetime,value_kwh"):
        list(read_csv([f"{header}\n", "2022-08-01T00:00:00+00:00,1\n"]))


@pytest.mark.parametrize("start", ["\ufeff", ""])
def test_byte_order_mark_and_blank_lines_are_passed_over(start: str) -> None:
    """Spreadsheets leave them."""
    lines = f"{start}{HEADER}\n2022-08-01T00:00:00Z,1\n\n\n".splitlines(keepends=True)
    assert len(list(read_csv(lines))) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2022-08-01T00:00:00,1", r"datetime \(line 4\): has to be a time with its offset"),
        ("2022-08-01,1", r"datetime \(line 4\)"),
        ("2022-13-01T00:00:00Z,1", r"datetime \(line 4\)"),
        ("2022-08-01T00:00:00.5Z,1", r"datetime \(line 4\)"),
        ("0001-01-01T00:00:00+05:00,1", r"datetime \(line 4\)"),
        ("2022-08-01T00:00:00Z,", r"value_kwh \(line 4\): has to be a number in kWh; an unknown hour is left out"),
        ("2022-08-01T00:00:00Z,NaN", r"value_kwh \(line 4\)"),
        ("2022-08-01T00:00:00Z,1_0", r"value_kwh \(line 4\)"),
        ("2022-08-01T00:00:00Z,٣", r"value_kwh \(line 4\)"),
        ("2022-08-01T00:00:00Z,1e9999", r"value_kwh \(line 4\): energy_kwh: has to have at most"),
        ("2022-08-01T00:00:00Z,1,2", r"row \(line 4\): has to have 2 columns, and has 3"),
        ("2022-08-01T00:00:00Z", r"row \(line 4\): has to have 2 columns, and has 1"),
        ('"2022-08-01T00:00:00Z,1', r"row \(line 4\): is no line of a CSV"),
    ],
)
def test_bad_line_is_named(line: str, message: str) -> None:
    """With its column; the lines before it have been read, the blank one is counted."""
    rows = read_csv([HEADER, "2022-07-31T00:00:00Z,1\n", "\n", line])
    assert next(rows).start.day == 31
    with pytest.raises(ValueError, match=f"^{message}"):
        next(rows)


def test_survey_of_nothing() -> None:
    """There is neither a first nor a last."""
    found = survey([])
    assert (found.rows, found.first, found.last, found.holes, found.total_kwh) == (0, None, None, (), Decimal())


def test_survey_counts_all_that_an_upload_would_stumble_over() -> None:
    """In rows of any order."""
    at = [START + number * HOUR for number in range(10)]
    off = at[7] + timedelta(minutes=30)
    found = survey([row("1.1", time) for time in (at[1], at[4], at[2], at[4], at[2], off, at[9])])
    assert (found.rows, found.first, found.last, found.total_kwh) == (7, at[1], at[9], Decimal("7.7"))
    assert found.holes == (Hole(at[3], at[4]), Hole(at[5], off), Hole(off + HOUR, at[9]))
    assert found.duplicates == (at[4], at[2])
    assert found.unordered == (at[2],)
    assert found.misaligned == (off,)
    assert not found.is_uploadable


def test_survey_of_a_series_that_can_be_uploaded() -> None:
    """A hole is no obstacle."""
    found = survey([*hours(3), row("1", START + 5 * HOUR)])
    assert found.is_uploadable
    assert found.holes == (Hole(START + 3 * HOUR, START + 5 * HOUR),)


def test_total_is_exact() -> None:
    """Whatever the decimal context."""
    rows = [row("9999999999999"), row("0.000000000000000000000000000001", START + HOUR)]
    with localcontext(prec=5):
        assert survey(rows).total_kwh == Decimal("9999999999999.000000000000000000000000000001")


@pytest.mark.parametrize("minutes", [0, 7, 45, 120, 24 * 60 * 2])
def test_interval_has_to_be_a_day_an_hour_or_a_part_of_it(minutes: int) -> None:
    """What the guide calls daily, hourly or sub-hourly."""
    with pytest.raises(ValueError, match=r"^interval: has to be"):
        Grid(timedelta(minutes=minutes))


def test_days_begin_at_the_midnight_of_their_zone() -> None:
    """With 23 and 25 hours, and where midnight is skipped; a day that is there is no hole."""
    new_york, santiago = ZoneInfo("America/New_York"), ZoneInfo("America/Santiago")
    for zone, first, offs in ((new_york, datetime(2025, 10, 31, tzinfo=new_york), 4),
                              (santiago, datetime(2025, 9, 5, tzinfo=santiago), 4)):  # fmt: skip
        grid = Grid(timedelta(days=1), zone)
        days = [first.replace(day=first.day) + timedelta(days=number) for number in range(offs)]
        found = survey([IntervalEnergy(day, Decimal(1)) for day in days], grid)
        assert found.is_uploadable
        assert not found.holes
    assert not Grid(timedelta(days=1), new_york).holds(datetime(2025, 11, 1, tzinfo=UTC))


def test_quarters_of_an_hour_are_counted_in_the_zone() -> None:
    """Where the offset is of 45 minutes as well."""
    grid = Grid(timedelta(minutes=15), ZoneInfo("Asia/Kathmandu"))
    assert grid.holds(datetime(2025, 8, 1, 0, 45, tzinfo=UTC))
    assert not grid.holds(datetime(2025, 8, 1, 0, 50, tzinfo=UTC))
    assert not Grid(HOUR, ZoneInfo("Asia/Kathmandu")).holds(datetime(2025, 8, 1, tzinfo=UTC))
