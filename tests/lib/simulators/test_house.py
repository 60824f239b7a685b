"""The invented household: the same from the same seed, plausible, and adding up."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aiowattbridge.simulators import ALL_FIELDS, CANARY, Gap, House, Late, Revision, Site

DAY = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=5)
FLOWS = ("PowerUsage", "Generating", "PowerExported", "PowerUsageNet", "Power4", "Power4N")


def published(house: House, start: datetime, end: datetime) -> list[tuple[datetime, dict[str, Decimal]]]:
    """Read a device's rows as anybody could: time and decimal values."""
    device = house.devices[0]
    stamps = [stamp for piece in house.stamps(device.device_id, start, end, None) for stamp in piece]
    rows = house.rows(device.device_id, stamps, None)
    return [
        (
            datetime.fromtimestamp(stamp, UTC),
            {name: Decimal(value) / 100 for name, value in zip(device.fields, row, strict=True)},
        )
        for stamp, row in zip(stamps, rows, strict=True)
    ]


def test_same_seed_same_house_whatever_is_asked_first() -> None:
    """Give the same readings in any order of asking, and others for another seed."""
    later_first = House(7)
    later_first.hourly_energy_wh(later_first.device_ids[0], "PowerUsage", DAY + 50 * 24 * HOUR, DAY + 51 * 24 * HOUR)
    one, two, three = (published(house, DAY, DAY + 24 * HOUR) for house in (House(7), later_first, House(8)))
    assert one == two
    assert one != three
    assert len(one) == 289  # both ends of the day are included


def test_every_reading_balances() -> None:
    """Hold usage + battery in + export = solar + battery out + import in every reading, to the hundredth."""
    house = House(7, fields=ALL_FIELDS)
    for _, values in published(house, DAY, DAY + 72 * HOUR):
        used, solar, exported, imported, charged, discharged = (values[name] for name in FLOWS)
        assert used + charged + exported == solar + discharged + imported
        assert min(used, solar, exported, imported, charged, discharged) >= 0
        assert exported == 0 or imported == 0


@pytest.mark.parametrize(("latitude", "longitude"), [(-34.9, 138.6), (52.5, 13.4), (40.7, -74.0), (0.0, 179.9)])
def test_the_sun_shines_by_day(latitude: float, longitude: float) -> None:
    """Generate at noon by the sun, nothing at midnight, and more in summer than in winter."""
    house = House(7, site=Site(latitude_deg=latitude, longitude_deg=longitude))
    device_id = house.device_ids[0]
    by_month: dict[int, float] = {}
    for month in (1, 7):
        start = datetime(2026, month, 1, tzinfo=UTC)
        hours = house.hourly_energy_wh(device_id, "Generating", start, start + timedelta(days=28))
        by_solar_hour: dict[int, float] = defaultdict(float)
        for hour, energy_wh in hours.items():
            by_solar_hour[int((hour.hour + 0.5 + longitude / 15) % 24)] += energy_wh
        assert by_solar_hour[0] == 0
        assert by_solar_hour[12] > 1.5 * by_solar_hour[7]
        by_month[month] = sum(hours.values())
    if latitude:
        assert (by_month[7] > 1.5 * by_month[1]) == (latitude > 0)
    assert 100_000 < max(by_month.values()) < 1_500_000


def test_expectation_equals_a_sum_by_hand() -> None:
    """Add up twelve readings an hour, the one on the hour with the hour before."""
    house = House(7)
    by_hand: dict[datetime, Decimal] = defaultdict(Decimal)
    for time, values in published(house, DAY + timedelta(seconds=1), DAY + 24 * HOUR):
        by_hand[(time - timedelta(seconds=1)).replace(minute=0, second=0)] += values["PowerUsage"]
    expected = house.hourly_energy_wh(house.device_ids[0], "PowerUsage", DAY, DAY + 24 * HOUR)
    assert expected == {hour: float(energy_wh) for hour, energy_wh in by_hand.items()}
    assert len(expected) == 24


