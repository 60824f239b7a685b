"""Adding an account: a menu of clouds, credentials that a real call verifies, and for a source its devices."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback

from .account_form import REAUTH_SCHEMA, account_schema, login_errors, place_in, reconfigure_schema
from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.pause import Pause
from .aiowattbridge.transport import check_base_url
from .const import (
    CONF_BASE_URL,
    CONF_COLLECTION,
    CONF_VENDOR,
    DOMAIN,
    MINOR_VERSION,
    SUBENTRY_SERIES,
    SUBENTRY_STREAM,
)
from .device_steps import DeviceSteps
from .errors import error_key
from .options_flow import CarbonTrackOptions, VoltawareOptions
from .pause import async_sink_pause
from .series_flow import SeriesFlow
from .subentry_flow import StreamFlow
from .vendors import (
    CARBONTRACK,
    VENDORS,
    VOLTAWARE,
    WATTCARBON,
    WATTICS,
    Client,
    Vendor,
    account_unique_id,
    is_source,
    short_session,
)
from .voltaware_steps import MeterSteps

# What an account that we write to is filled with.
SUBENTRY_TYPES: Mapping[str, str] = {WATTICS.key: SUBENTRY_STREAM, WATTCARBON.key: SUBENTRY_SERIES}
SUBENTRY_FLOWS: Mapping[str, type[ConfigSubentryFlow]] = {SUBENTRY_STREAM: StreamFlow, SUBENTRY_SERIES: SeriesFlow}


class WattbridgeConfigFlow(DeviceSteps, MeterSteps, ConfigFlow, domain=DOMAIN):
    """One flow for all clouds; the steps of a vendor differ only in what follows the credentials."""

    VERSION = 1
    MINOR_VERSION = MINOR_VERSION

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Offer streams or series on the accounts that we write to."""
        subentry_type = SUBENTRY_TYPES.get(config_entry.data.get(CONF_VENDOR, ""))
        return {} if subentry_type is None else {subentry_type: SUBENTRY_FLOWS[subentry_type]}

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        """Offer options on the accounts that we read from."""
        return is_source(config_entry.data)

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the options of the vendor."""
        return VoltawareOptions() if config_entry.data[CONF_VENDOR] == VOLTAWARE.key else CarbonTrackOptions()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose the cloud."""
        return self.async_show_menu(step_id="user", menu_options=list(VENDORS))

    async def async_step_carbontrack(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the carbonTRACK login."""
        return await self._async_step_account(CARBONTRACK, user_input)

    async def async_step_voltaware(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Voltaware client id and secret."""
        return await self._async_step_account(VOLTAWARE, user_input)

    async def async_step_wattics(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the Wattics login."""
        return await self._async_step_account(WATTICS, user_input)

    async def async_step_wattcarbon(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the e-mail and the API key of a WattCarbon account."""
        return await self._async_step_account(WATTCARBON, user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to ask for the password again, or for what stands in its place."""
        match entry_data[CONF_VENDOR]:
            case VOLTAWARE.key:
                return await self.async_step_reauth_secret()
            case WATTCARBON.key:
                return await self.async_step_reauth_api_key()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password of an account whose cloud refuses it."""
        return await self._async_step_sign_in_again("reauth_confirm", user_input)

    async def async_step_reauth_secret(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the client secret of an account whose cloud refuses it."""
        return await self._async_step_sign_in_again("reauth_secret", user_input)

    async def async_step_reauth_api_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the API key of an account whose cloud refuses it."""
        return await self._async_step_sign_in_again("reauth_api_key", user_input)

    async def _async_step_sign_in_again(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        entry = self._get_reauth_entry()
        vendor = _vendor_of(entry)
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**entry.data, CONF_PASSWORD: user_input[CONF_PASSWORD]}
            errors = login_errors(data) or await self._async_verify(vendor, data)
            if not errors:
                return self._async_finish_update(entry, data)
        return self.async_show_form(
            step_id=step_id,
            data_schema=REAUTH_SCHEMA,
            errors=errors,
            description_placeholders={"vendor": vendor.name, "account": entry.title},
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin to change an account."""
        match self._get_reconfigure_entry().data[CONF_VENDOR]:
            case VOLTAWARE.key:
                return await self.async_step_reconfigure_secret(user_input)
            case WATTCARBON.key:
                return await self.async_step_reconfigure_api_key(user_input)
        return await self._async_step_change("reconfigure", user_input)

    async def async_step_reconfigure_secret(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin to change an account that has a client secret in the place of a password."""
        return await self._async_step_change("reconfigure_secret", user_input)

    async def async_step_reconfigure_api_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin to change an account that has an API key in the place of a password."""
        return await self._async_step_change("reconfigure_api_key", user_input)

    async def _async_step_change(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Change the password or the address, and for a source go on to its devices."""
        entry = self._get_reconfigure_entry()
        vendor = _vendor_of(entry)
        errors: dict[str, str] = {}
        schema = reconfigure_schema(entry.data)
        if user_input is not None:
            password = user_input.get(CONF_PASSWORD) or entry.data[CONF_PASSWORD]
            kept = {key: value for key, value in entry.data.items() if key != CONF_COLLECTION}
            data = {**kept, CONF_PASSWORD: password, **place_in(vendor.key, user_input)}
            errors = await self._async_check_account(vendor, data)
            if not errors:
                return await self._async_after_account(vendor, data)
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=errors,
            description_placeholders={"vendor": vendor.name, "account": entry.title},
        )

    async def _async_step_account[C: Client](
        self, vendor: Vendor[C], user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a login until a real call goes through."""
        errors: dict[str, str] = {}
        schema = account_schema(vendor.key)
        if user_input is not None:
            data = {
                CONF_VENDOR: vendor.key,
                CONF_USERNAME: user_input[CONF_USERNAME],
                CONF_PASSWORD: user_input[CONF_PASSWORD],
                **place_in(vendor.key, user_input),
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
        if errors := login_errors(data):
            return errors
        unique_id = account_unique_id(vendor.key, data)
        if self.source == SOURCE_USER:
            await self.async_set_unique_id(unique_id)
            self._abort_if_unique_id_configured()
        elif self._async_other_entry_has(unique_id):
            return {"base": "account_taken"}
        # The list of a source's devices is the real call that verifies its login.
        match vendor.key:
            case CARBONTRACK.key:
                return await self.async_list_devices(data)
            case VOLTAWARE.key:
                return await self.async_list_meters(data)
            case _:
                return await self._async_verify(vendor, data)

    def _async_other_entry_has(self, unique_id: str) -> bool:
        own = self._get_reconfigure_entry().entry_id
        return any(e.unique_id == unique_id and e.entry_id != own for e in self._async_current_entries())

    async def _async_verify[C: Client](self, vendor: Vendor[C], data: Mapping[str, Any]) -> dict[str, str]:
        """Make one real call; returns the form's errors."""
        pause = await self._async_pause(data)
        async with short_session(self.hass) as session:
            try:
                await vendor.connect(session, data, pause).verify()
            except WattbridgeError as err:
                return {"base": error_key(err)}
        return {}

    async def _async_pause(self, data: Mapping[str, Any]) -> Pause | None:
        """Return the pause of a sink that is there already, unless its data name another place."""
        if self.source == SOURCE_USER or is_source(data):
            return None
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        same = entry.data[CONF_BASE_URL] == data[CONF_BASE_URL]
        return await async_sink_pause(self.hass, entry) if same else None

    async def _async_after_account[C: Client](self, vendor: Vendor[C], data: dict[str, Any]) -> ConfigFlowResult:
        """Go on to the devices of a source; a sink is complete."""
        match vendor.key:
            case CARBONTRACK.key:
                return await self.async_begin_devices()
            case VOLTAWARE.key:
                return await self.async_begin_meters()
            case _:
                return self.async_finish(vendor.name, data)

    @override
    def async_finish(
        self, title: str, data: dict[str, Any], options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Create the account, or keep what was changed in it."""
        if self.source == SOURCE_RECONFIGURE:
            return self._async_finish_update(self._get_reconfigure_entry(), data, options)
        return self.async_create_entry(title=title, data=data, options=options)

    def _async_finish_update(
        self, entry: ConfigEntry, data: dict[str, Any], options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Keep the data and load the account again, exactly once.

        The reload helper may not be used beside an update listener, and the listener does not fire for
        unchanged data; after refused credentials a reload is needed even then.
        """
        reason = "reconfigure_successful" if self.source == SOURCE_RECONFIGURE else "reauth_successful"
        self.hass.config_entries.async_update_entry(
            entry,
            data=data,
            options=entry.options if options is None else options,
            unique_id=account_unique_id(data[CONF_VENDOR], data),
        )
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(reason=reason)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go straight on to the first stream or series of an account we write to."""
        entry = result["result"]
        if not is_source(entry.data):
            flow = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_TYPES[entry.data[CONF_VENDOR]]),
                context=SubentryFlowContext(source=SOURCE_USER),
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result


def _vendor_of(entry: ConfigEntry) -> Vendor[Any]:
    return VENDORS[entry.data[CONF_VENDOR]]
