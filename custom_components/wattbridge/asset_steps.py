"""Creating an asset in the flow of a series. It is created once, also where the cloud's answer gets lost."""

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.wattcarbon import KINDS, Asset, NewAsset, RefusedError
from .asset_form import OTHER_KIND, asset_schema, new_asset, proposed_asset
from .const import CONF_TARGET_KIND
from .refused_fields import invalid_field_errors, refused_field_errors
from .selectors import choice
from .series_steps import SeriesSteps, name_of
from .vendors.wattcarbon import Target

ASSET_KIND_SCHEMA = vol.Schema({vol.Required(CONF_TARGET_KIND): choice((*KINDS, OTHER_KIND), "asset_kind")})


class AssetSteps(SeriesSteps):
    """Describing a new asset, until the cloud takes it."""

    _kind: str
    _meters: dict[str, str]
    # Custom ids of which an asset may have been created, though nobody said so.
    _uncertain: frozenset[str] = frozenset()

    async def async_step_asset_kind(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the kind, which says by which methodology certificates are issued."""
        if user_input is not None:
            self._kind = user_input[CONF_TARGET_KIND]
            self._meters = await self._async_meter_labels()
            return await self.async_step_asset()
        return self.async_show_form(step_id="asset_kind", data_schema=ASSET_KIND_SCHEMA)

    async def async_step_asset(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Describe the asset."""
        errors: dict[str, str] = {}
        reason = ""
        schema = asset_schema(self._kind, self._meters)
        if user_input is not None:
            try:
                asset = await self._async_create(new_asset(self.hass, self._kind, user_input))
            except ValueError as err:
                errors, reason = invalid_field_errors(err, schema.schema)
            except RefusedError as err:
                errors, reason = refused_field_errors(err, schema.schema)
            except WattbridgeError as err:
                errors = {"base": "asset_uncertain"} if err.may_have_arrived else self._failed(err)
            else:
                self._take_up(Target.ASSET, asset.asset_id, asset.kind or self._kind, name_of(asset))
                return await self.async_step_asset_created()
        suggested = user_input or proposed_asset(self.hass.config.location_name)
        return self.async_show_form(
            step_id="asset",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={"home": self.hass.config.location_name, "reason": reason},
        )

    async def _async_create(self, new: NewAsset) -> Asset:
        """Create an asset; one that may be there since a lost answer is looked up before."""
        client = await self._async_client()
        custom_id = new.custom_id or ""
        if custom_id in self._uncertain:
            found = await client.find_asset(custom_id)
            if found is not None and (found.kind, found.name) == (new.kind, new.name):
                return found
        try:
            return await client.create_asset(new)
        except WattbridgeError as err:
            if err.may_have_arrived:
                self._uncertain |= {custom_id}
            raise

    async def async_step_asset_created(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say that the asset is there, whatever becomes of the rest of the flow."""
        if user_input is not None:
            return await self.async_step_statistics()
        return self.async_show_form(
            step_id="asset_created", data_schema=vol.Schema({}), description_placeholders=self._placeholders()
        )
