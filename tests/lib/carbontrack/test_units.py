"""What a power figure means in each of its units, and how long a record's interval is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.carbontrack import PowerUnit, energy_wh, intervals, power_w

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "value", "energy", "power"),
    [
        ("Wh", 100.0, 100.0, 1200.0),
        ("kWh", 0.1, 100.0, 1200.0),
        ("W", 1200.0, 100.0, 1200.0),
        ("kW", 1.2, 100.0, 1200.0),
    ],
)
def test_same_five_minutes_in_every_unit(unit: str, value: float, energy: float, power: float) -> None:
    """Energy and average power follow from each other by the interval."""
    assert energy_wh(value, PowerUnit(unit), 300) == pytest.approx(energy)
    assert power_w(value, PowerUnit(unit), 300) == pytest.approx(power)


@given(st.sampled_from(PowerUnit), st.floats(-1e6, 1e6), st.floats(1, 3600))
def test_energy_is_power_times_time(unit: PowerUnit, value: float, interval_s: float) -> None:
    """In every unit, with either sign."""
    assert energy_wh(value, unit, interval_s) == pytest.approx(power_w(value, unit, interval_s) * interval_s / 3600)


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        ([], []),
        ([0], [300.0]),
        ([0, 5, 10], [300.0, 300.0, 300.0]),
        ([0, 7, 8], [300.0, 420.0, 60.0]),
        ([0, 60], [300.0, 3600.0]),
        ([0, 61, 66], [300.0, 300.0, 300.0]),
    ],
)
def test_interval_is_the_time_since_the_record_before_within_an_hour(minutes: list[int], seconds: list[float]) -> None:
    """The usual one for the first record and after a gap."""
    assert list(intervals((START + timedelta(minutes=minute) for minute in minutes), 300)) == seconds


@pytest.mark.parametrize("minutes", [[5, 0], [5, 5]])
def test_times_that_do_not_ascend_are_refused(minutes: list[int]) -> None:
    """No interval is nothing or less."""
    with pytest.raises(ValueError, match="ascend"):
        list(intervals((START + timedelta(minutes=minute) for minute in minutes), 300))
