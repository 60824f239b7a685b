"""Linking an asset or a meter of WattCarbon, and choosing what fills it."""

from collections.abc import AsyncIterator
from types import MappingProxyType
from unittest.mock import patch

import pytest
from forwarding_bench import async_store, metadata, sum_rows
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from series_flows import (
    BATTERY_IN,
    BATTERY_OUT,
    FIRST_HOUR,
    PANELS,
    fields_of,
    finish,
    local,
    open_series,
    options_of,
    store_energies,
    submit,
    suggestions,
)

from accounts import make_entry
from aiowattbridge.simulators import Fault, WattCarbonSimulator
from custom_components.wattbridge import link_steps
from custom_components.wattbridge.const import SUBENTRY_SERIES


@pytest.fixture
async def wattcarbon_cloud() -> AsyncIterator[WattCarbonSimulator]:
    """An account with an asset of each kind that the simulator makes up; ids are numbers."""
    async with WattCarbonSimulator(assets=5, numeric_ids=True) as cloud:
        yield cloud


@pytest.fixture
async def account(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> MockConfigEntry:
    """A WattCarbon account, and a few statistics to choose from; its flows need not wait for it to be loaded."""
    await store_energies(hass)
    entry = make_entry("wattcarbon", wattcarbon_cloud)
    entry.add_to_hass(hass)
    return entry


def take(hass: HomeAssistant, entry: MockConfigEntry, target: str, target_id: str) -> None:
    """Let another series fill an asset or a meter."""
    data = {"target": target, "target_id": target_id}
    subentry = ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_SERIES, title="taken", unique_id="taken"
    )
    hass.config_entries.async_add_subentry(entry, subentry)


