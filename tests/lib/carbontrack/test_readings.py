"""Readings: what a record covers, in the order of time, and what energy and power follow from it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from carbontrack_bench import DEVICE, TokenDesk, having
from kernel_bench import JumpingClock

from aiowattbridge.carbontrack import CarbonTrackClient, Measurement, PowerUnit, Reading
from aiowattbridge.carbontrack.units import APPARENT_FIELDS, POWER_FIELDS
from aiowattbridge.simulators import ALL_FIELDS, CarbonTrackSimulator, Gap, House, RecordStyle, SimulatorClock

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def at(*minutes: int) -> list[datetime]:
    """Name times around noon."""
    return [NOON + timedelta(minutes=minute) for minute in minutes]


async def read(
    client: CarbonTrackClient, minutes: tuple[int, int] = (0, 600), usual_s: float | None = None
) -> list[Reading]:
    """Read what there is after noon."""
    start, end = at(*minutes)
    return [reading async for reading in client.readings(DEVICE, start, end, usual_interval_s=usual_s)]


def asked_s(desk: TokenDesk) -> list[tuple[float, float]]:
    """List the periods that were asked for, in seconds from noon."""
    bodies = [json.loads(seen.body) for seen in desk.asked]
    return [
        tuple((datetime.fromisoformat(body[name]) - NOON).total_seconds() for name in ("FromUTCDate", "ToUTCDate"))  # type: ignore[misc]  # two of them
        for body in bodies
    ]


STYLES = [
    RecordStyle(),
    RecordStyle(order="descending"),
    RecordStyle(order="shuffled"),
    RecordStyle(repeat_every=5),
    RecordStyle(missing="absent", naive_times=True),
    RecordStyle(missing="nan", order="descending"),
    RecordStyle(numbers=True),
]


@pytest.mark.parametrize("style", STYLES, ids=str)
async def test_readings_are_the_same_in_whatever_order_and_form_the_records_come(
    visitor: CarbonTrackClient, simulator: CarbonTrackSimulator, style: RecordStyle
) -> None:
    """Three weeks over many pages, oldest first, none twice, none missing."""
    simulator.page_size, simulator.style = 500, style
    [device] = simulator.house.devices
    start = NOON - timedelta(days=21)
    readings = [reading async for reading in visitor.readings(device.device_id, start, NOON)]
    times = [reading.measurement.recorded_at for reading in readings]
    assert times == [start + timedelta(minutes=5 * number) for number in range(21 * 288 + 1)]
    assert {reading.interval_s for reading in readings} == {300.0}


async def test_energies_of_readings_are_those_of_the_house(
    visitor: CarbonTrackClient, simulator: CarbonTrackSimulator
) -> None:
    """What the simulated house says it used in an hour."""
    [device] = simulator.house.devices
    hour = NOON - timedelta(hours=3)
    found = 0.0
    async for reading in visitor.readings(device.device_id, hour + timedelta(seconds=1), hour + timedelta(hours=1)):
        found += reading.energy_wh("power_usage") or 0.0
    hours = simulator.house.hourly_energy_wh(device.device_id, "PowerUsage", hour, hour + timedelta(hours=1))
    assert list(hours.values()) == [pytest.approx(found)]


async def test_gap_and_beginning_get_the_usual_interval(session: aiohttp.ClientSession, clock: JumpingClock) -> None:
    """After a silence of more than an hour nobody knows; a short one is a long interval."""
    hour = timedelta(hours=1)
    gaps = [Gap(NOON - 5 * hour, NOON - 3 * hour), Gap(NOON - 2 * hour, NOON - 1.75 * hour)]
    house = House(7, oddities=gaps)
    now = SimulatorClock(NOON, frozen=True)
    async with CarbonTrackSimulator(house=house, clock=now) as cloud:
        client = CarbonTrackClient(cloud.username, cloud.password, session=session, base_url=cloud.url, clock=clock)
        readings = client.readings(house.device_ids[0], NOON - 6 * hour, NOON)
        unusual = {
            reading.measurement.recorded_at: reading.interval_s
            async for reading in readings
            if reading.interval_s != 300.0
        }
    assert unusual == {NOON - 1.75 * hour + timedelta(minutes=5): 1200.0}


async def test_usual_interval_is_the_median_step_of_the_first_records(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """Neither gaps nor a single odd step count."""
    desk.serve(having(*at(0, 10, 20, 21, 31, 200, 210)))
    assert [reading.interval_s for reading in await read(client)] == [600, 600, 600, 60, 600, 600, 600]


async def test_usual_interval_may_be_given(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Then nothing is learned."""
    desk.serve(having(*at(0, 10, 20)))
    assert [reading.interval_s for reading in await read(client, usual_s=900)] == [900, 600, 600]
    assert len(desk.asked) == 1
    with pytest.raises(ValueError, match=r"^usual_interval_s"):
        await read(client, usual_s=0)


