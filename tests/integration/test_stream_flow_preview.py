"""The end of adding a stream: in which zone, from when on, and what that would send."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from aiohttp import ClientSession, encode_basic_auth
from forwarding_bench import async_store, metadata, sum_rows
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import NOTHING, async_load_wattics, begin_stream, submit, wait_for
from aiowattbridge.simulators import WatticsSimulator
from custom_components.wattbridge import sending_steps

FIRST_HOUR = datetime(2026, 3, 28, 22, tzinfo=UTC)
GRID = "meter:grid"


@pytest.fixture
async def account(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> AsyncIterator[MockConfigEntry]:
    """A Wattics account that is loaded, and a statistic of a spring night with an hour missing.

    The last hour may still change, for all that is known.
    """
    await async_store(hass, metadata(GRID), sum_rows(FIRST_HOUR, [1.0, 2.0, None, 4.0, 5.0]))
    entry = await async_load_wattics(hass, wattics_cloud)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


async def choose_grid(hass: HomeAssistant, entry: MockConfigEntry, zone: str | None = None) -> Any:
    """Go to the start of an hourly stream of energy; `zone`: what is typed into the closed section."""
    form = await begin_stream(hass, entry, "house", "electricity")
    values = {**NOTHING, "interval_min": "60", "energy": {"pC_1": GRID}}
    return await submit(hass, form, values if zone is None else values | {"advanced": {"time_zone": zone}})


async def send(cloud: WatticsSimulator, time: str, value: float) -> None:
    """Let somebody else fill the stream."""
    login = encode_basic_auth(cloud.username, cloud.password)
    packet = {"id": "house", "tsISO8601": time, "pC_1": value}
    async with (
        ClientSession() as session,
        session.post(
            f"{cloud.url}/measurements/v2/unifiedjson/", json=packet, headers={"Authorization": login}
        ) as answer,
    ):
        assert answer.ok


async def test_preview_is_what_is_sent_then(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """Rows, times, the hole, and the first packet letter by letter, in the site's zone across its change of clocks."""
    form = await submit(hass, await choose_grid(hass, account, "Europe/Berlin"), {"start": "beginning"})
    assert form["step_id"] == "preview"
    shown = form["description_placeholders"]
    assert (shown["rows"], shown["holes_count"], shown["hourly_rows"]) == ("3", "1", "0")
    first = json.loads(shown["first_packet"])
    assert first == {"id": "house", "tsISO8601": "2026-03-29T00:00:00.000+01:00", "pC_1": 1000.0}
    assert shown["duration"].count(":") == 2
    result = await submit(hass, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.subentries.values()
    assert subentry.data["time_zone"] == "Europe/Berlin"
    await wait_for(lambda: len(wattics_cloud.accepted.get("house", [])) == 3)
    sent = [stored.packet for stored in wattics_cloud.accepted["house"]]
    assert sent[0] == first
    assert sent[-1]["tsISO8601"] == "2026-03-29T04:00:00.000+02:00"


async def test_preview_begins_after_what_the_cloud_has(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """It says up to when that is, and goes on from the cloud's reading."""
    await send(wattics_cloud, "2026-03-29T00:00:00.000+00:00", 7000.0)
    form = await submit(hass, await choose_grid(hass, account), {"start": "beginning"})
    shown = form["description_placeholders"]
    assert shown["rows"] == "1"
    assert json.loads(shown["first_packet"])["pC_1"] > 7000.0
    assert shown["filled_until"].startswith("2026-03-28 ")  # in Home Assistant's own zone


async def test_stream_that_is_filled_in_the_future_is_refused(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """Nothing could ever be sent; another stream can."""
    await send(wattics_cloud, "2099-01-01T00:00:00.000+00:00", 1.0)
    form = await submit(hass, await choose_grid(hass, account), {"start": "beginning"})
    assert (form["step_id"], form["errors"]) == ("start", {"base": "filled_in_future"})


async def test_nothing_to_send_yet_is_said_and_another_start_can_be_chosen(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """What was typed is still there."""
    form = await submit(hass, await choose_grid(hass, account), {"start": "date", "start_date": "2026-04-15"})
    assert form["step_id"] == "preview_empty"
    form = await submit(hass, form, {"another_start": True})
    assert form["step_id"] == "start"
    suggested = {str(marker): marker.description["suggested_value"] for marker in form["data_schema"].schema}
    assert suggested == {"start": "date", "start_date": "2026-04-15"}
    form = await submit(hass, form, {"start": "date", "start_date": "2026-03-01"})
    assert form["step_id"] == "preview"


async def test_day_of_the_start_is_one_of_the_site(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Its first moment is midnight there."""
    form = await choose_grid(hass, account, "Europe/Berlin")
    form = await submit(hass, form, {"start": "date", "start_date": "2026-03-29"})
    await submit(hass, form, {})
    (subentry,) = account.subentries.values()
    assert subentry.data["start_at"] == "2026-03-29T00:00:00+01:00"
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_time_zone_that_there_is_not_is_refused(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Then the form recovers; an empty one is Home Assistant's, and is not kept."""
    form = await choose_grid(hass, account, "Mars/Olympus")
    assert form["errors"] == {"base": "time_zone_unknown"}
    values = {**NOTHING, "interval_min": "60", "energy": {"pC_1": GRID}, "advanced": {"time_zone": " "}}
    form = await submit(hass, await submit(hass, form, values), {"start": "now"})
    await submit(hass, form, {})
    (subentry,) = account.subentries.values()
    assert "time_zone" not in subentry.data
    form = await account.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    await submit(hass, form, values | {"advanced": {"time_zone": "Asia/Kolkata"}})
    (subentry,) = account.subentries.values()
    assert subentry.data["time_zone"] == "Asia/Kolkata"
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_preview_that_takes_long_says_so(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The form comes as soon as all is looked through."""
    with patch.object(sending_steps, "PATIENCE_S", 0):
        step = await submit(hass, await choose_grid(hass, account), {"start": "beginning"})
    assert (step["type"], step["step_id"]) == (FlowResultType.SHOW_PROGRESS, "looking")
    await hass.async_block_till_done()
    form = await hass.config_entries.subentries.async_configure(step["flow_id"])
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "preview")
    assert (await submit(hass, form, {}))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=False)


async def test_statistic_that_vanished_meanwhile_is_said(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """It was there when it was chosen."""
    form = await choose_grid(hass, account)
    get_instance(hass).async_clear_statistics([GRID])
    await get_instance(hass).async_block_till_done()
    form = await submit(hass, form, {"start": "beginning"})
    assert (form["step_id"], form["errors"]) == ("start", {"base": "statistics_unreadable"})


async def test_cloud_that_wants_to_be_left_alone_is_not_asked(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """By a form no more than by anybody else."""
    account.runtime_data.forwarder.account.pause.until = dt_util.utcnow() + timedelta(minutes=5)
    before = wattics_cloud.log.total
    form = await begin_stream(hass, account, "house", "electricity")
    assert form["errors"] == {"base": "cannot_connect"}
    assert wattics_cloud.log.total == before
    account.runtime_data.forwarder.account.pause.until = None
    form = await submit(hass, form, {"stream_id": "house", "kind": "electricity"})
    assert form["step_id"] == "electricity"
