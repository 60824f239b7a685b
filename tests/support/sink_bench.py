"""Accounts that send, with streams whose rows are in the recorder, as their pages, repairs and reports show them."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from forwarding_bench import HOUR, OWN, async_store, metadata, publish, sum_rows
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.components.repairs.issue_handler import async_setup
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import make_entry, wait_for
from aiowattbridge.simulators import WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN, SUBENTRY_SERIES, SUBENTRY_STREAM
from custom_components.wattbridge.data import SinkRuntime
from custom_components.wattbridge.forwarding import Forwarder, StreamEngine

NOON = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)
HOURS = 24
START = NOON.replace(minute=0) - HOURS * HOUR


def series_data(*statistics: tuple[str, str], target_id: str, target: str = "asset") -> dict[str, Any]:
    """Make the data of a series' subentry: statistics with their roles, from the beginning."""
    return {
        "target": target,
        "target_id": target_id,
        "target_kind": None,
        "target_name": f"The {target_id}",
        "start": "beginning",
        "start_at": None,
        "statistics": [{"source": source, "role": role} for source, role in statistics],
        "send_revisions": True,
    }


async def async_store_day(hass: HomeAssistant, statistic_id: str = OWN) -> None:
    """Store a day of a series of ours, half a kilowatt-hour an hour, and say that it is whole."""
    await async_store(hass, metadata(statistic_id), sum_rows(START, [0.5] * HOURS))
    publish(hass, START + HOURS * HOUR, statistic_id=statistic_id)


async def async_load_sink(
    hass: HomeAssistant, cloud: WatticsSimulator | WattCarbonSimulator, *streams: dict[str, Any]
) -> MockConfigEntry:
    """Load an account with these streams or series."""
    entry = make_entry("wattics" if isinstance(cloud, WatticsSimulator) else "wattcarbon", cloud)
    entry.add_to_hass(hass)
    for data in streams:
        hass.config_entries.async_add_subentry(entry, subentry_of(data))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.state is ConfigEntryState.LOADED
    return entry


def subentry_of(data: dict[str, Any]) -> ConfigSubentry:
    """Make the subentry of a stream or a series."""
    is_series = "target_id" in data
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_SERIES if is_series else SUBENTRY_STREAM,
        title=data["target_name"] if is_series else data["stream_id"],
        unique_id=data["target_id"] if is_series else data["stream_id"],
    )


def forwarder_of(entry: MockConfigEntry) -> Forwarder:
    """Return the way out of a loaded account."""
    runtime = entry.runtime_data
    assert isinstance(runtime, SinkRuntime)
    return runtime.forwarder


def engine_of(entry: MockConfigEntry) -> StreamEngine:
    """Return the first stream of a loaded account."""
    return next(iter(forwarder_of(entry).streams.values()))


async def async_settle(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until nothing is left to send, and what follows from that is done."""
    await wait_for(lambda: all(engine.status.caught_up for engine in forwarder_of(entry).streams.values()))
    await hass.async_block_till_done(wait_background_tasks=False)


def issues(hass: HomeAssistant) -> list[str]:
    """Name the repairs of streams by their texts."""
    found = [str(issue.translation_key) for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    return sorted(key for key in found if key.startswith("stream_"))


async def open_fix(hass: HomeAssistant, key: str) -> Any:
    """Open the repair of a stream that has this text; returns its first step."""
    # The component alone would open a port for its pages.
    hass.data["repairs"] = {}
    async_setup(hass)
    (issue_id,) = [issue.issue_id for issue in ir.async_get(hass).issues.values() if issue.translation_key == key]
    manager = repairs_flow_manager(hass)
    assert manager is not None
    return await manager.async_init(DOMAIN, context={"issue_id": issue_id}, data={"issue_id": issue_id})


async def submit_fix(hass: HomeAssistant, form: Any, values: dict[str, Any]) -> Any:
    """Submit a step of a repair."""
    manager = repairs_flow_manager(hass)
    assert manager is not None
    return await manager.async_configure(form["flow_id"], values)


async def fix(hass: HomeAssistant, key: str, choice: str) -> Any:
    """Open the repair of a stream and choose; returns where that leads."""
    menu = await open_fix(hass, key)
    assert choice in menu["menu_options"]
    return await submit_fix(hass, menu, {"next_step_id": choice})
