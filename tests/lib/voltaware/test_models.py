"""Answers in the form of the vendor's page, read as a whole; nothing in them is dropped."""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from voltaware_bench import DEVICE, ScriptedVoltaware

from aiowattbridge.errors import ResponseError
from aiowattbridge.voltaware import (
    APPLIANCE_KEYS,
    AirConditioner,
    ApplianceCycles,
    ApplianceEnergy,
    ApplianceKey,
    CarbonFootprint,
    ClippedWeek,
    Cycle,
    Day,
    DayByDay,
    Device,
    Disaggregation,
    ElectricBoiler,
    ElectricHeating,
    ElectricOven,
    ElectricStove,
    ElectricVehicle,
    Fridge,
    GasHeating,
    Geolocation,
    Locale,
    Month,
    MonthByWeeks,
    NamedAppliance,
    People,
    PlainAppliance,
    Property,
    Report,
    TumbleDryer,
    VoltawareClient,
    Week,
)

ANSWERS = Path(__file__).with_name("answers")
OCTOBER, WEEK = Month(2026, 10), Week(date(2026, 10, 5))
ROME = ZoneInfo("Europe/Rome")

type Ask = Callable[[VoltawareClient], Awaitable[object]]


def energies(**figures: float) -> tuple[ApplianceEnergy, ...]:
    """Write what appliances used."""
    return tuple(ApplianceEnergy(key=key, energy_wh=energy_wh) for key, energy_wh in figures.items())


SENSOR = Device(
    connection_state="disconnected",
    firmware="220417",
    last_event=datetime(2026, 9, 30, 21, 59, 30, tzinfo=UTC),
    first_event=datetime(2025, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC),
    locale=Locale(country_code="IT", locale_code="it-IT", time_zone="Europe/Rome", user_language="en-GB"),
)
METER = Device(
    last_event=datetime(2026, 11, 14, 12, tzinfo=UTC), first_event=datetime(2026, 8, 1, 0, 0, 0, 1000, tzinfo=UTC)
)
HOME = Property(
    property_type="HOME",
    home_type="FLAT",
    home_usage_type="SECONDARY",
    home_size_m2=61.5,
    bedroom_amount=3,
    power_generator_source="WIND",
    people_amount=4,
    people_amount_in_day_time=1,
    people=(People(age_range="PENSIONER", amount=1), People(age_range="SIX_TO_EIGHTEEN", amount=3)),
    version="1.0",
)
BUSINESS = Property(property_type="INDUSTRIAL", power_generator_source="HYDROELECTRICITY", version="1.0")
APPLIANCES = (
    AirConditioner(amount=2, type="MINI_SPLIT", usage_type="SUMMER"),
    PlainAppliance(kind="DEHUMIDIFIER", amount=1),
    ElectricBoiler(amount=1, usage_type="WATER_HEATING", coupled_with_solar_thermal_system="NOT_SURE", water_tank=True),
    ElectricHeating(amount=3, type="HEAT_STORAGE"),
    ElectricOven(amount=1, type="MINI"),
    ElectricStove(amount=1, type="INDUCTION"),
    ElectricVehicle(amount=2, type="SCOOTER", wattages=(450, 600)),
    Fridge(amount=1, type="SMALL_ELECTRIC_WINE_CELLAR"),
    GasHeating(amount=1, any_electric_heater=False),
    TumbleDryer(amount=1, type="VENTED", usage_types=("SPRING", "WINTER")),
    NamedAppliance(amount=5, name="Aquarium"),
)
DISAGGREGATION = Disaggregation(
    total_wh=301_500.5,
    disconnection_percent=2.5,
    appliances=energies(boiler=120_000.0, fridge=36_500.25, lights=0.0, others=0.0, standby=145_000.25),
)
BY_WEEKS = MonthByWeeks(
    total_wh=90_300.0,
    disconnection_percent=0.5,
    weeks=(
        ClippedWeek(
            first_day=date(2026, 10, 1),
            last_day=date(2026, 10, 4),
            total_wh=40_100.0,
            appliances=energies(cooking=15_100.0, standby=25_000.0),
        ),
        ClippedWeek(
            first_day=date(2026, 10, 5),
            last_day=date(2026, 10, 11),
            total_wh=50_200.0,
            appliances=energies(washing=50_200.0),
        ),
    ),
)
CYCLES = (
    ApplianceCycles(
        key="electric_vehicle",
        total_wh=20_350.25,
        cycles=(
            Cycle(
                start=datetime(2026, 10, 6, 21, 10, 5, tzinfo=UTC),
                end=datetime(2026, 10, 6, 23, 40, 35, tzinfo=UTC),
                energy_wh=12_250.125,
            ),
            Cycle(
                start=datetime(2026, 10, 9, 16, 0, tzinfo=UTC),
                end=datetime(2026, 10, 9, 17, 7, 30, tzinfo=UTC),
                energy_wh=8_100.125,
            ),
        ),
    ),
    ApplianceCycles(key="dishwasher", total_wh=0.0),
)
SUNDAY = Day(day=date(2026, 10, 4), total_wh=4_000.25, is_weekend=True)
MONDAY = Day(day=date(2026, 10, 5), total_wh=0.0, is_weekend=False)
TUESDAY = Day(day=date(2026, 10, 6), total_wh=9_101.25, is_weekend=False)
REPORT = Report(
    day_by_day=DayByDay(
        days_without_consumption=1,
        week_days_wh=9_101.25,
        weekend_days_wh=4_000.25,
        total_wh=13_101.5,
        average_day_wh=422.63,
        highest_day=TUESDAY,
        lowest_day=MONDAY,
        days=(SUNDAY, MONDAY, TUESDAY),
    ),
    disaggregation=Disaggregation(
        total_wh=13_101.75, disconnection_percent=7.25, appliances=energies(heating=13_101.75, cooling=0.0)
    ),
    carbon_footprint=CarbonFootprint(co2_kg=6.79980825, trees=3.63517749),
    version=1,
    wh_per_unit=1000.0,
)

