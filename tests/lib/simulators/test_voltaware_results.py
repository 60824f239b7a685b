"""The simulated Voltaware cloud's figures, asked in plain HTTP: when they are there, and that they agree."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import fsum
from typing import Any, Literal
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from raw_voltaware import ID, NOVEMBER, OCTOBER, WEEK, Raw

from aiowattbridge.simulators import (
    Cycle,
    MissingMonth,
    MonthDisagreement,
    MonthDisconnection,
    MonthRevision,
    SimulatorClock,
    VoltawareSimulator,
)

MONTH = f"/sm/disag/month?{OCTOBER}"
WEEKS = f"/sm/disag/month/weeks?{OCTOBER}"
CYCLES = f"/sm/disag/cycles/monthly?{OCTOBER}"
REPORT = f"/sm/reports/monthly?{OCTOBER}"
ALL_MONTHLY = (MONTH, WEEKS, CYCLES, REPORT)
ALL_WEEKLY = ("/sm/disag/week", "/sm/disag/cycles/weekly", "/sm/reports/weekly")
CAR = "electric_vehicle"
BERLIN = ZoneInfo("Europe/Berlin")
KETTLE = {"appliances": [{"key": "KETTLE", "amount": 1}], "version": "1.0"}


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """Homes in six zones, the time standing still in November."""
    async with VoltawareSimulator(clock=SimulatorClock(NOVEMBER, frozen=True), devices=6) as running:
        yield running


@pytest.fixture
async def raw(cloud: VoltawareSimulator, http: aiohttp.ClientSession) -> Raw:
    """Somebody with a token."""
    visitor = Raw(http, cloud)
    assert await visitor.log_in() == 200
    return visitor


def by_key(result: dict[str, Any]) -> dict[str, float]:
    """Read the appliances of a result."""
    found = {one["appliance_key"]: one["consumption"] for one in result["appliances"]}
    assert len(found) == len(result["appliances"])
    return found


@pytest.mark.parametrize("part", ALL_MONTHLY)
async def test_month_is_there_on_its_third_day_by_the_devices_clocks(raw: Raw, part: str) -> None:
    """In Adelaide at half past one in the afternoon UTC, in Berlin at eleven in the evening."""
    adelaide = raw.cloud.device_ids[2]
    raw.cloud.clock.set(datetime(2026, 11, 2, 13, 29, 59, tzinfo=UTC))
    assert await raw.log_in() == 200
    assert await raw.status(part, adelaide) == 404
    raw.cloud.clock.advance(1)
    assert (await raw.status(part, adelaide), await raw.status(part)) == (200, 404)
    raw.cloud.clock.set(datetime(2026, 11, 2, 23, tzinfo=UTC))
    assert await raw.status(part) == 200
    raw.cloud.clock.advance(-1)
    assert await raw.status(part) == 404


@pytest.mark.parametrize("part", ALL_WEEKLY)
async def test_week_is_there_on_the_third_day_after_it(raw: Raw, part: str) -> None:
    """The page says nothing of weeks but that the rules are the same."""
    raw.cloud.clock.set(datetime(2026, 10, 27, 22, 59, 59, tzinfo=UTC))
    assert await raw.log_in() == 200
    assert await raw.status(f"{part}?{WEEK}") == 404
    raw.cloud.clock.advance(1)
    assert await raw.status(f"{part}?{WEEK}") == 200


async def test_nothing_is_there_from_before_the_first_event_or_from_the_future(raw: Raw) -> None:
    """It was on Friday, 10 October 2025."""
    assert await raw.status("/sm/disag/month?year=2025&month=9") == 404
    assert await raw.status("/sm/disag/week?startDate=2025-09-29&endDate=2025-10-05") == 404
    for part in ("/sm/disag/month?year=2026&month=11", "/sm/disag/month?year=2999&month=12"):
        assert await raw.status(part) == 404
    first = await raw.get("/sm/reports/monthly?year=2025&month=10")
    days = first["day_by_day_metrics"]["days"]
    assert [day["day"] for day in days if day["total_consumption"] > 0] == [f"2025-10-{day}" for day in range(10, 32)]
    assert (first["day_by_day_metrics"]["days_without_consumption"], len(days)) == (9, 31)
    assert raw.cloud.day_energy_wh(ID, date(2025, 10, 9)) == {}
    week = await raw.get("/sm/disag/week?startDate=2025-10-06&endDate=2025-10-12")
    days_of_week = [fsum(raw.cloud.day_energy_wh(ID, date(2025, 10, day)).values()) for day in (10, 11, 12)]
    assert week["total_consumption"] == pytest.approx(fsum(days_of_week), abs=0.01)


async def test_newly_integrated_meter_has_three_months_which_come_a_day_and_a_half_later(raw: Raw) -> None:
    """And nothing from before them."""
    raw.meter.integrated_at = NOVEMBER
    august, july = "/sm/disag/month?year=2026&month=8", "/sm/disag/month?year=2026&month=7"
    assert await raw.status(august) == 404
    raw.cloud.clock.advance(36 * 3600)
    assert await raw.log_in() == 200
    assert (await raw.status(august), await raw.status(MONTH), await raw.status(july)) == (200, 200, 404)
    assert await raw.status("/sm/disag/week?startDate=2026-07-20&endDate=2026-07-26") == 404
    raw.meter.first_event = datetime(2026, 9, 9, tzinfo=UTC)
    assert await raw.status(august) == 404


async def test_missing_month_is_never_there(raw: Raw) -> None:
    """Nor are the weeks that begin in it; the quirk may go, or be another device's."""
    raw.cloud.quirks.append(MissingMonth(2026, 10))
    for part in (*ALL_MONTHLY, *(f"{part}?{WEEK}" for part in ALL_WEEKLY)):
        assert await raw.status(part) == 404
    assert raw.cloud.last_published_month(ID) == (2026, 9)
    raw.cloud.quirks[:] = [MissingMonth(2026, 10, device_id="another")]
    assert await raw.status(MONTH) == 200


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("month", [3, 4, 10])
async def test_days_weeks_months_and_reports_agree(raw: Raw, number: int, month: int) -> None:
    """In each zone, over the months in which clocks are put back or forward."""
    device_id, query = raw.cloud.device_ids[number], f"year=2026&month={month}"
    whole = await raw.get(f"/sm/disag/month?{query}", device_id)
    weeks = await raw.get(f"/sm/disag/month/weeks?{query}", device_id)
    report = await raw.get(f"/sm/reports/monthly?{query}", device_id)
    total = whole["total_consumption"]
    assert by_key(whole) == pytest.approx(raw.cloud.month_energy_wh(device_id, 2026, month), abs=1e-4)
    assert fsum(by_key(whole).values()) == pytest.approx(total, abs=0.001)
    assert weeks["total_consumption"] == report["disaggregation_metrics"]["total_consumption"] == total
    for key, energy_wh in by_key(whole).items():
        parts = [by_key(week).get(key, 0.0) for week in weeks["weeks"]]
        assert fsum(parts) == pytest.approx(energy_wh, abs=0.001)
    assert fsum(week["total_consumption"] for week in weeks["weeks"]) == pytest.approx(total, abs=0.001)
    days = report["day_by_day_metrics"]["days"]
    assert fsum(day["total_consumption"] for day in days) * 1000 == pytest.approx(total, abs=0.2)
    expected = [
        fsum(raw.cloud.day_energy_wh(device_id, date(2026, month, day)).values()) for day in range(1, len(days) + 1)
    ]
    assert [day["total_consumption"] * 1000 for day in days] == pytest.approx(expected, abs=0.01)


