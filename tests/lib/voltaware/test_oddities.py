"""Where the vendor's page contradicts itself or says nothing: one test for each thing that was decided."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voltaware_bench import DEVICE, SECRET, ScriptedVoltaware

from aiowattbridge.errors import RejectedError, ResponseError
from aiowattbridge.simulators import VoltawareSimulator
from aiowattbridge.voltaware import (
    Cycle,
    ElectricHeating,
    GasHeating,
    Geolocation,
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


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b"[0001, 0002, 0003]", ["0001", "0002", "0003"]),
        (b"[7, 8]", ["7", "8"]),
        (b'["0001", "b2"]', ["0001", "b2"]),
        (b'[7, "0008"]', ["7", "0008"]),
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
        (13706.71, 13.7, 0.001),
        (10.0, 5000.0, 1000),
        (-1.0, 1000.0, 1000),
    ],
)
def test_unit_of_a_report_is_the_power_of_1000_nearest_to_the_ratio_of_its_totals(
    days: float | None, parts: float | None, unit: float
) -> None:
    """The first line is the vendor's own sample."""
    assert wh_per_unit(days, parts) == pytest.approx(unit)


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
        ("2026-07-12T00:00:00+02:00", "2026-07-12T01:00:00Z", ("2026-07-11T22:00:00", "2026-07-12T01:00:00")),
    ],
)
def test_time_that_comes_twice_is_the_first_unless_the_cycle_would_end_before_it_starts(
    start: str, end: str, in_utc: tuple[str, str]
) -> None:
    """In summer, when clocks are put back, and when they skip an hour."""
    placed = place(datetime.fromisoformat(start), datetime.fromisoformat(end), BERLIN)
    assert placed == tuple(datetime.fromisoformat(time).replace(tzinfo=UTC) for time in in_utc)


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
    "cycle", [{"from": "2026-10-12T05:00:00", "to": "2026-10-12T04:00:00"}, {"from": 17, "to": 18}]
)
async def test_cycle_that_cannot_be_is_a_response_error(scripted: ScriptedVoltaware, cycle: dict[str, Any]) -> None:
    """It names the field."""
    scripted.answer = [{"appliance_key": "electric_vehicle", "cycles": [cycle]}]
    with pytest.raises(ResponseError, match=r"field .*cycles"):
        await scripted.client.month_cycles(DEVICE, OCTOBER, BERLIN)


@given(st.lists(st.integers(0, 20), max_size=12), st.lists(st.integers(0, 20), max_size=12))
def test_cycle_in_a_month_and_in_its_week_counts_once(month: list[int], week: list[int]) -> None:
    """It is known by when it began and ended."""

    def cycles(starts: list[int]) -> list[Cycle]:
        return [
            Cycle(start=datetime.fromtimestamp(at, UTC), end=datetime.fromtimestamp(at + 5, UTC), energy_wh=at)
            for at in starts
        ]

    merged = merge_cycles([*cycles(month), *cycles(week)])
    assert [cycle.energy_wh for cycle in merged] == sorted({*month, *week})


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


async def test_place_and_credentials_show_in_no_error(
    scripted: ScriptedVoltaware, caplog: pytest.LogCaptureFixture
) -> None:
    """A cloud that echoes what it was told."""
    scripted.status, scripted.raw = 400, f"wrong: {SECRET} canary-access-1 canary-id".encode()
    with caplog.at_level("DEBUG"), pytest.raises(RejectedError) as caught:
        await scripted.client.month(DEVICE, OCTOBER)
    shown = f"{caught.value!r} {caught.value.answer} {caplog.text}"
    assert "canary" not in shown
    assert "51.5" not in repr(Geolocation(latitude_deg=51.509865, longitude_deg=-0.118092))
