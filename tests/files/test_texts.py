"""Every text that the code asks for is there, and no text is left that nothing asks for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from custom_components.wattbridge import sensor, stream_sensor
from custom_components.wattbridge.binary_sensor import PROBLEM
from custom_components.wattbridge.const import SUBENTRY_STREAM
from custom_components.wattbridge.device_steps import SEARCH_SCHEMA
from custom_components.wattbridge.forwarding.watch import ISSUES
from custom_components.wattbridge.subentry_flow import ELECTRICITY_SCHEMA, START_SCHEMA, STREAM_SCHEMA, VALUE_SCHEMA

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wattbridge"
TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations" / "en.json").read_text())
FLOW = TEXTS["config"]
STREAM = TEXTS["config_subentries"][SUBENTRY_STREAM]

# Keys that are computed: of library errors, and those that Home Assistant itself uses.
LIBRARY_ERRORS = {"invalid_auth", "cannot_connect", "request_rejected", "answer_unreadable", "unknown"}
HOME_ASSISTANTS = {"already_configured", "already_in_progress", "reauth_successful", "reconfigure_successful"}


def source(*names: str) -> str:
    """Read modules of the integration."""
    return "\n".join((COMPONENT / name).read_text() for name in names)


def error_keys(text: str) -> set[str]:
    """Find the keys of form errors: values of `base` or of a field."""
    found = re.findall(r'(?:"base"|CONF_\w+)(?:\] =|:) "(\w+)"(?: if \w+ else "(\w+)")?', text)
    return {key for keys in found for key in keys if key}


FLOW_SOURCE = source("config_flow.py", "device_steps.py")
STREAM_SOURCE = source("subentry_flow.py")
ALL_SOURCE = "\n".join(p.read_text() for p in COMPONENT.rglob("*.py") if "aiowattbridge" not in p.parts)


def test_errors_and_aborts_of_the_account_flow_have_texts() -> None:
    """And none of the texts is unused."""
    assert error_keys(FLOW_SOURCE) | LIBRARY_ERRORS == set(FLOW["error"])
    aborts = set(re.findall(r'reason="(\w+)"', FLOW_SOURCE))
    assert aborts | HOME_ASSISTANTS == set(FLOW["abort"])


def test_errors_of_the_stream_flow_have_texts() -> None:
    """And none of the texts is unused."""
    assert error_keys(STREAM_SOURCE) | LIBRARY_ERRORS == set(STREAM["error"])


def test_steps_of_the_flows_have_texts() -> None:
    """Every step that can be shown has a title."""
    steps = set(re.findall(r"async def async_step_(\w+)\(", FLOW_SOURCE)) - {"reauth"}
    assert steps == set(FLOW["step"])
    steps = set(re.findall(r"async def async_step_(\w+)\(", STREAM_SOURCE)) - {"reconfigure"}
    assert steps == set(STREAM["step"])
    assert all(step["title"] and step["description"] for step in [*FLOW["step"].values(), *STREAM["step"].values()])


@pytest.mark.parametrize(
    ("texts", "schema"),
    [
        (FLOW["step"]["search"], SEARCH_SCHEMA),
        (STREAM["step"]["user"], STREAM_SCHEMA),
        (STREAM["step"]["electricity"], ELECTRICITY_SCHEMA),
        (STREAM["step"]["value"], VALUE_SCHEMA),
        (STREAM["step"]["start"], START_SCHEMA),
    ],
)
def test_fields_of_a_form_have_texts(texts: dict[str, Any], schema: Any) -> None:
    """Sections and their fields included."""
    sections = texts.get("sections", {})
    assert {str(marker) for marker in schema.schema} == set(texts["data"]) | set(sections)
    for marker, value in schema.schema.items():
        if str(marker) in sections:
            assert {str(inner) for inner in value.schema.schema} == set(sections[str(marker)]["data"])


def test_exceptions_have_texts() -> None:
    """The keys of refusals in actions, and of library errors."""
    used = set(re.findall(r'(?:_refused|_failure)\(\s*"(\w+)"', ALL_SOURCE))
    used |= set(re.findall(r'translation_key="(\w+)",\s*translation_placeholders', ALL_SOURCE))
    assert used | LIBRARY_ERRORS == set(TEXTS["exceptions"])


def test_repair_issues_have_texts() -> None:
    """One for every problem of a stream that somebody has to look after."""
    assert {f"stream_{problem}" for problem in ISSUES} == set(TEXTS["issues"])


def test_entities_have_names() -> None:
    """And none of the names is unused."""
    sensors = {str(d.translation_key) for d in (*sensor.SOURCE_SENSORS, *stream_sensor.STREAM_SENSORS)}
    assert sensors == set(TEXTS["entity"]["sensor"])
    assert {PROBLEM.translation_key} == set(TEXTS["entity"]["binary_sensor"])


def test_choices_have_names() -> None:
    """Every selector's options are translated under its key."""
    used = set(re.findall(r'choice\([^"]*"(\w+)"\)', FLOW_SOURCE + STREAM_SOURCE))
    assert used == set(TEXTS["selector"])
