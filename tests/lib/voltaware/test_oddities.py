"""Where the vendor's page contradicts itself or says nothing: one test for each thing that was decided."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voltaware_bench import DEVICE, ScriptedVoltaware

from aiowattbridge.errors import ResponseError
from aiowattbridge.simulators import VoltawareSimulator
from aiowattbridge.voltaware import (
    Cycle,
    ElectricHeating,
    ElectricVehicle,
    GasHeating,
    Month,
    Property,
    VoltawareClient,
    Week,
    load_zone,
    merge_cycles,
)
from aiowattbridge.voltaware.reports import wh_per_unit
from aiowattbridge.voltaware.results import place

OCTOBER = Month(2026, 10)
BERLIN = ZoneInfo("Europe/Berlin")
HOME = Property(
    property_type="HOME",
    power_generator_source="NONE",
    home_type="HOUSE",
    home_usage_type="PRIMARY",
    home_size_m2=80,
    bedroom_amount=1,
    people_amount=1,
    people_amount_in_day_time=0,
)


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b"[0001, 0002, 0003]", ["0001", "0002", "0003"]),
        (b"[7, 8]", ["7", "8"]),
        (b'["0001", "b2"]', ["0001", "b2"]),
        (b'[7, "0008"]', ["7", "0008"]),
        (b'[0007, "b 0002, \\" 3", -4, 12345678901234567890]', ["0007", 'b 0002, " 3', "-4", "12345678901234567890"]),
        (b"[]", []),
    ],
)
async def test_device_ids_are_text_whether_numbers_or_strings_and_even_with_leading_zeros(
    scripted: ScriptedVoltaware, body: bytes, ids: list[str]
) -> None:
    """The page shows them in a form that is no JSON."""
    scripted.raw = body
    assert await scripted.client.device_ids() == ids


async def test_industry_is_read_in_both_spellings_and_sent_as_industrial(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """The page has one in its table and the other in its sample."""
    simulator.metadata[DEVICE, "property"] = {
        "property_type": "INDUSTRIAL",
        "power_generator_source": "SOLAR",
        "version": "1.0",
    }
    simulator.industry_spelling = "INDUSTRY"
    read = await client.property_details(DEVICE)
    assert read is not None
    assert read.property_type == "INDUSTRIAL"
    await client.set_property_details(DEVICE, read)
    assert simulator.metadata[DEVICE, "property"]["property_type"] == "INDUSTRIAL"


@pytest.mark.parametrize("unit", ["kWh", "Wh"])
async def test_report_decides_its_own_unit_and_is_always_in_wh(
    client: VoltawareClient, simulator: VoltawareSimulator, unit: Any
) -> None:
    """The page says Wh, and its sample is in kWh."""
    simulator.report_unit = unit
    for report in (
        await client.monthly_report(DEVICE, OCTOBER),
        await client.weekly_report(DEVICE, Week.parse("2026-W43")),
    ):
        assert report is not None
        assert report.day_by_day is not None
        assert report.disaggregation is not None
        assert report.wh_per_unit == (1000 if unit == "kWh" else 1)
        assert report.day_by_day.total_wh == pytest.approx(report.disaggregation.total_wh, abs=0.2)
        assert report.day_by_day.highest_day is not None
        assert 5_000 < (report.day_by_day.highest_day.total_wh or 0) < 100_000


async def test_report_without_a_total_to_compare_with_is_taken_for_kwh(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """As the vendor's sample is."""
    simulator.report_total = 0.0
    report = await client.monthly_report(DEVICE, OCTOBER)
    month = await client.month(DEVICE, OCTOBER)
    assert report is not None
    assert month is not None
    assert report.day_by_day is not None
    assert report.wh_per_unit == 1000
    assert report.day_by_day.total_wh == pytest.approx(month.total_wh, abs=0.2)


@pytest.mark.parametrize(
    ("days", "parts", "unit"),
    [
        (13.70671, 13706.82, 1000),
        (13706.71, 13706.82, 1),
        (13.7, None, 1000),
        (13.7, 0.0, 1000),
        (None, 13706.82, 1000),
        (0.0, 13706.82, 1000),
        (13706.71, 13.7, 1),
        (13.7, 13_700_000.0, 1000),
        (100.0, 3162.0, 1),
        (100.0, 3163.0, 1000),
        (2.27e-13, 13706.82, 1000),
        (-1.0, 1000.0, 1000),
        (13706.0, -1.0, 1000),
    ],
)
def test_unit_of_a_report_is_the_power_of_1000_nearest_to_the_ratio_of_its_totals(
    days: float | None, parts: float | None, unit: float
) -> None:
    """The first line is the vendor's own sample. No other units than Wh and kWh are taken into account."""
    assert wh_per_unit(days, parts) == unit


