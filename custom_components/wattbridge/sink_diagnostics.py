"""What a bug report says of an account that is sent to: how its streams are doing, and which rows went out."""

from dataclasses import asdict
from typing import Any, Final

from .data import SinkRuntime
from .forwarding import StreamEngine, month_start_s, utc
from .pseudonyms import Pseudonym
from .source_diagnostics import plain

# A stream may have passed hundreds of stretches without delivering them.
MARKS_SHOWN: Final = 20


def sink_report(runtime: SinkRuntime, pseudonym: Pseudonym) -> dict[str, Any]:
    """Describe an account and its streams, by their pseudonyms."""
    forwarder = runtime.forwarder
    return {
        "is_connected": forwarder.is_connected,
        "requests_paused_until": plain(forwarder.paused_until),
        "streams": {
            pseudonym(engine.config.stream_id): _stream(engine, pseudonym) for engine in forwarder.streams.values()
        },
    }


def _stream(engine: StreamEngine, pseudonym: Pseudonym) -> dict[str, Any]:
    config = engine.config
    return {
        "kind": config.kind.value,
        "interval_min": config.interval_s // 60,
        "start": config.start.value,
        "start_at": plain(config.start_at),
        "time_zone": config.time_zone,
        "send_revisions": config.send_revisions,
        "statistics": [
            {
                "parameter": parameter.name,
                "source": pseudonym(parameter.source),
                "is_external": ":" in parameter.source,
                "measure": parameter.measure.value,
                "unit": parameter.unit,
                "sign": parameter.sign,
            }
            for parameter in config.parameters
        ],
        # The detail of a problem names statistics and quotes answers.
        "status": plain({key: value for key, value in asdict(engine.status).items() if key != "detail"}),
        "choices": plain(engine.choices),
        "notices": sorted(engine.notices),
        "cloud_last_packet": plain(engine.last_packet and engine.last_packet.timestamp),
        "rows": _rows(engine),
        "not_delivered": _marks(engine),
    }


def _rows(engine: StreamEngine) -> dict[str, Any]:
    """Tell which rows went out: from when to when, and how many hours with data by month (UTC)."""
    ledger = engine.ledger
    to_s = ledger.position_s
    months = {} if to_s is None else ledger.totals(to_s)
    return {
        # Without a time, from the very first row there was.
        "from": plain(utc(ledger.from_s) if ledger.from_s else None),
        "to": plain(None if to_s is None else utc(to_s)),
        "hours_by_month": {f"{utc(month_start_s(number)):%Y-%m}": months[number].rows for number in sorted(months)},
        "corrected_afterwards": len(ledger.revisions.listed),
        "refused_for_good": len(ledger.revisions.refused),
    }


def _marks(engine: StreamEngine) -> dict[str, Any]:
    """List the latest stretches that were passed without being delivered; answers may quote anything."""
    marks = [] if engine.cursor is None else engine.cursor.marks
    return {
        "count": len(marks),
        "latest": [
            {"kind": mark.kind, "start": plain(utc(mark.start_s)), "end": plain(utc(mark.end_s))}
            for mark in marks[-MARKS_SHOWN:]
        ],
    }
