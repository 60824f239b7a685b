"""The way out, in four stations: source (recorder) → plan (pure) → engine (deliver) with its cursor."""

from .engine import StreamEngine
from .forwarder import Forwarder, async_follow_streams, async_forget_account
from .issues import detail_text
from .model import Choice, NewsKind, Notice, Problem, SourceError, StreamConfig, StreamNews, utc
from .months import month_start_s
from .once import async_preview, async_preview_once, async_send_once
from .reconcile import begin
from .reconciliation import async_accept_difference
from .report import TOLERATED_WH, Reconciliation
from .resend import async_resend_refused, refused_periods
from .status import ForwardCounts, StreamStatus

__all__ = [
    "TOLERATED_WH",
    "Choice",
    "ForwardCounts",
    "Forwarder",
    "NewsKind",
    "Notice",
    "Problem",
    "Reconciliation",
    "SourceError",
    "StreamConfig",
    "StreamEngine",
    "StreamNews",
    "StreamStatus",
    "async_accept_difference",
    "async_follow_streams",
    "async_forget_account",
    "async_preview",
    "async_preview_once",
    "async_resend_refused",
    "async_send_once",
    "begin",
    "detail_text",
    "month_start_s",
    "refused_periods",
    "utc",
]
