"""What an asset is made of, one class for each kind that the vendor's guide names, and one for all others.

The guide shows all fields of `solar` and of `electrification`; of the other kinds it gives the names alone, so their
further fields go into `extra`, under the vendor's own names and as JSON values.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import ClassVar, Final

from pydantic.alias_generators import to_camel

from ..fields import Number
from .checks import check_extra, check_number, check_text, texts_in
from .places import Location, check_location, write_location


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOwner:
    """Who owns an asset."""

    name: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        """Check the fields; raises ValueError."""
        check_text("device_owner.name", self.name)
        check_extra(self.extra, ("name",))

    def to_wire(self) -> dict[str, object]:
        """Write what is given."""
        return ({} if self.name is None else {"name": self.name}) | dict(self.extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAsset(ABC):
    """What all kinds of assets have; it describes an asset to be created, or the new state of one that exists.

    `custom_id` is the account's own name for the asset, which the cloud lets no other asset have. `meter_ids` attaches
    meters; `meter_id` is how older samples attach a single one. `extra` goes out beside these, as it is. Raises
    ValueError naming the field at fault.
    """

    name: str
    location: Location = field(repr=False)
    custom_id: str | None = None
    utility: str | None = None
    device_owner: DeviceOwner | None = field(default=None, repr=False)
    meter_ids: tuple[str, ...] = ()
    meter_id: str | None = None
    commenced_operation_date: date | None = None
    extra: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)

    @property
    @abstractmethod
    def kind(self) -> str:
        """The vendor's name of the kind, which says by which methodology savings are found."""

    def __post_init__(self) -> None:
        """Check every field by its type."""
        for given in fields(self):
            value = getattr(self, given.name)
            if isinstance(value, str) and given.name != "location":
                check_text(given.name, value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                check_number(given.name, value, 0)
        check_text("name", self.name)
        check_location(self.location)
        _check_ids("meter_ids", self.meter_ids)
        if isinstance(self.commenced_operation_date, datetime):
            raise ValueError("commenced_operation_date: has to be a date without a time")  # noqa: TRY004 - the same
        check_extra(self.extra, {*(to_camel(given.name) for given in fields(self)), "kind"} - {"extra"})

    def to_wire(self) -> dict[str, object]:
        """Write what is given, under the vendor's names, numbers as JSON numbers."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("extra", "kind")}
        written = {to_camel(name): _write(name, value) for name, value in given.items() if value not in (None, ())}
        return {"kind": self.kind} | written | dict(self.extra)

    def personal(self) -> list[str]:
        """Return the texts that must not be repeated in an error."""
        owner = None if self.device_owner is None else self.device_owner.to_wire()
        return texts_in([write_location(self.location), owner, dict(self.extra)])


BASE_FIELDS: Final = frozenset(given.name for given in fields(NewAsset))


def _check_ids(name: str, ids: object) -> None:
    """Refuse what is no tuple of ids; one text would be a list of letters."""
    if not isinstance(ids, tuple):
        raise ValueError(f"{name}: has to be a tuple of ids")  # noqa: TRY004 - one kind of error for every bad field
    for one in ids:
        check_text(name, one)


def _write(name: str, value: object) -> object:
    """Write one field's value as JSON."""
    if isinstance(value, DeviceOwner):
        return value.to_wire()
    if isinstance(value, date):
        return value.isoformat()
    if name == "location":
        return write_location(value)  # type: ignore[arg-type]  # the name says what it is
    if isinstance(value, tuple):
        return [_write_meter_id(one) for one in value]
    # A whole number goes out as one: a count of years is refused with a decimal point by the strict.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write_meter_id(meter_id: str) -> int | str:
    """Write an id in the list of meters as the guide shows it, a number if it is one; older samples have text."""
    is_number = meter_id.isascii() and meter_id.isdigit() and str(int(meter_id)) == meter_id
    return int(meter_id) if is_number else meter_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Solar(NewAsset):
    """Solar panels, as the guide's example has them; the capacity is in kW."""

    kind: ClassVar[str] = "solar"

    nameplate_capacity_kw: Number = None
    inverter_data_id: str | None = None
    inverter_data_source: str | None = None
    external_registry_name: str | None = None
    external_registry_device_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrification(NewAsset):
    """A heat pump in the place of a burner, as the guide's example has it.

    The area is in square feet, the life in years; HSPF and UEF are the ratings of heat pump and water heater.
    """

    kind: ClassVar[str] = "electrification"

    area_sqft: Number = None
    previous_fuel: str | None = None
    replaces_furnace: bool | None = None
    replaces_water_heater: bool | None = None
    cold_climate: bool | None = None
    effective_useful_life_years: Number = None
    building_type: str | None = None
    heating_backup_system: str | None = None
    heat_pump_hspf: Number = None
    water_heater_uef: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarDirect(NewAsset):
    """Solar panels whose generation is measured."""

    kind: ClassVar[str] = "solar_direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDirect(NewAsset):
    """A battery whose supply is measured."""

    kind: ClassVar[str] = "storage_direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectrificationBillingMetered(NewAsset):
    """Electrification judged by the meters' bills."""

    kind: ClassVar[str] = "electrification_billing_metered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectrificationEemetered(NewAsset):
    """Electrification judged by a model of the meters' data."""

    kind: ClassVar[str] = "electrification_eemetered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyEfficiencyEemetered(NewAsset):
    """Energy efficiency judged by a model of the meters' data."""

    kind: ClassVar[str] = "energy_efficiency_eemetered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandResponseEemetered(NewAsset):
    """Demand response judged by a model of the meters' data."""

    kind: ClassVar[str] = "demand_response_eemetered"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingBuilding(NewAsset):
    """A building whose consumption is tracked and compared."""

    kind: ClassVar[str] = "tracking_building"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAsset(NewAsset):
    """An asset of any other kind, by the vendor's name; what it needs beyond the common fields goes into `extra`."""

    kind: str = field()


KINDS: Final[dict[str, type[NewAsset]]] = {
    kind.kind: kind
    for kind in (
        Solar,
        Electrification,
        SolarDirect,
        StorageDirect,
        ElectrificationBillingMetered,
        ElectrificationEemetered,
        EnergyEfficiencyEemetered,
        DemandResponseEemetered,
        TrackingBuilding,
    )
}
"""The classes of the kinds that have one, by the vendor's names."""
