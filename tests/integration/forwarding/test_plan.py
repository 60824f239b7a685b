"""The plan is pure: what it does to rows is checked on invented ones, in every zone and with every kind of hole."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.aiowattbridge.wattics import LastPacket
from custom_components.wattbridge.forwarding.model import HOUR_S, ROW_S, ParameterConfig, StreamConfig
from custom_components.wattbridge.forwarding.plan import Batch, PlanState, Series, Step, plan
from custom_components.wattbridge.forwarding.wire import is_ours, packet_of
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

# On the grid of every interval, and a Sunday in the northern autumn on which several zones change their clocks.
START_S = int(datetime(2026, 10, 25, tzinfo=UTC).timestamp())
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
)


def stream(*parameters: ParameterConfig, interval_s: int = HOUR_S, kind: Kind = Kind.ELECTRICITY) -> StreamConfig:
    """Make a stream that begins with the first row there is."""
    return StreamConfig("meter", kind, interval_s, Start.BEGINNING, None, parameters)


ENERGY = ParameterConfig("pC_1", "meter:energy", Measure.CHANGE)
POWER = ParameterConfig("aP_1", "meter:power", Measure.MEAN)
HOURLY_ENERGY = stream(ENERGY)


def series(values: Mapping[int, float], *, row_s: int = HOUR_S, before: float | None = None) -> Series:
    """Make the rows of a series from values by the number of their row."""
    starts_s = [START_S + number * row_s for number in sorted(values)]
    return Series(
        starts_s, [values[number] for number in sorted(values)], before=before, starts_at_zero=row_s == HOUR_S
    )


def planned(
    config: StreamConfig, rows: Mapping[str, Series], periods: int, state: PlanState | None = None
) -> list[Step]:
    """Plan so many periods from the start on."""
    end_s = START_S + periods * config.interval_s
    return list(plan(config, state or PlanState(START_S), Batch(START_S, START_S, end_s, rows, config.interval_s)))


def packets(steps: list[Step]) -> list[Step]:
    """Keep the steps that send something."""
    return [step for step in steps if step.values is not None]


def sums_of(changes: list[float | None]) -> dict[int, float]:
    """Add changes up to a running sum; None makes a hole."""
    total, sums = 0.0, {}
    for number, change in enumerate(changes):
        if change is not None:
            total += change
            sums[number] = total
    return sums


CHANGES = st.lists(st.one_of(st.none(), st.integers(-5_000, 50_000).map(lambda n: n / 8)), min_size=1, max_size=60)


@given(CHANGES, st.sampled_from((1, 2, 3, 6)))
def test_energy_is_conserved_and_time_only_goes_forward(changes: list[float | None], rows_each: int) -> None:
    """The readings sent differ by the non-negative changes; steps follow one another without a gap."""
    config = stream(ENERGY, interval_s=rows_each * ROW_S)
    periods = -(-len(changes) // rows_each)
    rows = series(sums_of(changes), row_s=ROW_S, before=0.0)
    steps = planned(config, {"pC_1": rows}, periods)
    risen = sum(change for change in changes if change is not None and change > 0)
    assert steps[-1].after.accumulators_wh.get("pC_1", 0.0) == pytest.approx(risen)
    readings = [step.values["pC_1"] for step in steps if step.values]
    assert readings == sorted(readings)
    sent = sum(later - earlier for earlier, later in pairwise([0.0, *readings]))
    assert sent == pytest.approx(readings[-1] if readings else 0.0)
    assert steps[0].start_s == START_S
    assert all(step.start_s < step.end_s for step in steps)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(steps))
    assert steps[-1].end_s == START_S + periods * config.interval_s
    assert all(step.after.position_s == step.end_s for step in steps)


@given(CHANGES, st.integers(0, 60))
def test_planning_on_from_any_step_gives_the_same(changes: list[float | None], cut: int) -> None:
    """What a step leaves behind is enough to go on exactly, so a crash changes nothing."""
    sums = sums_of(changes)
    steps = planned(HOURLY_ENERGY, {"pC_1": series(sums)}, len(changes))
    before = steps[min(cut, len(steps) - 1)].after
    number = (before.position_s - START_S) // HOUR_S
    rest = {n: total for n, total in sums.items() if n >= number}
    last = max((n for n in sums if n < number), default=None)
    batch = Batch(
        before.position_s,
        before.position_s,
        START_S + len(changes) * HOUR_S,
        {"pC_1": series(rest, before=None if last is None else sums[last])},
        HOUR_S,
    )
    again = list(plan(HOURLY_ENERGY, before, batch)) if batch.start_s < batch.end_s else []
    assert again == [step for step in steps if step.start_s >= before.position_s]


@given(CHANGES)
def test_holes_stay_holes(changes: list[float | None]) -> None:
    """Exactly the periods without a row send nothing, apart from those in which the sum fell."""
    steps = planned(HOURLY_ENERGY, {"pC_1": series(sums_of(changes))}, len(changes))
    sent = {(step.start_s - START_S) // HOUR_S for step in packets(steps)}
    assert sent == {number for number, change in enumerate(changes) if change is not None and change >= 0}
    fallen = sum(1 for change in changes if change is not None and change < 0)
    assert sum(len(step.resets) for step in steps) == fallen


@pytest.mark.parametrize("zone", ZONES)
def test_packet_is_stamped_with_the_end_of_its_hour_in_local_time(zone: str) -> None:
    """Every hour of a day on which the clocks change has its own instant, an hour after the one before."""
    changes: list[float | None] = [1.0] * 30
    steps = planned(HOURLY_ENERGY, {"pC_1": series(sums_of(changes))}, len(changes))
    stamps = [packet_of(HOURLY_ENERGY, step, ZoneInfo(zone)).timestamp for step in steps]
    assert [int(stamp.timestamp()) for stamp in stamps] == [START_S + (n + 1) * HOUR_S for n in range(30)]
    assert all(stamp.utcoffset() == stamp.astimezone(ZoneInfo(zone)).utcoffset() for stamp in stamps)


def test_packet_of_one_row_says_when_the_row_ended() -> None:
    """A row is stamped at its start, its reading belongs to its end."""
    (step,) = planned(HOURLY_ENERGY, {"pC_1": series({0: 2500.0})}, 1)
    packet = packet_of(HOURLY_ENERGY, step, ZoneInfo("Europe/Berlin"))
    # At 01:00 UTC that day Berlin went back from 03:00 to 02:00.
    assert packet.to_bytes() == b'{"id":"meter","tsISO8601":"2026-10-25T02:00:00.000+01:00","pC_1":2500.0}'


def test_parameter_without_a_row_is_left_out_and_not_repeated() -> None:
    """Missing is neither zero nor the value before."""
    config = stream(ENERGY, POWER)
    rows = {"pC_1": series({0: 10.0, 2: 40.0}), "aP_1": series({0: 5.0, 1: 7.0})}
    assert [step.values for step in planned(config, rows, 4)] == [
        {"pC_1": 10.0, "aP_1": 5.0},
        {"aP_1": 7.0},
        {"pC_1": 40.0},
        None,
    ]


def test_fallen_sum_is_never_sent_as_energy() -> None:
    """The parameter is missing from that packet; the next reading goes on from the one before."""
    config = stream(ENERGY, POWER)
    rows = {"pC_1": series({0: 100.0, 1: 30.0, 2: 35.0}), "aP_1": series({0: 1.0, 1: 2.0, 2: 3.0})}
    steps = planned(config, rows, 3)
    assert [step.values for step in steps] == [
        {"pC_1": 100.0, "aP_1": 1.0},
        {"aP_1": 2.0},
        {"pC_1": 105.0, "aP_1": 3.0},
    ]
    assert [step.resets for step in steps] == [(), ("pC_1",), ()]


def test_noise_of_floats_is_no_reset() -> None:
    """Converting units back and forth may make a resting sum fall by its last digit."""
    rows = {"pC_1": series({0: 1234567.8, 1: 1234567.8 * (1 - 1e-15)})}
    assert not any(step.resets for step in planned(HOURLY_ENERGY, rows, 2))


def test_first_surviving_short_row_only_gives_the_base() -> None:
    """Its whole sum is no energy of five minutes."""
    config = stream(ENERGY, interval_s=ROW_S)
    steps = planned(config, {"pC_1": series({0: 9_000_000.0, 1: 9_000_050.0}, row_s=ROW_S)}, 2)
    assert [step.values for step in steps] == [None, {"pC_1": 50.0}]


def test_stored_sum_bridges_what_was_purged() -> None:
    """The energy of an outage that outlasted the short rows arrives with the first row after it."""
    config = stream(ENERGY, interval_s=ROW_S)
    state = PlanState(START_S, {"pC_1": 700.0}, {"meter:energy": 8_999_000.0})
    steps = planned(config, {"pC_1": series({3: 9_000_000.0}, row_s=ROW_S)}, 4, state)
    assert [step.values for step in steps] == [None, {"pC_1": 1700.0}]
    assert steps[0].end_s == steps[1].start_s


def test_row_before_is_preferred_to_the_stored_sum() -> None:
    """A user's correction shifts both rows, but not what we stored."""
    state = PlanState(START_S, {"pC_1": 700.0}, {"meter:energy": 10.0})
    (step,) = planned(HOURLY_ENERGY, {"pC_1": series({0: 5_000.0}, before=4_990.0)}, 1, state)
    assert step.values == {"pC_1": 710.0}


