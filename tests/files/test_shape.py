"""The files that Home Assistant and HACS read have the shape that their validators ask for."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from awesomeversion import AwesomeVersion
from PIL import Image

from aiowattbridge.version import VERSION

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "wattbridge"
ALL_RULES = 54
HTML = re.compile(r"<[a-z].*?>", re.IGNORECASE)
ADDRESS = re.compile(r"https?://|www\.")
PLACEHOLDER = re.compile(r"{([^}]*)}")
KEY = re.compile(r"(?!.*(--|__))[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")


def read_json(path: Path) -> Any:
    """Read a JSON file of the integration."""
    return json.loads(path.read_text())


def texts(value: Any, path: str = "") -> dict[str, str]:
    """Flatten a translation file into its texts by path."""
    if isinstance(value, str):
        return {path: value}
    flat: dict[str, str] = {}
    for key, inner in value.items():
        flat |= texts(inner, f"{path}.{key}" if path else key)
    return flat


ENGLISH = texts(read_json(COMPONENT / "translations" / "en.json"))


def test_manifest_has_what_hassfest_and_hacs_require_in_their_order() -> None:
    """The validator wants domain and name first and then the alphabet; HACS wants an issue tracker."""
    manifest = read_json(COMPONENT / "manifest.json")
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert manifest["domain"] == COMPONENT.name
    assert {"codeowners", "documentation", "iot_class", "issue_tracker", "version"} <= set(keys)
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert "recorder" in manifest["dependencies"]
    assert AwesomeVersion(manifest["version"]).valid


def test_library_and_integration_have_one_version() -> None:
    """The zip carries the library, so there is one version to speak of."""
    assert read_json(COMPONENT / "manifest.json")["version"] == VERSION


def test_package_takes_its_version_from_the_library() -> None:
    """It is written down once, and the pattern that finds it there still does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rule = project["tool"]["hatch"]["version"]
    found = re.search(rule["pattern"], (ROOT / rule["path"]).read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert found is not None
    assert found["version"] == VERSION


def test_hacs_installs_the_zip_of_a_release() -> None:
    """HACS refuses unknown keys, and zip_release without a file name."""
    hacs = read_json(ROOT / "hacs.json")
    assert set(hacs) == {"name", "filename", "hide_default_branch", "homeassistant", "zip_release"}
    assert hacs["zip_release"] is True
    assert hacs["hide_default_branch"] is True
    assert hacs["filename"] == "wattbridge.zip"


def test_every_quality_rule_has_a_status_and_every_exemption_a_reason() -> None:
    """The file is for people; this keeps it whole."""
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == ALL_RULES
    for rule, status in rules.items():
        if isinstance(status, dict):
            assert status["status"] in {"done", "todo", "exempt"}, rule
            assert status["comment"], rule
        else:
            assert status in {"done", "todo"}, rule


def test_icon_is_there_in_both_sizes() -> None:
    """Home Assistant serves them from the brand folder."""
    for name, edge in (("icon.png", 256), ("icon@2x.png", 512)):
        with Image.open(COMPONENT / "brand" / name) as icon:
            assert icon.size == (edge, edge)


@pytest.mark.parametrize("path", ENGLISH)
def test_text_is_one_that_hassfest_accepts(path: str) -> None:
    """No HTML, no address, no stray space, and placeholders that are identifiers and not in quotes."""
    text = ENGLISH[path]
    assert text
    assert text == text.strip()
    assert not HTML.search(text)
    assert not ADDRESS.search(text)
    assert "'{" not in text
    assert all(name.isidentifier() for name in PLACEHOLDER.findall(text))


def test_described_fields_are_fields() -> None:
    """Every field of a form has a name and a description, and no description is left over."""
    names = {path.replace(".data.", ".*.") for path in ENGLISH if ".data." in path}
    described = {path.replace(".data_description.", ".*.") for path in ENGLISH if ".data_description." in path}
    assert names == described


def test_every_action_is_described_with_all_its_fields_and_an_icon() -> None:
    """The validator demands that of the integrations in core; we hold ourselves to it."""
    services = yaml.safe_load((COMPONENT / "services.yaml").read_text())
    icons = read_json(COMPONENT / "icons.json")["services"]
    translated = read_json(COMPONENT / "translations" / "en.json")["services"]
    assert set(services) == set(icons) == set(translated)
    for name, service in services.items():
        assert set(service["fields"]) == set(translated[name]["fields"])
        for field in translated[name]["fields"].values():
            assert field["name"]
            assert field["description"]


def test_every_icon_belongs_to_a_translated_entity() -> None:
    """An icon whose key no entity has is never seen."""
    icons = read_json(COMPONENT / "icons.json")["entity"]
    translated = read_json(COMPONENT / "translations" / "en.json")["entity"]
    for platform, keys in icons.items():
        assert set(keys) <= set(translated[platform])
        assert all(icon.startswith("mdi:") for key in keys.values() for icon in [key["default"]])


def test_translation_keys_are_slugs() -> None:
    """Keys that hassfest calls keys: lower case, no doubled or outer separator."""
    translated = read_json(COMPONENT / "translations" / "en.json")
    for platform in translated["entity"].values():
        assert all(KEY.fullmatch(key) for key in platform)
    for selector in translated["selector"].values():
        assert all(KEY.fullmatch(key) for key in selector["options"])


@pytest.mark.parametrize("file", sorted((COMPONENT / "translations").glob("*.json")), ids=lambda path: path.stem)
def test_languages_have_the_same_texts_and_placeholders(file: Path) -> None:
    """Home Assistant drops a translation whose placeholders differ from the English ones."""
    other = texts(read_json(file))
    assert set(other) == set(ENGLISH)
    for path, text in ENGLISH.items():
        assert set(PLACEHOLDER.findall(other[path])) == set(PLACEHOLDER.findall(text)), path