async def test_usual_interval_of_a_lone_record_is_learned_from_the_day_before(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """One question more, once."""
    desk.serve(having(*at(-30, -15, 0, 300)))
    assert [reading.interval_s for reading in await read(client, (-1, 2))] == [900]
    assert asked_s(desk) == [(-60, 120), (-86_400, 0)]


async def test_interval_that_nothing_tells_is_none(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """An energy is one without it, a power is not."""
    desk.serve(having(*at(0)))
    [reading] = await read(client)
    assert reading.interval_s is None
    assert (reading.energy_wh("power_usage"), reading.power_w("power_usage")) == (100.0, None)
    reading = replace(reading, unit=PowerUnit.KW)
    assert (reading.energy_wh("power_usage"), reading.power_w("power_usage")) == (None, 100_000.0)


async def test_interval_that_nothing_tells_is_looked_for_once(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """However many lone records there are."""
    week = 7 * 24 * 60
    desk.serve(having(*at(5, week + 5, 2 * week + 5)))
    assert [reading.interval_s for reading in await read(client, (0, 3 * week))] == [None, None, None]
    assert len(desk.asked) == 4


async def test_record_on_the_seam_of_two_windows_comes_once(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """And the one after it knows it."""
    week = 7 * 24 * 60
    desk.serve(having(*at(week - 5, week, week + 7)))
    readings = await read(client, (0, 2 * week))
    assert [reading.interval_s for reading in readings] == [300, 300, 420]
    assert asked_s(desk) == [(0, 60 * week), (60 * week, 120 * week)]


MEASUREMENT = Measurement(device_id=DEVICE, recorded_at=NOON, power_1n=12.0, power_vah_3=15.0, temperature_1=21.5)


@pytest.mark.parametrize(
    ("unit", "energy", "power"), [("Wh", 12, 144), ("kWh", 12e3, 144e3), ("W", 1, 12), ("kW", 1e3, 12e3)]
)
def test_energy_and_power_follow_from_unit_and_interval(unit: str, energy: float, power: float) -> None:
    """Five minutes of the same figure; volt-ampere-hours go with it."""
    reading = Reading(MEASUREMENT, 300.0, PowerUnit(unit))
    assert reading.energy_wh("power_1n") == pytest.approx(energy)
    assert reading.power_w("power_1n") == pytest.approx(power)
    assert reading.apparent_energy_vah("power_vah_3") == pytest.approx(energy * 15 / 12)
    assert reading.apparent_power_va("power_vah_3") == pytest.approx(power * 15 / 12)


def test_missing_figure_is_none_and_not_zero() -> None:
    """Of a channel that measures nothing."""
    reading = Reading(MEASUREMENT, 300.0, PowerUnit.WH)
    assert reading.energy_wh("generating") is None
    assert reading.power_w("power_2") is None
    assert reading.apparent_energy_vah("power_vah_1") is None


def test_what_is_no_power_has_no_energy() -> None:
    """Neither temperatures nor factors, nor anything that is no field; volt-ampere-hours are no watt-hours."""
    reading = Reading(MEASUREMENT, 300.0, PowerUnit.WH)
    for field in ("temperature_1", "power_factor_1", "power_vah_3", "id", "watts"):
        with pytest.raises(ValueError, match=r"^field must be one of generating, power_1, "):
            reading.energy_wh(field)
    with pytest.raises(ValueError, match=r"^field must be one of power_vah_1, "):
        reading.apparent_energy_vah("power_1")


def test_every_field_of_energy_is_one_of_the_clouds() -> None:
    """As many as the simulator publishes, each a field of the record."""
    assert len(POWER_FIELDS) == 13
    assert len(APPARENT_FIELDS) == 4
    assert len(ALL_FIELDS) == 34
    assert set(Measurement.__slots__) > POWER_FIELDS | APPARENT_FIELDS


async def test_latest_is_the_newest_reading(visitor: CarbonTrackClient, simulator: CarbonTrackSimulator) -> None:
    """Whatever the order of the cloud."""
    [device] = simulator.house.devices
    for style in (RecordStyle(), RecordStyle(order="descending")):
        simulator.style = style
        reading = await visitor.latest(device.device_id, unit=PowerUnit.W)
        assert reading is not None
        assert (reading.measurement.recorded_at, reading.interval_s, reading.unit) == (NOON, 300, PowerUnit.W)


HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize(
    ("ago_s", "windows"),
    [
        (60.0, [(HOUR_S, 0)]),
        (2 * HOUR_S, [(HOUR_S, 0), (DAY_S, HOUR_S)]),
        (5 * DAY_S, [(HOUR_S, 0), (DAY_S, HOUR_S), (30 * DAY_S, DAY_S)]),
    ],
)
async def test_latest_looks_back_further_and_further_and_stops_at_the_first(
    client: CarbonTrackClient, desk: TokenDesk, ago_s: float, windows: list[tuple[float, float]]
) -> None:
    """Each stretch of time once; then the day before the newest, for its interval."""
    newest = NOON - timedelta(seconds=ago_s)
    desk.serve(
        having(newest, newest - timedelta(minutes=7), newest - timedelta(minutes=17), newest - timedelta(days=9))
    )
    reading = await client.latest(DEVICE)
    assert reading is not None
    assert (reading.measurement.recorded_at, reading.interval_s) == (newest, 420)
    assert asked_s(desk)[:-1] == [(-first, -last) for first, last in windows]
    assert asked_s(desk)[-1] == (-ago_s - DAY_S, -ago_s)


async def test_latest_of_a_silent_device_is_none(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """After a year has been looked through."""
    desk.serve(having(NOON - timedelta(days=366)))
    assert await client.latest(DEVICE) is None
    assert min(asked_s(desk)) == (-365 * DAY_S, -90 * DAY_S)
