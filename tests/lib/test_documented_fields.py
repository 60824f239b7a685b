"""Nothing a cloud says is dropped by accident: a field left out of an answer changes what the client returns.

The fields are those of the simulators' answers, which are made from the vendors' pages. Fields that are rightly of no
use to a caller are listed here, each with its reason.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from fault_bench import ASSET, CARBONTRACK, NOON, VOLTAWARE, WATTCARBON, Cloud
from relay_bench import Relay, relay

from aiowattbridge.carbontrack import CarbonTrackClient
from aiowattbridge.errors import WattbridgeError
from aiowattbridge.retry import NO_RETRY
from aiowattbridge.simulators import (
    ALL_FIELDS,
    CarbonTrackSimulator,
    House,
    SimulatedCloud,
    SimulatorClock,
    VoltawareSimulator,
    WattCarbonSimulator,
)
from aiowattbridge.voltaware import Month, Week

OUTCOME = "says that the call went well; that it did not is tested with the oddities"
COUNT = "a walk goes by what its pages hold, and a short one needs no counting"
RENEWAL = "needed when the token ends, which is tested with the faults"
CLOCK = "a token's life is counted from when it was asked for: the cloud's clock is not ours"
BEARER = "the only type there is"
VERSION = "that of the list of appliances, which is filled in when it is sent"

type Tour = Callable[[Any, Any], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Documented:
    """A cloud's calls that answer JSON, and which fields of them nobody needs."""

    cloud: Cloud[Any, Any]
    simulator: Callable[[], SimulatedCloud]
    tours: Mapping[str, Tour]
    unused: Mapping[str, str]


async def _all[T](records: AsyncIterator[T]) -> list[T]:
    """Collect what an iterator yields."""
    return [record async for record in records]


def _readings(client: CarbonTrackClient, cloud: CarbonTrackSimulator) -> Awaitable[object]:
    """Read an hour of one device."""
    return _all(client.measurements(cloud.house.device_ids[0], NOON - timedelta(hours=1), NOON))


METER = "7007001"
JANUARY = Month(2026, 1)
A_WEEK = Week(date(2026, 1, 12))


def _described_homes() -> VoltawareSimulator:
    """Make a cloud that was told everything of a home."""
    cloud = VoltawareSimulator(clock=SimulatorClock(NOON, frozen=True))
    cloud.metadata[METER, "property"] = {
        "property_type": "HOME",
        "home_type": "HOUSE",
        "home_usage_type": "SECONDARY",
        "home_size": 80,
        "bedroom_amount": 1,
        "power_generator_source": "NONE",
        "people_amount": 1,
        "people_amount_in_day_time": 0,
        "people": [{"age_range": "ADULT", "amount": 1}],
        "version": "1.0",
    }
    cloud.metadata[METER, "appliances"] = {
        "appliances": [{"key": "ELECTRIC_VEHICLE", "amount": 1, "type": "CAR", "wattages": [7200]}],
        "version": "1.0",
    }
    cloud.metadata[METER, "geolocation"] = {"latitude": 1.5, "longitude": 2.5}
    return cloud


VOLTAWARE_TOURS: dict[str, Tour] = {
    "/auth/token": lambda client, _: client.device_ids(),
    "/sensors/7007001": lambda client, _: client.device(METER),
    "/sensors/7007001/metadata/property": lambda client, _: client.property_details(METER),
    "/sensors/7007001/metadata/appliances": lambda client, _: client.appliances(METER),
    "/sensors/7007001/metadata/geolocation": lambda client, _: client.geolocation(METER),
    "/sensors/7007001/sm/disag/month": lambda client, _: client.month(METER, JANUARY),
    "/sensors/7007001/sm/disag/month/weeks": lambda client, _: client.month_by_weeks(METER, JANUARY),
    "/sensors/7007001/sm/disag/week": lambda client, _: client.week(METER, A_WEEK),
    "/sensors/7007001/sm/disag/cycles/monthly": lambda client, _: client.month_cycles(METER, JANUARY, UTC),
    "/sensors/7007001/sm/disag/cycles/weekly": lambda client, _: client.week_cycles(METER, A_WEEK, UTC),
    "/sensors/7007001/sm/reports/monthly": lambda client, _: client.monthly_report(METER, JANUARY),
    "/sensors/7007001/sm/reports/weekly": lambda client, _: client.weekly_report(METER, A_WEEK),
}

DOCUMENTED = [
    Documented(
        cloud=CARBONTRACK,
        simulator=lambda: CarbonTrackSimulator(
            clock=SimulatorClock(NOON, frozen=True), house=House(7, devices=4, fields=ALL_FIELDS)
        ),
        tours={
            "/oauth/token": _readings,
            "/ctapi/Distributor": lambda client, _: client.distributors(),
            "/ctapi/Customer": lambda client, _: _all(client.customers()),
            "/ctapi/Device": lambda client, _: _all(client.devices()),
            "/ctapi/Measurement": _readings,
        },
        unused={
            "token_type": BEARER,
            "issued_at": CLOCK,
            "refresh_token": RENEWAL,
            **dict.fromkeys(("RecordCount", "Count", "Pages", "PagesIndex"), COUNT),
            **dict.fromkeys(("ResponseCode", "ResponseMessage", "Message"), OUTCOME),
            **dict.fromkeys(("Error", "ErrorNumber", "ErrorMessage"), OUTCOME),
        },
    ),
    Documented(
        cloud=VOLTAWARE,
        simulator=_described_homes,
        tours=VOLTAWARE_TOURS,
        unused={"token_type": BEARER, "refresh_token": RENEWAL, "version": VERSION},
    ),
    Documented(
        cloud=WATTCARBON,
        simulator=lambda: WattCarbonSimulator(clock=SimulatorClock(NOON, frozen=True), assets=5, history_days=2),
        tours={
            "/auth/token": lambda client, _: client.assets(),
            "/assets": lambda client, _: client.assets(),
            f"/assets/{ASSET}": lambda client, _: client.asset(ASSET),
        },
        unused={"token_type": BEARER},
    ),
]


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda documented: documented.cloud.name)
async def test_every_field_of_every_answer_is_modelled_or_known_to_be_of_no_use(documented: Documented) -> None:
    """Left out, it makes a difference: another result, or an error."""
    idle: dict[str, set[str]] = {}
    async with documented.simulator() as simulator, relay(simulator) as between:
        for path, tour in documented.tours.items():
            baseline = await _toured(documented, between, simulator, tour)
            fields = sorted(between.seen[path])
            assert fields, path
            for field in fields:
                between.left_out = (path, field)
                if await _toured(documented, between, simulator, tour) == baseline:
                    idle.setdefault(path, set()).add(field)
            between.left_out = ("", "")
    assert {field for fields in idle.values() for field in fields} == set(documented.unused), idle


async def _toured(documented: Documented, between: Relay, simulator: SimulatedCloud, tour: Tour) -> object:
    """Return what a call gives through the relay, or the kind of its error."""
    async with documented.cloud.connect(simulator, base_url=between.url, policy=NO_RETRY) as client:
        try:
            return await tour(client, simulator)
        except WattbridgeError as error:
            return type(error)
