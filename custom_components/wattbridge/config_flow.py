"""Adding an account: a menu of clouds, credentials that a real call verifies, and for a source its devices."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.transport import check_base_url
from .const import CONF_BASE_URL, CONF_VENDOR, DOMAIN, SUBENTRY_STREAM
from .device_steps import DeviceSteps
from .errors import error_key
from .subentry_flow import StreamFlow
from .vendors import CARBONTRACK, WATTICS, Client, Vendor, account_unique_id, is_source, short_session

ADVANCED = "advanced"
PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
USERNAME = TextSelector(TextSelectorConfig(autocomplete="username"))


def _advanced(base_url: str) -> section:
    schema = vol.Schema({vol.Required(CONF_BASE_URL, default=base_url): TextSelector()})
    return section(schema, {"collapsed": True})


def account_schema(base_url: str) -> vol.Schema:
    """Ask for a login, and for another address of the cloud in a section that stays closed."""
    return vol.Schema(
        {
            vol.Required(CONF_USERNAME): USERNAME,
            vol.Required(CONF_PASSWORD): PASSWORD,
            vol.Required(ADVANCED): _advanced(base_url),
        }
    )


def reconfigure_schema(base_url: str) -> vol.Schema:
    """Ask for what may change in an account; an empty password keeps the one we have."""
    return vol.Schema({vol.Optional(CONF_PASSWORD): PASSWORD, vol.Required(ADVANCED): _advanced(base_url)})


REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_PASSWORD): PASSWORD})


class WattbridgeConfigFlow(DeviceSteps, ConfigFlow, domain=DOMAIN):
    """One flow for all clouds; the steps of a vendor differ only in what follows the credentials."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Offer streams on the accounts that we write to."""
        return {} if is_source(config_entry.data) else {SUBENTRY_STREAM: StreamFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose the cloud."""
        return self.async_show_menu(step_id="user", menu_options=[CARBONTRACK.key, WATTICS.key])

    async def async_step_carbontrack(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the carbonTRACK login."""
        return await self._async_step_account(CARBONTRACK, user_input)

    async def async_step_wattics(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Wattics login."""
        return await self._async_step_account(WATTICS, user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to ask for the password again."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password of an account whose cloud refuses it."""
        entry = self._get_reauth_entry()
        vendor = _vendor_of(entry)
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, CONF_PASSWORD: user_input[CONF_PASSWORD]}
            errors = await self._async_verify(vendor, data)
            if not errors:
                return self._async_finish_update(entry, data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=REAUTH_SCHEMA,
            errors=errors,
            description_placeholders={"vendor": vendor.name, "account": entry.title},
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the password or the address, and for a source go on to its devices."""
        entry = self._get_reconfigure_entry()
        vendor = _vendor_of(entry)
        errors: dict[str, str] = {}
        schema = reconfigure_schema(entry.data[CONF_BASE_URL])
        if user_input is not None:
            data = {
                **entry.data,
                CONF_PASSWORD: user_input.get(CONF_PASSWORD) or entry.data[CONF_PASSWORD],
                CONF_BASE_URL: user_input[ADVANCED][CONF_BASE_URL],
            }
            errors = await self._async_check_account(vendor, data)
            if not errors:
                return await self._async_after_account(vendor, data)
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=schema,
            errors=errors,
            description_placeholders={"vendor": vendor.name, "account": entry.title},
        )

    async def _async_step_account[C: Client](
        self, vendor: Vendor[C], user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a login until a real call goes through."""
        errors: dict[str, str] = {}
        schema = account_schema(vendor.default_url)
        if user_input is not None:
            data = {
                CONF_VENDOR: vendor.key,
                CONF_USERNAME: user_input[CONF_USERNAME],
                CONF_PASSWORD: user_input[CONF_PASSWORD],
                CONF_BASE_URL: user_input[ADVANCED][CONF_BASE_URL],
            }
            errors = await self._async_check_account(vendor, data)
            if not errors:
                return await self._async_after_account(vendor, data)
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id=vendor.key, data_schema=schema, errors=errors, description_placeholders={"vendor": vendor.name}
        )

    async def _async_check_account[C: Client](self, vendor: Vendor[C], data: dict[str, Any]) -> dict[str, str]:
        """Normalise the address, refuse an account we have, and verify the login; returns the form's errors."""
        try:
            data[CONF_BASE_URL] = check_base_url(data[CONF_BASE_URL])
        except ValueError:
            return {"base": "invalid_base_url"}
        if vendor is WATTICS and ":" in data[CONF_USERNAME]:
            return {CONF_USERNAME: "username_colon"}  # Basic authentication would cut the name there
        unique_id = account_unique_id(vendor.key, data)
        if self.source == SOURCE_USER:
            await self.async_set_unique_id(unique_id)
            self._abort_if_unique_id_configured()
        elif self._async_other_entry_has(unique_id):
            return {"base": "account_taken"}
        errors = await self._async_verify(vendor, data)
        if not errors and is_source(data):
            errors = await self.async_list_devices(data)
        return errors

    def _async_other_entry_has(self, unique_id: str) -> bool:
        own = self._get_reconfigure_entry().entry_id
        return any(e.unique_id == unique_id and e.entry_id != own for e in self._async_current_entries())

    async def _async_verify[C: Client](self, vendor: Vendor[C], data: Mapping[str, Any]) -> dict[str, str]:
        """Make one real call; returns the form's errors."""
        async with short_session(self.hass) as session:
            try:
                await vendor.connect(session, data).verify()
            except WattbridgeError as err:
                return {"base": error_key(err)}
        return {}

    async def _async_after_account[C: Client](self, vendor: Vendor[C], data: dict[str, Any]) -> ConfigFlowResult:
        """Go on to the devices of a source; a sink is complete."""
        if is_source(data):
            return await self.async_begin_devices()
        return self.async_finish(vendor.name, data)

    @override
    def async_finish(self, title: str, data: dict[str, Any]) -> ConfigFlowResult:
        """Create the account, or keep what was changed in it."""
        if self.source == SOURCE_RECONFIGURE:
            return self._async_finish_update(self._get_reconfigure_entry(), data)
        return self.async_create_entry(title=title, data=data)

    def _async_finish_update(self, entry: ConfigEntry, data: dict[str, Any]) -> ConfigFlowResult:
        """Keep the data and load the account again, exactly once.

        The reload helper may not be used beside an update listener, and the listener does not fire for
        unchanged data; after refused credentials a reload is needed even then.
        """
        reason = "reconfigure_successful" if self.source == SOURCE_RECONFIGURE else "reauth_successful"
        self.hass.config_entries.async_update_entry(
            entry, data=data, unique_id=account_unique_id(data[CONF_VENDOR], data)
        )
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(reason=reason)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go straight on to the first stream of an account we write to."""
        entry = result["result"]
        if not is_source(entry.data):
            flow = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_STREAM), context=SubentryFlowContext(source=SOURCE_USER)
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result


def _vendor_of(entry: ConfigEntry) -> Vendor[Any]:
    return next(vendor for vendor in (CARBONTRACK, WATTICS) if vendor.key == entry.data[CONF_VENDOR])
