"""Voltaware: what each kind of appliance in a home uses, month by month, and what it wants to know of that home.

`client` is the whole of the API. `periods` are its months and weeks, `results` and `reports` what it answers (energies
in Wh, times in UTC, days local to the device), `property`, `appliances` and `places` what is told to it:

    async with VoltawareClient(client_id, client_secret) as client:
        for device_id in await client.device_ids():
            async with aclosing(client.months(device_id)) as months:
                async for month, result in months:
                    print(month, "not there" if result is None else result.total_wh)

Everything is made from the vendor's page for smart meter integration; docstrings name its sections. The service does
not support homes that produce energy (`Property.produces_energy`). A device that has sent nothing yet raises
`NotRegisteredError`.
"""

from .appliances import (
    APPLIANCE_KINDS,
    PLAIN_KEYS,
    SEASONS,
    AirConditioner,
    AnyAppliance,
    Appliance,
    ElectricBoiler,
    ElectricHeating,
    ElectricOven,
    ElectricStove,
    ElectricVehicle,
    Fridge,
    GasHeating,
    NamedAppliance,
    PlainAppliance,
    TumbleDryer,
    UnknownAppliance,
    read_appliances,
)
from .client import DEFAULT_URL, VoltawareClient
from .door import NotRegisteredError
from .keys import APPLIANCE_KEYS, ApplianceKey
from .periods import Month, Week
from .places import Geolocation, load_zone, read_geolocation
from .property import (
    AGE_RANGES,
    HOME_TYPES,
    HOME_USAGE_TYPES,
    POWER_GENERATOR_SOURCES,
    PROPERTY_TYPES,
    People,
    Property,
    read_property,
)
from .reports import CarbonFootprint, Day, DayByDay, Report
from .results import (
    ApplianceCycles,
    ApplianceEnergy,
    ClippedWeek,
    Cycle,
    Device,
    Disaggregation,
    Locale,
    MonthByWeeks,
    merge_cycles,
)

__all__ = [
    "AGE_RANGES",
    "APPLIANCE_KEYS",
    "APPLIANCE_KINDS",
    "DEFAULT_URL",
    "HOME_TYPES",
    "HOME_USAGE_TYPES",
    "PLAIN_KEYS",
    "POWER_GENERATOR_SOURCES",
    "PROPERTY_TYPES",
    "SEASONS",
    "AirConditioner",
    "AnyAppliance",
    "Appliance",
    "ApplianceCycles",
    "ApplianceEnergy",
    "ApplianceKey",
    "CarbonFootprint",
    "ClippedWeek",
    "Cycle",
    "Day",
    "DayByDay",
    "Device",
    "Disaggregation",
    "ElectricBoiler",
    "ElectricHeating",
    "ElectricOven",
    "ElectricStove",
    "ElectricVehicle",
    "Fridge",
    "GasHeating",
    "Geolocation",
    "Locale",
    "Month",
    "MonthByWeeks",
    "NamedAppliance",
    "NotRegisteredError",
    "People",
    "PlainAppliance",
    "Property",
    "Report",
    "TumbleDryer",
    "UnknownAppliance",
    "VoltawareClient",
    "Week",
    "load_zone",
    "merge_cycles",
    "read_appliances",
    "read_geolocation",
    "read_property",
]
