"""What is shown of files that were sent or looked through, and what that means for the exit code."""

from collections.abc import Sequence
from typing import Any, Final

from ..wattics import CsvChannel, CsvSurvey, PushReport
from .command import Run
from .endings import Ending, Stop, meaning_of
from .screen import Screen

_MOST_SHOWN: Final = 20


def show_surveys(
    screen: Screen, channels: Sequence[CsvChannel], surveys: Sequence[CsvSurvey], *, skip_bad_rows: bool
) -> None:
    """Show what would be sent; ends the run as refused where bad rows stand in the way."""
    for channel, survey in zip(channels, surveys, strict=True):
        document = _survey_document(channel, survey)
        if screen.as_json:
            screen.document(document)
            continue
        screen.facts({name: value for name, value in document.items() if name != "bad_rows"})
        for row in survey.bad_rows[:_MOST_SHOWN]:
            screen.warn(f"{channel.path}: {row}")
        if survey.bad_row_count > _MOST_SHOWN:
            screen.warn(f"{channel.path}: and {survey.bad_row_count - _MOST_SHOWN} more")
    if not skip_bad_rows and (count := sum(survey.bad_row_count for survey in surveys)):
        raise Stop(Ending.REFUSED, f"{count} bad rows: nothing of their files would be sent without --skip-bad-rows")


def _survey_document(channel: CsvChannel, survey: CsvSurvey) -> dict[str, Any]:
    """Describe a file."""
    packet = survey.first_packet
    return {
        "file": str(channel.path),
        "stream": channel.stream_id,
        "rows": survey.rows,
        "packets": survey.packets,
        "empty_rows": survey.empty_rows,
        "bad_row_count": survey.bad_row_count,
        "bad_rows": [str(row) for row in survey.bad_rows],
        "first": survey.first,
        "last": survey.last,
        "first_packet": None if packet is None else packet.to_bytes().decode(),
    }


def show_reports(run: Run, reports: Sequence[PushReport]) -> None:
    """Show how every file ended; ends the run as the worst problem says, or as refused where packets were."""
    screen = run.screen
    stops = []
    for report in reports:
        stop = None if report.problem is None else meaning_of(report.problem)
        if report.problem is not None and stop is None:
            raise report.problem
        if stop is None and report.rejected:
            stop = Stop(Ending.REFUSED, f"{report.channel.stream_id}: {report.rejected} packets were refused")
        if stop is not None:
            stops.append(Stop(stop.ending, f"{report.channel.path}: {stop.sentence}"))
        if screen.as_json:
            screen.document(_report_document(report, stop))
        for row in report.rejections[:_MOST_SHOWN]:
            said = "" if row.answer is None else f": {row.answer}"
            screen.warn(f"{report.channel.path}: line {row.line} was refused (HTTP {row.status}){said}")
    if not screen.as_json:
        titles = ["file", "stream", "state", "packets", "sent before", "accepted now", "refused"]
        screen.table(titles, [_row(report) for report in reports], right_from=3)
    # The code says the worst of it: the later ones are those that take somebody else to mend.
    stops.sort(key=lambda stop: stop.ending)
    for stop in stops[:-1]:
        screen.error(stop.sentence)
    if stops:
        raise stops[-1]
    run.where = lambda: None


def _report_document(report: PushReport, stop: Stop | None) -> dict[str, Any]:
    """Describe how a file ended."""
    return {
        "file": str(report.channel.path),
        "stream": report.channel.stream_id,
        "complete": report.is_complete,
        "total": report.total,
        "before": report.before,
        "found": report.found,
        "accepted": report.accepted,
        "repeated": report.repeated,
        "rejected": report.rejected,
        "rejections": [
            {"line": row.line, "time": row.instant, "status": row.status, "answer": row.answer}
            for row in report.rejections
        ],
        "problem": None if stop is None else stop.sentence,
    }


def _row(report: PushReport) -> tuple[object, ...]:
    """Describe how a file ended, for people."""
    state = "complete" if report.is_complete else "not complete"
    sent_before = report.before + report.found
    return (
        report.channel.path,
        report.channel.stream_id,
        state,
        report.total,
        sent_before,
        report.accepted,
        report.rejected,
    )
