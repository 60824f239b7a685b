"""The simulated Voltaware cloud, asked in plain HTTP: strict where the page is, and consistent in its figures."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from math import fsum
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from aiowattbridge.simulators import (
    MissingMonth,
    MonthDisagreement,
    MonthRevision,
    SimulatorClock,
    VoltawareSimulator,
)
from aiowattbridge.simulators.voltaware_metadata import CHOICES

NOVEMBER = datetime(2026, 11, 14, 12, 2, tzinfo=UTC)
ID = "7007001"


class Raw:
    """A client that knows nothing but HTTP."""

    def __init__(self, http: aiohttp.ClientSession, cloud: VoltawareSimulator) -> None:
        """Hold no token yet."""
        self.http, self.cloud = http, cloud
        self.token = ""
        self.refresh = ""

    async def log_in(self, **changes: str) -> int:
        """Ask for a token and keep it."""
        grant = {
            "grant_type": "client_credentials",
            "client_id": self.cloud.username,
            "client_secret": self.cloud.password,
            **changes,
        }
        status, answer = await self.send("POST", "/auth/token", grant)
        if status == 200:
            self.token, self.refresh = answer["access_token"], answer["refresh_token"]
        return status

    async def send(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Make a request with the token; tell its status and what JSON came back."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, f"{self.cloud.url}{path}", json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def get(self, part: str, device_id: str = ID) -> Any:
        """Ask about a device and expect an answer."""
        status, answer = await self.send("GET", f"/sensors/{device_id}{part}")
        assert status == 200, answer
        return answer

    async def status(self, part: str, device_id: str = ID) -> int:
        """Ask about a device and tell only the status."""
        return (await self.send("GET", f"/sensors/{device_id}{part}"))[0]


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


async def test_token_is_for_those_who_are_known_and_lasts_twelve_hours(raw: Raw) -> None:
    """Then it is refreshed, which gives no new refresh token."""
    assert await raw.log_in(client_secret="wrong") == 401
    assert await raw.log_in(grant_type="password") == 400
    assert await raw.log_in(scope="all") == 400
    raw.cloud.clock.advance(43_199)
    assert (await raw.send("GET", "/sensors"))[0] == 200
    raw.cloud.clock.advance(1)
    assert (await raw.send("GET", "/sensors"))[0] == 401
    grant = {"grant_type": "refresh_token", "client_id": raw.cloud.username, "refresh_token": raw.refresh}
    status, answer = await raw.send("POST", "/auth/token/refresh", grant)
    assert status == 200
    assert set(answer) == {"access_token", "token_type", "expires_in_secs"}
    assert answer["expires_in_secs"] == 43_200
    assert (await raw.send("POST", "/auth/token/refresh", {**grant, "refresh_token": "made up"}))[0] == 401


async def test_asking_for_tokens_all_the_time_is_a_violation(raw: Raw) -> None:
    """The page wants them used until they expire."""
    for _ in range(3):
        await raw.log_in()
    assert not raw.cloud.log.violations
    await raw.log_in()
    assert [violation.kind for violation in raw.cloud.log.violations] == ["token_per_request"]


async def test_devices_are_listed_as_numbers_or_strings(raw: Raw) -> None:
    """The page shows numbers."""
    _, ids = await raw.send("GET", "/sensors")
    assert ids == [7_007_001 + number for number in range(6)]
    raw.cloud.ids_as = "strings"
    assert (await raw.send("GET", "/sensors"))[1] == [str(one) for one in ids]


async def test_session_knows_the_devices_that_were_there_when_it_began(raw: Raw) -> None:
    """A refreshed token is of the old session; a device that never sent anything stays forbidden."""
    meter = raw.cloud.meters[ID]
    object.__setattr__(meter, "registered_at", NOVEMBER + timedelta(seconds=1))
    raw.cloud.clock.advance(2)
    assert await raw.status("") == 403
    assert await raw.log_in() == 200
    assert await raw.status("") == 200
    object.__setattr__(meter, "registered_at", None)
    assert await raw.status("") == 403
    assert await raw.status("", "12") == 404


@pytest.mark.parametrize(
    "part",
    [
        "/sm/disag/month",
        "/sm/disag/month?year=2026",
        "/sm/disag/month?year=2026&month=13",
        "/sm/disag/month?year=2026&month=10&day=1",
        "/sm/disag/month?year=2026&month=10&month=10",
        "/sm/disag/month/weeks?startDate=2026-10-19&endDate=2026-10-25",
        "/sm/disag/week?startDate=2026-10-20&endDate=2026-10-26",
        "/sm/disag/week?startDate=2026-10-19&endDate=2026-10-26",
        "/sm/disag/week?startDate=2026-10-19",
        "/sm/disag/cycles/weekly?startDate=2026-10-18&endDate=2026-10-24",
        "/sm/reports/weekly?startDate=soon&endDate=later",
        "/sm/reports/monthly?year=x&month=1",
        "?verbose=1",
        "/metadata/property?version=1.0",
    ],
)
async def test_query_is_exactly_as_documented(raw: Raw, part: str) -> None:
    """A week is a Monday and its Sunday."""
    assert await raw.status(part) == 400


async def test_month_is_there_on_its_third_day_by_the_devices_clocks(raw: Raw) -> None:
    """In Adelaide at half past one in the afternoon UTC, in Berlin at eleven in the evening."""
    part = "/sm/disag/month?year=2026&month=10"
    adelaide = raw.cloud.device_ids[2]
    raw.cloud.clock.set(datetime(2026, 11, 2, 13, 29, tzinfo=UTC))
    assert await raw.log_in() == 200
    assert await raw.status(part, adelaide) == 404
    raw.cloud.clock.advance(60)
    assert (await raw.status(part, adelaide), await raw.status(part)) == (200, 404)
    raw.cloud.clock.set(datetime(2026, 11, 2, 23, tzinfo=UTC))
    assert await raw.status(part) == 200


async def test_what_was_before_the_first_event_or_is_missing_is_not_there(raw: Raw) -> None:
    """Also for the weeks that begin in a missing month, and for what was too long before a meter came in."""
    raw.cloud.quirks.append(MissingMonth(2026, 6))
    assert await raw.status("/sm/disag/month?year=2025&month=9") == 404
    assert await raw.status("/sm/disag/month?year=2025&month=10") == 200
    assert await raw.status("/sm/disag/month?year=2026&month=6") == 404
    assert await raw.status("/sm/reports/weekly?startDate=2026-06-08&endDate=2026-06-14") == 404
    object.__setattr__(raw.cloud.meters[ID], "integrated_at", NOVEMBER)
    assert await raw.status("/sm/disag/month?year=2026&month=7") == 404
    assert await raw.status("/sm/disag/month?year=2026&month=8") == 200


@pytest.mark.parametrize("number", range(6))
async def test_days_weeks_months_and_reports_agree(raw: Raw, number: int) -> None:
    """In each zone, over the month in which clocks are put back or forward."""
    device_id = raw.cloud.device_ids[number]
    month = await raw.get("/sm/disag/month?year=2026&month=10", device_id)
    weeks = await raw.get("/sm/disag/month/weeks?year=2026&month=10", device_id)
    report = await raw.get("/sm/reports/monthly?year=2026&month=10", device_id)
    total = month["total_consumption"]
    assert fsum(one["consumption"] for one in month["appliances"]) == pytest.approx(total, abs=0.01)
    assert fsum(week["total_consumption"] for week in weeks["weeks"]) == pytest.approx(total, abs=0.01)
    days = report["day_by_day_metrics"]["days"]
    assert fsum(day["total_consumption"] for day in days) * 1000 == pytest.approx(total, abs=0.2)
    assert report["disaggregation_metrics"]["total_consumption"] == total
    expected = [fsum(raw.cloud.day_energy_wh(device_id, date(2026, 10, day)).values()) for day in range(1, 32)]
    assert [day["total_consumption"] * 1000 for day in days] == pytest.approx(expected, abs=0.01)


async def test_car_is_charged_over_midnight_and_counted_on_the_day_it_drew(raw: Raw) -> None:
    """A cycle is listed whole in every period it touches, in local time without an offset."""
    zone = ZoneInfo("Europe/Berlin")
    (found,) = await raw.get("/sm/disag/cycles/monthly?year=2026&month=10")
    charges = raw.cloud.charges(ID, date(2026, 10, 1), date(2026, 10, 31))
    assert [one["from"] for one in found["cycles"]] == [
        charge.start.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") for charge in charges
    ]
    assert found["total_consumption"] == pytest.approx(fsum(charge.energy_wh for charge in charges))
    night = next(c for c in charges if c.start.astimezone(zone).date() != c.end.astimezone(zone).date())
    first, second = (time.astimezone(zone).date() for time in (night.start, night.end))
    split = [raw.cloud.day_energy_wh(ID, day).get("electric_vehicle", 0.0) for day in (first, second)]
    assert all(energy_wh > 0 for energy_wh in split)
    assert fsum(split) >= night.energy_wh - 0.01


async def test_quirks_change_what_is_published(raw: Raw) -> None:
    """A month may be corrected later, and may disagree with its weeks."""
    part = "/sm/disag/month?year=2026&month=10"
    before = (await raw.get(part))["total_consumption"]
    raw.cloud.quirks.append(MonthDisagreement(2026, 10, 123.0))
    weeks = await raw.get("/sm/disag/month/weeks?year=2026&month=10")
    assert weeks["total_consumption"] == pytest.approx(before + 123, abs=0.01)
    assert fsum(week["total_consumption"] for week in weeks["weeks"]) == pytest.approx(before, abs=0.01)
    raw.cloud.quirks.append(MonthRevision(2026, 10, 50, NOVEMBER + timedelta(days=1)))
    assert (await raw.get(part))["total_consumption"] == pytest.approx(before + 123, abs=0.01)
    raw.cloud.clock.advance(86_400)
    assert await raw.log_in() == 200
    assert (await raw.get(part))["total_consumption"] == pytest.approx(before / 2 + 123, abs=0.01)


async def test_weekly_report_has_its_own_names_and_the_samples_oddities(raw: Raw) -> None:
    """Appliances that were not found are a zero, or what arithmetic leaves of one."""
    object.__setattr__(raw.cloud.meters[ID], "has_car", False)
    report = await raw.get("/sm/reports/weekly?startDate=2026-10-19&endDate=2026-10-25")
    assert {name for name in report["day_by_day_metrics"] if "month" in name} == set()
    assert {name for name in report["day_by_day_metrics"] if "week_consumption" in name} == {
        "total_week_consumption",
        "average_week_consumption",
        "max_week_consumption",
        "min_week_consumption",
    }
    raw.cloud.report_unit = "Wh"
    again = await raw.get("/sm/reports/weekly?startDate=2026-10-19&endDate=2026-10-25")
    ratio = (
        again["day_by_day_metrics"]["total_week_consumption"] / report["day_by_day_metrics"]["total_week_consumption"]
    )
    assert ratio == pytest.approx(1000, rel=1e-5)


async def put(raw: Raw, name: str, body: object) -> int:
    """Tell something of a home."""
    return (await raw.send("PUT", f"/sensors/{ID}/metadata/{name}", body))[0]


async def test_metadata_are_kept_and_shown(raw: Raw) -> None:
    """204 and nothing else when they are put."""
    office = {"property_type": "OFFICE", "power_generator_source": "NONE", "version": "1.0"}
    assert await raw.status("/metadata/property") == 404
    assert await put(raw, "property", office) == 204
    assert await raw.get("/metadata/property") == office
    assert await put(raw, "geolocation", {"latitude": 1.5, "longitude": -2}) == 204
    assert raw.cloud.log.entries[-1].body is None
    assert (await raw.send("POST", f"/sensors/{ID}/metadata/property", office))[0] == 405


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("property", {"property_type": "OFFICE", "power_generator_source": "NONE"}),
        ("property", {"property_type": "INDUSTRY", "power_generator_source": "NONE", "version": "1.0"}),
        ("property", {"property_type": "OFFICE", "power_generator_source": "NONE", "version": "1.0", "people": []}),
        ("property", {"property_type": "HOME", "power_generator_source": "NONE", "version": "1.0"}),
        ("geolocation", {"latitude": 91, "longitude": 0}),
        ("geolocation", {"latitude": 1}),
        ("appliances", {"appliances": [], "version": "2.0"}),
        ("appliances", {"appliances": [{"key": "KETTLE"}], "version": "1.0"}),
        ("appliances", {"appliances": [{"key": "SAUNA", "amount": 1}], "version": "1.0"}),
        ("appliances", {"appliances": [{"key": "KETTLE", "amount": 1, "type": "RED"}], "version": "1.0"}),
        (
            "appliances",
            {
                "appliances": [{"key": "ELECTRIC_VEHICLE", "amount": 2, "type": "CAR", "wattages": [1]}],
                "version": "1.0",
            },
        ),
        ("appliances", [1]),
    ],
)
async def test_metadata_that_the_page_does_not_allow_are_refused(raw: Raw, name: str, body: object) -> None:
    """With a reason, and nothing is kept."""
    assert await put(raw, name, body) == 400
    assert await raw.status(f"/metadata/{name}") == 404


def test_table_of_appliances_has_all_kinds_of_the_page() -> None:
    """Nineteen of them."""
    assert len(CHOICES) == 19
    assert CHOICES["GAS_HEATING"] == {"any_electric_heater": bool}
    assert set(CHOICES["ELECTRIC_HEATING"]) == {"type"}


async def test_same_seed_makes_the_same_homes_whatever_is_asked_first(http: aiohttp.ClientSession) -> None:
    """And another seed makes others."""
    clouds = [VoltawareSimulator(seed=seed, clock=SimulatorClock(NOVEMBER, frozen=True)) for seed in (7, 7, 8)]
    backwards = [clouds[0].day_energy_wh(ID, date(2026, 10, day)) for day in range(20, 0, -1)]
    forwards = [clouds[1].day_energy_wh(ID, date(2026, 10, day)) for day in range(1, 21)]
    assert backwards[::-1] == forwards
    other = clouds[2].device_ids[0]
    assert clouds[2].day_energy_wh(other, date(2026, 10, 1)) != forwards[0]
