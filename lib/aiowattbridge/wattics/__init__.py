"""Wattics: measurements out, one packet per request, in order, for as many streams as there are.

`packets` says what is sent, `client` sends one or asks for the last one, `sender` looks after many: nothing is lost,
overtaken or, where the cloud can tell, stored twice. `push` sends CSV files in the form of the vendor's own uploader,
and goes on where it was; `survey_csv` looks through one before that, and `read_ini` reads that uploader's settings.
"""

from .client import DEMO_URL, DEVELOPMENT_URL, PRODUCTION_URL, SendAnswer, WatticsClient
from .csv_channel import ChannelType, CsvChannel
from .csv_progress import ProgressError, RejectedRow
from .csv_push import push
from .csv_report import Progress, PushReport, StreamHeldError
from .csv_rows import BadRow
from .csv_survey import BadRowsError, CsvSurvey, survey_csv
from .ini import IniError, UploadSettings, read_ini
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
    "BadRow",
    "BadRowsError",
    "ChannelType",
    "CsvChannel",
    "CsvSurvey",
    "ElectricityPacket",
    "IniError",
    "LastPacket",
    "OrderError",
    "Outcome",
    "Packet",
    "Parameter",
    "ParameterGroup",
    "Progress",
    "ProgressError",
    "PushReport",
    "Receipt",
    "RejectedRow",
    "SendAnswer",
    "Sender",
    "StreamHeldError",
    "UploadSettings",
    "ValuePacket",
    "Wait",
    "WatticsClient",
    "format_timestamp",
    "instant_of",
    "parse_last_packet",
    "push",
    "read_ini",
    "survey_csv",
]
