"""When a history is looked at again: the schedule alone, on a clock of numbers."""

import json
from collections.abc import Callable

from custom_components.wattbridge.gaps import Stretch, Stretches
from custom_components.wattbridge.healing import DAY_S, HOLE_WINDOWS, Healing, Scan, parts_of

WINDOW_S = 15 * DAY_S
BEGIN_S = 1_000 * DAY_S
FIRST_S = BEGIN_S - 100 * DAY_S
NOTHING = Stretches()


def parts(now_s: int, missing: Stretches = NOTHING) -> Callable[[Scan], Stretches]:
    """Tell what each look takes in of a history of a hundred days."""
    return lambda scan: parts_of(scan, FIRST_S, now_s, missing, WINDOW_S)


def look(healing: Healing, now_s: int, missing: Stretches = NOTHING, most: int = 1_000) -> list[Stretch]:
    """Look at all that is due, or at so many windows of it."""
    seen: list[Stretch] = []
    while len(seen) < most and (stretch := healing.next(now_s, parts(now_s, missing), WINDOW_S)) is not None:
        seen.append(stretch)
        healing.seen(stretch)
    return seen


def covered(stretches: list[Stretch]) -> list[Stretch]:
    """Put what was seen together."""
    return list(Stretches(stretches))


def test_what_was_just_fetched_is_not_looked_at_before_a_day_has_passed() -> None:
    """And then only the last five weeks of it, the newest first."""
    healing = Healing(None, BEGIN_S)
    assert look(healing, BEGIN_S + DAY_S - 1) == []
    now_s = BEGIN_S + DAY_S
    seen = look(healing, now_s)
    assert seen == sorted(seen, reverse=True)
    assert covered(seen) == [(now_s - 35 * DAY_S, now_s)]
    assert look(healing, now_s + DAY_S - 1) == []


def test_all_the_rest_is_looked_at_once_a_week() -> None:
    """No hour is left out, and none is looked at twice."""
    healing = Healing(None, BEGIN_S)
    for day in range(1, 7):
        look(healing, BEGIN_S + day * DAY_S)
    now_s = BEGIN_S + 7 * DAY_S
    seen = look(healing, now_s)
    assert covered(seen) == [(FIRST_S, now_s)]
    assert sum(end_s - start_s for start_s, end_s in seen) == now_s - FIRST_S
    assert covered(look(healing, now_s + DAY_S)) == [(now_s - 34 * DAY_S, now_s + DAY_S)]


def test_unfinished_look_goes_on_after_a_restart() -> None:
    """What was seen is not seen again, and what is fresh is not begun by the restart."""
    healing = Healing(None, BEGIN_S)
    now_s = BEGIN_S + DAY_S
    first = look(healing, now_s, most=1)
    note = json.loads(json.dumps(healing.note))
    later = Healing(note, now_s + 600)
    rest = look(later, now_s + 600)
    assert covered(first + rest) == [(now_s + 600 - 35 * DAY_S, now_s)]
    assert not set(first) & set(rest)
    fresh = Healing(json.loads(json.dumps(later.note)), now_s + 1200)
    assert look(fresh, now_s + 1200) == []


def test_recent_past_comes_before_the_rest_of_a_weekly_look() -> None:
    """A weekly look that takes days does not put the daily one off."""
    healing = Healing(None, BEGIN_S)
    now_s = BEGIN_S + 7 * DAY_S
    look(healing, now_s, most=4)
    seen = look(healing, now_s + DAY_S)
    assert covered(seen[:3]) == [(now_s - 34 * DAY_S, now_s + DAY_S)]
    assert seen[3:]
    assert min(seen)[0] == FIRST_S


def test_holes_of_the_far_past_are_asked_for_every_day() -> None:
    """Their stretches alone, two that are near each other at one go."""
    near = (FIRST_S + 50 * DAY_S, FIRST_S + 50 * DAY_S + 3600)
    missing = Stretches([(FIRST_S + 7200, FIRST_S + 10_800), near, (near[1] + 7200, near[1] + 10_800)])
    seen = look(Healing(None, BEGIN_S), BEGIN_S + DAY_S, missing)
    assert seen[3:] == [(near[0], near[1] + 10_800), (FIRST_S + 7200, FIRST_S + 10_800)]


def test_thousands_of_holes_are_not_asked_for_every_day() -> None:
    """But for the newest; the weekly look takes in the others."""
    first_s = BEGIN_S - 3650 * DAY_S
    missing = Stretches((day_s, day_s + 3600) for day_s in range(first_s, BEGIN_S, DAY_S))
    part = parts_of(Scan.HOLES, first_s, BEGIN_S, missing, WINDOW_S)
    windows, at_s = 0, BEGIN_S
    while (stretch := part.newest_part(at_s, WINDOW_S)) is not None:
        windows, at_s = windows + 1, stretch[0]
    assert windows == HOLE_WINDOWS
    assert part.newest is not None
    assert part.newest[1] > BEGIN_S - 37 * DAY_S


def test_clock_that_was_wrong_does_not_put_the_next_look_off() -> None:
    """It showed the next century when the note was made."""
    note = Healing(None, BEGIN_S + 36_500 * DAY_S).note
    healing = Healing(note, BEGIN_S)
    assert look(healing, BEGIN_S + DAY_S)
