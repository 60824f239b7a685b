"""The way out, in four stations: source (recorder) → plan (pure) → engine (deliver) with its cursor."""

from .engine import StreamEngine
from .forwarder import Forwarder, async_follow_streams, async_forget_account
from .model import ForwardCounts, Problem, StreamConfig, StreamStatus
from .once import async_preview, async_preview_once, async_send_once
from .reconcile import begin
from .source import SourceError

__all__ = [
    "ForwardCounts",
    "Forwarder",
    "Problem",
    "SourceError",
    "StreamConfig",
    "StreamEngine",
    "StreamStatus",
    "async_follow_streams",
    "async_forget_account",
    "async_preview",
    "async_preview_once",
    "async_send_once",
    "begin",
]
