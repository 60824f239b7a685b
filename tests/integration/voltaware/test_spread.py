"""A month's figures become hours: nothing is lost, nothing is invented, and days are the meter's own."""

from datetime import UTC, date, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.spread import (
    TOTAL,
    Disagreement,
    Hours,
    Period,
    Results,
    Run,
    day_hours,
    disagreements,
    spread,
)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Adelaide", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
# March, April, October and November have the changes of the clocks of these zones.
MONTHS = st.builds(date, st.just(2026), st.integers(1, 12), st.just(1))
WATT_HOURS = st.floats(0, 400_000, allow_nan=False)
DAY = timedelta(days=1)


def last_of(first_day: date) -> date:
    """Return the last day of a month."""
    return (first_day + 31 * DAY).replace(day=1) - DAY


def clipped_weeks(first_day: date, last_day: date) -> list[tuple[date, date]]:
    """Cut a month at its Mondays."""
    weeks = []
    while first_day <= last_day:
        sunday = min(first_day + (6 - first_day.weekday()) * DAY, last_day)
        weeks.append((first_day, sunday))
        first_day = sunday + DAY
    return weeks


def days_of(first_day: date, last_day: date) -> list[date]:
    """List days, both included."""
    return [first_day + number * DAY for number in range((last_day - first_day).days + 1)]


def kwh(hours: Hours, zone: ZoneInfo, first_day: date, last_day: date) -> float:
    """Add up the hours that start in local days, both included."""
    return fsum(
        energy
        for hour_s, energy in hours.items()
        if first_day <= datetime.fromtimestamp(hour_s, zone).date() <= last_day
    )


@st.composite
def results(draw: st.DrawFn) -> tuple[Results, ZoneInfo]:
    """Draw what a vendor may say of a month: with and without weeks, days, and runs."""
    first_day = draw(MONTHS)
    last_day = last_of(first_day)
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    keys = draw(st.lists(st.sampled_from(["fridge", "electric_vehicle", "heat_pump"]), unique=True))
    weeks = [
        Period(
            first_day=first,
            last_day=last,
            total_wh=draw(WATT_HOURS),
            appliances_wh={key: draw(WATT_HOURS) for key in keys if draw(st.booleans())},
        )
        for first, last in clipped_weeks(first_day, last_day)
    ]
    days = days_of(first_day, last_day)
    month_begin_s = datetime(first_day.year, first_day.month, 1, tzinfo=UTC).timestamp()
    runs = []
    for _ in range(draw(st.integers(0, 6))):
        begin_s = month_begin_s + draw(st.floats(-172_800, 34 * 86_400))
        energy_wh = draw(st.none() | st.floats(0, 60_000))
        runs.append(Run(begin_s, begin_s + draw(st.floats(60, 40_000)), energy_wh))
    return (
        Results(
            month=Period(
                first_day=first_day,
                last_day=last_day,
                total_wh=draw(st.none() | WATT_HOURS),
                appliances_wh={key: draw(WATT_HOURS) for key in keys},
            ),
            since=draw(st.none() | st.sampled_from(days)),
            weeks=draw(st.sampled_from([weeks, [], weeks[1:]])),
            days_wh={day: draw(WATT_HOURS) for day in days if draw(st.booleans())} if draw(st.booleans()) else {},
            runs={"electric_vehicle": runs},
        ),
        zone,
    )