@pytest.mark.parametrize(("figures", "unit"), [([4000.5, 6000.25], 1), ([4.0005, 6.00025], 1000), ([], 1000)])
async def test_report_whose_days_have_no_total_decides_by_their_sum(
    scripted: ScriptedVoltaware, figures: list[float], unit: float
) -> None:
    """The total itself stays missing."""
    days = [{"day": f"2026-10-0{number}", "total_consumption": value} for number, value in enumerate(figures, 1)]
    scripted.answer = {"day_by_day_metrics": {"days": days}, "disaggregation_metrics": {"total_consumption": 10_000.75}}
    report = await scripted.client.monthly_report(DEVICE, OCTOBER)
    assert report is not None
    assert report.day_by_day is not None
    assert report.wh_per_unit == unit
    assert report.day_by_day.total_wh is None
    assert [day.total_wh for day in report.day_by_day.days] == ([4000.5, 6000.25] if figures else [])


async def test_report_of_a_period_without_consumption_has_no_highest_day(scripted: ScriptedVoltaware) -> None:
    """However the vendor says so."""
    scripted.answer = {
        "day_by_day_metrics": {"max_month_consumption": {"day": None}, "min_month_consumption": {}, "days": None}
    }
    report = await scripted.client.monthly_report(DEVICE, OCTOBER)
    assert report is not None
    days = report.day_by_day
    assert days is not None
    assert (days.highest_day, days.lowest_day, days.days) == (None, None, ())
    assert (report.disaggregation, report.carbon_footprint, report.version) == (None, None, None)


async def test_parts_of_a_week_across_two_months_are_kept_apart(client: VoltawareClient) -> None:
    """Together they are the week."""
    week = await client.week(DEVICE, Week(date(2026, 9, 28)))
    september, october = (
        await client.month_by_weeks(DEVICE, Month(2026, 9)),
        await client.month_by_weeks(DEVICE, OCTOBER),
    )
    assert week is not None
    assert september is not None
    assert october is not None
    before, after = september.weeks[-1], october.weeks[0]
    assert (before.last_day, after.first_day) == (date(2026, 9, 30), date(2026, 10, 1))
    assert (before.total_wh or 0) + (after.total_wh or 0) == pytest.approx(week.total_wh, abs=0.01)


@pytest.mark.parametrize(
    ("wire", "energy_wh"), [(2.2737368e-13, 0.0), (-3e-14, 0.0), (0.002, 0.002), (0, 0.0), (None, None)]
)
async def test_tiny_residue_is_zero_and_missing_is_not(
    scripted: ScriptedVoltaware, wire: float | None, energy_wh: float | None
) -> None:
    """What arithmetic left over is nothing that was used."""
    scripted.answer = {"appliances": [{"appliance_key": "others", "consumption": wire}]}
    result = await scripted.client.month(DEVICE, OCTOBER)
    assert result is not None
    assert result.energy_wh("others") == energy_wh
    assert result.total_wh is None


@pytest.mark.parametrize(
    ("start", "end", "in_utc"),
    [
        ("2026-07-12T00:32:53", "2026-07-12T04:29:10", ("2026-07-11T22:32:53", "2026-07-12T02:29:10")),
        ("2026-10-25T02:10:00", "2026-10-25T02:50:00", ("2026-10-25T00:10:00", "2026-10-25T00:50:00")),
        ("2026-10-25T02:50:00", "2026-10-25T02:10:00", ("2026-10-25T00:50:00", "2026-10-25T01:10:00")),
        ("2026-10-25T01:30:00", "2026-10-25T02:30:00", ("2026-10-24T23:30:00", "2026-10-25T00:30:00")),
        ("2026-10-25T02:30:00", "2026-10-25T03:30:00", ("2026-10-25T00:30:00", "2026-10-25T02:30:00")),
        ("2026-03-29T01:30:00", "2026-03-29T02:30:00", ("2026-03-29T00:30:00", "2026-03-29T01:30:00")),
        ("2026-03-29T02:30:00", "2026-03-29T04:30:00", ("2026-03-29T01:30:00", "2026-03-29T02:30:00")),
        ("2026-03-29T02:30:00", "2026-03-29T03:10:00", ("2026-03-29T00:30:00", "2026-03-29T01:10:00")),
        ("2026-03-29T02:10:00", "2026-03-29T02:50:00", ("2026-03-29T01:10:00", "2026-03-29T01:50:00")),
        ("2026-07-12T00:00:00+02:00", "2026-07-12T01:00:00Z", ("2026-07-11T22:00:00", "2026-07-12T01:00:00")),
    ],
)
def test_time_that_comes_twice_is_the_first_unless_the_cycle_would_end_before_it_starts(
    start: str, end: str, in_utc: tuple[str, str]
) -> None:
    """In summer, when clocks are put back, and when they skip an hour."""
    placed = place(datetime.fromisoformat(start), datetime.fromisoformat(end), BERLIN)
    assert placed == tuple(datetime.fromisoformat(time).replace(tzinfo=UTC) for time in in_utc)


