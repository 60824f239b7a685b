"""The ledger: what an hour held when it was passed, for 35 days by the hour and for ever by the month."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import cycle, islice
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.forwarding.ledger import HOLE, UNKNOWN, WINDOW_HOURS, StreamLedger
from custom_components.wattbridge.forwarding.model import HOUR_S, ParameterConfig, StreamConfig
from custom_components.wattbridge.forwarding.months import Month, month_of, month_start_s
from custom_components.wattbridge.forwarding.plan import PlanState, Step
from custom_components.wattbridge.forwarding.revisions import MOST_HOURS, Revision, Revisions
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

FIRST = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) // HOUR_S
SHORT_S = 300


def config(interval_s: int = HOUR_S, source: str = "meter:energy", unit: str | None = None) -> StreamConfig:
    """Describe a stream of one meter reading, or of a single value that is the change of something."""
    name = "pC_1" if unit is None else "value"
    kind = Kind.ELECTRICITY if unit is None else Kind.VALUE
    parameter = ParameterConfig(name, source, Measure.CHANGE, unit=unit)
    return StreamConfig("meter-1", kind, interval_s, Start.BEGINNING, None, (parameter,))


def step(
    start_s: int, energy: float | None, length_s: int = HOUR_S, resets: tuple[str, ...] = (), name: str = "pC_1"
) -> Step:
    """Make a step with energy, or a hole."""
    end_s = start_s + length_s
    values, changes = ({}, {}) if energy is None else ({name: energy}, {name: energy})
    return Step(start_s, end_s, values or None, PlanState(end_s), resets, changes)


def noted(ledger: StreamLedger, energies: Iterable[float | None], first: int = FIRST) -> StreamLedger:
    """Note hour after hour."""
    for number, energy in enumerate(energies, start=first):
        one = step(number * HOUR_S, energy)
        if energy is None:
            ledger.note_hole(one)
        else:
            ledger.note(one, config())
    return ledger


def test_hours_are_kept_one_by_one() -> None:
    """With holes between them that are no zeros."""
    ledger = noted(StreamLedger(), [1.0, None, 0.0, 2.5])
    assert [ledger.energy_wh(hour) for hour in ledger.window] == [1.0, HOLE, 0.0, 2.5]
    assert ledger.from_s == FIRST * HOUR_S
    assert ledger.whole_to_s == (FIRST + 4) * HOUR_S
    assert isnan(ledger.energy_wh(FIRST - 1))


@given(
    st.lists(st.integers(0, 10**6), min_size=WINDOW_HOURS, max_size=WINDOW_HOURS + 900),
    st.lists(st.integers(1, 200), min_size=1),
    st.integers(0, HOUR_S // SHORT_S - 1),
)
def test_many_steps_at_a_time_are_noted_as_one_by_one(energies: list[int], counts: list[int], behind: int) -> None:
    """Also across the end of the ring, and where the first hour was begun before."""
    steps = [step((FIRST + number) * HOUR_S, float(energy)) for number, energy in enumerate(energies)]
    begun_s = behind * SHORT_S
    steps[0] = step(FIRST * HOUR_S + begun_s, float(energies[0]), HOUR_S - begun_s)
    one_by_one, together = StreamLedger(), StreamLedger()
    for one in steps:
        one_by_one.note(one, config())
    rest, lengths = iter(steps), cycle(counts)
    while some := list(islice(rest, next(lengths))):
        together.note_all(some, config())
    facts = [
        (ledger.rings(), ledger.months, ledger.from_s, ledger.position_s, ledger.has_data)
        for ledger in (one_by_one, together)
    ]
    assert facts[0] == facts[1]


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=WINDOW_HOURS + 900))
def test_nothing_is_lost_when_hours_become_months(energies: list[int | None]) -> None:
    """The totals are those of all hours, wherever they are kept."""
    energies = [0, *energies]
    ledger = noted(StreamLedger(), energies)
    expected: dict[int, Month] = {}
    for hour, energy in enumerate(energies, start=FIRST):
        if energy is not None:
            expected.setdefault(month_of(hour), Month()).add(hour, energy, ledger.digest(FIRST) or 1)
    totals = ledger.totals(ledger.whole_to_s)
    assert {number: (m.rows, m.energy_wh) for number, m in totals.items()} == {
        number: (m.rows, m.energy_wh) for number, m in expected.items()
    }
    for number, month in totals.items():
        assert month.weighted_wh == pytest.approx(expected[number].weighted_wh)


def test_many_years_take_little_room() -> None:
    """64 streams with ten years behind them stay well below a megabyte."""
    ledger = noted(StreamLedger(), [1.0] * 1000)
    energies, digests, _ = ledger.rings()
    months = 120 * sum(map(sys.getsizeof, (Month(), 1.5, 2.5, 2**63)))
    assert 64 * (len(energies) + len(digests)) < 700_000
    assert 64 * (len(energies) + len(digests) + months) < 3_000_000


def test_parts_of_an_hour_add_up() -> None:
    """The hour that the stream began in is left out: nobody knows how much of it is missing."""
    ledger, short = StreamLedger(), config(SHORT_S)
    start_s = FIRST * HOUR_S + 600
    for number in range(30):
        ledger.note(step(start_s + number * SHORT_S, 1.5, SHORT_S), short)
    assert ledger.from_s == (FIRST + 1) * HOUR_S
    assert ledger.energy_wh(FIRST + 1) == 18.0
    assert ledger.energy_wh(FIRST + 2) == 12.0
    assert ledger.whole_to_s == (FIRST + 2) * HOUR_S


def test_hole_within_an_hour_leaves_the_rest_of_it() -> None:
    """Twelve packets are rarely all there."""
    ledger, short = StreamLedger(), config(SHORT_S)
    start_s = FIRST * HOUR_S
    ledger.note_hole(step(start_s - 3 * HOUR_S, None, 3 * HOUR_S - SHORT_S))
    ledger.note(step(start_s - SHORT_S, 1.0, SHORT_S), short)
    ledger.note_hole(step(start_s, None, 600))
    ledger.note(step(start_s + 600, 2.0, SHORT_S), short)
    ledger.note_hole(step(start_s + 900, None, HOUR_S + 2700))
    assert ledger.energy_wh(FIRST) == 2.0
    assert ledger.energy_wh(FIRST + 1) == HOLE


def test_hour_with_a_fall_is_unknown() -> None:
    """The recorder's hour does not tell what rose before and after it."""
    ledger, short = StreamLedger(), config(SHORT_S)
    start_s = FIRST * HOUR_S
    ledger.note(step(start_s - SHORT_S, 1.0, SHORT_S), short)
    for number in range(24):
        resets = ("pC_1",) if number == 5 else ()
        ledger.note(step(start_s + number * SHORT_S, 1.0, SHORT_S, resets), short)
    assert isnan(ledger.energy_wh(FIRST))
    assert ledger.energy_wh(FIRST + 1) == 12.0