@given(results())
def test_hours_of_a_month_add_up_to_the_vendors_figure(drawn: tuple[Results, ZoneInfo]) -> None:
    """Whatever else the vendor says or leaves out; and every hour since there is data is there, each once."""
    found, zone = drawn
    hours = spread(found, zone)
    begin = max(found.month.first_day, found.since or found.month.first_day)
    expected = [hour_s for day in days_of(begin, found.month.last_day) for hour_s in day_hours(day, zone)]
    for series in (TOTAL, *found.month.appliances_wh):
        figure_wh = found.month.figure_wh(series)
        if figure_wh is None:
            assert series not in hours
            continue
        assert sorted(hours[series]) == expected
        assert fsum(hours[series].values()) == pytest.approx(figure_wh / 1000, abs=1e-6)
        assert min(hours[series].values()) >= 0


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("month", [date(2026, 3, 1), date(2026, 4, 1), date(2026, 10, 1), date(2026, 11, 1)])
def test_week_and_day_get_what_is_theirs(zone_name: str, month: date) -> None:
    """Clipped weeks are scaled to the month; within a week, days as the whole home was, also where clocks change."""
    zone, last_day = ZoneInfo(zone_name), last_of(month)
    weeks = clipped_weeks(month, last_day)
    days_wh = {day: 1000.0 + 100 * day.day for day in days_of(month, last_day)}
    weeks_wh = [7000.0 * (number + 1) for number in range(len(weeks))]
    found = spread(
        Results(
            month=Period(first_day=month, last_day=last_day, appliances_wh={"fridge": 2 * fsum(weeks_wh)}),
            weeks=[
                Period(first_day=first, last_day=last, appliances_wh={"fridge": wh})
                for (first, last), wh in zip(weeks, weeks_wh, strict=True)
            ],
            days_wh=days_wh,
        ),
        zone,
    )
    for (first, last), wh in zip(weeks, weeks_wh, strict=True):
        assert kwh(found["fridge"], zone, first, last) == pytest.approx(2 * wh / 1000, abs=1e-6)
        week_days_wh = fsum(days_wh[day] for day in days_of(first, last))
        for day in days_of(first, last):
            expected_kwh = 2 * wh / 1000 * days_wh[day] / week_days_wh
            assert kwh(found["fridge"], zone, day, day) == pytest.approx(expected_kwh, abs=1e-6)
            assert len({found["fridge"][hour_s] for hour_s in day_hours(day, zone)}) == 1


def test_days_have_as_many_hours_as_their_clocks_show() -> None:
    """23 and 25 where clocks change by an hour; Lord Howe changes by half of one, and hours are those of UTC."""
    counts = {
        ("Europe/Berlin", date(2026, 3, 29)): 23,
        ("Europe/Berlin", date(2026, 10, 25)): 25,
        ("America/New_York", date(2026, 3, 8)): 23,
        ("Australia/Adelaide", date(2026, 4, 5)): 25,
        ("Australia/Lord_Howe", date(2026, 4, 5)): 25,
        ("Australia/Lord_Howe", date(2026, 10, 4)): 23,
        ("Asia/Kolkata", date(2026, 4, 5)): 24,
    }
    for (zone, day), hours in counts.items():
        assert len(day_hours(day, ZoneInfo(zone))) == hours, (zone, day)
    assert (
        day_hours(date(2026, 4, 5), ZoneInfo("Asia/Kolkata")).start == datetime(2026, 4, 4, 19, tzinfo=UTC).timestamp()
    )


def test_week_without_its_days_is_spread_evenly() -> None:
    """One day that the report leaves out says that the others are no measure."""
    zone = ZoneInfo("Europe/Berlin")
    first_day, last_day = date(2026, 2, 1), date(2026, 2, 28)
    days_wh = dict.fromkeys(days_of(first_day, last_day)[1:], 500.0)
    month = Period(first_day=first_day, last_day=last_day, total_wh=28_000.0)
    hours = spread(Results(month=month, days_wh=days_wh), zone)[TOTAL]
    assert set(hours.values()) == {round(28 / 672, 9)}


def charged(begin: datetime, end: datetime, energy_wh: float | None = 1000.0) -> Run:
    """Make a charging of the car."""
    return Run(begin.timestamp(), end.timestamp(), energy_wh)


def car_month(weeks_wh: list[float], runs: list[Run], zone: ZoneInfo) -> Hours:
    """Spread a June in which only the car used anything."""
    first_day, last_day = date(2026, 6, 1), date(2026, 6, 30)
    weeks = [
        Period(first_day=first, last_day=last, appliances_wh={"electric_vehicle": wh})
        for (first, last), wh in zip(clipped_weeks(first_day, last_day), weeks_wh, strict=True)
    ]
    month = Period(first_day=first_day, last_day=last_day, appliances_wh={"electric_vehicle": fsum(weeks_wh)})
    return spread(Results(month=month, weeks=weeks, runs={"electric_vehicle": runs}), zone)["electric_vehicle"]


def test_car_gets_its_energy_when_it_was_charged() -> None:
    """By time within a run, by energy between runs, scaled to the week's figure; nothing in the hours between."""
    zone = ZoneInfo("UTC")
    runs = [
        charged(datetime(2026, 6, 2, 20, 30, tzinfo=UTC), datetime(2026, 6, 2, 22, 0, tzinfo=UTC), 6000.0),
        charged(datetime(2026, 6, 5, 1, 0, tzinfo=UTC), datetime(2026, 6, 5, 2, 0, tzinfo=UTC), 2000.0),
    ]
    hours = car_month([4000.0, 0.0, 0.0, 0.0, 0.0], runs, zone)
    used = {datetime.fromtimestamp(hour_s, UTC): energy for hour_s, energy in hours.items() if energy}
    assert used == {
        datetime(2026, 6, 2, 20, tzinfo=UTC): 1.0,
        datetime(2026, 6, 2, 21, tzinfo=UTC): 2.0,
        datetime(2026, 6, 5, 1, tzinfo=UTC): 1.0,
    }
    assert len(hours) == 720