@given(
    passed_s=st.integers(0, 364 * 86_400),
    seconds=st.integers(0, 200_000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_cycle_is_found_again_by_its_local_times(passed_s: int, seconds: int, zone: str) -> None:
    """To the second, or off by what the clocks were put back, where nobody can know."""
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=passed_s)
    end, info = start + timedelta(seconds=seconds), ZoneInfo(zone)
    first, last = (time.astimezone(info).replace(tzinfo=None) for time in (start, end))
    placed = place(first, last, info)
    assert placed is not None
    assert placed[0] <= placed[1]
    for found, was in zip(placed, (start, end), strict=True):
        assert found.astimezone(info).replace(tzinfo=None, fold=0) == was.astimezone(info).replace(tzinfo=None, fold=0)
        assert was - found in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}


async def test_cycles_are_read_in_the_devices_zone(scripted: ScriptedVoltaware) -> None:
    """The page calls their times local, and writes no offset."""
    scripted.answer = [
        {
            "appliance_key": "electric_vehicle",
            "total_consumption": 838.8944702148438,
            "cycles": [{"from": "2026-10-12T00:32:53", "to": "2026-10-12T04:29:10", "consumption": 838.8944702148438}],
        }
    ]
    (found,) = await scripted.client.month_cycles(DEVICE, OCTOBER, await load_zone("Asia/Kolkata")) or ()
    assert found.cycles[0].start == datetime(2026, 10, 11, 19, 2, 53, tzinfo=UTC)
    assert found.total_wh == found.cycles[0].energy_wh == 838.8944702148438


@pytest.mark.parametrize(
    "cycle",
    [
        {"from": "2026-10-12T05:00:00", "to": "2026-10-12T04:00:00"},
        {"from": "0001-01-01T00:00:00", "to": "0001-01-01T00:00:00"},
        {"from": 17, "to": 18},
        {"from": "2026-10-12T05:00:00"},
    ],
)
async def test_cycle_that_cannot_be_is_a_response_error(scripted: ScriptedVoltaware, cycle: dict[str, Any]) -> None:
    """It names the field."""
    scripted.answer = [{"appliance_key": "electric_vehicle", "cycles": [cycle]}]
    with pytest.raises(ResponseError, match=r"field .*cycles"):
        await scripted.client.month_cycles(DEVICE, OCTOBER, BERLIN)


TIMES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(month=TIMES, week=TIMES)
def test_cycle_in_a_month_and_in_its_week_counts_once(
    month: list[tuple[int, int]], week: list[tuple[int, int]]
) -> None:
    """It is known by when it began and ended, both."""

    def cycle(at_s: int, lasted_s: int) -> Cycle:
        start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(seconds=at_s)
        return Cycle(start=start, end=start + timedelta(seconds=lasted_s), energy_wh=at_s + lasted_s / 10)

    merged = merge_cycles([cycle(*times) for times in (*month, *week)])
    assert merged == [cycle(*times) for times in sorted({*month, *week})]


async def test_unknown_appliance_keys_survive_under_their_own_name(scripted: ScriptedVoltaware) -> None:
    """The vendor announces new ones."""
    scripted.answer = {
        "total_consumption": 10,
        "appliances": [
            {"appliance_key": "dishwasher", "consumption": 7.5},
            {"appliance_key": "fridge", "consumption": 2},
        ],
        "new_field": {"of": "tomorrow"},
    }
    result = await scripted.client.month(DEVICE, OCTOBER)
    assert result is not None
    assert {one.key: one.energy_wh for one in result.appliances} == {"dishwasher": 7.5, "fridge": 2.0}


