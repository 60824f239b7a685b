"""What the log says of a history: enough to see that it goes on, and never a line per window or device id."""

from datetime import UTC, datetime

import pytest

from custom_components.wattbridge.history_log import HistoryLog
from custom_components.wattbridge.progress import Progress

SINCE = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    """What is said at INFO."""
    caplog.set_level("INFO", "custom_components.wattbridge")


def test_a_long_history_is_told_in_tenths(caplog: pytest.LogCaptureFixture) -> None:
    """Once at its beginning, about every tenth, once at its end."""
    log = HistoryLog()
    log.note(Progress())
    for percent in range(100):
        log.note(Progress(fraction=percent / 100, imported_from=SINCE))
    for _ in range(3):
        log.note(Progress(fraction=1, complete=True, imported_from=SINCE))
    assert "being fetched" in caplog.messages[0]
    assert "complete" in caplog.messages[-1]
    assert len(caplog.messages) == 11


def test_complete_history_is_not_worth_a_line_at_every_start(caplog: pytest.LogCaptureFixture) -> None:
    """Nor is an hour that was missed and is fetched."""
    log = HistoryLog()
    for _ in range(5):
        log.note(Progress(fraction=1, complete=True))
        log.note(Progress(fraction=0.999))
    assert not caplog.messages


def test_history_that_is_made_anew_is_told_like_a_new_one(caplog: pytest.LogCaptureFixture) -> None:
    """Another unit, say."""
    log = HistoryLog()
    log.note(Progress(fraction=1, complete=True))
    log.note(Progress(fraction=0.05))
    log.note(Progress(fraction=1, complete=True))
    assert ["fetched" in caplog.messages[0], "complete" in caplog.messages[1]] == [True, True]
    assert len(caplog.messages) == 2


def test_each_correction_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """With how many hours it changed, and when they were."""
    log = HistoryLog()
    done = {"fraction": 1.0, "complete": True, "revised_between": (SINCE, SINCE.replace(day=9))}
    for hours in (0, 5, 5, 12):
        log.note(Progress(revised_hours=hours, **done))  # type: ignore[arg-type]
    assert [message.split(" hours")[0].rpartition(" ")[2] for message in caplog.messages] == ["5", "7"]
    assert "2026-05-09" in caplog.messages[0]
