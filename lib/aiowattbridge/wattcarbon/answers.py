"""What WattCarbon answers of assets and meters. Its shape is not shown, so only an `id` is asked of it.

Names are the vendor's in snake case. A missing or null field is None, what has no field of its own is kept in `extra`
as it came, and a field that is there and cannot be read fails the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Annotated, Any, ClassVar, Final, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ..answer import describe_invalid
from ..errors import ResponseError
from ..fields import NoneIsEmpty, OpaqueId
from ..transport import Answer, decode_json
from .assets import BASE_FIELDS, KINDS, DeviceOwner, NewAsset, OtherAsset
from .door import VENDOR
from .places import Address, Coordinates, read_location

_WIRE: Final = ConfigDict(alias_generator=to_camel, coerce_numbers_to_str=True)

# Where a list of assets may stand if it is not the answer itself.
_LIST_NAMES: Final = ("items", "results", "data", "assets", "devices")


def _read_owner(raw: object) -> DeviceOwner | None:
    """Read an owner, given as the object that is sent or as a name alone."""
    whole = raw if isinstance(raw, dict) else {"name": raw}
    name = whole.get("name")
    if not isinstance(name, str | None):
        raise PydanticCustomError("owner", "not an owner")
    others = {key: value for key, value in whole.items() if key != "name"}
    name = name if name is not None and name.strip() else None
    return None if name is None and not others else DeviceOwner(name=name, extra=others)


_Place = Annotated[InstanceOf[Address] | InstanceOf[Coordinates] | str | None, BeforeValidator(read_location)]
_Owner = Annotated[InstanceOf[DeviceOwner] | None, BeforeValidator(_read_owner)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset that the cloud has; where it is and whose it is does not show in its `repr`.

    `extra` holds what has no field here, the particulars of its kind among it; `as_new` reads those.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    asset_id: Annotated[OpaqueId, Field(alias="id")]
    kind: str | None = None
    name: str | None = None
    custom_id: str | None = None
    location: _Place = field(default=None, repr=False)
    utility: str | None = None
    device_owner: _Owner = field(default=None, repr=False)
    meter_ids: Annotated[tuple[OpaqueId, ...], NoneIsEmpty] = ()
    meter_id: str | None = None
    commenced_operation_date: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    def as_new(self) -> NewAsset:
        """Return what describes this asset, typed by its kind, to be changed with `dataclasses.replace` and sent back.

        Nothing the cloud said is lost on that way. Raises ValueError where a field that is needed is missing.
        """
        if self.name is None or self.location is None or self.kind is None:
            missing = next(name for name in ("name", "location", "kind") if getattr(self, name) is None)
            raise ValueError(f"{missing}: is missing in what the cloud says of the asset")
        base: dict[str, Any] = {name: getattr(self, name) or None for name in BASE_FIELDS - {"extra", "meter_ids"}}
        base["meter_ids"] = self.meter_ids
        if self.kind not in KINDS:
            return OtherAsset(kind=self.kind, **base, extra=self.extra)
        particulars = _PARTICULARS[self.kind].model_validate(self.extra)
        own: dict[str, Any] = {name: None if value == "" else value for name, value in particulars}
        rest = {name: value for name, value in self.extra.items() if name not in set(map(to_camel, own))}
        return KINDS[self.kind](**base, **own, extra=rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter that the cloud has; where it is does not show in its `repr`."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    meter_id: Annotated[OpaqueId, Field(alias="id")]
    meter_type: str | None = None
    location: _Place = field(default=None, repr=False)
    api_provider: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)


def _particulars(kind: type[NewAsset]) -> type[BaseModel]:
    """Make what reads the fields that one kind alone has; they may arrive as numbers or as texts."""
    types = get_type_hints(kind, include_extras=True)
    own = {given.name: (types[given.name], None) for given in fields(kind) if given.name not in BASE_FIELDS}
    return create_model(f"{kind.__name__}Particulars", __config__=_WIRE, **own)  # type: ignore[call-overload,no-any-return]  # made of what is known at run time


_PARTICULARS: Final = {name: _particulars(kind) for name, kind in KINDS.items()}
_ASSET: Final = TypeAdapter(Asset)
_METER: Final = TypeAdapter(Meter)
_OBJECT: Final = TypeAdapter(dict[str, Any])
_OBJECTS: Final = TypeAdapter(list[dict[str, Any]])


def _names(own: type[Asset | Meter]) -> frozenset[str]:
    """Name the fields of an answer that have a place of their own."""
    return frozenset(to_camel(given.name) for given in fields(own)[1:] if given.name != "extra") | {"id"}


_ASSET_NAMES: Final = _names(Asset)
_METER_NAMES: Final = _names(Meter)


def _set_apart(raw: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Put the fields of an answer that have no place of their own aside."""
    known = {name: value for name, value in raw.items() if name in names}
    return known | {"extra": {name: value for name, value in raw.items() if name not in names}}


def decode_asset(answer: Answer, endpoint: str) -> Asset:
    """Read an asset; raises ResponseError naming the field at fault."""
    return _read_asset(decode_json(answer, _OBJECT, vendor=VENDOR, endpoint=endpoint), answer, endpoint)


def decode_assets(answer: Answer, endpoint: str) -> list[Asset]:
    """Read a list of assets, bare or wrapped; raises ResponseError naming the field at fault.

    A wrapping that counts more than it holds is an error: half of a list must not be taken for the whole.
    """
    if answer.body.lstrip().startswith(b"{"):
        wrapping = decode_json(answer, _OBJECT, vendor=VENDOR, endpoint=endpoint)
        found = next((wrapping[name] for name in _LIST_NAMES if isinstance(wrapping.get(name), list)), None)
        if found is None or not all(isinstance(raw, dict) for raw in found):
            raise ResponseError("the answer holds no list of assets", vendor=VENDOR, endpoint=endpoint)
        if isinstance(total := wrapping.get("total"), int) and total > len(found):
            message = f"the answer holds {len(found)} assets of {total}"
            raise ResponseError(message, vendor=VENDOR, endpoint=endpoint)
    else:
        found = decode_json(answer, _OBJECTS, vendor=VENDOR, endpoint=endpoint)
    return [_read_asset(raw, answer, endpoint, f"asset {number}: ") for number, raw in enumerate(found)]


def _read_asset(raw: dict[str, Any], answer: Answer, endpoint: str, where: str = "") -> Asset:
    """Read an asset with the particulars of its kind."""
    try:
        asset = _ASSET.validate_python(_set_apart(raw, _ASSET_NAMES))
        if asset.kind in _PARTICULARS:
            _PARTICULARS[asset.kind].model_validate(asset.extra)
    except ValidationError as error:
        problem = describe_invalid(error)
    else:
        return asset
    raise _malformed(f"{where}{problem}", answer, endpoint)


def decode_meter(answer: Answer, endpoint: str) -> Meter:
    """Read a meter; raises ResponseError naming the field at fault."""
    raw = decode_json(answer, _OBJECT, vendor=VENDOR, endpoint=endpoint)
    try:
        return _METER.validate_python(_set_apart(raw, _METER_NAMES))
    except ValidationError as error:
        problem = describe_invalid(error)
    raise _malformed(problem, answer, endpoint)


def _malformed(problem: str, answer: Answer, endpoint: str) -> ResponseError:
    """Make the error of an answer that cannot be read, although its request has taken effect."""
    return ResponseError(problem, vendor=VENDOR, endpoint=endpoint, status=answer.status, may_have_arrived=True)
