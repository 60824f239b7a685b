"""The Voltaware client against its simulator: every call, the tokens, the walks back in time."""

from contextlib import aclosing
from datetime import UTC, date, datetime, timedelta
from math import fsum
from zoneinfo import ZoneInfo

import pytest
from voltaware_bench import DEVICE, NOVEMBER, ScriptedVoltaware

from aiowattbridge.errors import CredentialsError, NotFoundError
from aiowattbridge.simulators import Fault, MissingMonth, MonthRevision, SimulatorClock, VoltawareSimulator
from aiowattbridge.voltaware import (
    AirConditioner,
    ElectricVehicle,
    Geolocation,
    Month,
    NotRegisteredError,
    People,
    PlainAppliance,
    Property,
    VoltawareClient,
    Week,
    load_zone,
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


async def test_one_token_serves_everything_until_it_expires(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Then it is refreshed, with the refresh token it came with, again and again."""
    for _ in range(3):
        await client.month(DEVICE, OCTOBER)
    assert simulator.tokens.issued == {"client_credentials": 1, "refresh_token": 0}
    for renewal in (1, 2):
        clock.advance(43_200)
        await client.month(DEVICE, OCTOBER)
        assert simulator.tokens.issued == {"client_credentials": 1, "refresh_token": renewal}
    assert not simulator.log.violations


async def test_refused_refresh_leads_to_one_login(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """The page wants a refresh first."""
    await client.device_ids()
    simulator.tokens.refuses_refresh = True
    clock.advance(43_200)
    await client.device_ids()
    assert simulator.tokens.issued == {"client_credentials": 2, "refresh_token": 0}
    assert simulator.log.count("/auth/token/refresh") == 1


async def test_wrong_credentials_are_refused(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """Verifying logs in from the beginning."""
    await client.verify()
    simulator.password = "another"
    with pytest.raises(CredentialsError):
        await client.verify()


async def test_device_that_became_known_after_the_login_takes_one_fresh_login(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """A refreshed token would not do: the session is as old as its login."""
    await client.device_ids()
    meter = simulator.meters[DEVICE]
    object.__setattr__(meter, "registered_at", NOVEMBER + timedelta(minutes=1))
    clock.advance(120)
    assert (await client.device(DEVICE)).time_zone == "Europe/Berlin"
    assert simulator.tokens.issued == {"client_credentials": 2, "refresh_token": 0}


async def test_device_that_has_sent_nothing_is_reported_without_a_login_each_time(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Only once an hour a fresh login may help."""
    object.__setattr__(simulator.meters[DEVICE], "registered_at", None)
    for _ in range(5):
        with pytest.raises(NotRegisteredError, match=DEVICE):
            await client.month(DEVICE, OCTOBER)
    assert simulator.tokens.issued["client_credentials"] == 2
    clock.advance(3600)
    with pytest.raises(NotRegisteredError):
        await client.month(DEVICE, OCTOBER)
    assert simulator.tokens.issued["client_credentials"] == 3


async def test_unknown_device_is_not_found(client: VoltawareClient) -> None:
    """Its results are not there, and it is not there itself."""
    with pytest.raises(NotFoundError):
        await client.device("1")
    assert await client.month("1", OCTOBER) is None


@pytest.mark.parametrize("device_id", ["", ".", "..", "7\n1", "7" * 201])
async def test_what_is_no_id_is_refused_before_anything_is_sent(scripted: ScriptedVoltaware, device_id: str) -> None:
    """It would ask something else."""
    with pytest.raises(ValueError, match=r"^device_id: "):
        await scripted.client.device(device_id)
    assert scripted.asked == []


@pytest.mark.parametrize(
    ("device_id", "path"), [("7/metadata", "7%2Fmetadata"), ("../auth", "..%2Fauth"), ("ä?", "%C3%A4%3F")]
)
async def test_id_stays_one_part_of_the_path(scripted: ScriptedVoltaware, device_id: str, path: str) -> None:
    """Whatever is in it."""
    await scripted.client.device(device_id)
    assert scripted.asked == [f"/sensors/{path}"]


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


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (datetime(2026, 11, 2, 22, 59, tzinfo=UTC), "2026-09"),
        (datetime(2026, 11, 2, 23, 0, tzinfo=UTC), "2026-10"),
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), "2026-09"),
    ],
)
async def test_walk_begins_with_the_month_that_is_to_be_there(
    client: VoltawareClient, clock: SimulatorClock, simulator: VoltawareSimulator, now: datetime, newest: str
) -> None:
    """From the third day of the next month on, by the clocks of Berlin."""
    clock.set(now)
    async with aclosing(client.months(DEVICE, since=date(2026, 9, 1))) as months:
        found = [(str(month), result is not None) async for month, result in months]
    assert found[0] == (newest, True)
    assert simulator.log.count(status=404) == 0


async def test_walk_can_be_bounded(client: VoltawareClient) -> None:
    """By months, and by weeks; days before the first event are never asked for."""
    async with aclosing(client.months(DEVICE, since=date(2026, 5, 20), until=date(2026, 7, 3))) as months:
        assert [str(month) async for month, _ in months] == ["2026-07", "2026-06", "2026-05"]
    async with aclosing(client.weeks(DEVICE, since=date(2026, 10, 6), until=date(2026, 10, 20))) as weeks:
        assert [str(week) async for week, _ in weeks] == ["2026-W43", "2026-W42", "2026-W41"]
    async with aclosing(client.weeks(DEVICE, until=date(2025, 10, 20))) as weeks:
        assert [week.monday.isoformat() async for week, _ in weeks] == ["2025-10-20", "2025-10-13", "2025-10-06"]


async def test_device_without_any_event_has_nothing_to_walk_over(scripted: ScriptedVoltaware) -> None:
    """There is no first day."""
    async with aclosing(scripted.client.months(DEVICE)) as months:
        assert [month async for month, _ in months] == []
    assert scripted.asked == [f"/sensors/{DEVICE}"]


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


@pytest.mark.parametrize("name", ["", None, "Mars/Olympus", "../../etc/passwd"])
async def test_zone_that_there_is_not_is_utc(name: str | None) -> None:
    """A day has to begin sometime."""
    assert await load_zone(name) is UTC


async def test_zone_is_loaded_by_its_name() -> None:
    """From the system's database."""
    assert await load_zone("Australia/Lord_Howe") == ZoneInfo("Australia/Lord_Howe")