async def test_weeks_of_a_month_are_clipped_at_its_ends(raw: Raw) -> None:
    """October 2026 begins on a Thursday and ends on a Saturday; a whole week is the week asked for by itself."""
    weeks = (await raw.get(WEEKS))["weeks"]
    assert [(week["from"], week["to"]) for week in weeks] == [
        ("2026-10-01", "2026-10-04"),
        ("2026-10-05", "2026-10-11"),
        ("2026-10-12", "2026-10-18"),
        ("2026-10-19", "2026-10-25"),
        ("2026-10-26", "2026-10-31"),
    ]
    assert all(set(week) == {"from", "to", "total_consumption", "appliances"} for week in weeks)
    alone = await raw.get(f"/sm/disag/week?{WEEK}")
    assert alone["total_consumption"] == weeks[3]["total_consumption"]
    assert by_key(alone) == by_key(weeks[3])


async def test_cooking_and_heating_are_one_until_the_home_is_described(raw: Raw) -> None:
    """What was published before stays as it is."""
    together = by_key(await raw.get(MONTH))
    assert "cooking_heating" in together
    assert not {"cooking", "heating"} & together.keys()
    assert (await raw.put("appliances", KETTLE))[0] == 204
    assert by_key(await raw.get(MONTH)) == together
    raw.cloud.clock.set(datetime(2026, 12, 3, 12, tzinfo=UTC))
    assert await raw.log_in() == 200
    assert by_key(await raw.get(MONTH)) == together
    november = by_key(await raw.get("/sm/disag/month?year=2026&month=11"))
    assert {"cooking", "heating"} <= november.keys()
    assert november.keys() == raw.cloud.month_energy_wh(ID, 2026, 11).keys()
    # The first week of November was published before, but its part of November is November's.
    week = by_key(await raw.get("/sm/disag/week?startDate=2026-11-02&endDate=2026-11-08"))
    part = (await raw.get("/sm/disag/month/weeks?year=2026&month=11"))["weeks"][1]
    assert (part["from"], part["to"]) == ("2026-11-02", "2026-11-08")
    assert ("cooking_heating" in week, "cooking_heating" in by_key(part)) == (True, False)
    assert "cooking" in raw.cloud.day_energy_wh(ID, date(2026, 11, 2))
    assert (await raw.put("appliances", KETTLE))[0] == 204
    assert by_key(await raw.get("/sm/disag/month?year=2026&month=11")) == november
    raw.meter.combines_cooking = False
    apart = by_key(await raw.get(MONTH))
    assert apart["cooking"] + apart["heating"] == pytest.approx(together["cooking_heating"], abs=0.001)


