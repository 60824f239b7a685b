"""Everything that is shown of a Voltaware account, as it was when somebody last looked it over."""

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from accounts import async_load_voltaware
from aiowattbridge.simulators import VoltawareSimulator

# Those of the history are another account's too, and change while it is imported.
OF_HISTORY = ("history", "missing", "revised", "statistics")


def described(hass: HomeAssistant, found: er.RegistryEntry) -> dict[str, object]:
    """Put together what a user sees of an entity."""
    state = hass.states.get(found.entity_id)
    assert state is not None, found.entity_id
    attributes = {key: value for key, value in state.attributes.items() if value is not None}
    attributes |= {"category": found.entity_category and found.entity_category.value, "state": state.state}
    attributes["precision"] = dict(found.options.get("sensor", {})).get("suggested_display_precision")
    shown = {str(key): value for key, value in attributes.items() if value is not None}
    return {key: str(value) if isinstance(value, str) else value for key, value in sorted(shown.items())}


@pytest.mark.usefixtures("all_enabled")
async def test_all_entities(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str, snapshot: SnapshotAssertion
) -> None:
    """Each with its name, state, unit, class and category."""
    cloud.meters[device_id].extra_keys = ("heat_pump",)
    entry = await async_load_voltaware(hass, cloud)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    for found in sorted(entities, key=lambda one: one.entity_id):
        key = found.unique_id.removeprefix(f"voltaware_{device_id}_")
        if not key.startswith(OF_HISTORY):
            assert described(hass, found) == snapshot(name=f"{found.domain} {key}"), found.entity_id
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("all_enabled")
async def test_home_assistant_has_nothing_to_object(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """No unit, device class, state class or name that it warns of."""
    # The account was loaded while the test was set up. How long a step took is asyncio's worry, and the machine's.
    records = [record for record in caplog.get_records("setup") if record.name != "asyncio"]
    assert any("Registered new sensor.wattbridge entity" in record.getMessage() for record in records)
    said = [record.getMessage() for record in records if record.levelname in ("WARNING", "ERROR")]
    assert [text for text in said if "wattbridge" in text and "not been tested" not in text] == []
