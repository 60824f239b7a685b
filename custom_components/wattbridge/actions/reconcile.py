"""`reconcile`: what Home Assistant has, what a cloud acknowledged, and what it says it has.

Everybody may want to know, but the comparison has corrected hours sent again where the cloud takes them, and asks the
clouds about everything: it is for administrators. As a dry run it only compares.
"""

from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from ..aiowattbridge.errors import CredentialsError, WattbridgeError
from ..errors import error_key
from ..forwarding.errands import InterruptedWorkError
from ..forwarding.marks import REJECTED
from ..forwarding.model import utc
from .sinks import ATTR_DRY_RUN, DRY_RUN_FIELD, STREAM_FIELDS, Stream, at_work, streams_of

ATTR_REJECTED: Final = "rejected"
ATTR_REVISED: Final = "revised"

RECONCILE_SCHEMA = vol.Schema(
    {
        **STREAM_FIELDS,
        vol.Optional(ATTR_REVISED, default=False): cv.boolean,
        vol.Optional(ATTR_REJECTED, default=False): cv.boolean,
        **DRY_RUN_FIELD,
    }
)

# In the place of figures, of a stream that was paused, changed or removed while others were compared.
INTERRUPTED: Final = "stream_interrupted"

_DIGITS: Final = 6


async def async_reconcile(call: ServiceCall) -> ServiceResponse:
    """Compare the figures of a stream, or of all of an account; one that cannot be compared stops no other."""
    streams = streams_of(call.hass, call.data)
    is_only, dry_run = len(streams) == 1, call.data[ATTR_DRY_RUN]
    reports = [await _async_report(call.hass, stream, is_only=is_only, dry_run=dry_run) for stream in streams]
    for stream, report in zip(streams, reports, strict=True):
        if call.data[ATTR_REVISED]:
            report["revised_hours"] = _revised(stream)
            report["revised_hours_unlisted"] = stream.engine.ledger.revisions.unlisted
        if call.data[ATTR_REJECTED]:
            report["rejected_periods"] = _rejected(stream)
            report["rejected_periods_unlisted"] = _unlisted(stream)
    return {"matches": all(report.get("matches", False) for report in reports), "streams": [*reports]}


async def _async_report(hass: HomeAssistant, stream: Stream, *, is_only: bool, dry_run: bool) -> dict[str, Any]:
    """Report on a stream; what is wrong with one of several stands in its report."""
    subentry = stream.sink.entry.subentries.get(stream.subentry_id)
    name = stream.engine.config.stream_id if subentry is None else subentry.title
    about = {"stream_id": stream.stream_id, "name": name}
    if subentry is None:
        return about | {"error": INTERRUPTED, "reason": "removed"}
    async with at_work(hass, stream.sink, stream.stream_id):
        try:
            report = await stream.sink.forwarder.async_reconcile(stream.subentry_id, only_compare=dry_run)
        except CredentialsError:
            raise
        except InterruptedWorkError:
            if is_only:
                raise
            return about | {"error": INTERRUPTED, "reason": "stopped"}
        except WattbridgeError as err:
            if is_only:
                raise
            return about | {"error": error_key(err), "reason": err.reason}
    return about | report.as_dict()


def _revised(stream: Stream) -> list[dict[str, Any]]:
    """List the hours, or whole months, that changed after they were sent: for an export."""
    listed = stream.engine.ledger.revisions.listed.values()
    return [
        {
            "start": utc(one.start_s).isoformat(),
            "end": utc(one.end_s).isoformat(),
            "sent_kwh": None if one.sent_wh is None else round(one.sent_wh / 1000.0, _DIGITS),
            "now_kwh": round(one.now_wh / 1000.0, _DIGITS),
            "other_values": one.also,
        }
        for one in sorted(listed, key=lambda one: one.start_s)
    ]


def _rejected(stream: Stream) -> list[dict[str, Any]]:
    """List the periods that the cloud refused for good, each with what it said."""
    marks = [] if stream.engine.cursor is None else stream.engine.cursor.marks
    return [
        {"start": utc(mark.start_s).isoformat(), "end": utc(mark.end_s).isoformat(), "answer": mark.answer}
        for mark in marks
        if mark.kind == REJECTED
    ]


def _unlisted(stream: Stream) -> int:
    """Count the stretches that were refused, and were too many to be kept."""
    cursor = stream.engine.cursor
    return 0 if cursor is None else cursor.passed.unlisted.get(REJECTED, 0)
