"""The page of the actions, their descriptions and what they accept say the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol
import yaml

from custom_components.wattbridge.actions import ACTIONS, Action
from custom_components.wattbridge.actions.carbontrack import FIELDS, LARGEST_LIMIT, LONGEST_PERIOD, USUAL_LIMIT, Figures
from custom_components.wattbridge.actions.voltaware_home import PROPERTY_FIELDS
from custom_components.wattbridge.actions.voltaware_results import ResultKind
from custom_components.wattbridge.aiowattbridge.voltaware import APPLIANCE_KINDS, read_appliances
from custom_components.wattbridge.aiowattbridge.voltaware import property as voltaware_property

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "wattbridge"
PAGE = (ROOT / "docs" / "actions.md").read_text()
SECTIONS = dict(re.findall(r"^## `wattbridge\.(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SERVICES: dict[str, Any] = yaml.safe_load((COMPONENT / "services.yaml").read_text())
SELECTORS: dict[str, Any] = json.loads((COMPONENT / "translations" / "en.json").read_text())["selector"]


def by_name(action: Action) -> str:
    """Name an action in a test's id."""
    return action.name


def section_blocks(name: str, language: str) -> list[str]:
    """Return the code blocks of an action's section."""
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[name], re.DOTALL)


def selects(fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Find every select among some fields and those inside of them, by where it is."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in fields.items():
        selector = field["selector"]
        if "select" in selector:
            found[name] = selector["select"]
        inner = (selector.get("object") or {}).get("fields", {})
        found |= {f"{name}.{path}": select for path, select in selects(inner).items()}
    return found


def options(action: str, path: str) -> set[str]:
    """Return what can be chosen in a field."""
    return set(selects(SERVICES[action]["fields"])[path]["options"])


def test_every_action_has_a_section() -> None:
    """And no section is left over."""
    assert set(SECTIONS) == {action.name for action in ACTIONS} == set(SERVICES)


@pytest.mark.parametrize("action", ACTIONS, ids=by_name)
def test_fields_are_the_same_everywhere(action: Action) -> None:
    """On the page, in the form, and in what is accepted."""
    table = SECTIONS[action.name].split("\n```", maxsplit=1)[0].split("| `key` |", maxsplit=1)[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    accepted = {str(marker) for marker in action.schema.schema}
    assert documented == set(SERVICES[action.name]["fields"]) == accepted


@pytest.mark.parametrize("action", ACTIONS, ids=by_name)
def test_what_has_to_be_given_has_to_be_given_in_the_form(action: Action) -> None:
    """And the form's defaults are those that count."""
    fields = SERVICES[action.name]["fields"]
    for marker in action.schema.schema:
        if isinstance(marker, vol.Required):
            assert fields[str(marker)].get("required") is True
        if not isinstance(marker.default, vol.Undefined):
            assert fields[str(marker)]["default"] == marker.default()


@pytest.mark.parametrize("action", ACTIONS, ids=by_name)
def test_examples_are_accepted_and_answers_are_json(action: Action) -> None:
    """Whoever copies one gets on with it."""
    (call,) = section_blocks(action.name, "yaml")
    example = yaml.safe_load(call)
    assert example["action"] == f"wattbridge.{action.name}"
    assert action.schema(example["data"])
    (answer,) = section_blocks(action.name, "json")
    assert isinstance(json.loads(answer), dict)


@pytest.mark.parametrize("action", ACTIONS, ids=by_name)
def test_choices_have_names(action: Action) -> None:
    """Every option that is translated has its text, and no text is left over."""
    for select in selects(SERVICES[action.name]["fields"]).values():
        if key := select.get("translation_key"):
            assert set(select["options"]) == set(SELECTORS[key]["options"])


def test_choices_are_those_that_are_accepted() -> None:
    """The form offers all of them and no others."""
    assert options("get_carbontrack_measurements", "fields") == set(FIELDS)
    assert options("get_carbontrack_measurements", "figures") == set(Figures)
    assert options("get_voltaware_disaggregation", "kind") == set(ResultKind)
    assert set(PROPERTY_FIELDS) | {"device_id"} == set(SERVICES["set_voltaware_property"]["fields"])
    for path, words in {
        "property_type": voltaware_property.PROPERTY_TYPES,
        "power_generator_source": voltaware_property.POWER_GENERATOR_SOURCES,
        "home_type": voltaware_property.HOME_TYPES,
        "home_usage_type": voltaware_property.HOME_USAGE_TYPES,
        "people.age_range": voltaware_property.AGE_RANGES,
    }.items():
        assert options("set_voltaware_property", path) == {word.lower() for word in words}


def test_appliances_of_the_form_and_of_the_page_are_those_that_voltaware_knows() -> None:
    """With the questions of each kind, and their answers."""
    kinds = {kind.lower() for kind in APPLIANCE_KINDS}
    assert options("set_voltaware_appliances", "appliances.key") == kinds
    table = SECTIONS["set_voltaware_appliances"].split("| `key` |")[1]
    rows = re.findall(r"^\| (`[\w`, ]+) \| (.*) \|$", table, re.MULTILINE)
    questions_of = {kind: text for names, text in rows for kind in re.findall(r"`(\w+)`", names)}
    assert set(questions_of) == kinds
    form = SERVICES["set_voltaware_appliances"]["fields"]["appliances"]["selector"]["object"]["fields"]
    assert set(SELECTORS["appliance_kind"]["fields"]) == set(form)
    for kind, text in questions_of.items():
        questions = dict(re.findall(r"(?:^|; )`(\w+)`: ([^;]*)", text))
        for name, answers in questions.items():
            if "select" in form[name]["selector"]:
                choices = options("set_voltaware_appliances", f"appliances.{name}")
                assert set(re.findall(r"`(\w+)`", answers)) <= choices
        with pytest.raises(ValueError, match="is missing; ") as missing:
            read_appliances([{"key": kind.upper()}])
        needed = str(missing.value).partition(" needs ")[2].split(", ")
        assert set(needed) == {"amount", *questions}


def test_limits_of_the_page_and_the_form_are_those_that_hold() -> None:
    """Numbers that stand in several places."""
    form = SERVICES["get_carbontrack_measurements"]["fields"]["limit"]
    assert (form["default"], form["selector"]["number"]["max"]) == (USUAL_LIMIT, LARGEST_LIMIT)
    section = SECTIONS["get_carbontrack_measurements"]
    assert f"at most {LONGEST_PERIOD.days} days" in section
    assert f"up to {LARGEST_LIMIT}; by default {USUAL_LIMIT}" in section
