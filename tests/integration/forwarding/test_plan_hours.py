"""Hours of energy out of several statistics: an hour is whole, or it is a hole that says what it lacks."""

from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.forwarding.model import HOUR_S, ParameterConfig, Problem, SourceError, StreamConfig
from custom_components.wattbridge.forwarding.plan import ENERGY_KWH, Batch, PlanState, Series, Step, plan
from custom_components.wattbridge.forwarding.wire import hour_of, text_of, units_of
from custom_components.wattbridge.vendors.wattcarbon import Target
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

START_S = 1_790_000_000 // 86_400 * 86_400


def energy(name: str, sign: int = 1, *, may_fall: bool = False) -> ParameterConfig:
    """Make a statistic that counts."""
    return ParameterConfig(name, f"meter:{name}", Measure.CHANGE, sign=sign, may_fall=may_fall)


def asset(*parameters: ParameterConfig) -> StreamConfig:
    """Make a series of an asset that begins with the first row there is."""
    return StreamConfig("roof", Target.ASSET, HOUR_S, Start.BEGINNING, None, parameters)


GENERATION, CHARGE, DISCHARGE = energy("generation"), energy("charge", -1), energy("discharge")
BATTERY = asset(CHARGE, DISCHARGE)


def sums(*changes: float | None, before: float | None = None) -> Series:
    """Make the rows of a running sum; None leaves a hole."""
    total, rows = before or 0.0, {}
    for number, change in enumerate(changes):
        if change is not None:
            total += change
            rows[START_S + number * HOUR_S] = total
    return Series(list(rows), list(rows.values()), before=before, starts_at_zero=True)


def planned(config: StreamConfig, series: dict[str, Series], hours: int, state: PlanState | None = None) -> list[Step]:
    """Plan so many hours from the start on."""
    batch = Batch(START_S, START_S, START_S + hours * HOUR_S, series, HOUR_S)
    return list(plan(config, state or PlanState(START_S), batch))


def test_signs_add_up_in_kilowatt_hours() -> None:
    """What a battery took counts against it, and the noise of floats does not count."""
    steps = planned(BATTERY, {"charge": sums(0.3, 0.0, 0.5), "discharge": sums(0.1, 0.0, 0.8)}, 3)
    assert [step.values for step in steps] == [{ENERGY_KWH: -0.2}, {ENERGY_KWH: 0.0}, {ENERGY_KWH: 0.3}]
    assert steps[0].changes == {"charge": 0.3, "discharge": 0.1}
    assert units_of(BATTERY) == {"charge": "kWh", "discharge": "kWh"}


