"""Stretches of hours against plain sets of hours, and the holes between rows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.gaps import Stretches, holes

HOUR_S = 3600
EDGES = st.integers(0, 30).map(lambda hour: hour * HOUR_S)
PAIRS = st.tuples(EDGES, EDGES)
CHANGES = st.lists(st.tuples(st.booleans(), PAIRS), max_size=15)


def hours_of(start_s: int, end_s: int) -> set[int]:
    """List the hours of a stretch."""
    return set(range(start_s, end_s, HOUR_S))


def as_set(stretches: Stretches) -> set[int]:
    """List the hours of several."""
    return {hour_s for stretch in stretches for hour_s in hours_of(*stretch)}


def built(changes: list[tuple[bool, tuple[int, int]]]) -> tuple[Stretches, set[int]]:
    """Add and remove stretches, and do the same to a set of hours."""
    stretches, hours = Stretches(), set[int]()
    for is_added, stretch in changes:
        if is_added:
            stretches.add(*stretch)
            hours |= hours_of(*stretch)
        else:
            stretches.remove(*stretch)
            hours -= hours_of(*stretch)
    return stretches, hours


@given(CHANGES, PAIRS)
def test_stretches_hold_what_a_set_of_hours_would(
    changes: list[tuple[bool, tuple[int, int]]], asked: tuple[int, int]
) -> None:
    """In as few pieces as there can be."""
    stretches, hours = built(changes)
    assert as_set(stretches) == hours
    assert stretches.hours == len(hours)
    assert list(stretches) == list(Stretches.of_hours(hours))
    assert all(before[1] < after[0] for before, after in pairwise(stretches))
    assert as_set(stretches.within(*asked)) == hours & hours_of(*asked)
    assert as_set(stretches.missing(*asked)) == hours_of(*asked) - hours
    assert stretches.first_s == min(hours, default=None)


@given(CHANGES, EDGES, st.integers(1, 10))
def test_newest_part_goes_down_through_everything(
    changes: list[tuple[bool, tuple[int, int]]], below_s: int, length: int
) -> None:
    """Each part is no longer than asked for, ends and begins in a stretch, and together they leave nothing out."""
    stretches, hours = built(changes)
    seen: set[int] = set()
    at_s = below_s
    while (part := stretches.newest_part(at_s, length * HOUR_S)) is not None:
        assert part[1] <= at_s
        assert part[1] - part[0] <= length * HOUR_S
        assert {part[0], part[1] - HOUR_S} <= hours
        seen |= hours_of(*part)
        at_s = part[0]
    assert seen >= hours & hours_of(0, below_s)


@pytest.mark.parametrize(
    ("present", "known", "until", "expected"),
    [
        pytest.param([(2, 5), (8, 10)], [(0, 12)], 12, [(5, 8)], id="between rows"),
        pytest.param([(2, 5)], [(0, 12)], 12, [], id="neither before the first nor after the last"),
        pytest.param([], [(0, 12)], 12, [], id="no rows at all"),
        pytest.param([(2, 5), (8, 10)], [(6, 12)], 12, [(6, 8)], id="only where the cloud was asked"),
        pytest.param([(2, 5), (8, 10)], [(0, 12)], 6, [(5, 6)], id="not yet where readings may be on their way"),
        pytest.param([(2, 3), (4, 5), (6, 7)], [(0, 12)], 12, [(3, 4), (5, 6)], id="several"),
    ],
)
def test_holes_are_hours_without_a_row_that_was_asked_for(
    present: list[tuple[int, int]], known: list[tuple[int, int]], until: int, expected: list[tuple[int, int]]
) -> None:
    """Hours are written as their numbers here."""

    def seconds(pieces: list[tuple[int, int]]) -> Stretches:
        return Stretches((start * HOUR_S, end * HOUR_S) for start, end in pieces)

    assert holes(seconds(present), seconds(known), until * HOUR_S) == seconds(expected)
