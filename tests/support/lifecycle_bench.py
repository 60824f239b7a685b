"""What happens to the devices of a carbonTRACK account, as tests look at it."""

from datetime import timedelta
from typing import Any

from comparison import series_id, wait_complete
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.components.repairs.issue_handler import async_setup
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.lifecycle import EMPTY, VANISHED, DeviceWatch, async_device_watch

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def devices(cloud: CarbonTrackSimulator, *numbers: int) -> dict[str, Any]:
    """Describe devices as an account keeps them."""
    return {cloud.house.device_ids[n]: {"name": f"House {n}", "interval_s": 300} for n in numbers}


async def load(hass: HomeAssistant, cloud: CarbonTrackSimulator, *numbers: int, **settings: Any) -> MockConfigEntry:
    """Load an account that has these devices."""
    entry = await async_load_carbontrack(hass, cloud, devices=devices(cloud, *numbers), **settings)
    for number in numbers:
        await wait_complete(entry, cloud.house.device_ids[number])
    return entry


def watch_of(hass: HomeAssistant, entry: MockConfigEntry) -> DeviceWatch:
    """Return what looks after an account's devices."""
    watch = async_device_watch(hass, entry)
    assert watch is not None
    return watch


async def look(hass: HomeAssistant, entry: MockConfigEntry) -> timedelta:
    """Look at the account's list of devices now; returns when it would be looked at again."""
    again = await watch_of(hass, entry).async_look()
    await hass.async_block_till_done(wait_background_tasks=False)
    return again


async def look_twice(hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry) -> None:
    """Look, and look again an hour later."""
    assert await look(hass, entry) == HOUR
    cloud.clock.advance(3600)
    await look(hass, entry)


def issues(hass: HomeAssistant) -> list[str]:
    """Name the repairs of devices and accounts by their texts; those of other things are left to other tests."""
    found = [str(issue.translation_key) for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    return sorted(key for key in found if key in (VANISHED, EMPTY))


async def fix(hass: HomeAssistant, *choices: str) -> dict[str, Any]:
    """Open the repair of a vanished device and make choices; returns where that leads."""
    # The component alone would open a port for its pages.
    hass.data["repairs"] = {}
    async_setup(hass)
    (issue_id,) = [issue.issue_id for issue in ir.async_get(hass).issues.values() if issue.translation_key == VANISHED]
    manager = repairs_flow_manager(hass)
    assert manager is not None
    result: Any = await manager.async_init(DOMAIN, context={"issue_id": issue_id}, data={"issue_id": issue_id})
    assert result["menu_options"] == ["wait", "remove", "clear"]
    for choice in choices:
        answer = {} if choice == "confirm" else {"next_step_id": choice}
        result = await manager.async_configure(result["flow_id"], answer)
    await hass.async_block_till_done(wait_background_tasks=False)
    return dict(result)


def registered(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Name the devices that Home Assistant shows."""
    return {str(device.name) for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)}


async def kept_series(hass: HomeAssistant, cloud: CarbonTrackSimulator, number: int) -> list[str]:
    """Name the statistics of a device that the recorder has."""
    wanted = {series_id(cloud, series, number) for series in ("usage", "generation", "export")}
    return sorted(row["statistic_id"] for row in await async_list_statistic_ids(hass, wanted))