@pytest.mark.parametrize("status", [404, 204])
async def test_result_that_is_not_there_yet_is_none_and_no_error(scripted: ScriptedVoltaware, status: int) -> None:
    """Month, week, cycles, reports and metadata alike."""
    scripted.status, scripted.raw = status, b""
    client, week = scripted.client, Week.parse("2026-W43")
    assert await client.month(DEVICE, OCTOBER) is None
    assert await client.month_by_weeks(DEVICE, OCTOBER) is None
    assert await client.week(DEVICE, week) is None
    assert await client.month_cycles(DEVICE, OCTOBER, BERLIN) is None
    assert await client.week_cycles(DEVICE, week, BERLIN) is None
    assert await client.monthly_report(DEVICE, OCTOBER) is None
    assert await client.weekly_report(DEVICE, week) is None
    assert await client.property_details(DEVICE) is None
    assert await client.appliances(DEVICE) is None
    assert await client.geolocation(DEVICE) is None


async def test_home_that_produces_energy_is_shown_and_not_refused(client: VoltawareClient) -> None:
    """The service says that it does not support it; that is for people to know."""
    solar = Property(property_type="OFFICE", power_generator_source="SOLAR")
    await client.set_property_details(DEVICE, solar)
    read = await client.property_details(DEVICE)
    assert read is not None
    assert read.produces_energy is True
    assert Property(property_type="OFFICE", power_generator_source="NONE").produces_energy is False
    assert Property(property_type="OFFICE").produces_energy is None


async def test_any_electric_heater_belongs_to_gas_and_type_to_electric_heating(client: VoltawareClient) -> None:
    """The page explains both under electric heating; its samples do not."""
    both = (ElectricHeating(amount=1, type="UNDERFLOOR"), GasHeating(amount=1, any_electric_heater=True))
    await client.set_appliances(DEVICE, both)
    assert await client.appliances(DEVICE) == both


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({"total_consumption": "much"}, "total_consumption"),
        ({"appliances": [{"consumption": 1}]}, "appliances.0.appliance_key"),
        ({"appliances": [{"appliance_key": "fridge", "consumption": "1,5"}]}, "appliances.0.consumption"),
        ({"appliances": {}}, "appliances"),
    ],
)
async def test_malformed_field_is_named_and_its_value_is_not(
    scripted: ScriptedVoltaware, answer: dict[str, Any], field: str
) -> None:
    """A payload belongs in no message."""
    scripted.answer = answer
    with pytest.raises(ResponseError, match=rf"field {field} ") as caught:
        await scripted.client.month(DEVICE, OCTOBER)
    assert "much" not in str(caught.value)


async def test_metadata_outside_of_the_lists_and_least_values_are_refused_before_anything_is_sent(
    scripted: ScriptedVoltaware,
) -> None:
    """The message begins with the field, and says what is accepted (all of them: test_metadata)."""
    with pytest.raises(ValueError, match=r"^bedroom_amount: has to be a whole number from 1 upwards$"):
        await scripted.client.set_property_details(DEVICE, replace(HOME, bedroom_amount=0))
    with pytest.raises(ValueError, match=r"^people_amount: has to be a whole number from 1 upwards$"):
        await scripted.client.set_property_details(DEVICE, replace(HOME, people_amount=0))
    vehicles = (GasHeating(amount=1, any_electric_heater=True), ElectricVehicle(amount=2, type="CAR", wattages=(7200,)))
    with pytest.raises(ValueError, match=r"^appliances\.1\.wattages: .* as many numbers as amount says \(2\)$"):
        await scripted.client.set_appliances(DEVICE, vehicles)
    assert scripted.asked == scripted.logins == []


async def test_people_are_sent_also_if_there_are_none(scripted: ScriptedVoltaware) -> None:
    """The page wants the field to be there."""
    await scripted.client.set_property_details(DEVICE, HOME)
    assert scripted.told[0]["people"] == []


async def test_version_is_filled_in_whatever_was_read(scripted: ScriptedVoltaware) -> None:
    """It is ours, since we write in its form."""
    await scripted.client.set_property_details(DEVICE, replace(HOME, version="0.9"))
    await scripted.client.set_appliances(DEVICE, [])
    assert [told["version"] for told in scripted.told] == ["1.0", "1.0"]
