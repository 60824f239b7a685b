"""The simulated Voltaware cloud, asked in plain HTTP: who may ask, what for, and how it fails."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import aiohttp
import pytest
from raw_voltaware import ID, NOVEMBER, OCTOBER, WEEK, Raw

from aiowattbridge.simulators import Fault, Meter, SimulatorClock, VoltawareSimulator

MONTH_CALLS = ("/sm/disag/month", "/sm/disag/month/weeks", "/sm/disag/cycles/monthly", "/sm/reports/monthly")
WEEK_CALLS = ("/sm/disag/week", "/sm/disag/cycles/weekly", "/sm/reports/weekly")
METADATA_CALLS = ("/metadata/property", "/metadata/appliances", "/metadata/geolocation")
PLACE = {"latitude": 1.5, "longitude": -2}


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


async def test_token_answer_is_as_documented(raw: Raw) -> None:
    """A token for twelve hours, with something to renew it by."""
    grant = {"grant_type": "client_credentials", "client_id": "reseller-7", "client_secret": "sunny side down"}
    status, answer = await raw.send("POST", "/auth/token", grant)
    assert status == 200
    assert set(answer) == {"access_token", "token_type", "expires_in_secs", "refresh_token"}
    assert (answer["token_type"], answer["expires_in_secs"]) == ("Bearer", 43_200)


async def test_token_lasts_twelve_hours_and_is_renewed_again_and_again_by_one_refresh_token(raw: Raw) -> None:
    """By the clock, not a second less; a refresh gives no new refresh token (`Raw.refresh` looks)."""
    for renewals in (1, 2):
        raw.cloud.clock.advance(43_199)
        assert (await raw.send("GET", "/sensors"))[0] == 200
        raw.cloud.clock.advance(1)
        assert (await raw.send("GET", "/sensors"))[0] == 401
        assert await raw.refresh() == 200
        assert (await raw.send("GET", "/sensors"))[0] == 200
        assert raw.cloud.tokens.issued == {"client_credentials": 1, "refresh_token": renewals}
    assert raw.cloud.log.count("/auth/token/refresh") == 2
    assert not raw.cloud.log.violations


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"grant_type": "password"}, 400),
        ({"grant_type": None}, 400),
        ({"client_secret": 7}, 400),
        ({"scope": "all"}, 400),
    ],
)
async def test_login_has_exactly_the_documented_parameters(raw: Raw, changes: dict[str, object], status: int) -> None:
    """Strangers are 401, what is no login is 400, and neither is counted as a token."""
    assert await raw.log_in(**changes) == status
    assert raw.cloud.tokens.issued["client_credentials"] == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"refresh_token": "made up"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"grant_type": "client_credentials"}, 400),
        ({"client_secret": "sunny side down"}, 400),
    ],
)
async def test_refresh_has_exactly_the_documented_parameters(raw: Raw, changes: dict[str, object], status: int) -> None:
    """The secret is not among them."""
    assert await raw.refresh(**changes) == status
    assert raw.cloud.tokens.issued["refresh_token"] == 0


async def test_token_is_asked_for_in_json_by_post_without_a_query(raw: Raw) -> None:
    """A form is refused, and a secret in the address is also held against whoever sent it."""
    grant = {"grant_type": "client_credentials", "client_id": raw.cloud.username, "client_secret": raw.cloud.password}
    assert (await raw.send("POST", "/auth/token", data=grant))[0] == 400
    assert (await raw.send("POST", "/auth/token?a=1", grant))[0] == 400
    assert (await raw.send("GET", "/auth/token"))[0] == 405
    assert not raw.cloud.log.violations
    assert (await raw.send("POST", "/auth/token?client_secret=x", grant))[0] == 400
    assert [violation.kind for violation in raw.cloud.log.violations] == ["credentials_in_url"]


async def test_refused_refresh_makes_a_login_necessary(raw: Raw) -> None:
    """As when the refresh token has had its day."""
    raw.cloud.tokens.refuses_refresh = True
    assert await raw.refresh() == 401
    assert await raw.log_in() == 200
    assert raw.cloud.tokens.issued == {"client_credentials": 2, "refresh_token": 0}


@pytest.mark.parametrize("grant", ["login", "refresh"])
async def test_token_for_each_request_is_a_violation(raw: Raw, grant: str) -> None:
    """Three a minute beside a good one are let pass; the page wants them used until they expire."""
    another = raw.log_in if grant == "login" else raw.refresh
    for _ in range(3):
        await another()
    assert not raw.cloud.log.violations
    await another()
    assert [violation.kind for violation in raw.cloud.log.violations] == ["token_per_request"]
    raw.cloud.clock.advance(60)
    await another()
    assert len(raw.cloud.log.violations) == 1


async def test_token_in_the_place_of_one_that_was_taken_back_is_no_violation(raw: Raw) -> None:
    """However often it is."""
    for _ in range(9):
        raw.cloud.tokens.expire_all()
        assert await raw.refresh() == 200
    assert not raw.cloud.log.violations


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic bm9ib2R5Og=="])
async def test_everything_else_wants_the_token(raw: Raw, header: str) -> None:
    """A missing, unknown or differently made one is 401."""
    assert (await raw.send("GET", "/sensors", headers={"Authorization": f"Basic {raw.token}"}))[0] == 401
    paths = [f"/sensors/{ID}{part}" for part in ("", *METADATA_CALLS, *MONTH_CALLS, *WEEK_CALLS)]
    for path in ("/sensors", "/nothing", *paths):
        assert (await raw.send("GET", path, headers={"Authorization": header}))[0] == 401


@pytest.mark.parametrize(
    ("ids_as", "text"),
    [("numbers", "[0001, 7, 0203]"), ("strings", '["0001", "7", "0203"]'), ("mixed", '[0001, "7", 0203]')],
)
async def test_devices_are_listed_as_numbers_or_strings(
    http: aiohttp.ClientSession, ids_as: Literal["numbers", "strings", "mixed"], text: str
) -> None:
    """The page shows numbers with leading zeros, which is no JSON."""
    meters = [
        Meter(number=0, device_id=one, zone_name="UTC", first_event=NOVEMBER, registered_at=NOVEMBER)
        for one in ("0001", "7", "0203")
    ]
    clock = SimulatorClock(NOVEMBER, frozen=True)
    async with VoltawareSimulator(meters=meters, clock=clock, ids_as=ids_as) as cloud:
        raw = Raw(http, cloud)
        await raw.log_in()
        async with http.get(f"{cloud.url}/sensors", headers={"Authorization": f"Bearer {raw.token}"}) as answer:
            assert await answer.text() == text
        assert await raw.status("", "0203") == 200


async def test_device_is_described_as_documented(raw: Raw) -> None:
    """What only the vendor's own sensors tell is null for meters."""
    assert (await raw.send("GET", "/sensors"))[1] == [7_007_001 + number for number in range(6)]
    sensor = await raw.get("")
    assert sensor == {
        "connection_state": "connected",
        "firmware": "112007",
        "last_event": "2026-11-14T12:01:15Z",
        "first_event": "2025-10-10T12:02:00.287Z",
        "locale": {
            "isoCountryCode": "DE",
            "isoLocaleCode": "de-DE-x-kanarien",
            "timeZoneId": "Europe/Berlin",
            "userDefinedLanguage": "pt-BR-x-kanarien",
        },
    }
    meters = [await raw.get("", device_id) for device_id in raw.cloud.device_ids]
    assert [one["locale"]["timeZoneId"] for one in meters] == [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Adelaide",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "UTC",
    ]
    assert (meters[1]["connection_state"], meters[1]["firmware"]) == (None, None)
    raw.meter.connection_state, raw.meter.last_event = "disconnected", datetime(2026, 11, 1, tzinfo=UTC)
    sensor = await raw.get("")
    assert (sensor["connection_state"], sensor["last_event"]) == ("disconnected", "2026-11-01T00:00:00Z")


