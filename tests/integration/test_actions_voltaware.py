"""The action that answers with Voltaware's results, against the simulated cloud."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from math import fsum
from typing import Any

import pytest
import voluptuous as vol
from action_bench import call, failure, refusal, registry_id
from comparison import stored
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack, async_load_voltaware, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, MonthRevision, SimulatorClock, VoltawareSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.vendors.voltaware import appliance_id, total_id

ACTION = "get_voltaware_disaggregation"
NOW = datetime(2026, 11, 14, 12, 2, tzinfo=UTC)
FIRST = datetime(2026, 9, 20, 8, tzinfo=UTC)
CAR = "electric_vehicle"


@pytest.fixture
async def cloud() -> AsyncIterator[VoltawareSimulator]:
    """A cloud with a meter in Berlin whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(NOW, frozen=True)
    async with VoltawareSimulator(clock=clock, zones=["Europe/Berlin"], first_event=FIRST) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: VoltawareSimulator) -> AsyncIterator[MockConfigEntry]:
    """An account with that meter."""
    entry = await async_load_voltaware(hass, cloud)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def test_month_is_answered_by_appliance(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Without a date, it is the last one that is over; the largest consumer comes first."""
    (device_id,) = cloud.device_ids
    response = await call(hass, ACTION, device_id=registry_id(hass, entry, device_id))
    expected = cloud.month_energy_wh(device_id, 2026, 10)
    appliances = response.pop("appliances_wh")
    assert appliances == {key: pytest.approx(wh) for key, wh in expected.items()}
    assert list(appliances.values()) == sorted(appliances.values(), reverse=True)
    assert response == {
        "device_id": device_id,
        "name": "Home",
        "kind": "month",
        "period": "2026-10",
        "first_day": "2026-10-01",
        "last_day": "2026-10-31",
        "available": True,
        "total_wh": pytest.approx(fsum(expected.values())),
        "disconnection_percent": pytest.approx(response["disconnection_percent"]),
    }


async def test_month_by_weeks_is_cut_at_its_ends(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """The weeks come to the whole."""
    response = await call(
        hass,
        ACTION,
        device_id=cloud.device_ids[0],
        kind="month_by_weeks",
        date=datetime(2026, 10, 15).date(),  # noqa: DTZ001 - a day
    )
    weeks = response["weeks"]
    assert (weeks[0]["first_day"], weeks[-1]["last_day"]) == ("2026-10-01", "2026-10-31")
    assert fsum(week["total_wh"] for week in weeks) == pytest.approx(response["total_wh"])
    for week in weeks:
        assert fsum(week["appliances_wh"].values()) == pytest.approx(week["total_wh"])


async def test_week_is_that_of_the_day(hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry) -> None:
    """Any day of it names it, and so does its number."""
    (device_id,) = cloud.device_ids
    by_day = await call(hass, ACTION, device_id=device_id, kind="week", date="2026-10-15")
    by_number = await call(hass, ACTION, device_id=device_id, kind="week", date="2026-W42")
    assert by_day == by_number
    assert (by_day["first_day"], by_day["last_day"]) == ("2026-10-12", "2026-10-18")
    days = [cloud.day_energy_wh(device_id, date(2026, 10, 12) + timedelta(days=n)) for n in range(7)]
    assert by_day["total_wh"] == pytest.approx(fsum(fsum(day.values()) for day in days))
    newest = await call(hass, ACTION, device_id=device_id, kind="week")
    assert newest["period"] == "2026-W45"


@pytest.mark.parametrize(
    ("kind", "date_text", "first_day", "last_day"),
    [
        ("month_cycles", "2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("week_cycles", "2026-W44", date(2026, 10, 26), date(2026, 11, 1)),
    ],
)
async def test_cycles_are_told_by_the_meters_clocks(
    hass: HomeAssistant,
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    kind: str,
    date_text: str,
    first_day: date,
    last_day: date,
) -> None:
    """With the offset of summer or winter, whichever it was then."""
    (device_id,) = cloud.device_ids
    response = await call(hass, ACTION, device_id=device_id, kind=kind, date=date_text)
    (car,) = [one for one in response["appliances"] if one["appliance"] == CAR]
    expected = cloud.charges(device_id, first_day, last_day)
    assert len(car["cycles"]) == len(expected) > 0
    for cycle, true in zip(car["cycles"], expected, strict=True):
        start = datetime.fromisoformat(cycle["start"])
        assert abs(start - true.start) < timedelta(seconds=1)
        assert start.utcoffset() == true.start.astimezone(cloud.meters[device_id].zone).utcoffset()
        assert abs(datetime.fromisoformat(cycle["end"]) - true.end) < timedelta(seconds=1)
        assert cycle["energy_wh"] == pytest.approx(true.energy_wh)


@pytest.mark.parametrize(("kind", "date_text", "days"), [("month_report", "2026-10", 31), ("week_report", None, 7)])
async def test_report_is_answered_in_watt_hours(
    hass: HomeAssistant,
    cloud: VoltawareSimulator,
    entry: MockConfigEntry,
    kind: str,
    date_text: str | None,
    days: int,
) -> None:
    """Day by day, whatever unit the vendor wrote, with the carbon footprint."""
    given = {} if date_text is None else {"date": date_text}
    response = await call(hass, ACTION, device_id=cloud.device_ids[0], kind=kind, **given)
    by_day = response["day_by_day"]
    assert len(by_day["days"]) == days
    assert by_day["days"][0]["day"] == response["first_day"]
    assert fsum(day["total_wh"] for day in by_day["days"]) == pytest.approx(response["total_wh"], abs=1)
    assert response["carbon_footprint"]["co2_kg"] > 0
    assert response["carbon_footprint"]["trees"] > 0


async def test_result_that_is_not_there_is_no_failure(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Not yet, or never: it is unavailable, and no figure stands for it."""
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"date": "2026-11"}, "2026-12-03T00:00:00+01:00"),
        ({"kind": "month_report", "date": "2026-07-01"}, "2026-08-03T00:00:00+02:00"),
        ({"kind": "month_cycles", "date": "2027-05"}, "2027-06-03T00:00:00+02:00"),
        ({"kind": "month_by_weeks", "date": "2020-02"}, "2020-03-03T00:00:00+01:00"),
        ({"kind": "week", "date": "2026-11-14"}, None),
        ({"kind": "week_report", "date": "2026-W01"}, None),
        ({"kind": "week_cycles", "date": "2026-W01"}, None),
    ]
    for fields, expected_at in cases:
        response = await call(hass, ACTION, device_id=cloud.device_ids[0], **fields)
        assert response["available"] is False
        assert response.get("expected_at") == expected_at
        assert not {"total_wh", "weeks", "appliances", "appliances_wh", "day_by_day"} & set(response)


