"""The form of a new asset: what all kinds have, what its own kind has, and anything else in lines of `name: value`."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from secrets import token_hex
from typing import Any, get_args, get_type_hints

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .aiowattbridge.wattcarbon import KINDS, DeviceOwner, NewAsset, OtherAsset
from .aiowattbridge.wattcarbon.assets import BASE_FIELDS
from .place_form import place_fields, place_in
from .selectors import devices_choice

CONF_COMMENCED = "commenced_operation_date"
CONF_CUSTOM_ID = "custom_id"
CONF_FURTHER = "further"
CONF_KIND_NAME = "kind_name"
CONF_METER_IDS = "meter_ids"
CONF_NAME = "name"
CONF_OWNER_NAME = "owner_name"
CONF_UTILITY = "utility"
# What is chosen for a kind that has no form of its own.
OTHER_KIND = "other"

NUMBER = NumberSelector(NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX))
LINES = TextSelector(TextSelectorConfig(multiline=True))


def asset_schema(kind: str, meters: dict[str, str]) -> vol.Schema:
    """Ask for what describes an asset of a kind."""
    own_kind: dict[Any, Any] = {vol.Required(CONF_KIND_NAME): TextSelector()} if kind == OTHER_KIND else {}
    return vol.Schema(
        {
            **own_kind,
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_CUSTOM_ID): TextSelector(),
            **dict(_particulars(kind)),
            vol.Optional(CONF_UTILITY): TextSelector(),
            vol.Optional(CONF_OWNER_NAME): TextSelector(),
            vol.Optional(CONF_COMMENCED): DateSelector(),
            vol.Optional(CONF_METER_IDS): devices_choice(meters, multiple=True, allow_others=True),
            **place_fields(),
            vol.Optional(CONF_FURTHER): LINES,
        }
    )


def proposed_asset(home_name: str) -> dict[str, Any]:
    """Propose what every asset needs; by its custom id it is found again if the cloud's answer gets lost."""
    return {CONF_NAME: home_name, CONF_CUSTOM_ID: f"home-assistant-{token_hex(4)}"}


def new_asset(hass: HomeAssistant, kind: str, user_input: Mapping[str, Any]) -> NewAsset:
    """Read a filled-in form; raises ValueError that begins with the name of the field at fault."""
    owner_name = _text(user_input, CONF_OWNER_NAME)
    commenced = user_input.get(CONF_COMMENCED)
    known: dict[str, Any] = {
        CONF_NAME: user_input[CONF_NAME].strip(),
        CONF_CUSTOM_ID: user_input[CONF_CUSTOM_ID].strip(),
        CONF_UTILITY: _text(user_input, CONF_UTILITY),
        CONF_METER_IDS: tuple(meter_id.strip() for meter_id in user_input.get(CONF_METER_IDS, ())),
        CONF_COMMENCED: None if commenced is None else date.fromisoformat(commenced),
        "device_owner": None if owner_name is None else DeviceOwner(name=owner_name),
        "location": place_in(hass, user_input),
        "extra": _further(user_input.get(CONF_FURTHER, "")),
    }
    if kind == OTHER_KIND:
        return OtherAsset(kind=user_input[CONF_KIND_NAME].strip(), **known)
    return KINDS[kind](**known, **{name: _value(user_input, name) for name in _own_fields(kind)})


def _own_fields(kind: str) -> list[str]:
    """Name the fields that a kind alone has."""
    if kind == OTHER_KIND:
        return []
    return [given.name for given in fields(KINDS[kind]) if given.name not in BASE_FIELDS]


def _particulars(kind: str) -> list[tuple[Any, Any]]:
    """Ask for them, each by its type."""
    hints = {} if kind == OTHER_KIND else get_type_hints(KINDS[kind])
    return [_field(name, hints[name]) for name in _own_fields(kind)]


def _field(name: str, hint: Any) -> tuple[Any, Any]:
    types = get_args(hint)
    if bool in types:
        return vol.Required(name, default=False), BooleanSelector()
    return vol.Optional(name), TextSelector() if str in types else NUMBER


def _value(user_input: Mapping[str, Any], name: str) -> Any:
    return _text(user_input, name) if isinstance(user_input.get(name), str) else user_input.get(name)


def _text(user_input: Mapping[str, Any], name: str) -> str | None:
    """Return what is typed into a field; nothing but blanks is nothing."""
    return user_input.get(name, "").strip() or None


def _further(lines: str) -> dict[str, object]:
    """Read lines of `name: value`; a value that is JSON is taken as such, anything else as text."""
    found: dict[str, object] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise ValueError(f"extra: has to be lines of “name: value”; this is none: {line}")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value.strip()
    return found