READ: list[tuple[str, str, Ask, object]] = [
    ("sensor", "", lambda client: client.device(DEVICE), SENSOR),
    ("meter", "", lambda client: client.device(DEVICE), METER),
    ("home", "/metadata/property", lambda client: client.property_details(DEVICE), HOME),
    ("business", "/metadata/property", lambda client: client.property_details(DEVICE), BUSINESS),
    ("appliances", "/metadata/appliances", lambda client: client.appliances(DEVICE), APPLIANCES),
    (
        "geolocation",
        "/metadata/geolocation",
        lambda client: client.geolocation(DEVICE),
        Geolocation(latitude_deg=45.46427, longitude_deg=-9.18951),
    ),
    (
        "disaggregation",
        "/sm/disag/month?year=2026&month=10",
        lambda client: client.month(DEVICE, OCTOBER),
        DISAGGREGATION,
    ),
    (
        "disaggregation",
        "/sm/disag/week?startDate=2026-10-05&endDate=2026-10-11",
        lambda client: client.week(DEVICE, WEEK),
        DISAGGREGATION,
    ),
    (
        "month_by_weeks",
        "/sm/disag/month/weeks?year=2026&month=10",
        lambda client: client.month_by_weeks(DEVICE, OCTOBER),
        BY_WEEKS,
    ),
    (
        "cycles",
        "/sm/disag/cycles/monthly?year=2026&month=10",
        lambda client: client.month_cycles(DEVICE, OCTOBER, ROME),
        CYCLES,
    ),
    (
        "cycles",
        "/sm/disag/cycles/weekly?startDate=2026-10-05&endDate=2026-10-11",
        lambda client: client.week_cycles(DEVICE, WEEK, ROME),
        CYCLES,
    ),
    (
        "monthly_report",
        "/sm/reports/monthly?year=2026&month=10",
        lambda client: client.monthly_report(DEVICE, OCTOBER),
        REPORT,
    ),
    (
        "weekly_report",
        "/sm/reports/weekly?startDate=2026-10-05&endDate=2026-10-11",
        lambda client: client.weekly_report(DEVICE, WEEK),
        replace(REPORT, version=2),
    ),
]
every_answer = pytest.mark.parametrize(
    ("name", "path", "ask", "expected"), READ, ids=[path.partition("?")[0] or name for name, path, *_ in READ]
)


def answer_of(name: str) -> Any:
    """Read an answer from its file."""
    return json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))