async def test_only_what_was_found_is_listed_and_new_keys_may_be_among_it(raw: Raw) -> None:
    """The home decides, and may be changed while it runs."""
    raw.meter.lacks, raw.meter.has_car = frozenset({"boiler", "washing"}), False
    raw.meter.extra_keys = ("dishwasher",)
    found = by_key(await raw.get(MONTH))
    assert not {"boiler", "washing", CAR} & found.keys()
    assert found["dishwasher"] > 0
    assert raw.cloud.month_energy_wh(ID, 2026, 10) == pytest.approx(found, abs=1e-4)
    assert await raw.get(CYCLES) == []


@pytest.mark.parametrize("number", range(6))
async def test_cycles_are_the_chargings_in_local_time(raw: Raw, number: int) -> None:
    """Without an offset, whole, and their total is theirs and not the period's."""
    device_id = raw.cloud.device_ids[number]
    zone = raw.cloud.meters[device_id].zone
    for part, first, last in (
        (CYCLES, date(2026, 10, 1), date(2026, 10, 31)),
        (f"/sm/disag/cycles/weekly?{WEEK}", date(2026, 10, 19), date(2026, 10, 25)),
    ):
        charges = raw.cloud.charges(device_id, first, last)
        (found,) = await raw.get(part, device_id)
        assert found["appliance_key"] == CAR
        assert found["total_consumption"] == fsum(charge.energy_wh for charge in charges)
        assert found["cycles"] == [
            {
                "from": charge.start.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S"),
                "to": charge.end.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S"),
                "consumption": charge.energy_wh,
            }
            for charge in charges
        ]
        days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        assert all(any(start <= at < start + timedelta(days=1) for start in days) for at in days)


