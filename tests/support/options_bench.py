"""Accounts whose options are changed."""

from typing import Any

from comparison import stored, wait_complete
from flows import filled, open_options, submit_options
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import make_entry, wait_for
from aiowattbridge.simulators import CarbonTrackSimulator

SERIES = ["usage", "generation", "export"]


def earlier(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, device_ids: tuple[str, ...], **settings: Any
) -> MockConfigEntry:
    """Make an account that was set up earlier with these devices, and is not loaded."""
    devices = {device_id: {"name": f"Roof {n}", "interval_s": 600} for n, device_id in enumerate(device_ids, 1)}
    usual = {"grid_field": "power_usage_net", "power_unit": "Wh", "history_days": 1}
    entry = make_entry("carbontrack", cloud, devices=devices, **usual | settings)
    entry.add_to_hass(hass)
    return entry


async def change(hass: HomeAssistant, entry: MockConfigEntry, device_id: str, **changes: Any) -> None:
    """Change options, confirm it if asked, and wait until the history is whole again."""
    before = entry.runtime_data
    form = await open_options(hass, entry)
    result = await submit_options(hass, form, filled(entry, **changes))
    if result["type"] is FlowResultType.FORM:
        await submit_options(hass, result, {"confirm": True})
    await wait_for(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data is not before)
    await wait_complete(entry, device_id)


async def kwh(hass: HomeAssistant, statistic_id: str) -> dict[float, float]:
    """Read the stored hours of a series."""
    return {row["start"]: row["state"] for row in await stored(hass, statistic_id)}