async def test_session_knows_the_devices_that_were_there_when_it_began(raw: Raw) -> None:
    """A refreshed token is of the old session; a device that never sent anything stays forbidden."""
    raw.meter.registered_at = NOVEMBER + timedelta(seconds=1)
    assert ID not in raw.cloud.device_ids
    raw.cloud.clock.advance(2)
    assert ID in raw.cloud.device_ids
    for part in ("", "/metadata/property", f"/sm/disag/month?{OCTOBER}"):
        assert await raw.status(part) == 403
    assert (await raw.put("geolocation", PLACE))[0] == 403
    assert await raw.refresh() == 200
    assert await raw.status("") == 403
    assert await raw.log_in() == 200
    assert await raw.status("") == 200
    raw.meter.registered_at = None
    assert await raw.log_in() == 200
    assert await raw.status("") == 403


@pytest.mark.parametrize("status", [403, 404])
async def test_unknown_device_is_forbidden_or_not_found(raw: Raw, status: Literal[403, 404]) -> None:
    """The page does not say which."""
    raw.cloud.unknown_device_status = status
    for part in ("", "/metadata/property", f"/sm/disag/month?{OCTOBER}"):
        assert await raw.status(part, "12") == status


@pytest.mark.parametrize("part", MONTH_CALLS)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "year=2026",
        "month=10",
        "year=2026&month=13",
        "year=2026&month=0",
        "year=2026&month=07",
        "year=26&month=10",
        "year=0&month=1",
        "year=9999&month=12",
        "year=x&month=1",
        "year=2026&month=10&day=1",
        "year=2026&month=10&month=10",
        WEEK,
    ],
)
async def test_month_is_a_year_and_a_month_and_nothing_else(raw: Raw, part: str, query: str) -> None:
    """Written as the page does."""
    assert await raw.status(f"{part}?{query}") == 400


