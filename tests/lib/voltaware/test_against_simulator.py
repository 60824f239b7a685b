"""The Voltaware client against its simulator: every call, sums to the watt-hour, the whole history."""

from contextlib import aclosing
from dataclasses import replace
from datetime import date, timedelta
from math import fsum
from typing import Literal

import pytest
from voltaware_bench import DEVICE, NOVEMBER

from aiowattbridge.errors import NotFoundError
from aiowattbridge.simulators import Fault, MissingMonth, MonthRevision, SimulatorClock, VoltawareSimulator
from aiowattbridge.voltaware import (
    AirConditioner,
    ElectricVehicle,
    Geolocation,
    Month,
    People,
    PlainAppliance,
    Property,
    VoltawareClient,
    Week,
    load_zone,
    merge_cycles,
)

OCTOBER = Month(2026, 10)
ONE_WEEK = Week(date(2026, 10, 19))
HOME = Property(
    property_type="HOME",
    power_generator_source="NONE",
    home_type="FLAT",
    home_usage_type="PRIMARY",
    home_size_m2=49.8,
    bedroom_amount=2,
    people_amount=2,
    people_amount_in_day_time=0,
    people=(People(age_range="ADULT", amount=2),),
)


async def test_devices_are_listed_and_described(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """Each with its zone; what only the vendor's own sensors know is None for the others."""
    assert tuple(await client.device_ids()) == simulator.device_ids
    sensor, meter = [await client.device(device_id) for device_id in simulator.device_ids[:2]]
    assert (sensor.connection_state, sensor.firmware) == ("connected", "112007")
    assert (meter.connection_state, meter.firmware) == (None, None)
    assert (sensor.time_zone, meter.time_zone) == ("Europe/Berlin", "America/New_York")
    assert sensor.first_event == simulator.meters[DEVICE].first_event
    assert sensor.last_event == NOVEMBER - timedelta(seconds=45)


async def test_month_is_the_sum_of_its_days_to_the_watt_hour(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """In every zone, with the month in which clocks are changed."""
    for device_id in simulator.device_ids:
        result = await client.month(device_id, OCTOBER)
        assert result is not None
        expected = simulator.month_energy_wh(device_id, 2026, 10)
        assert result.total_wh == pytest.approx(fsum(expected.values()), abs=0.01)
        assert {one.key: one.energy_wh for one in result.appliances} == pytest.approx(expected, abs=0.01)
        assert result.energy_wh("fridge") == pytest.approx(expected["fridge"], abs=0.01)
        assert result.energy_wh("sauna") is None
        assert result.disconnection_percent is not None


async def test_weeks_of_a_month_are_clipped_and_add_up_to_it(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """October 2026 begins on a Thursday and ends on a Saturday."""
    month = await client.month_by_weeks(DEVICE, OCTOBER)
    assert month is not None
    assert [(week.first_day.day, week.last_day.day) for week in month.weeks] == [
        (1, 4),
        (5, 11),
        (12, 18),
        (19, 25),
        (26, 31),
    ]
    assert fsum(week.total_wh or 0 for week in month.weeks) == pytest.approx(month.total_wh, abs=0.01)
    assert month.weeks[0].energy_wh("standby") == pytest.approx(
        fsum(simulator.day_energy_wh(DEVICE, date(2026, 10, day))["standby"] for day in range(1, 5)), abs=0.01
    )


async def test_week_and_its_report_agree(client: VoltawareClient) -> None:
    """The report writes its days in kWh, and we read Wh."""
    week, report = await client.week(DEVICE, ONE_WEEK), await client.weekly_report(DEVICE, ONE_WEEK)
    assert week is not None
    assert report is not None
    assert report.day_by_day is not None
    assert report.wh_per_unit == 1000
    assert report.day_by_day.total_wh == pytest.approx(week.total_wh, abs=0.1)
    assert fsum(day.total_wh or 0 for day in report.day_by_day.days) == pytest.approx(week.total_wh, abs=0.1)
    assert [day.is_weekend for day in report.day_by_day.days] == [False] * 5 + [True] * 2


async def test_monthly_report_has_days_disaggregation_and_footprint(client: VoltawareClient) -> None:
    """The keys that are named after the month here are named after the week there."""
    report = await client.monthly_report(DEVICE, OCTOBER)
    assert report is not None
    days = report.day_by_day
    assert days is not None
    assert len(days.days) == 31
    totals = [day.total_wh or 0 for day in days.days]
    assert days.highest_day == days.days[totals.index(max(totals))]
    assert days.lowest_day == days.days[totals.index(min(totals))]
    assert days.average_day_wh == pytest.approx(fsum(totals) / 31, abs=0.01)
    assert (days.week_days_wh or 0) + (days.weekend_days_wh or 0) == pytest.approx(days.total_wh, abs=0.1)
    assert days.days_without_consumption == 0
    assert report.disaggregation is not None
    assert report.carbon_footprint is not None
    assert report.carbon_footprint.co2_kg == pytest.approx((days.total_wh or 0) / 1000 * 0.519, abs=0.001)
    assert report.carbon_footprint.trees is not None
    assert report.version == 1


async def test_cycles_are_the_chargings_in_utc(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """Local times without an offset, in each device's own zone."""
    for device_id, meter in simulator.meters.items():
        zone = await load_zone(meter.zone_name)
        (found,) = await client.month_cycles(device_id, OCTOBER, zone) or ()
        expected = simulator.charges(device_id, OCTOBER.first_day, OCTOBER.last_day)
        assert [(cycle.start, cycle.energy_wh) for cycle in found.cycles] == [
            (charge.start, charge.energy_wh) for charge in expected
        ]
        assert [cycle.end for cycle in found.cycles] == [charge.end for charge in expected]
        assert found.key == "electric_vehicle"
        weekly = await client.week_cycles(device_id, ONE_WEEK, zone) or ()
        assert {cycle.start for one in weekly for cycle in one.cycles} <= {cycle.start for cycle in found.cycles}


async def test_home_is_described_and_read_back(client: VoltawareClient) -> None:
    """What is not there yet is None."""
    assert await client.property_details(DEVICE) is None
    await client.set_property_details(DEVICE, HOME)
    read = await client.property_details(DEVICE)
    assert read is not None
    assert read.to_wire() == HOME.to_wire()
    assert read.version == "1.0"


async def test_appliances_are_described_and_read_back(client: VoltawareClient) -> None:
    """In the order they were given."""
    appliances = (
        AirConditioner(amount=1, type="WINDOW", usage_type="BOTH"),
        ElectricVehicle(amount=2, type="BIKE", wattages=(750, 750)),
        PlainAppliance(kind="KETTLE", amount=1),
    )
    assert await client.appliances(DEVICE) is None
    await client.set_appliances(DEVICE, appliances)
    assert await client.appliances(DEVICE) == appliances


async def test_place_is_described_and_read_back(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """It does not show."""
    meter = simulator.meters[DEVICE]
    place = Geolocation(latitude_deg=meter.latitude_deg, longitude_deg=meter.longitude_deg)
    assert await client.geolocation(DEVICE) is None
    await client.set_geolocation(DEVICE, place)
    assert await client.geolocation(DEVICE) == place
    assert not any(canary in repr(place) for canary in simulator.canaries)


async def test_unknown_device_is_not_found(client: VoltawareClient) -> None:
    """Its results are not there, and it is not there itself."""
    with pytest.raises(NotFoundError):
        await client.device("1")
    assert await client.month("1", OCTOBER) is None


async def test_whole_history_is_what_the_home_used(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """Every month and every week that there is, in every zone; nothing is asked for that cannot be."""
    for device_id, meter in simulator.meters.items():
        async with aclosing(client.months(device_id)) as months:
            async for month, result in months:
                assert result is not None
                expected = simulator.month_energy_wh(device_id, month.year, month.month)
                assert result.total_wh == pytest.approx(fsum(expected.values()), abs=0.01)
        assert month == Month.of(meter.first_day)
    async with aclosing(client.weeks(DEVICE)) as weeks:
        walked = [(week, result) async for week, result in weeks]
    assert [week for week, _ in walked] == [Week(date(2026, 11, 2) - timedelta(weeks=back)) for back in range(57)]
    for week, result in walked:
        assert result is not None
        used = [fsum(simulator.day_energy_wh(DEVICE, week.monday + timedelta(days=day)).values()) for day in range(7)]
        assert result.total_wh == pytest.approx(fsum(used), abs=0.01)
    assert simulator.log.count(status=404) == simulator.log.count(status=400) == 0


async def test_month_that_is_over_and_not_there_yet_is_none_until_it_is_expected(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """To the second, by the device's clocks."""
    for device_id, meter in simulator.meters.items():
        clock.set(OCTOBER.expected_at(meter.zone) - timedelta(seconds=1))
        assert await client.month(device_id, OCTOBER) is None
        clock.advance(1)
        assert await client.month(device_id, OCTOBER) is not None


@pytest.mark.parametrize("ids_as", ["numbers", "strings", "mixed"])
async def test_ids_are_texts_however_they_are_written(
    client: VoltawareClient, simulator: VoltawareSimulator, ids_as: Literal["numbers", "strings", "mixed"]
) -> None:
    """With the zeros they begin with."""
    simulator.ids_as = ids_as
    simulator.meters["0042"] = replace(simulator.meters[DEVICE], device_id="0042")
    assert tuple(await client.device_ids()) == simulator.device_ids
    assert (await client.device("0042")).time_zone == "Europe/Berlin"


async def test_keys_that_the_page_does_not_know_are_read(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """In results, in reports and with cycles of their own."""
    meter = simulator.meters[DEVICE]
    meter.extra_keys, meter.cycle_keys = ("dishwasher",), ("electric_vehicle", "dishwasher")
    month, report = await client.month(DEVICE, OCTOBER), await client.monthly_report(DEVICE, OCTOBER)
    assert month is not None
    assert report is not None
    assert report.disaggregation is not None
    assert (month.energy_wh("dishwasher") or 0) > 0
    assert report.disaggregation.energy_wh("dishwasher") == month.energy_wh("dishwasher")
    assert await client.month_cycles(DEVICE, OCTOBER, meter.zone)


async def test_cycle_across_two_months_counts_once(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """It is whole in every answer that it touches: of both months, and of the week between them."""
    meter = simulator.meters[DEVICE]
    september, between = Month(2026, 9), Week(date(2026, 9, 28))
    found = [
        cycle
        for answer in (
            await client.month_cycles(DEVICE, september, meter.zone),
            await client.month_cycles(DEVICE, OCTOBER, meter.zone),
            await client.week_cycles(DEVICE, between, meter.zone),
        )
        for one in answer or ()
        for cycle in one.cycles
    ]
    expected = simulator.charges(DEVICE, september.first_day, OCTOBER.last_day)
    merged = merge_cycles(found)
    assert [(cycle.start, cycle.end) for cycle in merged] == [(charge.start, charge.end) for charge in expected]
    assert len(found) > len(merged)


async def test_walk_over_months_goes_back_to_the_first_event(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """The newest first; a month that the cloud never calculated is None, and nothing is asked twice."""
    simulator.quirks.append(MissingMonth(2026, 3))
    async with aclosing(client.months(DEVICE)) as months:
        found = [(month, result) async for month, result in months]
    assert [str(month) for month, _ in found] == [
        *(f"2026-{number:02}" for number in range(10, 0, -1)),
        "2025-12",
        "2025-11",
        "2025-10",
    ]
    assert [str(month) for month, result in found if result is None] == ["2026-03"]
    assert simulator.log.count(f"/sensors/{DEVICE}/sm/disag/month") == 13


async def test_walk_can_be_bounded(client: VoltawareClient) -> None:
    """By months, and by weeks; days before the first event are never asked for."""
    async with aclosing(client.months(DEVICE, since=date(2026, 5, 20), until=date(2026, 7, 3))) as months:
        assert [str(month) async for month, _ in months] == ["2026-07", "2026-06", "2026-05"]
    async with aclosing(client.weeks(DEVICE, since=date(2026, 10, 6), until=date(2026, 10, 20))) as weeks:
        assert [str(week) async for week, _ in weeks] == ["2026-W43", "2026-W42", "2026-W41"]
    async with aclosing(client.weeks(DEVICE, until=date(2025, 10, 20))) as weeks:
        assert [week.monday.isoformat() async for week, _ in weeks] == ["2025-10-20", "2025-10-13", "2025-10-06"]


async def test_revised_month_is_read_as_it_is_now(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Nothing is kept from before."""
    simulator.quirks.append(MonthRevision(2026, 10, 110, NOVEMBER + timedelta(days=1)))
    before = await client.month(DEVICE, OCTOBER)
    clock.advance(86_400)
    after = await client.month(DEVICE, OCTOBER)
    assert before is not None
    assert after is not None
    assert after.total_wh == pytest.approx((before.total_wh or 0) * 1.1, abs=0.01)


async def test_metadata_are_put_again_when_the_answer_is_lost(
    client: VoltawareClient, simulator: VoltawareSimulator
) -> None:
    """Being told the same twice does no harm."""
    simulator.faults.script(f"/sensors/{DEVICE}/metadata/property", ["cut_after", Fault("unavailable")])
    await client.set_property_details(DEVICE, HOME)
    assert simulator.log.count(f"/sensors/{DEVICE}/metadata/property") == 3
