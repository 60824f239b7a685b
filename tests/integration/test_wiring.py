"""The notice that says which statistic to choose where in the Energy settings, as long as none is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from comparison import runtime_of, series_id, wait_complete
from history_bench import NOW, async_load_whole, still_cloud, unhurried
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from meter_bench import meter, wait_whole
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack, async_load_voltaware, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, VoltawareSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.vendors.voltaware import appliance_id, total_id

pytestmark = pytest.mark.usefixtures(unhurried.__name__)
ALL = ["usage", "generation", "export", "channel_1", "channel_1_reverse"]


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK cloud whose time stands still."""
    async with still_cloud() as simulator:
        yield simulator


@pytest.fixture
async def home(cloud: CarbonTrackSimulator) -> AsyncIterator[VoltawareSimulator]:
    """A Voltaware cloud of the same time, with a meter that has a month of results."""
    meters = [meter("Europe/Berlin", NOW - timedelta(days=35))]
    async with VoltawareSimulator(meters=meters, clock=cloud.clock) as simulator:
        yield simulator


@pytest.fixture
async def energy(hass: HomeAssistant) -> None:
    """The Energy dashboard, with nothing chosen yet."""
    assert await async_setup_component(hass, "energy", {})


def notices(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """List the notices that are shown, ignored or not."""
    issues = ir.async_get(hass).issues.values()
    return [issue for issue in issues if issue.active and issue.domain == DOMAIN and issue.issue_id.startswith("wire_")]


def lines_of(issue: ir.IssueEntry) -> list[str]:
    """Return what a notice tells to choose."""
    assert issue.translation_placeholders is not None
    return issue.translation_placeholders["list"].splitlines()


async def choose(hass: HomeAssistant, **settings: Any) -> None:
    """Save the Energy settings as the user does."""
    await (await async_get_manager(hass)).async_update(settings)  # type: ignore[arg-type] # as the page sends them


def solar(statistic_id: str) -> dict[str, Any]:
    """Make a solar source of the settings."""
    return {"type": "solar", "stat_energy_from": statistic_id, "config_entry_solar_forecast": None}


@pytest.mark.usefixtures("energy")
async def test_notice_says_which_statistic_belongs_where(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """By name and id, with a link to the settings; nothing personal is in its own id."""
    entry = await async_load_whole(hass, cloud, history_days=2, statistics=ALL)
    (issue,) = notices(hass)
    assert (issue.translation_key, issue.is_fixable) == ("wire_carbontrack", False)
    assert issue.learn_more_url == "homeassistant://config/energy"
    assert lines_of(issue) == [
        f"- Electricity grid → Energy imported from grid: **Roof energy used** (`{series_id(cloud, 'usage')}`)",
        f"- Solar panels → Solar production energy: **Roof energy generated** (`{series_id(cloud, 'generation')}`)",
        f"- Electricity grid → Energy exported to grid: **Roof energy exported** (`{series_id(cloud, 'export')}`)",
        f"- Individual electrical devices: **Roof channel 1 energy** (`{series_id(cloud, 'channel_1')}`)",
    ]
    assert cloud.house.device_ids[0] not in issue.issue_id
    await hass.config_entries.async_remove(entry.entry_id)
    assert not notices(hass)


@pytest.mark.usefixtures("energy")
async def test_notice_waits_until_the_history_is_whole(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Whoever looks at half a year of nothing would think that it does not work."""
    device_id = cloud.house.device_ids[0]
    devices = {device_id: {"name": "Roof", "interval_s": cloud.house.interval_s}}
    entry = make_entry(
        "carbontrack",
        cloud,
        devices=devices,
        grid_field="power_usage_net",
        power_unit="Wh",
        history_days=60,
        statistics=["usage"],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert not runtime_of(entry).history.device_progress(device_id).complete
    assert not notices(hass)
    await wait_complete(entry, device_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert len(notices(hass)) == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_notice_goes_when_the_settings_use_the_device(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """At once; a statistic of somebody else does not count, and when ours is taken out again, it is back."""
    entry = await async_load_whole(hass, cloud, history_days=2)
    await choose(hass, energy_sources=[solar("sensor.of_somebody_else")])
    assert len(notices(hass)) == 1
    await choose(hass, energy_sources=[solar(series_id(cloud, "usage"))])
    assert not notices(hass)
    await choose(hass, energy_sources=[])
    assert len(notices(hass)) == 1
    await choose(hass, device_consumption=[{"stat_consumption": series_id(cloud, "usage")}])
    assert not notices(hass)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_settings_are_never_written(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """What the dashboard shows is the user's business."""
    entry = await async_load_whole(hass, cloud, history_days=2)
    assert (await async_get_manager(hass)).data is None
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_ignored_notice_stays_ignored(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Through a reload of the account, and with everything else that is told of its history."""
    entry = await async_load_whole(hass, cloud, history_days=2)
    (issue,) = notices(hass)
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await wait_complete(entry, cloud.house.device_ids[0])
    (issue,) = notices(hass)
    assert issue.dismissed_version is not None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_without_the_dashboard_there_is_nothing_to_settle_there(
    hass: HomeAssistant, cloud: CarbonTrackSimulator
) -> None:
    """No notice, and no settings are made by asking for them."""
    entry = await async_load_whole(hass, cloud, history_days=2)
    assert not notices(hass)
    assert "energy_manager" not in hass.data
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_dropped_device_takes_its_notice_with_it(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """Nobody would ever withdraw it."""
    entry = await async_load_whole(hass, cloud, history_days=2)
    assert len(notices(hass)) == 1
    hass.config_entries.async_update_entry(entry, data={**entry.data, "devices": {}})
    await hass.config_entries.async_reload(entry.entry_id)
    assert not notices(hass)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_voltaware_is_the_grid_or_an_upstream_device(hass: HomeAssistant, home: VoltawareSimulator) -> None:
    """The grid only where nothing else measures it; appliances are individual devices in either case."""
    device_id = home.device_ids[0]
    entry: MockConfigEntry = await async_load_voltaware(hass, home)
    await wait_whole(entry, device_id)
    (issue,) = notices(hass)
    assert issue.translation_key == "wire_voltaware"
    first, *others = lines_of(issue)
    assert total_id(device_id) in first
    assert "whole home" in first
    assert others
    assert all(line.startswith("- Individual electrical devices: ") for line in others)
    assert any(appliance_id(device_id, "fridge") in line for line in others)
    await choose(hass, energy_sources=[solar("sensor.of_somebody_else")])
    assert notices(hass) == [issue]
    await choose(hass, energy_sources=[{"type": "grid", "stat_energy_from": "sensor.of_somebody_else"}])
    (issue,) = notices(hass)
    assert issue.translation_key == "wire_voltaware_beside"
    await choose(hass, device_consumption=[{"stat_consumption": appliance_id(device_id, "fridge")}])
    assert not notices(hass)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("energy")
async def test_voltaware_is_no_second_grid_beside_carbontrack(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, home: VoltawareSimulator
) -> None:
    """Also before anything of carbonTRACK is chosen."""
    await async_load_carbontrack(hass, cloud, devices={})
    entry = await async_load_voltaware(hass, home)
    await wait_whole(entry, home.device_ids[0])
    (issue,) = notices(hass)
    assert issue.translation_key == "wire_voltaware_beside"
    await hass.config_entries.async_unload(entry.entry_id)
