"""`create_wattcarbon_asset`, `update_wattcarbon_asset` and `create_wattcarbon_meter`.

Who owns an asset and where it is are no fields, since Home Assistant records what actions are called with: the place
is that of Home Assistant's home, and an owner is named in the flow of a series or at WattCarbon.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final, get_args, get_type_hints

import voluptuous as vol
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from ..aiowattbridge.errors import CredentialsError, NotFoundError, WattbridgeError
from ..aiowattbridge.wattcarbon import KINDS, METER_TYPES, Asset, Coordinates, NewAsset, NewMeter, OtherAsset
from ..aiowattbridge.wattcarbon.assets import BASE_FIELDS
from ..asset_form import (
    CONF_COMMENCED,
    CONF_CUSTOM_ID,
    CONF_KIND_NAME,
    CONF_METER_IDS,
    CONF_NAME,
    CONF_UTILITY,
    OTHER_KIND,
)
from ..vendors import WATTCARBON
from .common import action_refused, cloud_errors, home_deg
from .personal_fields import personal_field
from .sinks import ATTR_DRY_RUN, DRY_RUN_FIELD, failure, sink_of

ATTR_ASSET_ID: Final = "asset_id"
ATTR_EXTRA: Final = "extra"
ATTR_KIND: Final = "kind"
ATTR_METER_TYPE: Final = "meter_type"


def _own_fields(kind: type[NewAsset]) -> list[str]:
    """Name the fields that only assets of this kind have."""
    return [given.name for given in fields(kind) if given.name not in {*BASE_FIELDS, ATTR_KIND}]


def _validator(hint: Any) -> Any:
    """Return what accepts a field of a type."""
    types = get_args(hint)
    if bool in types:
        return cv.boolean
    return cv.string if str in types else vol.All(vol.Coerce(float), vol.Range(min=0))


_PARTICULARS: Final[Mapping[str, Any]] = {
    name: _validator(get_type_hints(kind)[name]) for kind in KINDS.values() for name in _own_fields(kind)
}
_COMMON: Final[Mapping[str, Any]] = {
    CONF_UTILITY: cv.string,
    CONF_COMMENCED: cv.date,
    CONF_METER_IDS: vol.All(cv.ensure_list, [cv.string]),
    **_PARTICULARS,
}
_EXTRA: Final = vol.Schema({cv.string: object})

CREATE_ASSET_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_KIND): vol.In((*KINDS, OTHER_KIND)),
        vol.Optional(CONF_KIND_NAME): cv.string,
        vol.Required(CONF_NAME): cv.string,
        vol.Required(CONF_CUSTOM_ID): cv.string,
        **{vol.Optional(name): validator for name, validator in _COMMON.items()},
        vol.Optional(ATTR_EXTRA): _EXTRA,
        **DRY_RUN_FIELD,
    }
)
UPDATE_ASSET_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_ASSET_ID): cv.string,
        vol.Optional(CONF_NAME): cv.string,
        vol.Optional(CONF_CUSTOM_ID): cv.string,
        # A null takes away what is there.
        **{vol.Optional(name): vol.Any(None, validator) for name, validator in _COMMON.items()},
        vol.Optional(ATTR_EXTRA): _EXTRA,
        **DRY_RUN_FIELD,
    }
)
CREATE_METER_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_METER_TYPE, default="electricity"): vol.In(METER_TYPES),
        **DRY_RUN_FIELD,
    }
)


async def async_create_asset(call: ServiceCall) -> ServiceResponse:
    """Create an asset at home, or find the one that has its custom id already."""
    hass, data = call.hass, call.data
    sink = sink_of(hass, data[ATTR_CONFIG_ENTRY_ID], WATTCARBON)
    new = _new_asset(hass, data)
    custom_id = data[CONF_CUSTOM_ID].strip()
    client = sink.forwarder.account.client
    with cloud_errors(hass, sink.entry):
        found = await client.find_asset(custom_id)
        if found is not None and found.kind not in (None, new.kind):
            raise action_refused("custom_id_taken", custom_id=custom_id, kind=str(found.kind))
        if found is None and not data[ATTR_DRY_RUN]:
            try:
                return _about(await client.create_asset(new), new.kind, is_new=True)
            except CredentialsError:
                raise
            except WattbridgeError as err:
                if err.may_have_arrived:
                    raise failure("asset_uncertain", custom_id=custom_id, reason=err.reason) from err
                raise
    return _about(found, new.kind, is_new=False) | ({"would_send": _wire(new)} if data[ATTR_DRY_RUN] else {})


def _about(asset: Asset | None, kind: str, *, is_new: bool) -> dict[str, Any]:
    asset_id = None if asset is None else asset.asset_id
    return {"asset_id": asset_id, "kind": kind, "created": is_new, "found": asset is not None and not is_new}


def _wire(new: NewAsset) -> dict[str, Any]:
    """Write an asset as it is sent, but for the place."""
    return {name: value for name, value in new.to_wire().items() if name != "location"}


def _new_asset(hass: HomeAssistant, data: Mapping[str, Any]) -> NewAsset:
    """Read the fields of a call; raises ServiceValidationError that names the one at fault."""
    kind: str = data[ATTR_KIND]
    if (kind == OTHER_KIND) is not (CONF_KIND_NAME in data):
        raise action_refused("kind_name_needed")
    known = {CONF_NAME: data[CONF_NAME].strip(), CONF_CUSTOM_ID: data[CONF_CUSTOM_ID].strip()}
    known |= {name: value for name, value in _given(data, KINDS.get(kind)).items() if value not in (None, "")}
    extra = _extra(data)
    location = _home(hass)
    try:
        if kind == OTHER_KIND:
            return OtherAsset(kind=data[CONF_KIND_NAME].strip(), location=location, extra=extra, **known)
        return KINDS[kind](location=location, extra=extra, **known)
    except ValueError as err:
        raise _field_refused(err) from None


def _field_refused(err: ValueError) -> ServiceValidationError:
    field, _, accepted = str(err).partition(": ")
    return action_refused("field_refused", field=field, accepted=accepted)


def _home(hass: HomeAssistant) -> Coordinates:
    latitude_deg, longitude_deg = home_deg(hass)
    return Coordinates(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _given(data: Mapping[str, Any], kind: type[NewAsset] | None) -> dict[str, Any]:
    """Return the common fields that a call gives and those of the kind; refuses those of another one."""
    own = [] if kind is None else _own_fields(kind)
    for name in _PARTICULARS:
        if name in data and name not in own:
            raise action_refused("field_of_another_kind", field=name)
    given = {name: data[name] for name in _COMMON if name in data}
    given = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    if CONF_METER_IDS in given:
        given[CONF_METER_IDS] = tuple(meter_id.strip() for meter_id in given[CONF_METER_IDS] or ())
    return given


def _extra(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return further fields; raises ServiceValidationError for those that say who or where somebody is."""
    extra: dict[str, Any] = data.get(ATTR_EXTRA, {})
    if (field := personal_field(extra)) is not None:
        raise action_refused("field_is_personal", field=f"{ATTR_EXTRA}.{field}")
    return extra


