"""What Home Assistant's page on its own health says of the accounts."""

import asyncio
import json
from pathlib import Path
from typing import Any

from homeassistant.components.system_health import DOMAIN as SYSTEM_HEALTH
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info

from accounts import add_stream, async_load_carbontrack, async_load_wattics
from aiowattbridge.simulators import CarbonTrackSimulator, WatticsSimulator

TEXTS = json.loads((Path(__file__).parents[2] / "custom_components/wattbridge/translations/en.json").read_text())


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Ask as Home Assistant's page does."""
    assert await async_setup_component(hass, SYSTEM_HEALTH, {})
    await hass.async_block_till_done(wait_background_tasks=False)
    info = await get_system_health_info(hass, "wattbridge")
    return {key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()}


async def test_accounts_are_counted_and_their_clouds_reached(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, wattics_cloud: WatticsSimulator
) -> None:
    """Clouds that are not used are not asked."""
    source = await async_load_carbontrack(hass, carbontrack_cloud)
    sink = await async_load_wattics(hass, wattics_cloud)
    await add_stream(hass, sink, "house")
    info = await health(hass)
    assert info == {
        "accounts": 2,
        "accounts_loaded": 2,
        "devices": 1,
        "streams": 1,
        "streams_paused": 0,
        "streams_standing_still": 0,
        "streams_backlog": 0,
        "accounts_told_to_wait": 0,
        "can_reach_carbontrack": "ok",
        "can_reach_wattics": "ok",
    }
    assert info.keys() <= TEXTS["system_health"]["info"].keys()
    await carbontrack_cloud.stop()
    again = await health(hass)
    assert again["can_reach_carbontrack"] == {"type": "failed", "error": "unreachable"}
    assert carbontrack_cloud.url not in str(again)
    for entry in (source, sink):
        await hass.config_entries.async_unload(entry.entry_id)
