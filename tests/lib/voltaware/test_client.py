"""The ways around the calls: ids in paths, walks back in time, zones, and what an error may say."""

from contextlib import aclosing
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from kernel_bench import assert_silent
from voltaware_bench import DEVICE, SECRET, ScriptedVoltaware

from aiowattbridge.errors import RejectedError
from aiowattbridge.simulators import SimulatorClock
from aiowattbridge.voltaware import Geolocation, Month, load_zone

PLACE = Geolocation(latitude_deg=51.509865, longitude_deg=-0.118092)


@pytest.mark.parametrize("device_id", ["", ".", "..", "7\n1", "7\x00", "\ud800", "7" * 201])
async def test_what_is_no_id_is_refused_before_anything_is_sent(scripted: ScriptedVoltaware, device_id: str) -> None:
    """It would ask something else."""
    with pytest.raises(ValueError, match=r"^device_id: "):
        await scripted.client.device(device_id)
    assert scripted.asked == []


@pytest.mark.parametrize(
    ("device_id", "path"),
    [
        ("7/metadata", "7%2Fmetadata"),
        ("../auth", "..%2Fauth"),
        ("..%2Fauth", "..%252Fauth"),
        ("%2e%2e", "%252e%252e"),
        ("7?year=1#x", "7%3Fyear%3D1%23x"),
        ("ä;=+", "%C3%A4%3B%3D%2B"),
    ],
)
async def test_id_stays_one_part_of_the_path(scripted: ScriptedVoltaware, device_id: str, path: str) -> None:
    """Whatever is in it."""
    await scripted.client.device(device_id)
    await scripted.client.month(device_id, Month(2026, 3))
    assert scripted.asked == [f"/sensors/{path}", f"/sensors/{path}/sm/disag/month?year=2026&month=3"]


async def test_device_without_any_event_has_nothing_to_walk_over(scripted: ScriptedVoltaware) -> None:
    """There is no first day."""
    async with aclosing(scripted.client.months(DEVICE)) as months:
        assert [month async for month, _ in months] == []
    assert scripted.asked == [f"/sensors/{DEVICE}"]


@pytest.mark.parametrize("name", ["", None, "Mars/Olympus", "../../etc/passwd"])
async def test_zone_that_there_is_not_is_utc(name: str | None) -> None:
    """A day has to begin sometime."""
    assert await load_zone(name) is UTC


async def test_zone_is_loaded_by_its_name() -> None:
    """From the system's database."""
    assert await load_zone("Australia/Lord_Howe") == ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("now", "zone", "month", "week"),
    [
        ("2026-11-01T03:59:59+00:00", "America/New_York", "2026-09", "2026-W43"),
        ("2026-11-01T04:00:00+00:00", "America/New_York", "2026-10", "2026-W43"),
        ("2026-11-01T12:59:59+00:00", "Australia/Lord_Howe", "2026-10", "2026-W43"),
        ("2026-11-01T13:00:00+00:00", "Australia/Lord_Howe", "2026-10", "2026-W44"),
        ("2026-11-01T23:59:59+00:00", None, "2026-10", "2026-W43"),
        ("2026-11-02T00:00:00+00:00", "Mars/Olympus", "2026-10", "2026-W44"),
    ],
)
async def test_walk_begins_with_the_last_period_that_is_over(
    scripted: ScriptedVoltaware, clock: SimulatorClock, now: str, zone: str | None, month: str, week: str
) -> None:
    """By the device's clocks and the client's time; whether its results are there yet is theirs to say."""
    clock.set(datetime.fromisoformat(now))
    scripted.answer = {"first_event": "2026-06-01T12:00:00Z", "locale": {"timeZoneId": zone}}
    async with aclosing(scripted.client.months(DEVICE)) as months:
        assert str((await anext(months))[0]) == month
    async with aclosing(scripted.client.weeks(DEVICE)) as weeks:
        assert str((await anext(weeks))[0]) == week


@pytest.mark.parametrize(
    ("zone", "month", "week"),
    [("Europe/Berlin", "2026-09", "2026-W36"), ("America/New_York", "2026-08", "2026-W36")],
)
async def test_walk_ends_with_the_period_of_the_first_event(
    scripted: ScriptedVoltaware, zone: str, month: str, week: str
) -> None:
    """By the device's clocks; nothing older is asked for."""
    scripted.answer = {"first_event": "2026-08-31T22:30:00Z", "locale": {"timeZoneId": zone}}
    async with aclosing(scripted.client.months(DEVICE)) as months:
        walked = [str(found) async for found, _ in months]
    assert (walked[0], walked[-1]) == ("2026-10", month)
    assert len(scripted.asked) == 1 + len(walked)
    async with aclosing(scripted.client.weeks(DEVICE)) as weeks:
        assert [str(found) async for found, _ in weeks][-1] == week


