"""Writing a series piece by piece ends in the series that was wanted, whatever the order of the pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.rows import Row, misfits, plan_writes

HOUR_S = 3600

hours = st.dictionaries(st.integers(0, 60).map(lambda n: n * HOUR_S), st.integers(0, 5_000).map(lambda wh: wh / 1000))


class Store:
    """A model of the recorder: rows that are imported, and sums that are shifted."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: dict[int, Row] = {}
        self.written = 0

    def write(self, wanted: dict[int, float], *, crash: bool = False) -> None:
        """Do what the plans say; a crash comes before the first shift."""
        for plan in plan_writes(self.rows, wanted):
            self.rows |= plan.rows
            self.written += len(plan.rows)
            if crash:
                return
            if plan.shift is not None:
                self.shift(plan.shift.from_s, plan.shift.by_kwh)

    def shift(self, from_s: int, by_kwh: float) -> None:
        """Raise all sums from an hour on."""
        self.rows |= {h: Row(row.state, row.sum + by_kwh) for h, row in self.rows.items() if h >= from_s}

    def mend(self) -> None:
        """Put right what does not fit."""
        for shift in list(misfits(self.rows)):
            self.shift(shift.from_s, shift.by_kwh)

    def check(self, wanted: dict[int, float]) -> None:
        """Compare with the wanted series: energies, and the running total."""
        assert {hour_s: row.state for hour_s, row in self.rows.items()} == wanted
        total = 0.0
        for hour_s in sorted(self.rows):
            total += self.rows[hour_s].state
            assert abs(self.rows[hour_s].sum - total) < 1e-6


@given(hours, st.lists(st.integers(0, 60), max_size=6), st.randoms(use_true_random=False))
def test_pieces_in_any_order_make_the_same_series(wanted: dict[int, float], cuts: list[int], random: object) -> None:
    """Cut anywhere, written in any order, with nothing written when all is written again."""
    edges = [0, *sorted(cut * HOUR_S for cut in cuts), 61 * HOUR_S]
    pieces = [{h: v for h, v in wanted.items() if a <= h < b} for a, b in pairwise(edges)]
    random.shuffle(pieces)  # type: ignore[attr-defined] # hypothesis hands in a Random
    store = Store()
    for piece in pieces:
        store.write(piece)
    store.check(wanted)
    before = store.written
    for piece in pieces:
        store.write(piece)
    store.write(wanted)
    assert store.written == before


@given(hours, hours)
def test_revision_ends_in_the_revised_series(first: dict[int, float], second: dict[int, float]) -> None:
    """Later figures win, hours that are not mentioned stay."""
    store = Store()
    store.write(first)
    store.write(second)
    store.check({**first, **second})


@given(hours, st.integers(0, 60))
def test_revision_of_one_hour_writes_that_hour_alone(wanted: dict[int, float], number: int) -> None:
    """The rows after it are shifted, not written."""
    hour_s = number * HOUR_S
    store = Store()
    store.write({**wanted, hour_s: 1.0})
    before = store.written
    store.write({**wanted, hour_s: 2.0})
    assert store.written == before + 1
    store.check({**wanted, hour_s: 2.0})


@given(hours, hours, hours)
def test_crash_between_the_two_jobs_is_mended_from_what_is_stored(
    first: dict[int, float], second: dict[int, float], third: dict[int, float]
) -> None:
    """The step is found where the sums do not fit; mending twice changes nothing."""
    store = Store()
    store.write(first)
    store.write(second, crash=True)
    store.mend()
    store.check({**first, **second})
    assert not list(misfits(store.rows))
    store.write(third)
    store.check({**first, **second, **third})


def test_nothing_wanted_and_nothing_stored_is_nothing_to_do() -> None:
    """An empty window writes nothing."""
    assert plan_writes({}, {}) == []
    assert list(misfits({})) == []
