"""The descriptions of the actions as Home Assistant reads them for its forms."""

import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.helpers.selector import selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component

from custom_components.wattbridge.actions import ACTIONS
from custom_components.wattbridge.const import DOMAIN


@pytest.fixture
async def descriptions(hass: HomeAssistant) -> dict[str, Any]:
    """What Home Assistant makes of them."""
    assert await async_setup_component(hass, DOMAIN, {})
    return dict((await async_get_all_descriptions(hass))[DOMAIN])


async def test_every_action_has_a_form_and_a_name(
    descriptions: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Also without any account; one fault in the file would take all descriptions away."""
    assert set(descriptions) == {action.name for action in ACTIONS}
    for description in descriptions.values():
        assert description["fields"]
        assert all("selector" in field for field in description["fields"].values())
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_examples_and_defaults_can_be_chosen(descriptions: dict[str, Any]) -> None:
    """In the very selector that they stand at; an example of an object is written as JSON."""
    for description in descriptions.values():
        for field in description["fields"].values():
            chooser: Any = selector(field["selector"])
            if "default" in field:
                chooser(field["default"])
            if "example" in field:
                example = field["example"]
                chooser(json.loads(example) if "object" in field["selector"] else example)


async def test_answers_are_optional_where_something_is_done(hass: HomeAssistant, descriptions: dict[str, Any]) -> None:
    """An action that does nothing but answer is never called without wanting the answer."""
    for action in ACTIONS:
        only_asks = action.name.startswith("get_") or action.name == "preview"
        expected = SupportsResponse.ONLY if only_asks else SupportsResponse.OPTIONAL
        assert hass.services.supports_response(DOMAIN, action.name) is expected
        assert action.only_asks is (expected is SupportsResponse.ONLY)
