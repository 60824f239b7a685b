"""The form of an account: a login, and in a section that stays closed what a test environment needs."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .const import CONF_BASE_URL, CONF_COLLECTION, CONF_VENDOR
from .selectors import choice
from .vendors import VENDORS, WATTCARBON, WATTICS
from .vendors.wattcarbon import COLLECTIONS
from .vendors.wattics import ENVIRONMENTS, environment_of

ADVANCED: Final = "advanced"
CONF_ENVIRONMENT: Final = "environment"
# What the account's first call finds out by itself.
FOUND_OUT: Final = "found_out"
PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): PASSWORD})


def account_schema(vendor: str) -> vol.Schema:
    """Ask for a login, and for where the cloud is."""
    place = _place_fields(vendor, {CONF_BASE_URL: VENDORS[vendor].default_url})
    return vol.Schema({vol.Required(CONF_USERNAME): USERNAME, vol.Required(CONF_PASSWORD): PASSWORD, **place})


def reconfigure_schema(data: Mapping[str, Any]) -> vol.Schema:
    """Ask for what may change in an account; an empty password keeps the one we have."""
    return vol.Schema({vol.Optional(CONF_PASSWORD): PASSWORD, **_place_fields(data[CONF_VENDOR], data)})


def _place_fields(vendor: str, data: Mapping[str, Any]) -> dict[Any, Any]:
    """Ask for an environment where the vendor has several, and for any other address."""
    advanced: dict[Any, Any] = {vol.Required(CONF_BASE_URL, default=data[CONF_BASE_URL]): TextSelector()}
    fields: dict[Any, Any] = {}
    if vendor == WATTICS.key:
        # An address that is given goes before the environment.
        environment = environment_of(data[CONF_BASE_URL])
        own = {} if environment else {"suggested_value": data[CONF_BASE_URL]}
        advanced = {vol.Optional(CONF_BASE_URL, description=own): TextSelector()}
        default = environment or next(iter(ENVIRONMENTS))
        fields = {vol.Required(CONF_ENVIRONMENT, default=default): choice(ENVIRONMENTS, "environment")}
    elif vendor == WATTCARBON.key:
        collection = vol.Required(CONF_COLLECTION, default=data.get(CONF_COLLECTION, FOUND_OUT))
        advanced[collection] = choice((FOUND_OUT, *COLLECTIONS), "collection")
    return {**fields, vol.Required(ADVANCED): section(vol.Schema(advanced), {"collapsed": True})}


def place_in(vendor: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a filled-in form says of where the cloud is, as entry data has it."""
    advanced = user_input[ADVANCED]
    base_url = advanced.get(CONF_BASE_URL, "").strip()
    place = {CONF_BASE_URL: base_url}
    if vendor == WATTICS.key:
        place[CONF_BASE_URL] = base_url or ENVIRONMENTS[user_input[CONF_ENVIRONMENT]]
    elif vendor == WATTCARBON.key and advanced[CONF_COLLECTION] != FOUND_OUT:
        place[CONF_COLLECTION] = advanced[CONF_COLLECTION]
    return place


def login_errors(data: Mapping[str, Any]) -> dict[str, str]:
    """Refuse a login that no cloud could take."""
    if not data[CONF_USERNAME].strip() or not data[CONF_PASSWORD].strip():
        return {"base": "login_empty"}
    if data[CONF_VENDOR] == WATTICS.key and ":" in data[CONF_USERNAME]:
        return {CONF_USERNAME: "username_colon"}  # Basic authentication would cut the name there
    return {}
