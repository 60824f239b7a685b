"""Changing the options of accounts: what is shown, what is kept, and how often the account is loaded."""

import pytest
from flows import filled, offered, open_options, submit_options, suggested
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from options_bench import SERIES, earlier
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack, async_load_wattics, make_entry, wait_for
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    Fault,
    House,
    VoltawareSimulator,
    WatticsSimulator,
)
from custom_components.wattbridge.vendors.carbontrack import account_settings


async def test_what_is_settled_is_shown_and_kept(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, reloads: list[str]
) -> None:
    """Submitted as it is, the form changes nothing that counts; the preview is of the account's device."""
    before = account_settings(entry)
    form = await open_options(hass, entry)
    assert form["step_id"] == "carbontrack"
    assert suggested(form["data_schema"], "grid_field") == "power_usage_net"
    assert suggested(form["data_schema"], "power_unit") == "wh"
    assert suggested(form["data_schema"], "statistics") == SERIES
    shown = form["description_placeholders"]
    assert shown["device"] == "Roof 1"
    assert shown["wh_power"] != "–"
    assert shown["wh_day"] == shown["power_usage"]
    result = await submit_options(hass, form, filled(entry))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert account_settings(entry) == before
    assert "intervals_s" not in entry.options


async def test_harmless_changes_are_kept_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, reloads: list[str]
) -> None:
    """History, statistics and new devices: no rows are wrong, so nobody is asked; the account is loaded once."""
    form = await open_options(hass, entry)
    assert "channel_2" in offered(form["data_schema"], "statistics")
    assert "channel_3" not in offered(form["data_schema"], "statistics")
    values = filled(entry, history_days=30, statistics=["channel_1", "usage"], follow_new_devices=True)
    result = await submit_options(hass, form, values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {
        "grid_field": "power_usage_net",
        "power_unit": "Wh",
        "history_days": 30,
        "statistics": ["usage", "channel_1"],
        "follow_new_devices": True,
    }
    assert reloads == [entry.entry_id]


async def test_account_without_any_statistic_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The error is at its field, and what was typed is kept."""
    form = await open_options(hass, entry)
    form = await submit_options(hass, form, filled(entry, statistics=[], history_days=77))
    assert form["errors"] == {"statistics": "no_statistic_chosen"}
    assert suggested(form["data_schema"], "history_days") == 77
    result = await submit_options(hass, form, filled(entry, history_days=77))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["history_days"] == 77


async def test_interval_outside_an_hour_is_refused(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A record covers an hour at most."""
    form = await open_options(hass, entry)
    for interval_s in (0, 3601):
        with pytest.raises(InvalidData):
            await submit_options(hass, form, filled(entry, intervals_s={cloud.house.device_ids[0]: interval_s}))


async def test_one_of_many_devices_is_chosen_for_its_interval(hass: HomeAssistant, reloads: list[str]) -> None:
    """Of more than ten devices there are no fields: one is picked, and the form comes back for the next."""
    async with CarbonTrackSimulator(house=House(seed=7, devices=11, interval_s=600)) as cloud:
        entry = earlier(hass, cloud, cloud.house.device_ids)
        form = await open_options(hass, entry)
        assert "intervals_s" not in form["data_schema"].schema
        # A few are looked at, not all.
        assert cloud.log.count("/ctapi/Measurement") == 4
        values = filled(entry, history_days=9)
        del values["intervals_s"]
        third, fourth = cloud.house.device_ids[2:4]
        for device_id, interval_s in ((third, 60), (fourth, 300)):
            form = await submit_options(hass, form, values | {"device": device_id})
            assert form["step_id"] == "interval"
            assert form["description_placeholders"]["learned"] == "600"
            assert suggested(form["data_schema"], "interval_s") == 600
            form = await submit_options(hass, form, {"interval_s": interval_s})
            assert form["step_id"] == "carbontrack"
            assert suggested(form["data_schema"], "history_days") == 9
        form = await submit_options(hass, form, values)
        assert form["step_id"] == "rebuild"
        assert form["description_placeholders"]["count"] == "6"
        await submit_options(hass, form, {"confirm": True})
        assert entry.options["intervals_s"] == {third: 60, fourth: 300}


async def test_options_can_be_changed_while_the_cloud_is_down(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, reloads: list[str]
) -> None:
    """No figures are shown then; a channel that was chosen can still be kept, or given up."""
    entry = earlier(hass, cloud, cloud.house.device_ids, statistics=["usage", "channel_4"])
    cloud.faults.script("*", [Fault("html")] * 20)
    form = await open_options(hass, entry)
    assert form["description_placeholders"]["power_usage"] == "–"
    assert form["description_placeholders"]["kw_day"] == "–"
    assert offered(form["data_schema"], "statistics") == [*SERIES, "channel_4"]
    result = await submit_options(hass, form, filled(entry, history_days=3))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["history_days"] == 3
    assert entry.options["statistics"] == ["usage", "channel_4"]


async def test_loaded_account_is_asked_with_its_own_session_and_loaded_once_more(hass: HomeAssistant) -> None:
    """No second sign-in for a preview; after a change the account is there again with it."""
    async with CarbonTrackSimulator(house=House(seed=7)) as cloud:
        entry = await async_load_carbontrack(hass, cloud)
        before = entry.runtime_data
        sign_ins = cloud.log.count("/oauth/token")
        assert sign_ins
        form = await open_options(hass, entry)
        assert form["description_placeholders"]["device"] == "Roof"
        assert cloud.log.count("/oauth/token") == sign_ins
        result = await submit_options(hass, form, filled(entry, history_days=2))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done(wait_background_tasks=False)
        await wait_for(lambda: entry.state is ConfigEntryState.LOADED)
        assert entry.runtime_data is not before
        assert account_settings(entry).history_days == 2
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_voltaware_account_says_whether_meters_are_added(hass: HomeAssistant, reloads: list[str]) -> None:
    """The one option of such an account."""
    async with VoltawareSimulator() as cloud:
        entry = make_entry("voltaware", cloud, devices={cloud.device_ids[0]: {"name": "Home"}})
        entry.add_to_hass(hass)
        form = await open_options(hass, entry)
        assert form["step_id"] == "voltaware"
        result = await submit_options(hass, form, {"follow_new_devices": True})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert entry.options == {"follow_new_devices": True}
        assert reloads == [entry.entry_id]
        form = await open_options(hass, entry)
        assert suggested(form["data_schema"], "follow_new_devices") is True


async def test_account_that_is_written_to_has_no_options(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> None:
    """Its settings are those of its streams."""
    entry = await async_load_wattics(hass, wattics_cloud)
    assert not entry.supports_options
    assert await hass.config_entries.async_unload(entry.entry_id)