def test_short_rows_make_up_a_longer_interval() -> None:
    """Changes add up, means are averaged over the rows there are, states are the last one."""
    state_of = ParameterConfig("v_1", "meter:voltage", Measure.STATE)
    config = stream(ENERGY, POWER, state_of, interval_s=3 * ROW_S)
    rows = {
        "pC_1": series({0: 1.0, 1: 3.0, 2: 6.0, 3: 10.0}, row_s=ROW_S, before=0.0),
        "aP_1": series({0: 10.0, 1: 20.0, 2: 60.0, 4: 5.0}, row_s=ROW_S),
        "v_1": series({0: 230.0, 2: 231.0}, row_s=ROW_S),
    }
    assert [step.values for step in planned(config, rows, 2)] == [
        {"pC_1": 6.0, "aP_1": 30.0, "v_1": 231.0},
        {"pC_1": 10.0, "aP_1": 5.0},
    ]


def test_single_value_sends_its_change_and_no_reading() -> None:
    """Only the energy of electricity packets is cumulative."""
    config = stream(ParameterConfig("value", "meter:gas", Measure.CHANGE), kind=Kind.VALUE)
    steps = planned(config, {"value": series({0: 4.0, 1: 9.5})}, 2)
    assert [step.values for step in steps] == [{"value": 4.0}, {"value": 5.5}]


def test_packet_of_ours_is_recognised_and_others_are_not() -> None:
    """Time, names and values all have to fit, up to the rounding of a cloud."""
    (step,) = planned(HOURLY_ENERGY, {"pC_1": series({0: 1234.5678})}, 1)
    at = datetime.fromtimestamp(START_S + HOUR_S, UTC)
    assert is_ours(step, LastPacket(at, {"pC_1": 1234.568}))
    assert not is_ours(step, LastPacket(at, {"pC_1": 1240.0}))
    assert not is_ours(step, LastPacket(at, {"pC_1": 1234.5678, "aP_1": 1.0}))
    assert not is_ours(step, LastPacket(at, {}))
    assert not is_ours(step, LastPacket(datetime.fromtimestamp(START_S, UTC), {"pC_1": 1234.5678}))