async def test_battery_is_linked_with_both_directions(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Several statistics of each role; an entity is held by its registry id. Nothing personal is kept."""
    entity = er.async_get(hass).async_get_or_create("sensor", "test", "charge", suggested_object_id="charge")
    await async_store(hass, metadata(entity.entity_id), sum_rows(FIRST_HOUR, [1.0]))
    form = await open_series(hass, account, "link_asset")
    assert form["step_id"] == "assets"
    assert options_of(form, "target_id")["5002"] == "Site 2 (SITE-007-0002) · storage_direct"
    form = await submit(hass, form, {"target_id": "5002"})
    assert fields_of(form) == {"discharge", "charge", "send_revisions"}
    result = await finish(
        hass, form, discharge=[BATTERY_OUT], charge=[BATTERY_IN, entity.entity_id], send_revisions=False
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = account.subentries.values()
    assert (subentry.title, subentry.unique_id) == ("Site 2", "5002")
    assert dict(subentry.data) == {
        "target": "asset",
        "target_id": "5002",
        "target_kind": "storage_direct",
        "target_name": "Site 2",
        "start": "beginning",
        "start_at": None,
        "statistics": [
            {"source": BATTERY_OUT, "role": "discharge"},
            {"source": BATTERY_IN, "role": "charge"},
            {"source": entity.id, "role": "charge"},
        ],
        "send_revisions": False,
    }


@pytest.mark.parametrize(
    ("asset_id", "roles"),
    [
        ("5001", {"generation"}),
        ("5003", {"savings", "consumption"}),
        ("5004", {"generation"}),
        ("5005", {"savings", "consumption"}),
    ],
)
async def test_roles_fit_the_kind(
    hass: HomeAssistant, account: MockConfigEntry, asset_id: str, roles: set[str]
) -> None:
    """Of a kind that nobody knows as well."""
    form = await submit(hass, await open_series(hass, account, "link_asset"), {"target_id": asset_id})
    assert fields_of(form) == roles | {"send_revisions"}


async def test_preview_shows_whole_hours_and_lists_what_is_missing(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Exactly the lines that are sent; then another start may be chosen."""
    form = await submit(hass, await open_series(hass, account, "link_asset"), {"target_id": "5002"})
    form = await submit(hass, form, {"discharge": [BATTERY_OUT], "charge": [BATTERY_IN], "send_revisions": True})
    form = await submit(hass, form, {"start": "beginning"})
    assert form["step_id"] == "preview"
    shown = form["description_placeholders"]
    assert (shown["rows"], shown["holes_count"]) == ("3", "1")
    assert shown["first"] == local(FIRST_HOUR)
    assert shown["holes"] == f"\n  - {local(FIRST_HOUR, 1)} – {local(FIRST_HOUR, 2)}"
    assert shown["first_packet"].splitlines()[:2] == ["datetime,value_kwh", "2026-03-01T10:00:00+00:00,0.5"]
    form = await submit(hass, form, {"another_start": True})
    assert (form["step_id"], suggestions(form)) == ("start", {"start": "beginning"})
    form = await submit(hass, form, {"start": "now"})
    assert form["step_id"] == "preview_empty"
    result = await submit(hass, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("discharge", "charge", "errors"),
    [
        ([], [], {"base": "no_statistic"}),
        (["meter:nothing"], [], {"discharge": "statistic_unknown"}),
        ([BATTERY_OUT], ["meter:warmth"], {"charge": "not_energy"}),
        (["meter:means"], [], {"discharge": "no_sum"}),
        ([BATTERY_OUT], [BATTERY_OUT], {"charge": "statistic_twice"}),
    ],
)
async def test_statistic_that_cannot_be_counted_is_refused_and_the_form_recovers(
    hass: HomeAssistant, account: MockConfigEntry, discharge: list[str], charge: list[str], errors: dict[str, str]
) -> None:
    """The error stands at its field, and what was chosen stays."""
    form = await submit(hass, await open_series(hass, account, "link_asset"), {"target_id": "5002"})
    chosen = {"discharge": discharge, "charge": charge, "send_revisions": False}
    form = await submit(hass, form, chosen)
    assert form["errors"] == errors
    assert suggestions(form) == chosen
    form = await submit(hass, form, {"discharge": [BATTERY_OUT], "send_revisions": False})
    assert form["step_id"] == "start"


async def test_asset_that_another_series_fills_is_not_offered(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """In whichever account; a meter of the same number is another thing."""
    other = make_entry("wattcarbon", wattcarbon_cloud, username="other@project.example")
    other.add_to_hass(hass)
    take(hass, other, "asset", "5001")
    take(hass, account, "meter", "5003")
    form = await open_series(hass, account, "link_asset")
    assert set(options_of(form, "target_id")) == {"5002", "5003", "5004", "5005"}


async def test_asset_that_another_flow_took_meanwhile_is_not_filled_twice(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Two forms were open at once, in two accounts."""
    form = await submit(hass, await open_series(hass, account, "link_asset"), {"target_id": "5001"})
    other = make_entry("wattcarbon", wattcarbon_cloud, username="other@project.example")
    other.add_to_hass(hass)
    take(hass, other, "asset", "5001")
    result = await finish(hass, form, generation=[PANELS], send_revisions=True)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_account_without_assets_says_so(hass: HomeAssistant) -> None:
    """The flow ends, and the text names the way on."""
    async with WattCarbonSimulator() as cloud:
        entry = make_entry("wattcarbon", cloud)
        entry.add_to_hass(hass)
        result = await open_series(hass, entry, "link_asset")
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_assets")


async def test_large_account_is_searched(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """By a part of the name, in whatever case; the whole list is never shown."""
    with patch.object(link_steps, "LARGE_ACCOUNT", 3), patch.object(link_steps, "HIT_LIMIT", 2):
        form = await open_series(hass, account, "link_asset")
        assert (form["step_id"], form["description_placeholders"]["count"]) == ("asset_search", "5")
        form = await submit(hass, form, {"part_of_name": "castle"})
        assert form["errors"] == {"part_of_name": "nothing_found"}
        form = await submit(hass, form, {"part_of_name": "sITE"})
        assert set(options_of(form, "target_id")) == {"5001", "5002"}


async def test_refused_api_key_asks_for_it(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The flow of a series cannot take a key: the account does."""
    wattcarbon_cloud.password = "another one"
    result = await open_series(hass, account, "link_asset")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "invalid_auth")
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_api_key"]


async def test_one_token_is_enough_for_a_whole_flow(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """It is good for a day."""
    form = await open_series(hass, account, "link_meter")
    form = await submit(hass, form, {"target_id": "901"})
    assert form["step_id"] == "statistics"
    assert wattcarbon_cloud.tokens.issued == 1


async def test_meter_that_an_asset_names_is_linked(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """It is offered with the asset's name; without a name of its own it is called by its id."""
    form = await open_series(hass, account, "link_meter")
    assert options_of(form, "target_id") == {"901": "901 (Site 3)", "902": "902 (Site 5)"}
    form = await submit(hass, form, {"target_id": "902"})
    assert fields_of(form) == {"metered", "send_revisions"}
    await finish(hass, form, metered=[PANELS], send_revisions=True)
    (subentry,) = account.subentries.values()
    assert (subentry.title, subentry.unique_id) == ("902", "meter_902")
    assert (subentry.data["target"], subentry.data["target_kind"]) == ("meter", None)
    form = await open_series(hass, account, "link_meter")
    assert set(options_of(form, "target_id")) == {"901"}
    form = await submit(hass, form, {"target_id": "902"})
    assert form["errors"] == {"target_id": "meter_taken"}


async def test_meter_that_there_is_not_is_refused_and_what_was_typed_stays(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The cloud is asked; where it cannot answer now, the form says that."""
    form = await open_series(hass, account, "link_meter")
    form = await submit(hass, form, {"target_id": "777", "target_name": "Cellar"})
    assert form["errors"] == {"target_id": "meter_unknown"}
    assert suggestions(form) == {"target_id": "777", "target_name": "Cellar"}
    form = await submit(hass, form, {"target_id": " "})
    assert form["errors"] == {"target_id": "meter_unknown"}
    wattcarbon_cloud.faults.script("/meters/901/timeseries", [Fault("status", status=422)])
    form = await submit(hass, form, {"target_id": "901"})
    assert form["errors"] == {"target_id": "field_refused"}
    form = await submit(hass, form, {"target_id": "901", "target_name": "Cellar"})
    await finish(hass, form, metered=[PANELS], send_revisions=True)
    (subentry,) = account.subentries.values()
    assert subentry.title == "Cellar"


async def test_meters_of_assets_that_cannot_be_read_can_be_typed(
    hass: HomeAssistant, account: MockConfigEntry, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The list is a help alone; and how a meter's answer looks is not documented."""
    wattcarbon_cloud.faults.script("/assets", [Fault("status", status=400)] * 2)
    form = await open_series(hass, account, "link_meter")
    assert options_of(form, "target_id") == {}
    wattcarbon_cloud.faults.script("/meters/901/timeseries", [Fault("html")])
    form = await submit(hass, form, {"target_id": "901"})
    assert form["step_id"] == "statistics"


async def test_reconfiguring_changes_statistics_and_nothing_else(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """The form shows what is chosen now, an entity by the name it has by now."""
    entity = er.async_get(hass).async_get_or_create("sensor", "test", "roof", suggested_object_id="roof")
    await async_store(hass, metadata(entity.entity_id), sum_rows(FIRST_HOUR, [1.0]))
    form = await submit(hass, await open_series(hass, account, "link_asset"), {"target_id": "5001"})
    await finish(hass, form, {"start": "now"}, generation=[PANELS, "sensor.roof"], send_revisions=True)
    (subentry,) = account.subentries.values()
    before = dict(subentry.data)
    er.async_get(hass).async_update_entity(entity.entity_id, new_entity_id="sensor.house_roof")
    form = await account.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert suggestions(form) == {"generation": [PANELS, "sensor.house_roof"], "send_revisions": True}
    result = await submit(hass, form, {"generation": [PANELS], "send_revisions": False})
    assert result["reason"] == "reconfigure_successful"
    (subentry,) = account.subentries.values()
    changed = {"statistics": [{"source": PANELS, "role": "generation"}], "send_revisions": False}
    assert dict(subentry.data) == before | changed
    await hass.async_block_till_done(wait_background_tasks=False)
