"""What became of one batch of an upload."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from .energy import Hole


class Encoding(StrEnum):
    """How a CSV is put into a request; the guide does not show which of them it is."""

    MULTIPART = "multipart"
    """A form with the field `file`, as FastAPI's UploadFile takes it."""
    RAW = "raw"
    """The text itself as the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReceipt:
    """One batch that the cloud has taken.

    `first` and `last` are the starts (UTC) of its first and last row. `holes`: what is missing before and between its
    rows since the batch before it; a hole is reported and never filled. `answer` is a short excerpt of what the cloud
    said, without secrets.
    """

    rows: int
    first: datetime
    last: datetime
    total_kwh: Decimal
    holes: tuple[Hole, ...]
    encoding: Encoding
    status: int
    answer: str | None