def test_what_was_passed_behind_our_back_is_unknown() -> None:
    """After a crash the ledger is behind the cursor; the hour in which it stood is unknown as a whole."""
    ledger, short = StreamLedger(), config(SHORT_S)
    start_s = FIRST * HOUR_S
    for number in range(-1, 18):
        ledger.note(step(start_s + number * SHORT_S, 1.0, SHORT_S), short)
    ledger.follow(short, 0, start_s + 4 * HOUR_S + 600)
    assert ledger.energy_wh(FIRST) == 12.0
    assert all(isnan(ledger.energy_wh(FIRST + hour)) for hour in (1, 2, 3, 4))
    for number in range(2, 24):
        ledger.note(step(start_s + 4 * HOUR_S + number * SHORT_S, 1.0, SHORT_S), short)
    assert isnan(ledger.energy_wh(FIRST + 4))
    assert ledger.energy_wh(FIRST + 5) == 12.0


def test_unknown_hours_stay_unknown_as_months() -> None:
    """A month of which an hour is unknown says so."""
    ledger = noted(StreamLedger(), [1.0] * 10)
    ledger.follow(config(), 0, (FIRST + 20) * HOUR_S)
    noted(ledger, [1.0] * (WINDOW_HOURS + 10), FIRST + 20)
    month = ledger.months[month_of(FIRST)]
    assert (month.rows, month.unknown) == (20, 10)


