"""carbonTRACK: the measurements of a home's solar, battery, load and grid, read from its cloud."""

from .client import DEFAULT_URL, CarbonTrackClient
from .discovery import Installation
from .models import Control, Customer, Device, Distributor, Measurement, Weather
from .readings import Reading
from .units import APPARENT_FIELDS, POWER_FIELDS, PowerUnit, energy_wh, intervals, learn_interval_s, power_w

__all__ = [
    "APPARENT_FIELDS",
    "DEFAULT_URL",
    "POWER_FIELDS",
    "CarbonTrackClient",
    "Control",
    "Customer",
    "Device",
    "Distributor",
    "Installation",
    "Measurement",
    "PowerUnit",
    "Reading",
    "Weather",
    "energy_wh",
    "intervals",
    "learn_interval_s",
    "power_w",
]