async def async_update_asset(call: ServiceCall) -> ServiceResponse:
    """Change what describes an asset; what is not given stays as it is, the owner and the place among it."""
    hass, data = call.hass, call.data
    sink = sink_of(hass, data[ATTR_CONFIG_ENTRY_ID], WATTCARBON)
    client, asset_id = sink.forwarder.account.client, data[ATTR_ASSET_ID]
    extra = _extra(data)
    with cloud_errors(hass, sink.entry):
        try:
            asset = await client.asset(asset_id)
        except NotFoundError as err:
            raise action_refused("asset_unknown", asset=asset_id, account=sink.entry.title) from err
        before = _as_new(hass, asset)
        wanted = _wanted(before, data, extra)
        is_changed = wanted != before and not data[ATTR_DRY_RUN]
        if is_changed:
            await client.update_asset(asset_id, wanted)
    return {"asset_id": asset_id, "kind": wanted.kind, "updated": is_changed, "changes": _changes(before, wanted)}


def _as_new(hass: HomeAssistant, asset: Asset) -> NewAsset:
    """Return what describes an asset; one without a place is at home, and one without a name is called by its id."""
    try:
        location = asset.location or _home(hass)
        name = asset.name or asset.custom_id or asset.asset_id
        return replace(asset, name=name, location=location).as_new()
    except ValueError as err:
        raise _field_refused(err) from None


def _wanted(before: NewAsset, data: Mapping[str, Any], extra: Mapping[str, Any]) -> NewAsset:
    """Put what a call gives in the place of what is there."""
    given = _given(data, KINDS.get(before.kind))
    given = {name: None if value == "" else value for name, value in given.items()}
    given |= {name: data[name].strip() for name in (CONF_NAME, CONF_CUSTOM_ID) if name in data}
    try:
        return replace(before, **given, extra={**before.extra, **extra})
    except ValueError as err:
        raise _field_refused(err) from None


def _changes(before: NewAsset, wanted: NewAsset) -> dict[str, Any]:
    """List the fields that change under the vendor's names, from what and to what."""
    was, becomes = _wire(before), _wire(wanted)
    names = [name for name in {**was, **becomes} if was.get(name) != becomes.get(name)]
    return {name: {"from": was.get(name), "to": becomes.get(name)} for name in names}


async def async_create_meter(call: ServiceCall) -> ServiceResponse:
    """Create a meter at home; nothing identifies it but the answer, so it is asked for once."""
    hass, data = call.hass, call.data
    sink = sink_of(hass, data[ATTR_CONFIG_ENTRY_ID], WATTCARBON)
    new = NewMeter(meter_type=data[ATTR_METER_TYPE], location=_home(hass))
    meter_id: str | None = None
    if not data[ATTR_DRY_RUN]:
        with cloud_errors(hass, sink.entry):
            try:
                meter_id = (await sink.forwarder.account.client.create_meter(new)).meter_id
            except CredentialsError:
                raise
            except WattbridgeError as err:
                if err.may_have_arrived:
                    raise failure("meter_uncertain", reason=err.reason) from err
                raise
    return {"meter_id": meter_id, "meter_type": new.meter_type, "created": meter_id is not None}
