"""Linking an asset or a meter that WattCarbon has already."""

from contextlib import suppress
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import TextSelector
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import NotFoundError, ResponseError, WattbridgeError
from .aiowattbridge.wattcarbon import Asset, RefusedError
from .const import CONF_TARGET_ID, CONF_TARGET_NAME, LARGE_ACCOUNT
from .errors import error_key
from .selectors import devices_choice
from .series_steps import SeriesSteps, name_of
from .source_steps import HIT_LIMIT
from .vendors.wattcarbon import Target, is_target_taken

CONF_PART_OF_NAME = "part_of_name"
ASSET_SEARCH_SCHEMA = vol.Schema({vol.Required(CONF_PART_OF_NAME): TextSelector()})


class LinkSteps(SeriesSteps):
    """Choosing from what the account has; what another series fills is not offered."""

    _free: dict[str, Asset]
    _hits: dict[str, Asset]

    async def async_step_link_asset(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin with the list of assets; that of a large account is searched first."""
        try:
            assets = await self._async_assets()
        except WattbridgeError as err:
            self._failed(err)
            return self.async_abort(reason=error_key(err))
        self._free = {asset.asset_id: asset for asset in assets if not is_target_taken(self.hass, asset.asset_id)}
        self._hits = self._free
        if not self._free:
            return self.async_abort(reason="no_assets")
        return await (self.async_step_asset_search() if len(self._free) > LARGE_ACCOUNT else self.async_step_assets())

    async def async_step_asset_search(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Find assets in a large account by a part of their name or id."""
        errors: dict[str, str] = {}
        schema = ASSET_SEARCH_SCHEMA
        if user_input is not None:
            part = user_input[CONF_PART_OF_NAME].strip().casefold()
            hits = [key for key, asset in self._free.items() if part in _label(asset).casefold()]
            if hits:
                self._hits = {key: self._free[key] for key in hits[:HIT_LIMIT]}
                return await self.async_step_assets()
            errors[CONF_PART_OF_NAME] = "nothing_found"
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="asset_search",
            data_schema=schema,
            errors=errors,
            description_placeholders={"count": str(len(self._free)), "limit": str(HIT_LIMIT)},
        )

    async def async_step_assets(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose an asset."""
        if user_input is not None:
            asset = self._hits[user_input[CONF_TARGET_ID]]
            self._take_up(Target.ASSET, asset.asset_id, asset.kind, name_of(asset))
            return await self.async_step_statistics()
        labels = {key: _label(asset) for key, asset in self._hits.items()}
        return self.async_show_form(
            step_id="assets",
            data_schema=vol.Schema({vol.Required(CONF_TARGET_ID): devices_choice(labels, multiple=False)}),
            description_placeholders={"count": str(len(self._free))},
        )

    async def async_step_link_meter(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a meter, which the cloud has to know."""
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            meter_id = user_input[CONF_TARGET_ID].strip()
            errors, reason = await self._async_meter_errors(meter_id)
            if not errors:
                name = user_input.get(CONF_TARGET_NAME, "").strip() or meter_id
                self._take_up(Target.METER, meter_id, None, name)
                return await self.async_step_statistics()
        schema = link_meter_schema(await self._async_free_meters())
        return self.async_show_form(
            step_id="link_meter",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
            description_placeholders={"reason": reason},
        )

    async def _async_free_meters(self) -> dict[str, str]:
        labels = await self._async_meter_labels()
        return {key: label for key, label in labels.items() if not is_target_taken(self.hass, key, Target.METER)}

    async def _async_meter_errors(self, meter_id: str) -> tuple[dict[str, str], str]:
        """Ask for a meter's series of today: there is no other question about a meter."""
        if not meter_id:
            return {CONF_TARGET_ID: "meter_unknown"}, ""
        if is_target_taken(self.hass, meter_id, Target.METER):
            return {CONF_TARGET_ID: "meter_taken"}, ""
        client = await self._async_client()
        today = dt_util.utcnow().date()
        try:
            # How the answer looks is not documented; that there is one is all that matters here.
            with self._measured(), suppress(ResponseError):
                await client.meter_timeseries(meter_id, today, today)
        except NotFoundError:
            return {CONF_TARGET_ID: "meter_unknown"}, ""
        except RefusedError as err:
            return {CONF_TARGET_ID: "field_refused"}, err.reason
        except WattbridgeError as err:
            return self._failed(err), ""
        return {}, ""


def link_meter_schema(labels: dict[str, str]) -> vol.Schema:
    """Ask for a meter's id, offering those that are known, and for a name, since the cloud has none."""
    meters = devices_choice(labels, multiple=False, allow_others=True)
    return vol.Schema({vol.Required(CONF_TARGET_ID): meters, vol.Optional(CONF_TARGET_NAME): TextSelector()})


def _label(asset: Asset) -> str:
    """Tell an asset from another one of the same name; the kind says what it is filled with."""
    own = asset.custom_id or asset.asset_id
    name = name_of(asset)
    label = name if name == own else f"{name} ({own})"
    return label if asset.kind is None else f"{label} · {asset.kind}"