@pytest.mark.parametrize("number", range(6))
def test_chargings_are_counted_on_the_days_they_drew(cloud: VoltawareSimulator, number: int) -> None:
    """Day by day over more than a year: over midnights, months' ends and changes of the clocks."""
    device_id = cloud.device_ids[number]
    meter, zone = cloud.meters[device_id], cloud.meters[device_id].zone
    first, last = date(2025, 10, 11), date(2026, 11, 10)
    charges = cloud.charges(device_id, first, last)
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    lengths = {day: meter.midnight(day + timedelta(days=1)) - meter.midnight(day) for day in days}
    counted = [cloud.day_energy_wh(device_id, day).get(CAR, 0.0) for day in days]
    for day, energy_wh in zip(days, counted, strict=True):
        bounds = meter.midnight(day), meter.midnight(day) + lengths[day]
        assert energy_wh == pytest.approx(fsum(charge.within(*bounds) for charge in charges))
    assert fsum(counted) == pytest.approx(fsum(charge.energy_wh for charge in charges), abs=42_000)
    spans = [(charge.start.astimezone(zone), charge.end.astimezone(zone)) for charge in charges]
    assert sum(start.date() != end.date() for start, end in spans) > 20
    assert sum(start.month != end.month for start, end in spans) >= 5
    changes = [day for day in days if lengths[day] != timedelta(days=1)]
    assert len(changes) == (3, 3, 2, 2, 0, 0)[number]
    for day in changes:
        over = [(start, end) for start, end in spans if start.date() < day == end.date() and end.hour >= 3]
        assert [start.utcoffset() != end.utcoffset() for start, end in over] == [True]
    assert cloud.charges(device_id, date(2025, 9, 1), date(2025, 10, 9)) == []
    assert all(later.start > earlier.end for earlier, later in pairwise(charges))


async def test_cycle_over_the_end_of_a_period_is_whole_in_both_or_cut(raw: Raw) -> None:
    """The page does not say; the month has only what was drawn in it."""
    raw.meter.has_car = False
    night = Cycle(datetime(2026, 10, 31, 21, tzinfo=UTC), datetime(2026, 11, 1, 1, tzinfo=UTC), 20_000)
    raw.meter.extra_cycles = (night,)
    (found,) = await raw.get(CYCLES)
    assert found["cycles"] == [{"from": "2026-10-31T22:00:00", "to": "2026-11-01T02:00:00", "consumption": 20_000}]
    assert by_key(await raw.get(MONTH))[CAR] == 10_000
    (weekly,) = await raw.get("/sm/disag/cycles/weekly?startDate=2026-10-26&endDate=2026-11-01")
    assert weekly == found
    raw.meter.cuts_cycles = True
    (cut,) = await raw.get(CYCLES)
    assert cut["total_consumption"] == 10_000
    assert cut["cycles"] == [{"from": "2026-10-31T22:00:00", "to": "2026-11-01T00:00:00", "consumption": 10_000}]
    (weekly,) = await raw.get("/sm/disag/cycles/weekly?startDate=2026-10-26&endDate=2026-11-01")
    assert weekly == found
    assert raw.cloud.charges(ID, date(2026, 10, 31), date(2026, 10, 31)) == [night]
    raw.meter.extra_cycles = (
        Cycle(datetime(2026, 9, 30, 21, tzinfo=UTC), datetime(2026, 9, 30, 23, tzinfo=UTC), 8_000),
        # One ends when October begins, one begins when it ends: they lie outside.
        Cycle(datetime(2026, 9, 30, 20, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC), 8_000),
        Cycle(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), 8_000),
    )
    (cut,) = await raw.get(CYCLES)
    assert cut["cycles"] == [{"from": "2026-10-01T00:00:00", "to": "2026-10-01T01:00:00", "consumption": 4_000}]


async def test_cycle_in_the_hour_that_comes_twice_does_not_tell_which(raw: Raw) -> None:
    """From 00:50 to 01:10 UTC it is ten to three, then ten past two."""
    raw.meter.has_car = False
    start, end = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    raw.meter.extra_cycles = (Cycle(start, end, 2400),)
    (found,) = await raw.get(CYCLES)
    (cycle,) = found["cycles"]
    assert (cycle["from"], cycle["to"]) == ("2026-10-25T02:50:00", "2026-10-25T02:10:00")


async def test_cycles_of_other_appliances_may_come(raw: Raw) -> None:
    """As the vendor announces; each has its day's energy."""
    raw.meter.cycle_keys = (CAR, "fridge", "sauna")
    car, fridge = await raw.get(CYCLES)
    assert (car["appliance_key"], fridge["appliance_key"]) == (CAR, "fridge")
    assert fridge["total_consumption"] == pytest.approx(by_key(await raw.get(MONTH))["fridge"], abs=0.001)
    runs = raw.cloud.cycles(ID, date(2026, 10, 1), date(2026, 10, 31), "fridge")
    assert len(runs) == 31
    assert [one["from"] for one in fridge["cycles"]] == [
        f"{run.start.astimezone(BERLIN).replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}" for run in runs
    ]


