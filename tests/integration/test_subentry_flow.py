"""Adding a stream: what fits a parameter and what does not, and that nothing typed is lost over an error."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from accounts import NOTHING, add_stream, async_load, async_load_wattics, begin_stream, make_entry, submit
from aiowattbridge.simulators import WatticsSimulator


@pytest.fixture
async def account(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> AsyncIterator[MockConfigEntry]:
    """A Wattics account that is loaded, and a few statistics to choose from."""
    er.async_get(hass).async_get_or_create("sensor", "test", "grid", suggested_object_id="grid")
    hass.states.async_set(
        "sensor.grid",
        "1.5",
        {"state_class": "total_increasing", "device_class": "energy", "unit_of_measurement": "kWh"},
    )
    entry = await async_load_wattics(hass, wattics_cloud)
    # The recorder takes its time to learn of sensors, and with it of statistics that have no row yet.
    await async_wait_recording_done(hass)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def test_electricity_stream_is_added(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """An external statistic is held by its id, an entity by its registry id."""
    entity = er.async_get(hass).async_get("sensor.grid")
    assert entity is not None
    form = await begin_stream(hass, account, "house", "electricity")
    assert form["step_id"] == "electricity"
    form = await submit(
        hass,
        form,
        {
            **NOTHING,
            "interval_min": "60",
            "energy": {"pC_1": "meter:energy", "pC_2": "sensor.grid"},
            "active_power": {"aP_1": "meter:power"},
        },
    )
    assert form["step_id"] == "start", form
    form = await submit(hass, form, {"start": "date", "start_date": "2026-09-30"})
    assert form["step_id"] == "preview_empty", form  # its only hour may still change
    result = await submit(hass, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.subentries.values()
    assert subentry.unique_id == "house"
    assert subentry.data["parameters"] == {
        "pC_1": {"source": "meter:energy", "measure": "change"},
        "pC_2": {"source": entity.id, "measure": "change"},
        "aP_1": {"source": "meter:power", "measure": "mean"},
    }
    assert subentry.data["start_at"] == dt_util.start_of_local_day(date(2026, 9, 30)).isoformat()
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_single_value_stream_is_added(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """One statistic and what is taken from it; from the beginning there is no date."""
    form = await begin_stream(hass, account, "boiler", "value")
    assert form["step_id"] == "value"
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
    await submit(hass, await submit(hass, form, {"start": "beginning"}), {})
    (subentry,) = account.subentries.values()
    assert subentry.data["start_at"] is None
    assert subentry.data["parameters"] == {"value": {"source": "meter:power", "measure": "mean", "unit": "W"}}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "no_parameter"),
        ({"energy": {"pC_1": "meter:nothing"}}, "statistic_unknown"),
        ({"energy": {"pC_1": "meter:power"}}, "wrong_unit"),
        ({"voltage": {"v_1": "meter:power"}}, "wrong_unit"),
        ({"energy": {"pC_1": "meter:energy"}, "interval_min": "5"}, "only_hourly"),
    ],
)
async def test_statistic_that_does_not_fit_is_refused_and_the_form_recovers(
    hass: HomeAssistant, account: MockConfigEntry, values: dict[str, Any], error: str
) -> None:
    """The error names the parameter; then a right choice goes through."""
    form = await begin_stream(hass, account, "house", "electricity")
    form = await submit(hass, form, {**NOTHING, "interval_min": "60", **values})
    assert form["step_id"] == "electricity"
    assert form["errors"] == {"base": error}
    if values:
        assert set(form["description_placeholders"]) >= {"parameter", "statistic"}
    if error == "wrong_unit":
        assert form["description_placeholders"]["accepted"] == next(iter(values))
    form = await submit(hass, form, {**NOTHING, "interval_min": "60", "energy": {"pC_1": "meter:energy"}})
    assert form["step_id"] == "start"


async def test_measure_that_a_statistic_has_not_is_refused(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """A statistic of means has no sum, and the other way round."""
    form = await begin_stream(hass, account, "boiler", "value")
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "sum", "interval_min": "60"})
    assert form["errors"] == {"base": "measure_missing"}
    assert form["description_placeholders"]["accepted"] == "Running total"
    form = await submit(hass, form, {"statistic": "meter:energy", "measure": "mean", "interval_min": "60"})
    assert form["errors"] == {"base": "measure_missing"}
    form = await submit(hass, form, {"statistic": "meter:energy", "measure": "change", "interval_min": "60"})
    assert form["step_id"] == "start"


async def test_stream_is_used_once_across_all_accounts(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The id is refused while a stream has it, in whichever account."""
    await add_stream(hass, account, "house")
    form = await begin_stream(hass, account, "house", "electricity")
    assert form["errors"] == {"stream_id": "stream_taken"}
    form = await submit(hass, form, {"stream_id": "   ", "kind": "electricity"})
    assert form["errors"] == {"stream_id": "stream_id_empty"}
    form = await submit(hass, form, {"stream_id": "garage", "kind": "electricity"})
    assert form["step_id"] == "electricity"
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_stream_that_another_account_took_meanwhile_is_not_filled_twice(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Two forms were open at once, in two accounts."""
    async with WatticsSimulator() as cloud:
        other = await async_load(hass, make_entry("wattics", cloud))
        form = await begin_stream(hass, other, "house", "value")
        form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
        await add_stream(hass, account, "house")
        form = await submit(hass, form, {"start": "now"})
        result = await submit(hass, form, {})
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
        assert not other.subentries
        await hass.config_entries.async_unload(other.entry_id)


async def test_refused_password_asks_for_it_and_the_form_goes_on(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """The form of a stream cannot take a password: the account asks for it."""
    password, wattics_cloud.password = wattics_cloud.password, "another one"
    form = await begin_stream(hass, account, "house", "value")
    assert form["errors"] == {"base": "invalid_auth"}
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_confirm"]
    wattics_cloud.password = password
    form = await submit(hass, form, {"stream_id": "house", "kind": "value"})
    assert form["step_id"] == "value"


async def test_start_at_a_date_needs_the_date(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The error stands at the field."""
    form = await begin_stream(hass, account, "boiler", "value")
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
    form = await submit(hass, form, {"start": "date"})
    assert form["errors"] == {"start_date": "date_missing"}


async def test_form_tells_up_to_when_the_cloud_has_the_stream(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """A stream that somebody filled before says so; a new one shows a dash."""
    packet = {"id": "house", "tsISO8601": "2026-09-30T12:00:00.000+00:00", "value": 1.0}
    login = encode_basic_auth(wattics_cloud.username, wattics_cloud.password)
    async with (
        ClientSession() as session,
        session.post(
            f"{wattics_cloud.url}/measurements/v2/unifiedjson/", json=packet, headers={"Authorization": login}
        ) as answer,
    ):
        assert answer.ok
    form = await begin_stream(hass, account, "house", "value")
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
    assert form["description_placeholders"]["filled_until"].startswith("2026-09-30 ")
    form = await begin_stream(hass, account, "unknown", "value")
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
    assert form["description_placeholders"]["filled_until"] == "–"


async def test_reconfiguring_a_stream_changes_its_statistics_and_leaves_its_start(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """The form shows what is chosen now; the account is not loaded again."""
    await add_stream(hass, account, "house")
    await hass.async_block_till_done(wait_background_tasks=False)
    (subentry,) = account.subentries.values()
    started = subentry.data["start_at"]
    runtime = account.runtime_data
    form = await account.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert form["step_id"] == "electricity"
    values = {**NOTHING, "interval_min": "60", "energy": {"pC_2": "meter:energy"}}
    result = await submit(hass, form, values)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=False)
    (subentry,) = account.subentries.values()
    assert list(subentry.data["parameters"]) == ["pC_2"]
    assert subentry.data["start_at"] == started
    assert account.runtime_data is runtime


async def test_reconfigured_single_value_shows_what_it_is_made_of(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Statistic, measure and interval are as they were chosen."""
    form = await begin_stream(hass, account, "boiler", "value")
    form = await submit(hass, form, {"statistic": "meter:power", "measure": "mean", "interval_min": "60"})
    await submit(hass, await submit(hass, form, {"start": "beginning"}), {})
    await hass.async_block_till_done(wait_background_tasks=False)
    (subentry,) = account.subentries.values()
    form = await account.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert form["step_id"] == "value"
    assert form["data_schema"] is not None
    markers = {str(marker): (marker.description or {}).get("suggested_value") for marker in form["data_schema"].schema}
    assert markers == {"statistic": "meter:power", "measure": "mean", "interval_min": "60", "advanced": None}
    values = {"statistic": "meter:energy", "measure": "change", "interval_min": "60"}
    assert (await submit(hass, form, values))["reason"] == "reconfigure_successful"
    (subentry,) = account.subentries.values()
    assert subentry.data["parameters"] == {"value": {"source": "meter:energy", "measure": "change", "unit": "kWh"}}
    await hass.async_block_till_done(wait_background_tasks=False)