def test_hour_without_one_of_its_statistics_is_a_hole_that_names_it() -> None:
    """Half a battery's energy is none; hours that lack the same are one hole."""
    charge, discharge = sums(1.0, None, None, 4.0, None), sums(1.0, 2.0, 3.0, 4.0, None)
    steps = planned(BATTERY, {"charge": charge, "discharge": discharge}, 5)
    facts = [((step.start_s - START_S) // HOUR_S, (step.end_s - START_S) // HOUR_S, step.missing) for step in steps]
    assert facts == [(0, 1, ()), (1, 3, ("charge",)), (3, 4, ()), (4, 5, ("charge", "discharge"))]
    assert [step.values for step in steps] == [{ENERGY_KWH: 0.0}, None, {ENERGY_KWH: 0.0}, None]
    assert steps[1].changes == {}


def test_energy_after_a_hole_is_that_of_the_recorders_own_hour() -> None:
    """The recorder counts what came during a hole into the hour after it, and so do we."""
    steps = planned(asset(GENERATION), {"generation": sums(1.0, None, 5.0)}, 3)
    assert [step.values for step in steps] == [{ENERGY_KWH: 1.0}, None, {ENERGY_KWH: 5.0}]


def test_hour_in_which_a_sum_fell_is_a_hole_with_a_reset() -> None:
    """Whatever was generated in it, nobody knows."""
    steps = planned(BATTERY, {"charge": sums(2.0, -1.0, 1.0), "discharge": sums(1.0, 1.0, 1.0)}, 3)
    assert [step.values for step in steps] == [{ENERGY_KWH: -1.0}, None, {ENERGY_KWH: 0.0}]
    assert [step.resets for step in steps] == [(), ("charge",), ()]
    assert steps[1].missing == ()


def test_savings_may_be_negative() -> None:
    """Their sum falls when more was used than the year before."""
    steps = planned(asset(energy("savings", may_fall=True)), {"savings": sums(2.0, -1.5, 0.25)}, 3)
    assert [step.values for step in steps] == [{ENERGY_KWH: 2.0}, {ENERGY_KWH: -1.5}, {ENERGY_KWH: 0.25}]
    assert not any(step.resets for step in steps)


def test_step_is_written_as_the_cloud_reads_it() -> None:
    """In UTC, by the start of the hour, in plain decimals."""
    (step, *_) = planned(asset(GENERATION), {"generation": sums(1e-5, 1.0)}, 2)
    assert text_of(asset(GENERATION), [step], UTC) == ("datetime,value_kwh\n2026-09-21T00:00:00+00:00,0.00001")
    assert hour_of(step).start.timestamp() == START_S


HOURS = st.lists(
    st.tuples(*[st.one_of(st.none(), st.integers(-2_000, 20_000).map(lambda n: n / 64))] * 2), min_size=1, max_size=50
)


@given(HOURS, st.integers(1, 50))
def test_hours_are_whole_and_everything_has_its_place(hours: list[tuple[float | None, ...]], cut: int) -> None:
    """Exactly the hours with both rows and no fall have energy; batches cut anywhere make the same hours."""
    both = {name: sums(*(hour[n] for hour in hours), before=7.0) for n, name in enumerate(("charge", "discharge"))}
    steps = planned(BATTERY, both, len(hours))
    sent = {(step.start_s - START_S) // HOUR_S: step.values[ENERGY_KWH] for step in steps if step.values}
    whole = {n for n, hour in enumerate(hours) if all(change is not None and change >= 0 for change in hour)}
    assert sent.keys() == whole
    assert steps[0].start_s == START_S
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(steps))
    assert steps[-1].end_s == START_S + len(hours) * HOUR_S
    assert _cut(both, steps, len(hours), cut) == sent


def _cut(series: dict[str, Series], steps: list[Step], hours: int, cut: int) -> dict[int, float]:
    """Plan as two batches, with the row before found in the recorder, and return the hours' energies."""
    middle_s = START_S + min(cut, hours) * HOUR_S
    first = Batch(
        START_S, START_S, middle_s, {key: _part(one, START_S, middle_s) for key, one in series.items()}, HOUR_S
    )
    done = list(plan(BATTERY, PlanState(START_S), first))
    end_s = steps[-1].end_s
    if middle_s < end_s:
        rest = {key: _part(one, middle_s, end_s) for key, one in series.items()}
        done += plan(BATTERY, done[-1].after, Batch(middle_s, middle_s, end_s, rest, HOUR_S))
    return {(step.start_s - START_S) // HOUR_S: step.values[ENERGY_KWH] for step in done if step.values}


def _part(series: Series, from_s: int, to_s: int) -> Series:
    rows = dict(zip(series.starts_s, series.values, strict=True))
    earlier = [value for start_s, value in rows.items() if start_s < from_s]
    part = {start_s: value for start_s, value in rows.items() if from_s <= start_s < to_s}
    return Series(
        list(part), list(part.values()), before=earlier[-1] if earlier else series.before, starts_at_zero=True
    )


@pytest.mark.parametrize("is_oldest", [True, False])
def test_sums_that_begin_again_are_a_new_database_only_where_nothing_older_is(*, is_oldest: bool) -> None:
    """Otherwise it is a fall like any other."""
    config = StreamConfig(
        "meter", Kind.ELECTRICITY, HOUR_S, Start.BEGINNING, None, (ParameterConfig("pC_1", "x", Measure.CHANGE),)
    )
    state = PlanState(START_S, {"pC_1": 5.0}, {"x": 900.0})
    begun = Series([START_S], [1.0], starts_at_zero=True, is_oldest=is_oldest, statistic_id="sensor.grid")
    batch = Batch(START_S, START_S, START_S + HOUR_S, {"pC_1": begun}, HOUR_S)
    if not is_oldest:
        (step,) = plan(config, state, batch)
        assert step.resets == ("pC_1",)
        return
    with pytest.raises(SourceError, match=r"sensor\.grid") as error:
        list(plan(config, state, batch))
    assert error.value.problem is Problem.DATABASE_NEW
    # Somebody said to go on: the new sum counts from zero.
    (step,) = plan(config, PlanState(START_S, {"pC_1": 5.0}), batch)
    assert step.values == {"pC_1": 6.0}


def test_changes_tell_what_a_packet_delivers() -> None:
    """Also of a reading that had to be left out: the next one includes it."""
    parameters = (ParameterConfig("pC_1", "x", Measure.CHANGE), ParameterConfig("aP_1", "y", Measure.MEAN))
    config = StreamConfig("meter", Kind.ELECTRICITY, 2 * HOUR_S, Start.BEGINNING, None, parameters)
    totals = (5.0, 6.0, 9.0, 2.0, 3.0, 4.5)
    rows = {
        "pC_1": Series([START_S + n * HOUR_S for n in range(len(totals))], totals, before=4.0),
        "aP_1": Series([START_S, START_S + 2 * HOUR_S], [1.0, 1.0]),
    }
    steps = list(plan(config, PlanState(START_S), Batch(START_S, START_S, START_S + 6 * HOUR_S, rows, 2 * HOUR_S)))
    assert [step.changes for step in steps] == [{"pC_1": 2.0}, {"pC_1": 3.0}, {"pC_1": 2.5}]
    assert [step.values for step in steps] == [{"pC_1": 2.0, "aP_1": 1.0}, {"aP_1": 1.0}, {"pC_1": 7.5}]
    assert sum(step.changes["pC_1"] for step in steps) == steps[-1].after.accumulators_wh["pC_1"]
