"""The actions on our own series: a range fetched once more, and series deleted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol
from action_bench import call, failure, refusal, registry_id
from comparison import assert_equal_to_cloud, series_id, stored, wait_complete
from homeassistant.auth.models import User
from homeassistant.components.recorder import get_instance
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.setup import async_setup_component
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import HOUR as LATER
from accounts import add_statistic, async_load_carbontrack, async_load_wattics
from aiowattbridge.simulators import CarbonTrackSimulator, House, Revision, SimulatorClock, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.statistics import SeriesWriter

NOW = datetime(2026, 6, 10, 20, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORPHAN = "wattbridge:carbontrack_9009_usage"
GONE = "wattbridge:voltaware_0042_fridge"
NOTHING = {"read": 0, "new": 0, "changed": 0, "same": 0, "refused": 0}


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud with two devices whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=5, devices=2, interval_s=1800), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> AsyncIterator[MockConfigEntry]:
    """An account with both devices, whose last two days are complete."""
    names = dict(zip(cloud.house.device_ids, ("Roof", "Barn"), strict=True))
    devices = {device_id: {"name": name, "interval_s": 1800} for device_id, name in names.items()}
    entry = await async_load_carbontrack(hass, cloud, devices=devices, history_days=2)
    for device_id in devices:
        await wait_complete(entry, device_id)
    yield entry
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        await hass.config_entries.async_unload(entry.entry_id)


async def test_range_is_fetched_once_more_and_counted(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """What the cloud has corrected since is written, and what is the same is left alone."""
    first, second = cloud.house.device_ids
    start, end = NOW - 30 * HOUR, NOW - 20 * HOUR
    whole = start.replace(minute=0) + HOUR
    cloud.house.oddities.append(Revision(whole, whole + 2 * HOUR, NOW - HOUR, 150, first))
    response = await call(hass, "import_history", config_entry_id=entry.entry_id, start=start, end=end)
    assert (response["start"], response["end"]) == (start.isoformat(), end.isoformat())
    revised, untouched = response["devices"][first], response["devices"][second]
    assert revised["changed"] > 0
    assert untouched["changed"] == 0
    for counts in (revised, untouched):
        assert counts["read"] >= 20
        assert counts["new"] == counts["refused"] == 0
        # The ten hours and what is left of the outer ones, in three series.
        assert 30 <= counts["same"] + counts["changed"] <= 36
    assert response["total"] == {key: revised[key] + untouched[key] for key in NOTHING}
    await assert_equal_to_cloud(hass, cloud)
    again = await call(hass, "import_history", config_entry_id=entry.entry_id, start=start, end=end)
    assert again["total"]["changed"] == 0
    assert again["total"]["same"] == response["total"]["same"] + response["total"]["changed"]


async def test_what_is_older_than_the_history_can_be_fetched(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """For the devices that were chosen, by either of their ids, each once; up to now at the most."""
    _, second = cloud.house.device_ids
    chosen = [registry_id(hass, entry, second), second]
    asked = {"config_entry_id": entry.entry_id, "device_id": chosen, "start": NOW - timedelta(days=4)}
    before = await stored(hass, series_id(cloud, "usage"))
    response = await call(hass, "import_history", **asked, end=NOW + HOUR)
    assert response["end"] == NOW.isoformat()
    assert set(response["devices"]) == {second}
    assert response["total"]["new"] >= 3 * 46
    assert await stored(hass, series_id(cloud, "usage")) == before
    rows = await stored(hass, series_id(cloud, "usage", number=1))
    assert NOW.timestamp() - rows[0]["start"] >= 4 * 86_400
    await assert_equal_to_cloud(hass, cloud, number=1)


async def test_range_that_cannot_be_imported_is_refused(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """And nothing is asked of the cloud."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"start": NOW - HOUR, "end": NOW - HOUR}, "range_empty"),
        ({"start": NOW - HOUR, "end": NOW - 2 * HOUR}, "range_empty"),
        ({"start": NOW}, "range_in_future"),
        ({"start": NOW - HOUR, "device_id": ["nobody"]}, "device_elsewhere"),
        ({"start": NOW - HOUR, "config_entry_id": "nothing"}, "service_config_entry_not_found"),
    ]
    await hass.async_block_till_done()
    asked = cloud.log.total
    for fields, key in cases:
        assert (await refusal(hass, "import_history", **{"config_entry_id": entry.entry_id, **fields}))[0] == key
    assert cloud.log.total == asked


