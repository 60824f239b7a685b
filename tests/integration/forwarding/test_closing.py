"""When a period is closed, for each kind of series: too early loses what is still to come, too late never sends it."""

import pytest

from custom_components.wattbridge.forwarding.closing import Closing
from custom_components.wattbridge.forwarding.model import HOUR_S, ParameterConfig, StreamConfig
from custom_components.wattbridge.forwarding.survey import Stock
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

NOW_S = 1_790_000_000 // 86_400 * 86_400 + 12 * HOUR_S
CONFIG = StreamConfig(
    "meter", Kind.ELECTRICITY, HOUR_S, Start.BEGINNING, None, (ParameterConfig("aP_1", "x", Measure.MEAN),)
)
ENTITY, OTHER_ENTITY, FOREIGN, OTHER_FOREIGN, OWN = "uuid-1", "uuid-2", "meter:power", "meter:other", "wattbridge:x"


def last_row(hours_before: float, value: float = 1.0) -> Stock:
    """Make a statistic whose last row began so long before noon."""
    return Stock("x", last_s=int(NOW_S - hours_before * HOUR_S), last_values=(value, None, None))


def closed_hours_ago(
    closing: Closing,
    stocks: dict[str, Stock],
    *,
    own: dict[str, int | None] | None = None,
    later_h: float = 0,
    replay_to_s: int | None = None,
) -> float | None:
    """Ask some hours after noon; answers in hours before noon."""
    closed_s = closing.closed_s(stocks, own or {}, NOW_S + later_h * HOUR_S, replay_to_s)
    return None if closed_s is None else (NOW_S - closed_s) / HOUR_S


def test_compiled_rows_are_closed_at_once() -> None:
    """The recorder does not come back to an hour."""
    assert closed_hours_ago(Closing(CONFIG), {ENTITY: last_row(2)}) == 1


def test_entities_are_compiled_together() -> None:
    """Where one has its row, the hole of the other is certain."""
    assert closed_hours_ago(Closing(CONFIG), {ENTITY: last_row(2), OTHER_ENTITY: last_row(30)}) == 1
    assert closed_hours_ago(Closing(CONFIG), {ENTITY: last_row(2), OTHER_ENTITY: Stock()}) == 1


def test_silence_of_an_entity_is_believed_after_two_hours_and_not_right_after_the_start() -> None:
    """After a long stop the recorder first compiles what it missed."""
    closing = Closing(CONFIG)
    stocks = {ENTITY: last_row(10)}
    assert closed_hours_ago(closing, stocks) == 9
    assert closed_hours_ago(closing, stocks, later_h=1.9) == 9
    assert closed_hours_ago(closing, stocks, later_h=2) == 0
    assert closed_hours_ago(closing, stocks, later_h=5) == -3


@pytest.mark.parametrize("source", [ENTITY, FOREIGN, OWN])
def test_nothing_is_closed_that_has_not_been(source: str) -> None:
    """A forecast has rows of the future, and the clock of another cloud may be ahead."""
    own: dict[str, int | None] = {OWN: NOW_S + HOUR_S} if source == OWN else {}
    assert closed_hours_ago(Closing(CONFIG), {source: last_row(-15)}, own=own) == 0
    assert closed_hours_ago(Closing(CONFIG), {source: last_row(3)}, own=own, replay_to_s=NOW_S + HOUR_S) == 0


def test_last_row_of_somebody_else_is_closed_when_it_rests() -> None:
    """Its importer may still correct it; a later row or two quiet hours end that."""
    closing = Closing(CONFIG)
    assert closed_hours_ago(closing, {FOREIGN: last_row(3)}) == 3
    assert closed_hours_ago(closing, {FOREIGN: last_row(3)}, later_h=1) == 3
    assert closed_hours_ago(closing, {FOREIGN: last_row(3, value=2.0)}, later_h=1.5) == 3
    assert closed_hours_ago(closing, {FOREIGN: last_row(3, value=2.0)}, later_h=3) == 3
    assert closed_hours_ago(closing, {FOREIGN: last_row(3, value=2.0)}, later_h=3.5) == 2
    assert closed_hours_ago(closing, {FOREIGN: last_row(2)}, later_h=3.6) == 2


def test_importer_that_is_days_behind_loses_nothing() -> None:
    """Its silence is no hole, however long it lasts."""
    closing = Closing(CONFIG)
    assert closed_hours_ago(closing, {FOREIGN: last_row(100)}) == 100
    assert closed_hours_ago(closing, {FOREIGN: last_row(100), OTHER_FOREIGN: last_row(100)}) == 100


def test_silent_series_holds_the_others_back_for_two_days_only() -> None:
    """The live parameter goes on without the dead one."""
    closing = Closing(CONFIG)
    assert closed_hours_ago(closing, {ENTITY: last_row(1), FOREIGN: last_row(100)}) == 48
    assert closed_hours_ago(closing, {ENTITY: last_row(60), FOREIGN: last_row(100)}) == 60


@pytest.mark.parametrize(("end_s", "hours"), [(NOW_S - 5 * HOUR_S, 5), (None, None)])
def test_own_series_says_itself(end_s: int | None, hours: float | None) -> None:
    """And as long as it says nothing, the whole stream waits."""
    stocks = {OWN: last_row(1), ENTITY: last_row(1)}
    assert closed_hours_ago(Closing(CONFIG), stocks, own={OWN: end_s}) == hours


def test_what_was_sent_before_a_crash_need_not_wait_again() -> None:
    """Our own series still has to be whole before it is read."""
    closing = Closing(CONFIG)
    assert closed_hours_ago(closing, {FOREIGN: last_row(3)}, replay_to_s=NOW_S - 2 * HOUR_S) == 2
    stocks = {OWN: last_row(3)}
    assert closed_hours_ago(closing, stocks, own={OWN: None}, replay_to_s=NOW_S) is None