@pytest.mark.parametrize(("name", "part"), [("month", REPORT), ("week", f"/sm/reports/weekly?{WEEK}")])
async def test_report_has_the_keys_of_its_period_and_its_figures_agree(raw: Raw, name: str, part: str) -> None:
    """The same figures under names of their own."""
    report = await raw.get(part)
    assert set(report) == {"day_by_day_metrics", "disaggregation_metrics", "carbon_footprint", "version"}
    metrics = report["day_by_day_metrics"]
    assert set(metrics) == {
        "days_without_consumption",
        "total_consumed_on_week_days",
        "total_consumed_on_weekend_days",
        f"total_{name}_consumption",
        f"average_{name}_consumption",
        f"max_{name}_consumption",
        f"min_{name}_consumption",
        "days",
    }
    days, total = metrics["days"], metrics[f"total_{name}_consumption"]
    figures = [day["total_consumption"] for day in days]
    assert fsum(figures) == pytest.approx(total, abs=1e-5)
    assert total / len(days) == pytest.approx(metrics[f"average_{name}_consumption"], abs=1e-5)
    assert metrics[f"max_{name}_consumption"]["total_consumption"] == max(figures)
    assert metrics[f"min_{name}_consumption"] in days
    assert metrics[f"min_{name}_consumption"]["total_consumption"] == min(figures)
    halves = metrics["total_consumed_on_week_days"], metrics["total_consumed_on_weekend_days"]
    assert fsum(halves) == pytest.approx(total, abs=2e-5)
    weekend = [day for day in days if date.fromisoformat(day["day"]).weekday() >= 5]
    assert [day for day in days if day["weekend"]] == weekend
    assert halves[1] == pytest.approx(fsum(day["total_consumption"] for day in weekend), abs=1e-5)
    energy_kwh = report["disaggregation_metrics"]["total_consumption"] / 1000
    assert energy_kwh == pytest.approx(total, abs=2e-4)
    assert report["carbon_footprint"]["kgco2"] == pytest.approx(energy_kwh * 0.519)
    assert report["version"] == 1


async def test_report_lists_what_was_not_found_as_next_to_nothing(raw: Raw) -> None:
    """A zero or what arithmetic leaves of one, as the samples have; the rest is the month's."""
    raw.meter.lacks = frozenset({"boiler", "washing"})
    listed = by_key((await raw.get(REPORT))["disaggregation_metrics"])
    found = by_key(await raw.get(MONTH))
    assert {key: value for key, value in listed.items() if key in found} == found
    assert {key: value for key, value in listed.items() if key not in found} == {
        "boiler": 2.2737368e-13,
        "washing": 0,
    } | ({} if "cooling" in found else {"cooling": 0, "washing": 2.2737368e-13})


async def test_days_of_a_report_are_in_the_unit_chosen_and_its_appliances_in_wh(raw: Raw) -> None:
    """The page says Wh, and its sample is in kWh."""
    in_kwh = await raw.get(REPORT)
    raw.cloud.report_unit = "Wh"
    in_wh = await raw.get(REPORT)
    assert in_wh["disaggregation_metrics"] == in_kwh["disaggregation_metrics"]
    for name in ("total_month_consumption", "average_month_consumption", "total_consumed_on_week_days"):
        ratio = in_wh["day_by_day_metrics"][name] / in_kwh["day_by_day_metrics"][name]
        assert ratio == pytest.approx(1000, rel=1e-4)
    assert in_wh["day_by_day_metrics"]["total_month_consumption"] == pytest.approx(
        in_wh["disaggregation_metrics"]["total_consumption"], abs=0.01
    )


@pytest.mark.parametrize(("total", "shown"), [(0.0, 0), ("null", None), ("missing", ...)])
async def test_total_of_a_report_may_be_zero_null_or_missing(
    raw: Raw, total: float | Literal["null", "missing"], shown: object
) -> None:
    """Nothing else is changed by it."""
    whole = await raw.get(REPORT)
    raw.cloud.report_total = total
    report = await raw.get(REPORT)
    assert report["disaggregation_metrics"].pop("total_consumption", ...) == shown
    del whole["disaggregation_metrics"]["total_consumption"]
    assert report == whole