async def test_account_that_is_written_to_has_no_history(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> None:
    """The text says which kind of account it takes."""
    entry = await async_load_wattics(hass, wattics_cloud)
    key, placeholders = await refusal(hass, "import_history", config_entry_id=entry.entry_id, start=NOW - HOUR)
    assert (key, placeholders) == ("not_a_source", {"account": "wattics"})


async def test_cloud_that_refuses_the_login_is_said(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """And Home Assistant asks to sign in."""
    cloud.password = "another one"
    cloud.tokens.expire_all()
    cloud.tokens.revoke_refresh_tokens()
    asked = {"config_entry_id": entry.entry_id, "start": NOW - HOUR}
    assert await failure(hass, "import_history", **asked) == "invalid_auth"
    await hass.async_block_till_done(wait_background_tasks=False)
    assert {flow["step_id"] for flow in hass.config_entries.flow.async_progress()} == {"reauth_confirm"}


async def test_recorder_that_keeps_nothing_is_said(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not read back was not imported."""
    with monkeypatch.context() as down:
        down.setattr(SeriesWriter, "_import", lambda *_: None)
        asked = {"config_entry_id": entry.entry_id, "start": NOW - timedelta(days=4)}
        assert await failure(hass, "import_history", **asked) == "not_kept"
    await call(hass, "import_history", **asked)
    await assert_equal_to_cloud(hass, cloud)


async def test_series_of_an_account_are_deleted_and_filled_again(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Only those that were named."""
    first, _ = cloud.house.device_ids
    usage, export = series_id(cloud, "usage"), series_id(cloud, "export")
    untouched = await stored(hass, export)
    # Nothing would ever take such a row away again: the cloud knows nothing of it.
    await add_statistic(hass, usage, "energy", "kWh", with_sum=True)
    assert (await stored(hass, usage))[-1]["start"] == LATER.timestamp()
    response = await call(hass, "clear_statistics", statistic_ids=[usage], confirm=f" {usage} ")
    assert response == {"deleted": [usage], "imported_again": [usage]}
    await wait_complete(entry, first)
    await assert_equal_to_cloud(hass, cloud)
    assert (await stored(hass, usage))[-1]["start"] == untouched[-1]["start"]
    assert await stored(hass, export) == untouched


async def test_series_that_nobody_writes_any_more_are_deleted_for_good(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Several at a time are confirmed by their number."""
    await add_statistic(hass, ORPHAN, "energy", "kWh", with_sum=True)
    usage = series_id(cloud, "usage")
    response = await call(hass, "clear_statistics", statistic_ids=[ORPHAN, usage, ORPHAN], confirm=2)
    assert response == {"deleted": [ORPHAN, usage], "imported_again": [usage]}
    assert await stored(hass, ORPHAN) == []


async def test_series_of_an_account_that_is_not_loaded_come_back_with_it(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Its notes do not hold it for complete."""
    usage = series_id(cloud, "usage")
    await hass.config_entries.async_unload(entry.entry_id)
    response = await call(hass, "clear_statistics", statistic_ids=usage, confirm=usage)
    assert response == {"deleted": [usage], "imported_again": [usage]}
    assert await stored(hass, usage) == []
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_complete(entry, cloud.house.device_ids[0])
    await assert_equal_to_cloud(hass, cloud)


async def test_removed_account_leaves_series_that_stay_away_once_deleted(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Removal keeps statistics; this is how they go."""
    usage = series_id(cloud, "usage")
    await hass.config_entries.async_remove(entry.entry_id)
    assert await stored(hass, usage)
    response = await call(hass, "clear_statistics", statistic_ids=[usage], confirm=usage)
    assert response == {"deleted": [usage], "imported_again": []}
    assert await stored(hass, usage) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"confirm": "yes"}, ("not_confirmed", {"field": "confirm", "wanted": ORPHAN})),
        ({"statistic_ids": [ORPHAN, "meter:energy"], "confirm": ORPHAN}, ("not_confirmed", {"wanted": "2"})),
        ({"statistic_ids": ["meter:energy"], "confirm": "meter:energy"}, ("not_our_statistic", {})),
        ({"statistic_ids": ["wattbridge:other"], "confirm": "wattbridge:other"}, ("not_our_statistic", {})),
        (
            {"statistic_ids": [ORPHAN, f"{ORPHAN}_2"], "confirm": "2"},
            ("no_such_statistic", {"statistic": f"{ORPHAN}_2"}),
        ),
    ],
)
async def test_nothing_is_deleted_by_mistake(
    hass: HomeAssistant, fields: dict[str, Any], expected: tuple[str, dict[str, str]]
) -> None:
    """Not confirmed, not ours, not there: then nothing goes at all."""
    for statistic_id in (ORPHAN, "meter:energy"):
        await add_statistic(hass, statistic_id, "energy", "kWh", with_sum=True)
    await _with_actions(hass)
    key, placeholders = await refusal(hass, "clear_statistics", **{"statistic_ids": [ORPHAN], **fields})
    assert key == expected[0]
    assert expected[1].items() <= (placeholders or {}).items()
    assert len(await stored(hass, ORPHAN)) == len(await stored(hass, "meter:energy")) == 1


async def test_recorder_that_deletes_nothing_is_said(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gone is what is read back as gone."""
    await add_statistic(hass, ORPHAN, "energy", "kWh", with_sum=True)
    await _with_actions(hass)
    monkeypatch.setattr(get_instance(hass), "async_clear_statistics", lambda *_, **__: None)
    assert await failure(hass, "clear_statistics", statistic_ids=[ORPHAN], confirm=ORPHAN) == "not_cleared"


async def test_confirmation_has_to_be_given(hass: HomeAssistant) -> None:
    """Without it, and without any statistic, the call itself is wrong."""
    await _with_actions(hass)
    for fields, field in (({"statistic_ids": [ORPHAN]}, "confirm"), ({"statistic_ids": [], "confirm": "0"}, "length")):
        with pytest.raises(vol.Invalid, match=field):
            await call(hass, "clear_statistics", **fields)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("import_history", {"config_entry_id": "any", "start": NOW}),
        ("clear_statistics", {"statistic_ids": [ORPHAN], "confirm": ORPHAN}),
    ],
)
async def test_only_administrators_touch_the_series(
    hass: HomeAssistant, hass_read_only_user: User, action: str, fields: dict[str, Any]
) -> None:
    """Before anything else is looked at."""
    await _with_actions(hass)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, action, fields, blocking=True, context=Context(user_id=hass_read_only_user.id)
        )


async def _with_actions(hass: HomeAssistant) -> None:
    """Set the integration up without any account."""
    assert await async_setup_component(hass, DOMAIN, {})
