"""Accounts that an older Wattbridge has set up go on as they are."""

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN, MINOR_VERSION
from custom_components.wattbridge.vendors.carbontrack import USUAL_SERIES, account_settings


def aged(entry: MockConfigEntry) -> MockConfigEntry:
    """Make the entry as 0.1.0 kept it: everything in its data."""
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=entry.unique_id,
        data={**entry.data, **entry.options},
        version=1,
        minor_version=1,
    )


async def test_settings_of_a_source_move_to_its_options(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """What may be changed later is an option since; the devices stay where they are."""
    device_id = carbontrack_cloud.house.device_ids[0]
    entry = aged(
        make_entry(
            "carbontrack",
            carbontrack_cloud,
            devices={device_id: {"name": "Roof", "interval_s": 300}},
            grid_field="power_usage",
            power_unit="kWh",
            history_days=3,
        )
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.minor_version == MINOR_VERSION
    assert dict(entry.options) == {"grid_field": "power_usage", "power_unit": "kWh", "history_days": 3}
    assert "power_unit" not in entry.data
    settings = account_settings(entry)
    assert settings.series == USUAL_SERIES
    assert settings.intervals_s == {device_id: 300}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_that_is_written_to_only_gets_the_new_version(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """It has no options."""
    entry = aged(make_entry("wattics", wattics_cloud))
    before = dict(entry.data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.minor_version == MINOR_VERSION
    assert dict(entry.data) == before
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("version", [2, 7])
async def test_account_of_a_newer_wattbridge_is_left_alone(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, version: int
) -> None:
    """Going back to an older release must not misread what the newer one has written."""
    made = make_entry("wattics", wattics_cloud)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=made.unique_id, data=dict(made.data), version=version)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