def test_run_over_the_end_of_a_week_is_cut_there() -> None:
    """Each week has a figure of its own."""
    zone = ZoneInfo("Asia/Kolkata")
    midnight = datetime(2026, 6, 8, tzinfo=zone)
    run = charged(midnight - timedelta(hours=1), midnight + timedelta(hours=3))
    hours = car_month([5000.0, 9000.0, 0.0, 0.0, 0.0], [run], zone)
    assert kwh(hours, zone, date(2026, 6, 1), date(2026, 6, 7)) == pytest.approx(5.0, abs=1e-6)
    assert kwh(hours, zone, date(2026, 6, 8), date(2026, 6, 8)) == pytest.approx(9.0, abs=1e-6)


def test_run_in_the_first_minutes_of_a_month_stays_in_it() -> None:
    """In Kolkata the month begins half an hour before the first hour that starts in it."""
    zone = ZoneInfo("Asia/Kolkata")
    midnight = datetime(2026, 6, 1, tzinfo=zone)
    run = charged(midnight + timedelta(minutes=5), midnight + timedelta(minutes=20))
    hours = car_month([3000.0, 0.0, 0.0, 0.0, 0.0], [run], zone)
    assert {hour_s: energy for hour_s, energy in hours.items() if energy} == {
        int(datetime(2026, 5, 31, 19, tzinfo=UTC).timestamp()): 3.0
    }


def test_runs_of_unknown_energy_count_by_their_length() -> None:
    """One of unknown energy makes the others' no measure."""
    zone = ZoneInfo("UTC")
    runs = [
        charged(datetime(2026, 6, 2, 1, tzinfo=UTC), datetime(2026, 6, 2, 2, tzinfo=UTC), None),
        charged(datetime(2026, 6, 3, 1, tzinfo=UTC), datetime(2026, 6, 3, 4, tzinfo=UTC), 1.0),
    ]
    hours = car_month([4000.0, 0.0, 0.0, 0.0, 0.0], runs, zone)
    assert sorted(energy for energy in hours.values() if energy) == [1.0, 1.0, 1.0, 1.0]


def test_run_that_took_no_time_is_no_measure() -> None:
    """The vendor's times are whole seconds; what is spread goes by the other runs, or evenly if there are none."""
    zone, moment = ZoneInfo("UTC"), datetime(2026, 6, 2, 10, 30, tzinfo=UTC)
    alone = car_month([4000.0, 0.0, 0.0, 0.0, 0.0], [charged(moment, moment)], zone)
    assert kwh(alone, zone, date(2026, 6, 1), date(2026, 6, 1)) == pytest.approx(4 / 7, abs=1e-6)
    runs = [charged(moment, moment, None), charged(moment, moment + timedelta(minutes=30))]
    hours = car_month([4000.0, 0.0, 0.0, 0.0, 0.0], runs, zone)
    assert {hour_s: energy for hour_s, energy in hours.items() if energy} == {
        int(moment.replace(minute=0).timestamp()): 4.0
    }


def test_figures_that_contradict_each_other_are_named() -> None:
    """By more than a watt-hour: the month's appliances, its weeks, its days."""
    first_day, last_day = date(2026, 6, 1), date(2026, 6, 30)
    weeks = [
        Period(first_day=first, last_day=last, total_wh=2000.0, appliances_wh={"fridge": 1000.0})
        for first, last in clipped_weeks(first_day, last_day)
    ]
    month = Period(first_day=first_day, last_day=last_day, total_wh=10_000.5, appliances_wh={"fridge": 5002.0})
    found = disagreements(Results(month=month, weeks=weeks, days_wh=dict.fromkeys(days_of(first_day, last_day), 334.0)))
    assert found == [
        Disagreement("fridge", "weeks", 5002.0, 5000.0),
        Disagreement(TOTAL, "appliances", 10_000.5, 5002.0),
        Disagreement(TOTAL, "days", 10_000.5, 10_020.0),
    ]
    agreeing = Results(month=Period(first_day=first_day, last_day=last_day, total_wh=5.0), days_wh={first_day: 9.0})
    assert disagreements(agreeing) == []
