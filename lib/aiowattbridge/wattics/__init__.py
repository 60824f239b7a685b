"""Wattics: measurements out, one packet per request, in order, for as many streams as there are.

`packets` says what is sent, `client` sends one or asks for the last one, `sender` looks after many: nothing is lost,
overtaken or, where the cloud can tell, stored twice.
"""

from .client import DEMO_URL, DEVELOPMENT_URL, PRODUCTION_URL, SendAnswer, WatticsClient
from .packets import (
    ELECTRICITY_PARAMETERS,
    ElectricityPacket,
    LastPacket,
    Packet,
    Parameter,
    ParameterGroup,
    ValuePacket,
    format_timestamp,
    instant_of,
    parse_last_packet,
)
from .receipts import AnotherSenderError, OrderError, Outcome, Receipt, Wait
from .sender import Sender

__all__ = [
    "DEMO_URL",
    "DEVELOPMENT_URL",
    "ELECTRICITY_PARAMETERS",
    "PRODUCTION_URL",
    "AnotherSenderError",
    "ElectricityPacket",
    "LastPacket",
    "OrderError",
    "Outcome",
    "Packet",
    "Parameter",
    "ParameterGroup",
    "Receipt",
    "SendAnswer",
    "Sender",
    "ValuePacket",
    "Wait",
    "WatticsClient",
    "format_timestamp",
    "instant_of",
    "parse_last_packet",
]