def test_expectation_splits_a_reading_across_an_hour_by_time() -> None:
    """Give each hour its part of a reading that lies across its edge, and lose nothing."""
    house = House(7, stamp_offset_s=120)
    hours = house.hourly_energy_wh(house.device_ids[0], "PowerUsage", DAY, DAY + HOUR)
    readings = [values["PowerUsage"] for _, values in published(house, DAY, DAY + HOUR + timedelta(seconds=120))]
    assert len(readings) == 13
    by_hand = readings[0] * 2 / 5 + sum(readings[1:12]) + readings[12] * 3 / 5
    assert hours[DAY] == pytest.approx(float(by_hand), abs=1e-9)


def test_a_reading_after_a_short_gap_covers_it() -> None:
    """Spread a reading over the time since the one before it."""
    edge = DAY + HOUR
    house = House(7, oddities=[Gap(edge - 2 * STEP, edge + STEP)])
    hour = house.hourly_energy_wh(house.device_ids[0], "PowerUsage", DAY, DAY + HOUR)[DAY]
    readings = [values["PowerUsage"] for _, values in published(house, DAY + STEP, edge + 2 * STEP)]
    assert len(readings) == 11
    # The last one covers twenty minutes, half of them before the hour's end.
    assert hour == pytest.approx(float(sum(readings[:10]) + readings[10] / 2), abs=1e-9)


def test_a_reading_after_a_long_gap_covers_its_own_interval() -> None:
    """Leave hours without readings out and the others as they are."""
    house = House(7, oddities=[Gap(DAY, DAY + 3 * HOUR)])
    device_id = house.device_ids[0]
    hours = house.hourly_energy_wh(device_id, "PowerUsage", DAY, DAY + 5 * HOUR)
    assert hours == House(7).hourly_energy_wh(device_id, "PowerUsage", DAY + 3 * HOUR, DAY + 5 * HOUR)
    assert len(hours) == 2


def test_late_and_revised_readings_go_by_the_moment_of_asking() -> None:
    """Show late readings later, revised ones changed, and both in the end."""
    told = DAY + 24 * HOUR
    house = House(7, oddities=[Late(DAY, DAY + HOUR, told), Revision(DAY + HOUR, DAY + 2 * HOUR, told, 50)])
    device_id = house.device_ids[0]
    plain = House(7).hourly_energy_wh(device_id, "PowerUsage", DAY, DAY + 3 * HOUR)
    before = house.hourly_energy_wh(device_id, "PowerUsage", DAY, DAY + 3 * HOUR, at=told - HOUR)
    after = house.hourly_energy_wh(device_id, "PowerUsage", DAY, DAY + 3 * HOUR, at=told)
    assert before == {hour: energy_wh for hour, energy_wh in plain.items() if hour != DAY}
    assert after[DAY] == plain[DAY]
    assert after[DAY + HOUR] == pytest.approx(plain[DAY + HOUR] / 2, abs=0.07)
    assert after == house.hourly_energy_wh(device_id, "PowerUsage", DAY, DAY + 3 * HOUR)


def test_nothing_lies_in_the_future_or_before_the_start() -> None:
    """Show readings from the start to the moment of asking, a delay later if there is one."""
    house = House(7, start=DAY, delay_s=600)
    [piece] = house.stamps(house.device_ids[0], DAY - 48 * HOUR, DAY + 48 * HOUR, DAY + HOUR)
    assert piece[0] == DAY.timestamp() + 300
    assert piece[-1] == (DAY + HOUR).timestamp() - 600


def test_every_personal_field_is_a_canary() -> None:
    """Make personal data recognisable."""
    house = House(7, devices=5)
    assert len(house.people) == 3
    assert sum(CANARY in text.lower() for text in house.canaries) >= 8 * 3
    assert {device_id for person in house.people for device_id in person.device_ids} == set(house.device_ids)
    assert all(len(device_id) == 16 and device_id.isdigit() for device_id in house.device_ids)


def test_refuses_what_makes_no_sense() -> None:
    """Complain of a house that cannot be."""
    with pytest.raises(ValueError, match="interval"):
        House(7, interval_s=7)
    with pytest.raises(ValueError, match="interval"):
        House(7, stamp_offset_s=300)
    with pytest.raises(ValueError, match="PowerUsages"):
        House(7, fields=["PowerUsages"])