def test_stream_that_goes_back_is_noted_anew() -> None:
    """A restored backup of the cursor repeats hours; a stream that begins anew has nothing to do with its past."""
    ledger = noted(StreamLedger(), [1.0] * 20)
    noted(ledger, [3.0] * 5, FIRST + 10)
    assert [ledger.energy_wh(FIRST + hour) for hour in (9, 10, 14, 15)] == [1.0, 3.0, 3.0, 1.0]
    noted(ledger, [2.0], FIRST - WINDOW_HOURS)
    assert ledger.from_s == (FIRST - WINDOW_HOURS) * HOUR_S
    assert not ledger.months
    assert isnan(ledger.energy_wh(FIRST))


def test_other_series_begin_anew() -> None:
    """The past of another statistic is no correction of this one."""
    ledger = noted(StreamLedger(), [1.0] * 20)
    ledger.follow(config(), 0, (FIRST + 20) * HOUR_S)
    assert ledger.energy_wh(FIRST) == 1.0
    ledger.follow(config(source="meter:other"), 0, (FIRST + 20) * HOUR_S)
    assert ledger.from_s == (FIRST + 20) * HOUR_S
    assert isnan(ledger.energy_wh(FIRST))


def test_single_values_of_energy_count_in_watt_hours() -> None:
    """What is no energy is not taken for any: it only has a digest."""
    ledger = StreamLedger()
    ledger.note(step(FIRST * HOUR_S, 2.0, name="value"), config(unit="kWh"))
    assert ledger.energy_wh(FIRST) == 2000.0
    ledger = StreamLedger()
    ledger.note(step(FIRST * HOUR_S, 2.0, name="value"), config(unit="m³"))
    two = ledger.digest(FIRST)
    ledger.note(step((FIRST + 1) * HOUR_S, 3.0, name="value"), config(unit="m³"))
    assert ledger.energy_wh(FIRST) == 0.0
    assert two != ledger.digest(FIRST + 1) != 0


def test_opposite_corrections_change_a_month() -> None:
    """Each hour has its own weight, and what is noise has none."""
    was, now, noise = Month(), Month(), Month()
    for hour in range(FIRST, FIRST + 700):
        energy = 1000.0 + hour % 7
        was.add(hour, energy, 1)
        now.add(hour, energy + {FIRST + 5: 2.0, FIRST + 6: -2.0}.get(hour, 0.0), 1)
        noise.add(hour, energy + (hour % 3 - 1) * 1e-7, 1)
    assert was.energy_wh == now.energy_wh
    assert not was.is_same(now)
    assert was.is_same(noise)


def test_months_are_those_of_utc() -> None:
    """Whatever zone Home Assistant is in."""
    hour = int(datetime(2026, 12, 31, 23, tzinfo=UTC).timestamp()) // HOUR_S
    assert month_of(hour + 1) == month_of(hour) + 1
    assert month_start_s(month_of(hour)) == int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def test_revisions_are_bounded_but_counted() -> None:
    """The list is a help for people; the figures are of all."""
    revisions = Revisions()
    for hour in range(MOST_HOURS + 100):
        revisions.note(Revision(hour * HOUR_S, (hour + 1) * HOUR_S, 1.0, 3.0), 0, is_sent=False)
        revisions.refuse(hour, 1.0)
    assert (revisions.count, revisions.energy_wh) == (MOST_HOURS + 100, 2.0 * (MOST_HOURS + 100))
    assert revisions.unsent[0].energy_wh == revisions.energy_wh
    assert len(revisions.listed) == len(revisions.refused) == MOST_HOURS
    assert revisions.unlisted == 100
    revisions.clear()
    assert revisions.unlisted == 0


def test_corrections_outside_of_the_window_are_left_out() -> None:
    """There is no place for them."""
    ledger = noted(StreamLedger(), [1.0])
    ledger.put(FIRST, 2.0, 1)
    ledger.put(FIRST + 1, 2.0, 1)
    assert (ledger.energy_wh(FIRST), ledger.digest(FIRST)) == (2.0, 1)
    assert isnan(ledger.energy_wh(FIRST + 1))
    assert isnan(UNKNOWN)
