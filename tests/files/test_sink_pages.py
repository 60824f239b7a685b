"""The pages of the clouds that are written to name what is on the screen, and their examples can be used."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from custom_components.wattbridge.actions import ACTIONS
from custom_components.wattbridge.aiowattbridge.wattcarbon import KINDS
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.forwarding import NewsKind, Problem

ROOT: Final = Path(__file__).parents[2]
TEXTS: Final[dict[str, Any]] = json.loads(
    (ROOT / "custom_components" / "wattbridge" / "translations" / "en.json").read_text()
)
PAGES: Final = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("wattics", "wattcarbon", "automations")}
# What Home Assistant itself calls things, and one word that is stressed.
NOT_OURS: Final = {
    "Settings",
    "Devices & services",
    "Add integration",
    "Wattbridge",
    "System",
    "Repairs",
    "Reconfigure",
    "Download diagnostics",
    "all",
}
WORD: Final = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])")


def shown(texts: Any) -> Iterator[str]:
    """List all texts."""
    if isinstance(texts, str):
        yield texts
    elif isinstance(texts, dict):
        for inner in texts.values():
            yield from shown(inner)


def prose(page: str) -> str:
    """Leave the examples out of a page."""
    return re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_words_on_the_screen_are_those_of_the_page(page: str) -> None:
    """Whoever looks for a button or a field by the name that the page gives it finds it."""
    known = set(shown(TEXTS)) | NOT_OURS
    # The words that a text only begins with, and that are on the screen by another one's name.
    known |= {"Savings", "acknowledged"}
    named = {part.strip() for words in WORD.findall(prose(page)) for part in words.split(" → ")}
    assert named
    assert named - known == set()


def test_every_problem_is_explained() -> None:
    """By the name that the attribute has."""
    begin = PAGES["wattics"].index("## If something is wrong")
    explained = {
        name for row in re.findall(r"^\| (`.*?) \|", PAGES["wattics"][begin:], re.MULTILINE) for name in row.split(", ")
    }
    assert explained == {f"`{problem}`" for problem in Problem}


def test_every_kind_of_asset_is_named() -> None:
    """As the form shows it, and as WattCarbon calls it."""
    options = TEXTS["selector"]["asset_kind"]["options"]
    rows = dict(re.findall(r"^\| \*([^|]*)\* \| `(\w+)` \|", PAGES["wattcarbon"], re.MULTILINE))
    assert rows == {options[kind]: kind for kind in KINDS}


def test_every_event_is_named() -> None:
    """With the attributes that it may have."""
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", PAGES["automations"], re.MULTILINE))
    del rows["event_type"]
    assert set(rows) == {kind.value for kind in NewsKind}
    attributes = TEXTS["entity"]["event"]["stream_news"]["state_attributes"]
    assert {name for row in rows.values() for name in re.findall(r"`(\w+)`", row)} == set(attributes) - {"event_type"}


def test_examples_of_automations_call_what_is_there() -> None:
    """Each is an automation by itself; our actions are called as they are accepted."""
    actions = {f"{DOMAIN}.{action.name}": action for action in ACTIONS}
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGES["automations"], re.DOTALL)]
    assert len(examples) == 4
    for example in examples:
        assert example["triggers"]
        for step in example["actions"]:
            if step["action"].startswith(f"{DOMAIN}."):
                assert actions[step["action"]].schema(step["data"])