@pytest.mark.parametrize("part", WEEK_CALLS)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "startDate=2026-10-19",
        "startDate=2026-10-20&endDate=2026-10-26",
        "startDate=2026-10-19&endDate=2026-10-26",
        "startDate=2026-10-19&endDate=2026-11-01",
        "startDate=2026-10-18&endDate=2026-10-24",
        "startDate=20261019&endDate=20261025",
        "startDate=2026-W43-1&endDate=2026-W43-7",
        "startDate=2026-10-32&endDate=2026-11-07",
        "startDate=soon&endDate=later",
        f"{WEEK}&endDate=2026-10-25",
        OCTOBER,
    ],
)
async def test_week_is_a_monday_and_the_sunday_of_the_same_week(raw: Raw, part: str, query: str) -> None:
    """Written as the page does."""
    assert await raw.status(f"{part}?{query}") == 400


@pytest.mark.parametrize("part", ["?verbose=1", "/metadata/property?version=1.0"])
async def test_other_calls_have_no_query(raw: Raw, part: str) -> None:
    """Whatever is in it."""
    assert await raw.status(part) == 400
    assert (await raw.send("GET", "/sensors?page=2"))[0] == 400


async def test_seventeen_calls_are_all_there_is(raw: Raw) -> None:
    """Another path is 404, another method 405."""
    for part in ("/", "/sm", "/sm/disag", f"/sm/disag/month/?{OCTOBER}", f"/sm/disag/day?{OCTOBER}", "/metadata"):
        assert await raw.status(part) == 404
    for path in ("/", "/sensors/", "/auth", "/sensor"):
        assert (await raw.send("GET", path))[0] == 404
    asked = [f"{part}?{OCTOBER}" for part in MONTH_CALLS] + [f"{part}?{WEEK}" for part in WEEK_CALLS]
    for part in ("", *asked):
        assert await raw.status(part) == 200
        assert (await raw.send("PUT", f"/sensors/{ID}{part}", {}))[0] == 405
    for part in METADATA_CALLS:
        assert (await raw.send("POST", f"/sensors/{ID}{part}", {}))[0] == 405
    assert (await raw.send("POST", "/sensors"))[0] == 405


async def test_personal_data_are_listed_and_the_log_has_none(raw: Raw) -> None:
    """Where devices are, as it was invented and as it was told, and the languages of those who have them."""
    assert (await raw.put("geolocation", {"latitude": 51.509865, "longitude": -0.118092}))[0] == 204
    assert raw.cloud.log.entries[-1].body is None
    assert {"51.509865", "-0.118092", "de-DE-x-kanarien", "pt-BR-x-kanarien"} <= raw.cloud.canaries
    for meter in raw.cloud.meters.values():
        assert {f"{meter.latitude_deg}", f"{meter.longitude_deg}"} <= raw.cloud.canaries
    answer = str(await raw.get(""))
    assert sum(canary in answer for canary in raw.cloud.canaries) == 2


