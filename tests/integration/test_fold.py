"""Readings become hours: nothing lost, nothing invented, and neither order nor window nor zone makes a difference."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.aiowattbridge.carbontrack.units import PowerUnit
from custom_components.wattbridge.fold import HOUR_S, MARGIN_S, Reading, energy_between_kwh, hourly_kwh, within

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Adelaide", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
START = datetime(2026, 3, 1, tzinfo=UTC)
USUAL_S = 300


@st.composite
def histories(draw: st.DrawFn) -> list[Reading]:
    """Draw readings in hundredths of a watt-hour, at even and uneven times, with gaps and with missing values."""
    offset_s = draw(st.integers(0, 299))
    steps_s = draw(
        st.lists(st.sampled_from([300, 300, 300, 60, 299, 900, 3600, 3601, 90_000]), min_size=1, max_size=80)
    )
    readings, time = [], START + timedelta(seconds=offset_s)
    for step_s in steps_s:
        time += timedelta(seconds=step_s)
        value = draw(st.none() | st.integers(0, 500_000).map(lambda hundredths: hundredths / 100))
        readings.append(Reading(time, value))
    return readings


def fold(readings: list[Reading]) -> dict[int, float]:
    """Fold watt-hours."""
    return hourly_kwh(readings, PowerUnit.WH, USUAL_S)


@given(histories())
def test_energy_is_conserved_to_the_milliwatt_hour(readings: list[Reading]) -> None:
    """The hours hold exactly what the readings hold."""
    total_wh = sum(reading.value for reading in readings if reading.value is not None)
    assert sum(fold(readings).values()) * 1000 == pytest.approx(total_wh, abs=1e-3)


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_readings_do_not_matter(readings: list[Reading], random: object) -> None:
    """The same readings shuffled and doubled give the same hours to the last bit."""
    shuffled = [*readings, *readings[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis hands in a Random
    assert fold(shuffled) == fold(readings)


@given(histories(), st.integers(0, 40), st.integers(1, 40))
def test_window_it_was_fetched_in_does_not_matter(readings: list[Reading], first: int, length: int) -> None:
    """An hour inside a window has the same energy as in the whole history, to the last bit."""
    start_s = int(START.timestamp()) + first * HOUR_S
    end_s = start_s + length * HOUR_S
    fetched = [r for r in readings if start_s - MARGIN_S <= r.end.timestamp() <= end_s + MARGIN_S]
    assert within(fold(fetched), start_s, end_s) == within(fold(readings), start_s, end_s)


@given(histories())
def test_hour_without_a_reading_is_absent_and_never_zero_by_invention(readings: list[Reading]) -> None:
    """Every hour of the result is touched by a reading that has a value."""
    for hour_s in fold(readings):
        assert any(
            reading.value is not None
            and reading.end.timestamp() > hour_s
            and reading.end.timestamp() - 3600 < hour_s + HOUR_S
            for reading in readings
        )


def test_reading_stamped_on_the_hour_belongs_to_the_hour_before() -> None:
    """A reading is stamped at its interval's end."""
    hours = fold([Reading(START + timedelta(hours=1), 12.0)])
    assert hours == {int(START.timestamp()): 0.012}


def test_reading_across_the_hour_is_split_by_time() -> None:
    """Two of its five minutes belong to the new hour."""
    hour_s = int(START.timestamp())
    hours = fold([Reading(START + timedelta(minutes=57), 0.0), Reading(START + timedelta(minutes=62), 10.0)])
    assert hours == {hour_s: 0.006, hour_s + HOUR_S: 0.004}


def test_reading_after_a_gap_covers_the_usual_interval_only() -> None:
    """Nothing is said about the hours in between."""
    readings = [Reading(START + timedelta(hours=1), 5.0), Reading(START + timedelta(hours=6), 5.0)]
    hour_s = int(START.timestamp())
    assert fold(readings) == {hour_s: 0.005, hour_s + 5 * HOUR_S: 0.005}


def test_missing_value_is_no_energy_and_still_ends_an_interval() -> None:
    """The record after it covers its own five minutes."""
    readings = [
        Reading(START + timedelta(minutes=5), 1.0),
        Reading(START + timedelta(minutes=10), None),
        Reading(START + timedelta(minutes=15), 2.0),
    ]
    assert fold(readings) == {int(START.timestamp()): 0.003}
    assert fold([Reading(START, None)]) == {}


@pytest.mark.parametrize(
    ("unit", "value", "expected_kwh"), [("Wh", 50, 0.05), ("kWh", 0.05, 0.05), ("W", 600, 0.05), ("kW", 0.6, 0.05)]
)
def test_units_agree_on_the_energy(unit: str, value: float, expected_kwh: float) -> None:
    """Energy per interval and average power are two ways to say the same."""
    readings = [Reading(START + timedelta(minutes=5), value)]
    assert hourly_kwh(readings, PowerUnit(unit), USUAL_S) == {int(START.timestamp()): pytest.approx(expected_kwh)}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_local_days_of_every_length_add_up_to_the_whole(zone: str, month: int) -> None:
    """Days of 23, 23.5, 24, 24.5 and 25 hours: each reading is in exactly one."""
    local = ZoneInfo(zone)
    midnights = [datetime(2026, month, day, tzinfo=local) for day in range(1, 29)]
    first, last = midnights[0].timestamp(), midnights[-1].timestamp()
    readings = [
        Reading(datetime.fromtimestamp(second, UTC), 1.0) for second in range(int(first) + 300, int(last) + 1, 300)
    ]
    days = [
        energy_between_kwh(readings, PowerUnit.WH, USUAL_S, begin.timestamp(), end.timestamp())
        for begin, end in pairwise(midnights)
    ]
    assert sum(day for day in days if day is not None) * 1000 == pytest.approx(len(readings))
    lengths_h = [(end.timestamp() - begin.timestamp()) / 3600 for begin, end in pairwise(midnights)]
    for day, length_h in zip(days, lengths_h, strict=True):
        assert day == pytest.approx(length_h * 12 / 1000)


def test_day_without_readings_has_no_energy_rather_than_zero() -> None:
    """Missing is never zero."""
    assert energy_between_kwh([], PowerUnit.WH, USUAL_S, 0, 86_400) is None