async def test_date_that_cannot_be_read_is_refused(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """The text names the field, what was given and what is accepted."""
    months, weeks = ("yesterday", "2026-13", "2026-W10", "2026-02-30"), ("2026-W60", "2026-10", "10")
    for kind, text in (*(("month", text) for text in months), *(("week", text) for text in weeks)):
        refused = await refusal(hass, ACTION, device_id=cloud.device_ids[0], kind=kind, date=text)
        assert refused == ("date_unreadable", {"field": "date", "given": text})


async def test_kind_that_there_is_not_is_not_accepted(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """The error names the field."""
    with pytest.raises(vol.Invalid, match="kind"):
        await call(hass, ACTION, device_id=cloud.device_ids[0], kind="year")


async def test_device_of_another_vendor_is_refused(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """However it is named."""
    other = await async_load_carbontrack(hass, carbontrack_cloud)
    device_id = carbontrack_cloud.house.device_ids[0]
    refused = await refusal(hass, ACTION, device_id=device_id)
    assert refused == ("device_unknown", {"device": device_id, "vendor": "Voltaware"})
    refused = await refusal(hass, ACTION, device_id=registry_id(hass, other, device_id))
    assert refused == ("device_unknown", {"device": "Roof", "vendor": "Voltaware"})
    await hass.config_entries.async_unload(other.entry_id)


async def test_account_that_is_not_loaded_cannot_be_asked(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """Home Assistant's own text says so."""
    await hass.config_entries.async_unload(entry.entry_id)
    key, _ = await refusal(hass, ACTION, device_id=cloud.device_ids[0])
    assert key == "service_config_entry_not_loaded"


async def test_refused_credentials_are_asked_for(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry
) -> None:
    """The action fails with the reason, and Home Assistant asks to sign in."""
    cloud.password = "another one"
    cloud.tokens.refuses_refresh = True
    cloud.tokens.expire_all()
    assert await failure(hass, ACTION, device_id=cloud.device_ids[0]) == "invalid_auth"
    await hass.async_block_till_done(wait_background_tasks=False)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def until_complete(entry: MockConfigEntry, device_id: str) -> None:
    """Wait until the history of a meter is in the recorder."""
    await wait_for(lambda: entry.runtime_data.history.device_progress(device_id).complete)


async def test_series_are_imported_once_more_and_cleared(hass: HomeAssistant, cloud: VoltawareSimulator) -> None:
    """A month that was corrected since is changed; a series that is cleared comes back."""
    (device_id,) = cloud.device_ids
    meter = cloud.meters[device_id]
    # A few days of a few series will do.
    meter.first_event = datetime(2026, 10, 28, 8, tzinfo=UTC)
    meter.has_car, meter.lacks = False, frozenset(cloud.month_energy_wh(device_id, 2026, 10)) - {"fridge"}
    entry = await async_load_voltaware(hass, cloud)
    await until_complete(entry, device_id)
    before = await stored(hass, total_id(device_id))
    cloud.quirks.append(MonthRevision(2026, 10, 110, NOW - timedelta(hours=1)))
    asked = {"start": "2026-10-30 00:00:00", "end": "2026-10-31 00:00:00"}
    response = await call(hass, "import_history", config_entry_id=entry.entry_id, **asked)
    counts = response["devices"][device_id]
    assert (counts["read"], counts["new"], counts["refused"]) == (1, 0, 0)
    assert counts["changed"] >= len(before)
    after = await stored(hass, total_id(device_id))
    assert after[-1]["sum"] == pytest.approx(1.1 * before[-1]["sum"])
    assert after[-1]["sum"] * 1000 == pytest.approx(fsum(cloud.month_energy_wh(device_id, 2026, 10).values()), abs=1)
    fridge = appliance_id(device_id, "fridge")
    response = await call(hass, "clear_statistics", statistic_ids=[fridge], confirm=fridge)
    assert response == {"deleted": [fridge], "imported_again": [fridge]}
    await until_complete(entry, device_id)
    assert [row["start"] for row in await stored(hass, fridge)] == [row["start"] for row in after]
    assert await stored(hass, total_id(device_id)) == after
    await hass.config_entries.async_unload(entry.entry_id)


async def test_every_user_may_ask(
    hass: HomeAssistant, cloud: VoltawareSimulator, entry: MockConfigEntry, hass_read_only_user: User
) -> None:
    """It changes nothing."""
    context = Context(user_id=hass_read_only_user.id)
    data = {"device_id": cloud.device_ids[0]}
    assert await hass.services.async_call(DOMAIN, ACTION, data, blocking=True, return_response=True, context=context)
