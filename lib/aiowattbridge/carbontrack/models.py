"""What carbonTRACK answers, as frozen records: the wire's oddities end here.

Names are the vendor's in snake case. Unknown fields are ignored, because the vendor reserves the right to add some; a
missing or null field is None; a field that is there and cannot be read fails the answer.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field

from ..fields import LooseNumber, LooseTime, NoneIsEmpty, Number, OpaqueId, UtcTime

# Parts of a name that the vendor writes in capitals.
_CAPITALS: Final = frozenset({"id", "ip", "vah"})


def wire_name(name: str) -> str:
    """Turn a field's name into the vendor's: `power_vah_1` into `PowerVAH1`, `power_1n` into `Power1N`."""
    return "".join(
        part.upper() if part in _CAPITALS or part[0].isdigit() else part.capitalize() for part in name.split("_")
    )


_WIRE: Final = ConfigDict(alias_generator=wire_name, coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One record of a device, stamped at the end of its interval.

    The power fields are read as energy per interval (see `units`); temperatures are in °C, irradiation in W/m², battery
    charge in %, flow in L/min, voltage in V. Power factors and the signal strength have no unit.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    id: OpaqueId | None = None
    device_id: OpaqueId
    recorded_at: Annotated[UtcTime, Field(alias="RecordDateTime")]
    power_usage: Number = None
    generating: Number = None
    power_exported: Number = None
    power_factor_1: Number = None
    power_factor_2: Number = None
    power_factor_3: Number = None
    power_factor_4: Number = None
    power_1: Number = None
    power_2: Number = None
    power_3: Number = None
    power_4: Number = None
    power_1n: Number = None
    power_2n: Number = None
    power_3n: Number = None
    power_4n: Number = None
    power_vah_1: Number = None
    power_vah_2: Number = None
    power_vah_3: Number = None
    power_vah_4: Number = None
    temperature_1: Number = None
    temperature_2: Number = None
    temperature_3: Number = None
    temperature_4: Number = None
    temperature_5: Number = None
    temperature_6: Number = None
    temperature_7: Number = None
    temperature_8: Number = None
    irradiation: Number = None
    battery_charge: Number = None
    flow: Number = None
    voltage: Number = None
    signal_strength: Number = None
    power_usage_net: Number = None
    power_exported_net: Number = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """The weather at a device's place, as the cloud sees it; its fields are documented as free text."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    location: Annotated[str | None, Field(alias="WeatherLocation")] = field(default=None, repr=False)
    temperature: Annotated[LooseNumber, Field(alias="WeatherTemperature")] = None
    icon: Annotated[str | None, Field(alias="WeatherIcon")] = None
    device_name: str | None = field(default=None, repr=False)
    device_id: Annotated[str | None, Field(alias="DeviceId")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A switch of a device; this interface shows it and cannot operate it."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    control_id: Annotated[OpaqueId, Field(alias="ControlId")]
    control_type: str | None = None
    is_switch_enabled: bool | None = None
    status: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device installed at a customer's; where it stands and how it is reached does not show in its `repr`."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    device_id: OpaqueId
    name: Annotated[str | None, Field(alias="DeviceName")] = field(default=None, repr=False)
    customer_reference: Annotated[str | None, Field(alias="CustomerRef")] = field(default=None, repr=False)
    is_registered: bool | None = None
    timezone_id: Annotated[str | None, Field(alias="TimezoneId")] = None
    sensor_config: str | None = None
    measurement_config: str | None = None
    firmware_version: str | None = None
    status_updated_at: Annotated[LooseTime, Field(alias="DeviceStatusUpdateDateTime")] = None
    data_updated_at: Annotated[LooseTime, Field(alias="DeviceDataUpdateDateTime")] = None
    ip_address: str | None = field(default=None, repr=False)
    longitude: Number = field(default=None, repr=False)
    latitude: Number = field(default=None, repr=False)
    distance: Number = None
    contains_inverter: Annotated[bool | None, Field(alias="IsDeviceContainsInverter")] = None
    weather: Weather | None = None
    controls: Annotated[tuple[Control, ...], NoneIsEmpty] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer and the ids of their devices; everything personal stays out of the `repr`."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    devices: Annotated[tuple[OpaqueId, ...], NoneIsEmpty] = ()
    customer_id: Annotated[str | None, Field(alias="CustomerId")] = None
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    user_id: Annotated[str | None, Field(alias="UserId")] = field(default=None, repr=False)
    account_number: str | None = field(default=None, repr=False)
    user_name: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)
    day_time_contact: str | None = field(default=None, repr=False)
    work_contact: str | None = field(default=None, repr=False)
    location: str | None = field(default=None, repr=False)
    date_of_birth: str | None = field(default=None, repr=False)
    distributor_id: Annotated[str | None, Field(alias="DistributorId")] = None
    currency_id: Annotated[str | None, Field(alias="CurrencyId")] = None
    timezone_id: Annotated[str | None, Field(alias="TimezoneId")] = None
    is_metrics_unit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributor:
    """A container of customers."""

    __pydantic_config__: ClassVar[ConfigDict] = _WIRE

    id: OpaqueId
    user_name: str | None = field(default=None, repr=False)
