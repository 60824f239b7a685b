"""The entities of a Voltaware meter have names and icons, and record nothing that is recorded elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.wattbridge import calendar, event, voltaware_binary_sensor
from custom_components.wattbridge.voltaware_figures import METER_SENSORS, MeterSensorDescription, appliance_sensors

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wattbridge"
TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((COMPONENT / "icons.json").read_text())
SENSORS = (*METER_SENSORS, *appliance_sensors("fridge", "Fridge"))


@pytest.mark.parametrize("found", SENSORS, ids=lambda found: found.key)
def test_sensor_has_a_name_and_an_icon_and_records_no_energy(found: MeterSensorDescription) -> None:
    """The statistic is an energy's only record, so no figure has a state class."""
    texts = TEXTS["entity"]["sensor"][found.translation_key]
    assert ("{appliance}" in texts["name"]) == (found.appliance is not None)
    assert ICONS["entity"]["sensor"][found.translation_key]["default"].startswith("mdi:")
    assert found.state_class is None
    assert found.native_unit_of_measurement is None or "unit_of_measurement" not in texts
    assert set(found.options or ()) == set(texts.get("state", ()))


def test_the_others_have_names_too() -> None:
    """The connection, the calendar, the event with its types, and the notice."""
    names = {
        "binary_sensor": voltaware_binary_sensor.CONNECTION.translation_key,
        "calendar": calendar.CYCLES.translation_key,
        "event": event.RESULTS.translation_key,
    }
    for platform, key in names.items():
        assert TEXTS["entity"][platform][key]["name"]
    types = TEXTS["entity"]["event"]["results"]["state_attributes"]["event_type"]["state"]
    assert set(types) == set(event.RESULTS.event_types or ())
    assert "{meter}" in TEXTS["issues"]["produces_energy"]["title"]
