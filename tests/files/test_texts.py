"""Every text that the code asks for is there, and no text is left that nothing asks for.

What is put together at run time is looked at where it is shown: see `tests/support/shown_texts.py`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import source_keys
import yaml
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from aiowattbridge.wattcarbon import KINDS
from custom_components.wattbridge.asset_form import OTHER_KIND, asset_schema
from custom_components.wattbridge.asset_steps import ASSET_KIND_SCHEMA
from custom_components.wattbridge.const import SUBENTRY_SERIES, SUBENTRY_STREAM
from custom_components.wattbridge.device_steps import SEARCH_SCHEMA
from custom_components.wattbridge.forwarding import Problem
from custom_components.wattbridge.forwarding.issues import ISSUES
from custom_components.wattbridge.link_steps import ASSET_SEARCH_SCHEMA
from custom_components.wattbridge.new_meter_steps import NEW_METER_SCHEMA
from custom_components.wattbridge.options_flow import INTERVAL_SCHEMA, REBUILD_SCHEMA, VOLTAWARE_SCHEMA
from custom_components.wattbridge.reading_form import UNITS
from custom_components.wattbridge.sending_steps import PREVIEW_SCHEMA, START_SCHEMA
from custom_components.wattbridge.stream_form import ELECTRICITY_SCHEMA, STREAM_SCHEMA, VALUE_SCHEMA
from custom_components.wattbridge.vendors import VENDORS
from custom_components.wattbridge.vendors.carbontrack import GRID_FIELDS, SERIES
from custom_components.wattbridge.vendors.wattcarbon import Role
from custom_components.wattbridge.vendors.wattics import ENVIRONMENTS, GROUPS, Measure
from custom_components.wattbridge.voltaware_steps import METER_SEARCH_SCHEMA

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wattbridge"
TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations" / "en.json").read_text())
SERVICES: dict[str, Any] = yaml.safe_load((COMPONENT / "services.yaml").read_text())
FLOW = TEXTS["config"]
OPTIONS = TEXTS["options"]
STREAM = TEXTS["config_subentries"][SUBENTRY_STREAM]
SERIES_FLOW = TEXTS["config_subentries"][SUBENTRY_SERIES]

# Keys that are computed: of library errors, and those that Home Assistant itself uses.
LIBRARY_ERRORS = {"invalid_auth", "cannot_connect", "request_rejected", "answer_unreadable", "unknown"}
# Steps that show no form, but that something takes a while.
WAITING = {"looking", "looked"}
HOME_ASSISTANTS = {"already_configured", "already_in_progress", "reauth_successful", "reconfigure_successful"}

MODULES = source_keys.modules()
LITERALS = source_keys.literals([*MODULES.values()])
PATTERNS = source_keys.patterns([*MODULES.values()])
ASKED = source_keys.AskedKeys([*MODULES.values()]).by_kind
FLOW_MODULES = (
    "config_flow.py",
    "account_form.py",
    "source_steps.py",
    "device_steps.py",
    "voltaware_steps.py",
    "reading_form.py",
)
FLOW_TREES = [MODULES[name] for name in FLOW_MODULES]
OPTIONS_TREES = [MODULES[name] for name in ("options_flow.py", "reading_form.py")]
STREAM_TREES = [MODULES[name] for name in ("subentry_flow.py", "stream_form.py", "sending_steps.py")]
SERIES_MODULES = (
    "series_flow.py",
    "series_steps.py",
    "link_steps.py",
    "asset_steps.py",
    "new_meter_steps.py",
    "refused_fields.py",
    "sending_steps.py",
)
SERIES_TREES = [MODULES[name] for name in SERIES_MODULES]


def is_asked_for(key: str) -> bool:
    """Tell whether the code can ask for a key: it stands there, whole or in two parts, or fits a pattern."""
    parts = key.split("_")
    halves = [("_".join(parts[:place]), "_".join(parts[place:])) for place in range(1, len(parts))]
    return (
        key in LITERALS
        or any(LITERALS.issuperset(half) for half in halves)
        or any(pattern.fullmatch(key) for pattern in PATTERNS)
    )


def selectors_of(value: Any) -> list[dict[str, Any]]:
    """Find the selectors with texts in the description of an action."""
    if isinstance(value, list):
        return [found for inner in value for found in selectors_of(inner)]
    if not isinstance(value, dict):
        return []
    own = [value] if "translation_key" in value else []
    return [*own, *(found for inner in value.values() for found in selectors_of(inner))]


def test_errors_and_aborts_of_the_account_flow_have_texts() -> None:
    """And none of the texts is unused."""
    assert source_keys.flow_errors(FLOW_TREES) | LIBRARY_ERRORS == set(FLOW["error"])
    assert source_keys.aborts(FLOW_TREES) | HOME_ASSISTANTS == set(FLOW["abort"])


def test_errors_of_the_options_have_texts() -> None:
    """And none of the texts is unused; the flow never ends without having been filled in."""
    assert source_keys.flow_errors(OPTIONS_TREES) == set(OPTIONS["error"])
    assert source_keys.aborts(OPTIONS_TREES) == set(OPTIONS.get("abort", {}))


def test_errors_of_the_stream_flow_have_texts() -> None:
    """And none of the texts is unused."""
    assert source_keys.flow_errors(STREAM_TREES) | LIBRARY_ERRORS == set(STREAM["error"])


def test_errors_and_aborts_of_the_series_flow_have_texts() -> None:
    """And none of the texts is unused; what the library may raise ends the flow where there is no form yet."""
    assert source_keys.flow_errors(SERIES_TREES) | LIBRARY_ERRORS == set(SERIES_FLOW["error"])
    own = {"already_configured", "reconfigure_successful"}
    assert source_keys.aborts(SERIES_TREES) | LIBRARY_ERRORS | own == set(SERIES_FLOW["abort"])


def test_steps_of_the_flows_have_texts() -> None:
    """Every step that can be shown has a title and a description."""
    assert source_keys.steps(FLOW_TREES) - {"reauth"} == set(FLOW["step"])
    assert source_keys.steps(OPTIONS_TREES) - {"init"} == set(OPTIONS["step"])
    assert source_keys.steps(STREAM_TREES) - {"reconfigure", *WAITING} == set(STREAM["step"])
    assert source_keys.steps(SERIES_TREES) - {"reconfigure", "link_asset", *WAITING} == set(SERIES_FLOW["step"])
    assert all(flow["progress"].keys() <= WAITING for flow in (STREAM, SERIES_FLOW))
    steps = [step for flow in (FLOW, OPTIONS, STREAM, SERIES_FLOW) for step in flow["step"].values()]
    assert all(step["title"] and step["description"] for step in steps)


def test_clouds_of_the_menu_have_texts() -> None:
    """Each with its name, what it is good for, and a step."""
    menu = FLOW["step"]["user"]
    assert set(VENDORS) == set(menu["menu_options"]) == set(menu["menu_option_descriptions"])
    assert set(VENDORS) <= set(FLOW["step"])


@pytest.mark.parametrize(
    ("texts", "schema"),
    [
        (FLOW["step"]["search"], SEARCH_SCHEMA),
        (FLOW["step"]["meter_search"], METER_SEARCH_SCHEMA),
        (OPTIONS["step"]["voltaware"], VOLTAWARE_SCHEMA),
        (OPTIONS["step"]["interval"], INTERVAL_SCHEMA),
        (OPTIONS["step"]["rebuild"], REBUILD_SCHEMA),
        (STREAM["step"]["user"], STREAM_SCHEMA),
        (STREAM["step"]["electricity"], ELECTRICITY_SCHEMA),
        (STREAM["step"]["value"], VALUE_SCHEMA),
        (STREAM["step"]["start"], START_SCHEMA),
        (STREAM["step"]["preview"], PREVIEW_SCHEMA),
        (SERIES_FLOW["step"]["asset_search"], ASSET_SEARCH_SCHEMA),
        (SERIES_FLOW["step"]["asset_kind"], ASSET_KIND_SCHEMA),
        (SERIES_FLOW["step"]["new_meter"], NEW_METER_SCHEMA),
        (SERIES_FLOW["step"]["start"], START_SCHEMA),
        (SERIES_FLOW["step"]["preview_empty"], PREVIEW_SCHEMA),
    ],
)
def test_fields_of_a_form_have_texts(texts: dict[str, Any], schema: Any) -> None:
    """Sections and their fields included; forms that depend on the cloud are looked at where they are shown."""
    sections = texts.get("sections", {})
    assert {str(marker) for marker in schema.schema} == set(texts["data"]) | set(sections)
    for marker, value in schema.schema.items():
        if str(marker) in sections:
            assert {str(inner) for inner in value.schema.schema} == set(sections[str(marker)]["data"])


def test_fields_of_all_kinds_of_assets_have_texts() -> None:
    """And no text is left of a field that no kind has."""
    fields = {str(marker) for kind in (*KINDS, OTHER_KIND) for marker in asset_schema(kind, {}).schema}
    texts = SERIES_FLOW["step"]["asset"]
    assert fields == set(texts["data"]) == set(texts["data_description"])


def test_roles_of_statistics_have_texts() -> None:
    """Each kind of asset asks for some of them."""
    assert {*Role, "send_revisions"} == set(SERIES_FLOW["step"]["statistics"]["data"])


@pytest.mark.parametrize("flow", [FLOW, OPTIONS], ids=["config", "options"])
def test_no_text_is_left_of_a_field_that_is_gone(flow: dict[str, Any]) -> None:
    """In whatever form it was."""
    for name, step in flow["step"].items():
        for part in (step, *step.get("sections", {}).values()):
            fields = set(part.get("data", {})) - {CONF_USERNAME, CONF_PASSWORD}
            assert [field for field in fields if not is_asked_for(field)] == [], name


@pytest.mark.parametrize("kind", ["exceptions", "issues", "selector"])
def test_keys_have_texts(kind: str) -> None:
    """Those that the code names; a selector may be named in the description of an action, too."""
    asked = set(ASKED[kind])
    if kind == "selector":
        asked |= {found["translation_key"] for found in selectors_of(SERVICES)}
    if kind == "exceptions":
        asked |= LIBRARY_ERRORS
    assert asked > LIBRARY_ERRORS if kind == "exceptions" else asked
    assert asked <= set(TEXTS[kind])


def test_entities_that_the_code_names_have_names() -> None:
    """On whatever platform; those whose key is computed are looked at where they are shown."""
    names = {key for platform in TEXTS["entity"].values() for key in platform}
    assert len(ASKED["entity"]) > 1
    assert ASKED["entity"] <= names


@pytest.mark.parametrize("kind", ["exceptions", "issues"])
def test_no_text_is_left_that_nothing_asks_for(kind: str) -> None:
    """Of exceptions and repairs."""
    assert [key for key in TEXTS[kind] if not is_asked_for(key)] == []


def test_no_name_is_left_that_no_entity_has() -> None:
    """On any platform."""
    assert [key for platform in TEXTS["entity"].values() for key in platform if not is_asked_for(key)] == []


def test_no_selector_is_left_that_no_form_shows() -> None:
    """Neither a flow nor an action."""
    shown = {found["translation_key"] for found in selectors_of(SERVICES)}
    assert [key for key in TEXTS["selector"] if key not in shown and not is_asked_for(key)] == []


def test_problems_of_streams_have_repairs() -> None:
    """One for every problem that somebody has to look after, and none for a problem that there is not."""
    assert {f"stream_{problem}" for problem in ISSUES} == {key for key in TEXTS["issues"] if key.startswith("stream_")}


@pytest.mark.parametrize(("platform", "key"), [("binary_sensor", "stream_problem"), ("event", "stream_news")])
def test_problems_of_streams_have_words(platform: str, key: str) -> None:
    """Where an attribute says which problem it is; and none is left of a problem that there is not."""
    words = TEXTS["entity"][platform][key]["state_attributes"]["problem"]["state"]
    assert set(words) == set(Problem)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("statistics", [series.key for series in SERIES]),
        ("series", [*(series.key for series in SERIES), "total"]),
        ("power_unit", UNITS),
        ("grid_field", GRID_FIELDS),
        ("asset_kind", [*KINDS, OTHER_KIND]),
        ("environment", ENVIRONMENTS),
        ("measure", Measure),
        ("unit_class", {group.unit_class for group in GROUPS}),
    ],
)
def test_choices_have_names(key: str, values: list[str]) -> None:
    """And none of the names is unused."""
    assert set(values) == set(TEXTS["selector"][key]["options"])


@pytest.mark.parametrize("selector", selectors_of(SERVICES), ids=lambda selector: str(selector["translation_key"]))
def test_choices_of_actions_have_names(selector: dict[str, Any]) -> None:
    """Every option that is offered."""
    if "options" in selector:
        assert set(selector["options"]) <= set(TEXTS["selector"][selector["translation_key"]]["options"])
