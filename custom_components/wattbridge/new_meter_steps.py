"""Creating a meter at WattCarbon in the flow of a series. Nothing identifies one but the answer: it is sent once."""

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import TextSelector

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.wattcarbon import METER_TYPES, NewMeter, RefusedError
from .const import CONF_TARGET_KIND, CONF_TARGET_NAME
from .place_form import place_fields, place_in
from .refused_fields import invalid_field_errors, refused_field_errors
from .selectors import choice
from .series_steps import SeriesSteps
from .vendors.wattcarbon import Target

NEW_METER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TARGET_KIND, default="electricity"): choice(METER_TYPES, "meter_type"),
        vol.Optional(CONF_TARGET_NAME): TextSelector(),
        **place_fields(),
    }
)


class NewMeterSteps(SeriesSteps):
    """Describing a new meter, until the cloud takes it."""

    async def async_step_new_meter(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Describe the meter."""
        errors: dict[str, str] = {}
        reason = ""
        if user_input is not None:
            kind = user_input[CONF_TARGET_KIND]
            client = await self._async_client()
            try:
                meter = await client.create_meter(NewMeter(meter_type=kind, location=place_in(self.hass, user_input)))
            except ValueError as err:
                errors, reason = invalid_field_errors(err, NEW_METER_SCHEMA.schema)
            except RefusedError as err:
                errors, reason = refused_field_errors(err, NEW_METER_SCHEMA.schema)
            except WattbridgeError as err:
                errors = {"base": "meter_uncertain"} if err.may_have_arrived else self._failed(err)
            else:
                name = user_input.get(CONF_TARGET_NAME, "").strip() or meter.meter_id
                self._take_up(Target.METER, meter.meter_id, kind, name)
                return await self.async_step_meter_created()
        return self.async_show_form(
            step_id="new_meter",
            data_schema=self.add_suggested_values_to_schema(NEW_METER_SCHEMA, user_input or {}),
            errors=errors,
            description_placeholders={"home": self.hass.config.location_name, "reason": reason},
        )

    async def async_step_meter_created(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Say that the meter is there, and by which id alone it is found again."""
        if user_input is not None:
            return await self.async_step_statistics()
        return self.async_show_form(
            step_id="meter_created", data_schema=vol.Schema({}), description_placeholders=self._placeholders()
        )
