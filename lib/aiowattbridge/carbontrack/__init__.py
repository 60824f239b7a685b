"""carbonTRACK: the measurements of a home's solar, battery, load and grid, read from its cloud."""

from .client import DEFAULT_URL, CarbonTrackClient
from .models import Control, Customer, Device, Distributor, Measurement, Weather
from .units import PowerUnit, energy_wh, intervals, power_w

__all__ = [
    "DEFAULT_URL",
    "CarbonTrackClient",
    "Control",
    "Customer",
    "Device",
    "Distributor",
    "Measurement",
    "PowerUnit",
    "Weather",
    "energy_wh",
    "intervals",
    "power_w",
]
