"""How the tests of the actions call them."""

import json
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattbridge.const import DOMAIN

ENGLISH = Path(__file__).parents[2] / "custom_components" / "wattbridge" / "translations" / "en.json"
EXCEPTIONS: dict[str | None, dict[str, str]] = json.loads(ENGLISH.read_text())["exceptions"]


async def call(hass: HomeAssistant, action: str, /, **fields: Any) -> dict[str, Any]:
    """Call an action and return its response."""
    response = await hass.services.async_call(DOMAIN, action, fields, blocking=True, return_response=True)
    assert isinstance(response, dict)
    return dict(response)


def read_aloud(error: HomeAssistantError) -> None:
    """Check that an error of ours has a text in which nothing is left open."""
    if error.translation_domain == DOMAIN:
        message: str = EXCEPTIONS[error.translation_key]["message"]
        assert message.format(**(error.translation_placeholders or {}))


async def refusal(hass: HomeAssistant, action: str, /, **fields: Any) -> tuple[str | None, dict[str, str] | None]:
    """Call an action that does nothing but say why not; returns the key of the text and what stands in it."""
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, **fields)
    read_aloud(refused.value)
    return refused.value.translation_key, refused.value.translation_placeholders


async def failure(hass: HomeAssistant, action: str, /, **fields: Any) -> str | None:
    """Call an action that fails on its way, by nobody's mistake; returns the key of the text."""
    with pytest.raises(HomeAssistantError) as failed:
        await call(hass, action, **fields)
    assert not isinstance(failed.value, ServiceValidationError)
    read_aloud(failed.value)
    return failed.value.translation_key


def registry_id(hass: HomeAssistant, entry: MockConfigEntry, device_id: str) -> str:
    """Return the id by which a form names a device."""
    identifier = (DOMAIN, f"{entry.data['vendor']}_{device_id}")
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    assert device is not None
    return device.id