def places(node: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every field of an answer."""
    for key, value in enumerate(node) if isinstance(node, list) else node.items():
        if isinstance(key, str):
            yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, *path, key)


@every_answer
async def test_answer_is_read_as_a_whole(
    scripted: ScriptedVoltaware, name: str, path: str, ask: Ask, expected: object
) -> None:
    """And it was asked for at the page's path."""
    scripted.answer = answer_of(name)
    assert await ask(scripted.client) == expected
    assert scripted.asked == [f"/sensors/{DEVICE}{path}"]


@every_answer
async def test_no_field_of_an_answer_is_dropped(
    scripted: ScriptedVoltaware, name: str, path: str, ask: Ask, expected: object
) -> None:
    """Without it there is another result, or an error; fields that are null are the same as missing ones."""
    whole, client = answer_of(name), scripted.client
    idle = set()
    for place in places(whole):
        scripted.answer = copy.deepcopy(whole)
        holder = scripted.answer
        for key in place[:-1]:
            holder = holder[key]
        removed = holder.pop(place[-1])
        try:
            # An appliance without one of its fields is kept as it came, which is another result.
            changed = await ask(client) != expected
        except ResponseError:
            changed = True
        if not changed and removed not in (None, []):
            idle.add(place)
    # A list of appliances is returned without its version, which we fill in ourselves.
    assert idle == ({("version",)} if name == "appliances" else set())


@every_answer
async def test_unknown_fields_of_an_answer_are_ignored_or_kept(
    scripted: ScriptedVoltaware, name: str, path: str, ask: Ask, expected: object
) -> None:
    """The vendor promises rolling releases; only appliances keep what they do not know, since it is sent back."""

    def grown(node: Any) -> Any:
        if isinstance(node, list):
            return [grown(value) for value in node]
        if not isinstance(node, dict):
            return node
        added = {} if "key" in node else {"newField": {"of": [1]}, "extra": 1, "wh_per_unit": 7}
        return {**{key: grown(value) for key, value in node.items()}, **added}

    scripted.answer = grown(answer_of(name))
    assert await ask(scripted.client) == expected


def test_keys_are_texts_that_find_their_figure() -> None:
    """A member and its text are the same."""
    assert DISAGGREGATION.energy_wh(ApplianceKey.FRIDGE) == DISAGGREGATION.energy_wh("fridge") == 36_500.25
    assert len(APPLIANCE_KEYS) == 11
    assert tuple(sorted(ApplianceKey)) == APPLIANCE_KEYS


def test_device_tells_its_locale() -> None:
    """Or nothing, where it has none."""
    assert (SENSOR.time_zone, SENSOR.country_code, SENSOR.locale_code) == ("Europe/Rome", "IT", "it-IT")
    assert (METER.time_zone, METER.country_code, METER.locale_code) == (None, None, None)


@pytest.mark.parametrize("event", [None, "0001-01-01T00:00:00Z"])
async def test_event_that_never_was_is_none(scripted: ScriptedVoltaware, event: str | None) -> None:
    """However it is written."""
    scripted.answer = {"first_event": event, "last_event": event}
    assert await scripted.client.device(DEVICE) == Device()


@pytest.mark.parametrize(
    ("ask", "answer", "field"),
    [
        (lambda c: c.device(DEVICE), {"first_event": 1700000000}, "first_event"),
        (lambda c: c.device(DEVICE), {"locale": "de-DE"}, "locale"),
        (lambda c: c.property_details(DEVICE), {"property_type": "HOME", "bedroom_amount": "two"}, "bedroom_amount"),
        (lambda c: c.property_details(DEVICE), {"property_type": "HOME", "people": [{}]}, "people.0.age_range"),
        (lambda c: c.appliances(DEVICE), {"appliances": ["KETTLE"]}, "appliances.0"),
        (lambda c: c.geolocation(DEVICE), {"latitude": 1.5}, "longitude"),
        (lambda c: c.month_by_weeks(DEVICE, OCTOBER), {"weeks": [{"from": 0, "to": "2026-10-04"}]}, "weeks.0.from"),
        (
            lambda c: c.month_by_weeks(DEVICE, OCTOBER),
            {"weeks": [{"from": "2026-10-01", "to": "1700000000"}]},
            "weeks.0.to",
        ),
        (
            lambda c: c.monthly_report(DEVICE, OCTOBER),
            {"day_by_day_metrics": {"days": [{"day": "2026-10-32"}]}},
            "day_by_day_metrics.days.0.day",
        ),
        (
            lambda c: c.monthly_report(DEVICE, OCTOBER),
            {"day_by_day_metrics": {"total_month_consumption": "lots"}},
            "day_by_day_metrics.total_month_consumption",
        ),
        (lambda c: c.month_cycles(DEVICE, OCTOBER, ROME), {}, "the whole answer"),
        (
            lambda c: c.month_cycles(DEVICE, OCTOBER, ROME),
            [{"appliance_key": "electric_vehicle", "cycles": [{"from": "1700000000", "to": "2026-10-01T00:00:00"}]}],
            "0.cycles.0.from",
        ),
    ],
)
async def test_malformed_field_is_named(scripted: ScriptedVoltaware, ask: Ask, answer: object, field: str) -> None:
    """By its path in the answer, with the endpoint that it came from."""
    scripted.answer = answer
    with pytest.raises(ResponseError, match=rf"field {field} ") as caught:
        await ask(scripted.client)
    assert caught.value.endpoint.startswith(f"/sensors/{DEVICE}")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"total_consumption": 1', b"null", b"[]", b"7"])
async def test_answer_that_is_no_result_is_a_response_error(scripted: ScriptedVoltaware, body: bytes) -> None:
    """A proxy's page, a cut connection, another type."""
    scripted.raw = body
    with pytest.raises(ResponseError):
        await scripted.client.month(DEVICE, OCTOBER)
