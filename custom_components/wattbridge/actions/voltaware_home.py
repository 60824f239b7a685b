"""What Voltaware knows of a home: `get_voltaware_metadata`, and the actions that tell it.

Nothing that says who or where somebody is can be given to an action, since Home Assistant records what it is called
with: the place of the home comes from Home Assistant's own settings, and no answer shows it.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from math import isclose
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..aiowattbridge.voltaware import AnyAppliance, Geolocation, Property, read_appliances, read_property
from ..aiowattbridge.voltaware.property import HOME
from ..data import VoltawareRuntime
from ..vendors import VOLTAWARE
from .common import AccountDevice, action_refused, cloud_errors, device_of_vendor, home_deg

ATTR_APPLIANCES: Final = "appliances"
PROPERTY_FIELDS: Final = (
    "property_type",
    "power_generator_source",
    "home_type",
    "home_usage_type",
    "home_size",
    "bedroom_amount",
    "people_amount",
    "people_amount_in_day_time",
    "people",
)
SOLAR_THERMAL: Final = "coupled_with_solar_thermal_system"
# The vendor's words are in capitals, which cannot be keys of translations: the choices have them in small letters.
WORDS: Final = frozenset(
    {
        "property_type",
        "power_generator_source",
        "home_type",
        "home_usage_type",
        "age_range",
        "key",
        "type",
        "usage_type",
        "usage_types",
        SOLAR_THERMAL,
    }
)
# About ten metres: so near, a place is the same.
SAME_PLACE_DEG: Final = 1e-4

HOME_SCHEMA = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string})
PROPERTY_SCHEMA = HOME_SCHEMA.extend(
    {
        # Of whatever type they are: the library checks each, and its refusal says what is accepted.
        vol.Optional(name): object
        for name in PROPERTY_FIELDS
    }
)
APPLIANCES_SCHEMA = HOME_SCHEMA.extend({vol.Required(ATTR_APPLIANCES): vol.Any(list, dict)})


async def async_get_metadata(call: ServiceCall) -> ServiceResponse:
    """Answer with what Voltaware was told of a home, and whether it knows where that is."""
    device = _device(call)
    client, device_id = device.runtime.client, device.device_id
    with cloud_errors(call.hass, device.entry):
        details = await client.property_details(device_id)
        appliances = await client.appliances(device_id)
        place = await client.geolocation(device_id)
    return {
        **_about(device),
        "property": _property_document(details),
        "appliances": _appliances_document(appliances),
        "geolocation_known": place is not None,
    }


async def async_set_property(call: ServiceCall) -> ServiceResponse:
    """Tell what kind of property it is, and answer with what is known of it then."""
    device = _device(call)
    given = {name: call.data[name] for name in PROPERTY_FIELDS if name in call.data}
    # To be told even if there are none; nobody should have to write an empty list.
    wanted = _checked(read_property, {"people": [], **given})
    client, device_id = device.runtime.client, device.device_id
    with cloud_errors(call.hass, device.entry):
        await client.set_property_details(device_id, wanted)
        found = await client.property_details(device_id)
    # Whether the service supports the home is shown at once, not only after the next daily question.
    device.runtime.coordinator.records[device_id].produces_energy = None if found is None else found.produces_energy
    device.runtime.coordinator.async_show(device_id)
    confirmed = found is not None and replace(found, version=None) == replace(wanted, version=None)
    return {**_about(device), "confirmed": confirmed, "property": _property_document(found)}


async def async_set_appliances(call: ServiceCall) -> ServiceResponse:
    """Replace the list of appliances, and answer with the one that is known then."""
    device = _device(call)
    wanted = _checked(read_appliances, call.data[ATTR_APPLIANCES])
    client, device_id = device.runtime.client, device.device_id
    with cloud_errors(call.hass, device.entry):
        await client.set_appliances(device_id, wanted)
        found = await client.appliances(device_id)
    confirmed = _appliances_document(found) == _appliances_document(wanted)
    return {**_about(device), "confirmed": confirmed, "appliances": _appliances_document(found)}


async def async_set_geolocation(call: ServiceCall) -> ServiceResponse:
    """Tell that the meter is at home, as Home Assistant knows it; the answer does not show where that is."""
    device = _device(call)
    client, device_id, home = device.runtime.client, device.device_id, _home(call.hass)
    with cloud_errors(call.hass, device.entry):
        await client.set_geolocation(device_id, home)
        found = await client.geolocation(device_id)
    return {**_about(device), "confirmed": found is not None and _is_near(found, home)}


def _device(call: ServiceCall) -> AccountDevice[VoltawareRuntime]:
    return device_of_vendor(call.hass, call.data[ATTR_DEVICE_ID], VOLTAWARE, VoltawareRuntime)


def _about(device: AccountDevice[VoltawareRuntime]) -> dict[str, Any]:
    return {"device_id": device.device_id, "name": device.name}


def _checked[T](read: Callable[[object], T], given: object) -> T:
    """Read what is to be told; raises ServiceValidationError that names the field and what is accepted."""
    try:
        return read(_in_vendors_words(given))
    except ValueError as err:
        field, _, accepted = str(err).partition(": ")
        raise action_refused("field_refused", field=field, accepted=accepted) from None


def _in_vendors_words(value: Any, name: str = "") -> Any:
    """Write the words of choices as the vendor does, and numbers that were typed as text as numbers."""
    match value:
        case dict():
            return {key: _in_vendors_words(inner, str(key)) for key, inner in value.items()}
        case list():
            return [_in_vendors_words(inner, name) for inner in value]
        case bool() if name == SOLAR_THERMAL:
            # What YAML makes of a bare yes or no.
            return "YES" if value else "NO"
        case str() if name in WORDS:
            return value.strip().upper()
        case str() if name == "wattages" and value.strip().isdecimal():
            return int(value)
        case _:
            return value


def _home(hass: HomeAssistant) -> Geolocation:
    """Return where Home Assistant is at home; raises ServiceValidationError if nobody has told it."""
    latitude_deg, longitude_deg = home_deg(hass)
    return Geolocation(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _is_near(found: Geolocation, home: Geolocation) -> bool:
    return isclose(found.latitude_deg, home.latitude_deg, abs_tol=SAME_PLACE_DEG) and isclose(
        found.longitude_deg, home.longitude_deg, abs_tol=SAME_PLACE_DEG
    )


def _property_document(found: Property | None) -> dict[str, Any] | None:
    """Describe a property with the vendor's names and words; what was not told is left out."""
    if found is None:
        return None
    given = {name: value for name, value in asdict(found).items() if value is not None and name != "version"}
    if "home_size_m2" in given:
        given["home_size"] = given.pop("home_size_m2")
    people = list(given.pop("people"))
    if people or found.property_type == HOME:
        given["people"] = people
    return {name: given[name] for name in PROPERTY_FIELDS if name in given}


def _appliances_document(found: Iterable[AnyAppliance] | None) -> list[dict[str, Any]] | None:
    """Describe appliances with the vendor's names and words."""
    return None if found is None else [appliance.to_wire() for appliance in found]
