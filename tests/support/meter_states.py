"""What Home Assistant shows of a Voltaware meter, found by what it is and not by what it is called."""

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattbridge.data import VoltawareRuntime
from custom_components.wattbridge.voltaware_coordinator import VoltawareCoordinator


def coordinator_of(entry: MockConfigEntry) -> VoltawareCoordinator:
    """Return what polls."""
    assert isinstance(entry.runtime_data, VoltawareRuntime)
    return entry.runtime_data.coordinator


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Poll, and let the states be written."""
    await coordinator_of(entry).async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)


def entity_id_of(hass: HomeAssistant, platform: str, device_id: str, key: str) -> str | None:
    """Find an entity of a meter by its key."""
    return er.async_get(hass).async_get_entity_id(platform, "wattbridge", f"voltaware_{device_id}_{key}")


def state_of(hass: HomeAssistant, platform: str, device_id: str, key: str) -> State:
    """Return the state of an entity of a meter."""
    entity_id = entity_id_of(hass, platform, device_id, key)
    assert entity_id is not None, key
    state = hass.states.get(entity_id)
    assert state is not None, key
    return state


def keys_of(hass: HomeAssistant, entry: MockConfigEntry, device_id: str, *, enabled: bool) -> set[str]:
    """Name the sensors of a meter that are enabled, or that are not."""
    prefix = f"voltaware_{device_id}_"
    return {
        found.unique_id.removeprefix(prefix)
        for found in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if found.domain == "sensor" and found.unique_id.startswith(prefix) and (found.disabled_by is None) is enabled
    }