async def test_month_may_disagree_with_its_weeks(raw: Raw) -> None:
    """In "others", by so many watt-hours."""
    before = by_key(await raw.get(MONTH))
    raw.cloud.quirks.append(MonthDisagreement(2026, 10, 123.0))
    after, weeks, report = await raw.get(MONTH), await raw.get(WEEKS), await raw.get(REPORT)
    assert by_key(after)["others"] == pytest.approx(before["others"] + 123, abs=0.001)
    assert weeks["total_consumption"] == after["total_consumption"]
    assert after["total_consumption"] == pytest.approx(fsum(before.values()) + 123, abs=0.001)
    assert fsum(week["total_consumption"] for week in weeks["weeks"]) == pytest.approx(fsum(before.values()), abs=0.001)
    assert report["disaggregation_metrics"]["total_consumption"] == after["total_consumption"]
    assert raw.cloud.month_energy_wh(ID, 2026, 10) == pytest.approx(by_key(after), abs=1e-4)
    alone = await raw.get("/sm/disag/week?startDate=2026-10-05&endDate=2026-10-11")
    assert alone["total_consumption"] == weeks["weeks"][1]["total_consumption"]


async def test_month_may_be_corrected_later(raw: Raw) -> None:
    """All its figures from a moment on, and those of no other month."""
    month, week, september = await raw.get(MONTH), await raw.get(f"/sm/disag/week?{WEEK}"), "year=2026&month=9"
    before = await raw.get(f"/sm/disag/month?{september}")
    moment = NOVEMBER + timedelta(hours=1)
    raw.cloud.quirks.append(MonthRevision(2026, 10, 110, moment))
    raw.cloud.clock.advance(3599)
    assert await raw.get(MONTH) == month
    raw.cloud.clock.advance(1)
    assert (await raw.get(MONTH))["total_consumption"] == pytest.approx(month["total_consumption"] * 1.1, abs=0.001)
    assert (await raw.get(f"/sm/disag/week?{WEEK}"))["total_consumption"] == pytest.approx(
        week["total_consumption"] * 1.1, abs=0.001
    )
    assert await raw.get(f"/sm/disag/month?{september}") == before
    as_it_was = raw.cloud.month_energy_wh(ID, 2026, 10, at=moment - timedelta(seconds=1))
    assert as_it_was == pytest.approx(by_key(month), abs=1e-4)
    assert raw.cloud.month_energy_wh(ID, 2026, 10) == pytest.approx(by_key(await raw.get(MONTH)), abs=1e-4)


async def test_device_may_have_been_disconnected(raw: Raw) -> None:
    """For some of a month, and of the weeks that begin in it."""
    assert 0 <= (await raw.get(MONTH))["disconnection_percentage"] < 4
    raw.cloud.quirks.append(MonthDisconnection(2026, 10, 14.3))
    for part in (MONTH, WEEKS, f"/sm/disag/week?{WEEK}"):
        assert (await raw.get(part))["disconnection_percentage"] == 14.3
    for part in (REPORT, f"/sm/reports/weekly?{WEEK}"):
        assert (await raw.get(part))["disaggregation_metrics"]["disconnection_percentage"] == 14.3


async def test_figures_look_like_those_of_a_home(raw: Raw) -> None:
    """A few kilowatt-hours a day, more of them when the car is charged, and never less than nothing."""
    for device_id in raw.cloud.device_ids:
        for month in range(1, 11):
            days = [raw.cloud.day_energy_wh(device_id, date(2026, month, day)) for day in range(1, 29)]
            assert all(energy_wh > 0 for day in days for energy_wh in day.values())
            assert all(4_000 < fsum(day.values()) - day.get(CAR, 0.0) < 25_000 for day in days)
            assert all(day.get(CAR, 0.0) < 75_000 for day in days)


def test_same_seed_makes_the_same_homes_whatever_is_asked_first() -> None:
    """And another seed makes others."""
    clouds = [VoltawareSimulator(seed=seed, clock=SimulatorClock(NOVEMBER, frozen=True)) for seed in (7, 7, 8)]
    backwards = [clouds[0].day_energy_wh(ID, date(2026, 10, day)) for day in range(20, 0, -1)]
    forwards = [clouds[1].day_energy_wh(ID, date(2026, 10, day)) for day in range(1, 21)]
    assert backwards[::-1] == forwards
    other = clouds[2].device_ids[0]
    assert clouds[2].day_energy_wh(other, date(2026, 10, 1)) != forwards[0]
