"""The actions that upload hours to WattCarbon: through a series' own engine, and by hand where nobody fills it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from action_bench import call, failure, refusal
from forwarding_bench import HOUR, async_store, hours_ago, metadata, sum_rows, until
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sink_bench import async_load_sink, engine_of, series_data, subentry_of

from accounts import async_load_wattics, make_entry
from aiowattbridge.simulators import WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN

HOURS = 10
OUT, INTO = "battery:out", "battery:in"
BATTERY = [{"statistic_id": OUT, "role": "discharge"}, {"statistic_id": INTO, "role": "charge"}]


@pytest.fixture
async def account(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> MockConfigEntry:
    """Load an account that has no series."""
    return await async_load_sink(hass, wattcarbon_cloud)


@pytest.fixture
def asset(wattcarbon_cloud: WattCarbonSimulator) -> str:
    """An asset of the account."""
    return next(iter(wattcarbon_cloud.assets))


@pytest.fixture
def meter(wattcarbon_cloud: WattCarbonSimulator) -> str:
    """A meter of the account."""
    return next(iter(wattcarbon_cloud.meters))


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store ten hours of a battery, of which the third lacks one side; returns when they start."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata(OUT), sum_rows(first, [0.5] * HOURS))
    await async_store(hass, metadata(INTO), sum_rows(first, [0.75, 0.75, None, *[0.75] * 7]))
    return first


async def forward(hass: HomeAssistant, account: MockConfigEntry, **fields: Any) -> dict[str, Any]:
    """Call the action and return its response."""
    return await call(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, **fields)


async def test_hours_are_signed_and_whole(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The hour that lacks a side is listed, and never made up; the last one may still change."""
    response = await forward(hass, account, asset_id=asset, statistics=BATTERY, start=start)
    assert response == {
        "accepted": 8,
        "rejected": 0,
        "planned": 0,
        "energy_kwh": -2.0,
        "holes": 1,
        "missing": [{"start": (start + 2 * HOUR).isoformat(), "end": (start + 3 * HOUR).isoformat()}],
        "first": start.isoformat(),
        "last": (start + 8 * HOUR).isoformat(),
        "filled_until": (start + 9 * HOUR).isoformat(),
    }
    hours = wattcarbon_cloud.hours(asset)
    assert hours[start] == pytest.approx(-0.25)
    assert start + 2 * HOUR not in hours
    assert sum(hours.values()) == pytest.approx(response["energy_kwh"])


