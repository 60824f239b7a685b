"""The actions: what can be asked of Wattbridge by hand or by an automation."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers.service import async_register_admin_service

from ..const import DOMAIN
from .carbontrack import MEASUREMENTS_SCHEMA, async_get_measurements
from .forward import FORWARD_SCHEMA, async_forward
from .forward_hours import FORWARD_HOURS_SCHEMA, async_forward_hours
from .history import CLEAR_SCHEMA, IMPORT_SCHEMA, async_clear, async_import
from .last_packet import LAST_PACKET_SCHEMA, async_get_last_packet
from .preview import PREVIEW_SCHEMA, async_preview_sending
from .reconcile import RECONCILE_SCHEMA, async_reconcile
from .resend import RESEND_SCHEMA, async_resend_period
from .voltaware_home import (
    APPLIANCES_SCHEMA,
    HOME_SCHEMA,
    PROPERTY_SCHEMA,
    async_get_metadata,
    async_set_appliances,
    async_set_geolocation,
    async_set_property,
)
from .voltaware_results import DISAGGREGATION_SCHEMA, async_get_disaggregation
from .wattcarbon_assets import (
    CREATE_ASSET_SCHEMA,
    CREATE_METER_SCHEMA,
    UPDATE_ASSET_SCHEMA,
    async_create_asset,
    async_create_meter,
    async_update_asset,
)


@dataclass(frozen=True, slots=True)
class Action:
    """One action. Those that ask for nothing but an answer change nothing, and are for every user.

    The others change what a cloud or the recorder holds, and are for administrators.
    """

    name: str
    handler: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: vol.Schema
    only_asks: bool = False


ACTIONS: Final = (
    Action("forward_to_wattics", async_forward, FORWARD_SCHEMA),
    Action("forward_to_wattcarbon", async_forward_hours, FORWARD_HOURS_SCHEMA),
    Action("preview", async_preview_sending, PREVIEW_SCHEMA, only_asks=True),
    Action("resend", async_resend_period, RESEND_SCHEMA),
    Action("reconcile", async_reconcile, RECONCILE_SCHEMA),
    Action("get_wattics_last_packet", async_get_last_packet, LAST_PACKET_SCHEMA, only_asks=True),
    Action("create_wattcarbon_asset", async_create_asset, CREATE_ASSET_SCHEMA),
    Action("update_wattcarbon_asset", async_update_asset, UPDATE_ASSET_SCHEMA),
    Action("create_wattcarbon_meter", async_create_meter, CREATE_METER_SCHEMA),
    Action("import_history", async_import, IMPORT_SCHEMA),
    Action("clear_statistics", async_clear, CLEAR_SCHEMA),
    Action("get_carbontrack_measurements", async_get_measurements, MEASUREMENTS_SCHEMA, only_asks=True),
    Action("get_voltaware_disaggregation", async_get_disaggregation, DISAGGREGATION_SCHEMA, only_asks=True),
    Action("get_voltaware_metadata", async_get_metadata, HOME_SCHEMA, only_asks=True),
    Action("set_voltaware_property", async_set_property, PROPERTY_SCHEMA),
    Action("set_voltaware_appliances", async_set_appliances, APPLIANCES_SCHEMA),
    Action("set_voltaware_geolocation", async_set_geolocation, HOME_SCHEMA),
)


@callback
def async_setup_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for action in ACTIONS:
        if action.only_asks:
            hass.services.async_register(
                DOMAIN, action.name, action.handler, action.schema, supports_response=SupportsResponse.ONLY
            )
        else:
            async_register_admin_service(
                hass, DOMAIN, action.name, action.handler, action.schema, supports_response=SupportsResponse.OPTIONAL
            )
