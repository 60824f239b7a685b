"""The clouds on loopback, made from their documents: strict, with a scripted clock and every kind of failure.

They share nothing with the clients, so that a client that talks to them is checked by something else than itself.
"""

from .carbontrack import CarbonTrackSimulator
from .clock import SimulatorClock
from .columns import ALL_FIELDS, ENERGY_FIELDS, USUAL_FIELDS
from .day import Site
from .faults import Fault, FaultKind, Faults
from .house import Device, Gap, House, Late, Revision
from .log import Entry, RequestLog, Violation
from .people import CANARY
from .records import RecordStyle
from .server import SimulatedCloud
from .streams import Stored
from .voltaware import VoltawareSimulator
from .voltaware_meters import Cycle, Meter
from .voltaware_quirks import MissingMonth, MonthDisagreement, MonthDisconnection, MonthRevision
from .wattcarbon import WattCarbonSimulator
from .wattcarbon_rejections import UploadRejection
from .wattcarbon_series import CsvUpload
from .wattics import WatticsSimulator

__all__ = [
    "ALL_FIELDS",
    "CANARY",
    "ENERGY_FIELDS",
    "USUAL_FIELDS",
    "CarbonTrackSimulator",
    "CsvUpload",
    "Cycle",
    "Device",
    "Entry",
    "Fault",
    "FaultKind",
    "Faults",
    "Gap",
    "House",
    "Late",
    "Meter",
    "MissingMonth",
    "MonthDisagreement",
    "MonthDisconnection",
    "MonthRevision",
    "RecordStyle",
    "RequestLog",
    "Revision",
    "SimulatedCloud",
    "SimulatorClock",
    "Site",
    "Stored",
    "UploadRejection",
    "Violation",
    "VoltawareSimulator",
    "WattCarbonSimulator",
    "WatticsSimulator",
]