async def test_south_of_the_equator_is_where_the_zones_are(cloud: VoltawareSimulator) -> None:
    """Homes heat in their own winter."""
    berlin, _, adelaide, *_ = cloud.device_ids
    assert "cooling" in cloud.month_energy_wh(berlin, 2026, 7)
    assert "cooling" not in cloud.month_energy_wh(berlin, 2026, 1)
    cloud.meters[adelaide].lacks = frozenset()
    assert "cooling" in cloud.month_energy_wh(adelaide, 2026, 1)
    assert "cooling" not in cloud.month_energy_wh(adelaide, 2026, 7)


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "unavailable", "bad_gateway", "html", "empty_body"])
async def test_refusals_of_something_in_between_change_nothing(raw: Raw, kind: str) -> None:
    """What was put is not kept, unless the answer is only lost."""
    raw.cloud.faults.script(f"/sensors/{ID}/metadata/geolocation", [kind])
    async with raw.http.put(
        f"{raw.cloud.url}/sensors/{ID}/metadata/geolocation",
        json=PLACE,
        headers={"Authorization": f"Bearer {raw.token}"},
    ) as answer:
        statuses = {"rate_limited": 429, "server_error": 500, "unavailable": 503, "bad_gateway": 502}
        assert answer.status == statuses.get(kind, 200)
    assert await raw.status("/metadata/geolocation") == (200 if kind == "empty_body" else 404)


@pytest.mark.parametrize(
    ("kind", "status"), [("cut_before", 404), ("cut_after", 200), ("cut_body", 200), ("slow_answer", 200)]
)
async def test_lost_answers_leave_it_open_whether_something_was_kept(raw: Raw, kind: str, status: int) -> None:
    """A client has to ask again; what is put is put as a whole, so it may."""
    # Twice, since aiohttp repeats a PUT by itself when a kept connection breaks.
    raw.cloud.faults.script("*", [Fault(kind, delay_s=0.05)] * 2)
    with suppress(aiohttp.ClientError):
        await raw.put("geolocation", PLACE)
    raw.cloud.faults.clear()
    assert await raw.status("/metadata/geolocation") == status


@pytest.mark.parametrize("kind", ["cut_body", "truncated_json", "slow_body", "wrong_content_type"])
async def test_spoiled_answers_are_recognisable(raw: Raw, kind: str) -> None:
    """Half of an answer is none; a slow or a mislabelled one is whole."""
    raw.cloud.faults.script("*", [Fault(kind, delay_s=0.05)])
    part = f"/sm/disag/month?{OCTOBER}"
    if kind in ("cut_body", "truncated_json"):
        with pytest.raises((aiohttp.ClientError, ValueError)):
            await raw.get(part)
    else:
        assert (await raw.get(part))["appliances"]
    assert (await raw.get(part))["appliances"]


async def test_token_expired_by_fault_takes_every_token_back(raw: Raw) -> None:
    """Although it should be good."""
    raw.cloud.faults.script("*", ["token_expired"])
    assert [(await raw.send("GET", "/sensors"))[0] for _ in range(2)] == [401, 401]
    assert await raw.refresh() == 200
    assert (await raw.send("GET", "/sensors"))[0] == 200


async def test_request_before_the_end_of_the_wait_is_a_violation(raw: Raw) -> None:
    """As in every cloud."""
    raw.cloud.faults.script("*", [Fault("rate_limited", retry_after_s=30)])
    assert (await raw.send("GET", "/sensors"))[0] == 429
    assert (await raw.send("GET", "/sensors"))[0] == 200
    assert [violation.kind for violation in raw.cloud.log.violations] == ["inside_retry_after"]


@pytest.mark.parametrize("kind", ["duplicate_page", "empty_page", "in_band"])
def test_faults_of_other_clouds_are_refused(kind: str) -> None:
    """There are no pages here, and no errors inside a 200."""
    with pytest.raises(ValueError, match=kind):
        VoltawareSimulator().faults.script("*", [kind])


async def test_helpers_name_the_first_day_and_the_newest_month(cloud: VoltawareSimulator) -> None:
    """In the device's zone: when the third of November begins in Lord Howe, it is the second in Berlin."""
    berlin, lord_howe = cloud.device_ids[0], cloud.device_ids[3]
    assert cloud.first_day(berlin) == date(2025, 10, 10)
    assert cloud.last_published_month(berlin) == (2026, 10)
    moment = datetime(2026, 11, 2, 13, tzinfo=UTC)
    assert cloud.last_published_month(lord_howe, moment) == (2026, 10)
    assert cloud.last_published_month(lord_howe, moment - timedelta(seconds=1)) == (2026, 9)
    assert cloud.last_published_month(berlin, moment) == (2026, 9)
    assert cloud.last_published_month(berlin, datetime(2025, 11, 3, tzinfo=UTC)) == (2025, 10)
    assert cloud.last_published_month(berlin, datetime(2025, 11, 2, tzinfo=UTC)) is None