@pytest.mark.parametrize(
    ("since", "until", "walked"),
    [
        (date(2026, 5, 31), date(2026, 7, 1), ["2026-07", "2026-06", "2026-05"]),
        (date(2026, 10, 1), date(2030, 1, 1), ["2026-10"]),
        (date(2026, 11, 1), None, []),
        (date(2026, 7, 1), date(2026, 5, 1), []),
        (None, date(2026, 1, 31), []),
        (date(2001, 1, 1), date(2026, 3, 1), ["2026-03", "2026-02"]),
    ],
)
async def test_walk_over_months_can_be_bounded(
    scripted: ScriptedVoltaware, since: date | None, until: date | None, walked: list[str]
) -> None:
    """But never asks for what cannot be: before the first event, or not over yet."""
    scripted.answer = {"first_event": "2026-02-10T12:00:00Z"}
    async with aclosing(scripted.client.months(DEVICE, since=since, until=until)) as months:
        assert [str(month) async for month, _ in months] == walked
    assert len(scripted.asked) == 1 + len(walked)


async def test_walk_goes_on_over_what_is_not_there(scripted: ScriptedVoltaware) -> None:
    """None is no end; an error is."""
    scripted.answer = {"first_event": "2026-07-10T12:00:00Z", "total_consumption": 5}
    scripted.statuses.extend([200, 404, 200, 404, 400])
    async with aclosing(scripted.client.months(DEVICE)) as months:
        found = [await anext(months) for _ in range(3)]
        with pytest.raises(RejectedError):
            await anext(months)
    assert [(str(month), result is not None) for month, result in found] == [
        ("2026-10", False),
        ("2026-09", True),
        ("2026-08", False),
    ]


async def test_walk_that_is_left_asks_no_further(scripted: ScriptedVoltaware) -> None:
    """One question for each period that was looked at."""
    scripted.answer = {"first_event": "2020-01-01T00:00:00Z"}
    async with aclosing(scripted.client.weeks(DEVICE)) as weeks:
        await anext(weeks)
        await anext(weeks)
    assert len(scripted.asked) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
async def test_place_that_a_refusal_echoes_shows_in_no_error(
    scripted: ScriptedVoltaware, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Neither as it was told nor with another sign."""
    scripted.status, scripted.raw = status, b'{"message": "51.509865 and -0.118092 are no place, nor is 0.118092"}'
    with caplog.at_level("DEBUG"), pytest.raises(Exception, match=r"Voltaware") as caught:
        await scripted.client.set_geolocation(DEVICE, PLACE)
    assert scripted.told[-1] == {"latitude": 51.509865, "longitude": -0.118092}
    assert_silent(caught.value, "51.509865", "0.118092")
    shown = f"{getattr(caught.value, 'answer', '')} {caplog.text} {PLACE!r} {PLACE}"
    assert "51.5" not in shown
    assert "0.118" not in shown


async def test_place_that_an_answer_holds_malformed_shows_in_no_error(scripted: ScriptedVoltaware) -> None:
    """The field is named, and not where somebody lives."""
    scripted.answer = {"latitude": "51.509865 N", "longitude": -0.118092}
    with pytest.raises(Exception, match="field latitude is malformed") as caught:
        await scripted.client.geolocation(DEVICE)
    assert_silent(caught.value, "51.509865", "0.118092")


async def test_credentials_and_tokens_that_an_answer_echoes_show_in_no_error(
    scripted: ScriptedVoltaware, caplog: pytest.LogCaptureFixture
) -> None:
    """A cloud that repeats what it was told."""
    scripted.status = 400
    scripted.raw = f"wrong: {SECRET} canary-access-1 canary-refresh-1 canary-id".encode()
    with caplog.at_level("DEBUG"), pytest.raises(RejectedError) as caught:
        await scripted.client.month(DEVICE, Month(2026, 10))
    assert_silent(caught.value, "canary")
    assert "canary" not in f"{caught.value.answer} {caplog.text}"


async def test_property_is_told_once_more_when_the_answer_is_lost_only_within_the_policy(
    scripted: ScriptedVoltaware,
) -> None:
    """This client's policy is to ask once."""
    scripted.status = 503
    with pytest.raises(Exception, match="HTTP 503"):
        await scripted.client.set_appliances(DEVICE, [])
    assert len(scripted.told) == 1