async def test_end_cuts_the_period(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """An hour that is not over by then is not in it; a hole at the end is."""
    end = start + 2 * HOUR + HOUR / 2
    response = await forward(hass, account, asset_id=asset, statistics=BATTERY, start=start, end=end)
    assert (response["accepted"], response["filled_until"]) == (2, (start + 2 * HOUR).isoformat())
    response = await forward(hass, account, asset_id=asset, statistics=BATTERY, start=start, end=start + 3 * HOUR)
    assert (response["accepted"], response["holes"]) == (2, 1)
    assert list(wattcarbon_cloud.hours(asset)) == [start, start + HOUR]


async def test_dry_run_uploads_nothing(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """It counts what would be sent."""
    response = await forward(hass, account, asset_id=asset, statistics=BATTERY, start=start, dry_run=True)
    assert (response["planned"], response["accepted"], response["holes"]) == (8, 0, 1)
    assert response["filled_until"] is None
    assert not wattcarbon_cloud.uploads


async def test_meter_takes_metered_energy(
    hass: HomeAssistant, account: MockConfigEntry, meter: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """And nothing else, as an asset takes anything but that."""
    metered = [{"statistic_id": OUT, "role": "metered"}]
    response = await forward(hass, account, meter_id=meter, statistics=metered, start=start)
    assert response["accepted"] == 9
    assert list(wattcarbon_cloud.intervals(meter).values()) == [0.5] * 9
    for target in ({"meter_id": meter, "statistics": BATTERY}, {"asset_id": "asset-1", "statistics": metered}):
        key, _ = await refusal(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, start=start, **target)
        assert key == "role_unfit"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "target_not_named"),
        ({"asset_id": "a", "meter_id": "b"}, "target_not_named"),
        ({"asset_id": "a"}, "hours_needed"),
        ({"asset_id": "a", "statistics": BATTERY}, "hours_needed"),
        ({"asset_id": "a", "statistics": [*BATTERY, BATTERY[0]], "start": "2026-01-01"}, "statistic_twice"),
        (
            {"asset_id": "a", "statistics": [{"statistic_id": "a:b", "role": "savings"}], "start": "2026-01-01"},
            "no_such_statistic",
        ),
        ({"asset_id": "a", "start": "2026-01-02", "end": "2026-01-01"}, "range_empty"),
        ({"asset_id": "a", "start": "2126-01-02"}, "range_in_future"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    start: datetime,
    wattcarbon_cloud: WattCarbonSimulator,
    fields: dict[str, Any],
    key: str,
) -> None:
    """With a text that says why."""
    found, _ = await refusal(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, **fields)
    assert found == key
    assert not wattcarbon_cloud.uploads


async def test_refused_file_says_how_far_it_came(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """And why, in the cloud's words."""
    wattcarbon_cloud.reject(asset)
    fields = {"asset_id": asset, "statistics": BATTERY, "start": start}
    assert await failure(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, **fields) == "upload_refused"
    fields["asset_id"] = "asset-of-nobody"
    assert await failure(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, **fields) == "upload_refused"


async def test_refused_credentials_are_said(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The account asks for new ones."""
    wattcarbon_cloud.password = "another one"
    wattcarbon_cloud.tokens.expire_all()
    fields = {"config_entry_id": account.entry_id, "asset_id": asset, "statistics": BATTERY, "start": start}
    assert await failure(hass, "forward_to_wattcarbon", **fields) == "invalid_auth"
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_api_key"]


async def test_configured_series_works_through_its_engine(
    hass: HomeAssistant, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """It goes on from its cursor, and back only by the action that is for that."""
    data = series_data((OUT, "discharge"), (INTO, "charge"), target_id=asset)
    rejection = wattcarbon_cloud.reject(asset)
    account = await async_load_sink(hass, wattcarbon_cloud, data)
    engine = engine_of(account)
    await until(lambda: engine.problem is not None)
    assert await failure(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, asset_id=asset) == (
        "stream_held_rejected"
    )
    planned = await forward(hass, account, asset_id=asset, dry_run=True)
    assert (planned["planned"], planned["first"]) == (8, start.isoformat())
    wattcarbon_cloud.rejections.remove(rejection)
    response = await forward(hass, account, asset_id=asset)
    assert response == {
        "accepted": 8,
        "rejected": 0,
        "planned": 0,
        "holes": 1,
        "first": start.isoformat(),
        "last": (start + 8 * HOUR).isoformat(),
        "filled_until": (start + 9 * HOUR).isoformat(),
    }
    assert engine.status.delivered == 8
    for fields, key in (
        ({"start": start}, "hours_before_cursor"),
        ({"statistics": [{"statistic_id": "a:b", "role": "savings"}]}, "other_statistic"),
    ):
        found, _ = await refusal(
            hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, asset_id=asset, **fields
        )
        assert found == key
    await engine.async_set_paused(paused=True)
    assert await failure(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, asset_id=asset) == (
        "stream_paused"
    )


async def test_asset_of_another_account_is_left_alone(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, start: datetime, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """It is filled from one place."""
    other = make_entry("wattcarbon", wattcarbon_cloud)
    hass.config_entries.async_update_entry(account, unique_id="another")
    other.add_to_hass(hass)
    hass.config_entries.async_add_subentry(other, subentry_of(series_data((OUT, "discharge"), target_id=asset)))
    found, _ = await refusal(
        hass,
        "forward_to_wattcarbon",
        config_entry_id=account.entry_id,
        asset_id=asset,
        statistics=BATTERY,
        start=start,
    )
    assert found == "target_elsewhere"


async def test_each_cloud_has_its_action(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """The other account is refused, whichever it is."""
    wattics = await async_load_wattics(hass, wattics_cloud)
    for action, entry, fields in (
        ("forward_to_wattcarbon", wattics, {"asset_id": "a"}),
        ("forward_to_wattics", account, {"stream_id": "a"}),
        ("get_wattics_last_packet", account, {"stream_id": "a"}),
        ("create_wattcarbon_meter", wattics, {}),
    ):
        key, placeholders = await refusal(hass, action, config_entry_id=entry.entry_id, **fields)
        assert key == "not_a_sink"
        assert placeholders is not None
        assert placeholders["account"] == entry.title


async def test_account_that_is_not_loaded_is_refused(hass: HomeAssistant, account: MockConfigEntry, asset: str) -> None:
    """As Home Assistant says it."""
    await hass.config_entries.async_unload(account.entry_id)
    key, _ = await refusal(hass, "forward_to_wattcarbon", config_entry_id=account.entry_id, asset_id=asset)
    assert key == "service_config_entry_not_loaded"


async def test_only_administrators_change_what_a_cloud_holds(
    hass: HomeAssistant, account: MockConfigEntry, hass_read_only_user: User
) -> None:
    """Certificates are made of it."""
    account_id = {"config_entry_id": account.entry_id}
    for action, fields in {
        "forward_to_wattcarbon": {"asset_id": "a"},
        "resend": {"stream_id": "a", "start": "2026-01-01"},
        "reconcile": {},
        "create_wattcarbon_asset": {"kind": "solar_direct", "name": "Roof", "custom_id": "roof"},
        "update_wattcarbon_asset": {"asset_id": "a"},
        "create_wattcarbon_meter": {},
    }.items():
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN, action, account_id | fields, blocking=True, context=Context(user_id=hass_read_only_user.id)
            )


async def test_hours_are_uploaded_in_files(
    hass: HomeAssistant, account: MockConfigEntry, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """A year is not sent at once; nothing of it comes twice."""
    first = hours_ago(2600)
    await async_store(hass, metadata(OUT), sum_rows(first, [0.25] * 2600))
    one = [{"statistic_id": OUT, "role": "generation"}]
    response = await forward(hass, account, asset_id=asset, statistics=one, start=first)
    assert response["accepted"] == 2599
    assert [upload.rows for upload in wattcarbon_cloud.uploads] == [2000, 599]
    assert wattcarbon_cloud.hours(asset).keys() == {first + number * HOUR for number in range(2599)}
    assert datetime.fromisoformat(response["last"]).astimezone(UTC) == first + 2598 * HOUR
