"""Accounts come and go: what is kept, what is forgotten, and that nothing goes on in the background."""

from pathlib import Path

from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import add_stream, async_load_carbontrack, async_load_wattics, make_entry, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WatticsSimulator
from custom_components.wattbridge import async_remove_config_entry_device
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.data import CarbonTrackRuntime, SinkRuntime
from custom_components.wattbridge.series import async_series_book


def is_stored(hass: HomeAssistant, name: str) -> bool:
    """Tell whether a file of ours is in Home Assistant's storage."""
    return Path(hass.config.path(".storage", name)).exists()


def state_of(entry: ConfigEntry) -> ConfigEntryState:
    """Return the state an entry has by now."""
    return entry.state


async def test_cloud_that_is_down_at_the_start_is_tried_again(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """Home Assistant sets the entry up later by itself."""
    entry = make_entry("wattics", wattics_cloud)
    entry.add_to_hass(hass)
    wattics_cloud.faults.script("*", [Fault("unavailable", retry_after_s=3600)])
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_removed_source_leaves_its_statistics_and_no_notes(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The history is the user's; the notes about it are ours."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud)
    usage = f"wattbridge:carbontrack_{carbontrack_cloud.house.device_ids[0]}_usage"
    book = async_series_book(hass)
    assert book.is_expected(usage)
    runtime = entry.runtime_data
    assert isinstance(runtime, CarbonTrackRuntime)
    await wait_for(lambda: runtime.history.device_progress(carbontrack_cloud.house.device_ids[0]).complete)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not book.is_expected(usage)
    assert [row["statistic_id"] for row in await async_list_statistic_ids(hass, {usage})] == [usage]
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"statistics_kept_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["count"] == "3"
    assert usage in issue.translation_placeholders["list"]
    assert not is_stored(hass, f"wattbridge.history.{entry.entry_id}")


async def test_series_of_a_source_are_waited_for_before_its_cloud_has_answered(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """An account that is added again, whose cloud is down: its rows of then may be half of what there will be."""
    entry = make_entry(
        "carbontrack",
        carbontrack_cloud,
        devices={"1": {"name": "Roof", "interval_s": 300}},
        grid_field="power_usage_net",
        power_unit="Wh",
        history_days=1,
    )
    assert await async_setup_component(hass, DOMAIN, {})
    entry.add_to_hass(hass)
    carbontrack_cloud.faults.script("*", [Fault("unavailable", retry_after_s=3600)])
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    assert async_series_book(hass).is_expected("wattbridge:carbontrack_1_usage")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_ignored_and_disabled_accounts_do_not_hinder_the_others(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The first has no data at all; the second's series are still waited for."""
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="ignored").add_to_hass(hass)
    entry = make_entry("carbontrack", carbontrack_cloud, devices={"1": {"name": "Roof", "interval_s": 300}})
    entry.add_to_hass(hass)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert await async_setup_component(hass, DOMAIN, {})
    assert async_series_book(hass).is_expected("wattbridge:carbontrack_1_usage")


async def test_removed_stream_takes_its_device_and_cursor_with_it(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The other stream goes on undisturbed."""
    entry = await async_load_wattics(hass, wattics_cloud)
    await add_stream(hass, entry, "house")
    await add_stream(hass, entry, "garage")
    runtime = entry.runtime_data
    assert isinstance(runtime, SinkRuntime)
    house, garage = entry.subentries.values()
    other = runtime.forwarder.streams[garage.subentry_id]
    hass.config_entries.async_remove_subentry(entry, house.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert list(runtime.forwarder.streams) == [garage.subentry_id]
    assert runtime.forwarder.streams[garage.subentry_id] is other
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {device.name for device in devices} == {entry.title, "garage"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_removed_sink_leaves_no_cursor_behind(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> None:
    """A new account with the same login begins with what the cloud says."""
    entry = await async_load_wattics(hass, wattics_cloud)
    await add_stream(hass, entry, "house")
    await wait_for(lambda: is_stored(hass, f"wattbridge.cursor.{entry.entry_id}"))
    await hass.config_entries.async_remove(entry.entry_id)
    assert not is_stored(hass, f"wattbridge.cursor.{entry.entry_id}")


async def test_stream_has_its_entities_as_soon_as_it_is_added(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """How far it has come, what it delivered and what went wrong, on a device of its own."""
    entry = await async_load_wattics(hass, wattics_cloud)
    await add_stream(hass, entry, "house")
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    enabled = {entity.entity_id for entity in entities if not entity.disabled}
    assert enabled == {
        "binary_sensor.house_problem",
        "binary_sensor.wattics_connection_problem",
        "button.house_send_now",
        "event.house_events",
        "sensor.house_backlog",
        "sensor.house_corrected_after_delivery",
        "sensor.house_delivered",
        "sensor.house_lag",
        "sensor.house_last_delivered",
        "sensor.house_rejected",
        "sensor.house_unexplained_difference",
        "sensor.wattics_requests_paused_until",
        "switch.house_forwarding",
    }
    problem = hass.states.get("binary_sensor.house_problem")
    assert problem is not None
    assert problem.state == "off"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_device_that_is_read_cannot_be_deleted_and_a_vanished_one_can(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """The delete button is offered for devices that the account does not have any more."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud)
    registry = dr.async_get(hass)
    (current,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    gone = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "carbontrack_gone")})
    assert not await async_remove_config_entry_device(hass, entry, current)
    assert await async_remove_config_entry_device(hass, entry, gone)
    await hass.config_entries.async_unload(entry.entry_id)
