"""The packets that are made ahead."""

from datetime import datetime, timedelta, tzinfo
from typing import override

import pytest

from custom_components.wattbridge.forwarding.model import HOUR_S, ParameterConfig, StreamConfig
from custom_components.wattbridge.forwarding.packets import Coming
from custom_components.wattbridge.forwarding.plan import PlanState, Step
from custom_components.wattbridge.vendors.wattics import Kind, Measure, Start

CONFIG = StreamConfig(
    "meter", Kind.ELECTRICITY, HOUR_S, Start.BEGINNING, None, (ParameterConfig("pC_1", "x", Measure.CHANGE),)
)


class Broken(tzinfo):
    """A zone that knows nothing of the third hour."""

    @override
    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        if moment is not None and moment.hour == 3:
            raise ValueError("no such hour")
        return timedelta()

    @override
    def dst(self, moment: datetime | None, /) -> timedelta:
        return timedelta()

    @override
    def tzname(self, moment: datetime | None, /) -> str:
        return "Broken"

    @override
    def fromutc(self, moment: datetime, /) -> datetime:
        return moment


def step(hour: int, *, is_hole: bool = False) -> Step:
    """Make the step of an hour."""
    end_s = (hour + 1) * HOUR_S
    return Step(hour * HOUR_S, end_s, None if is_hole else {"pC_1": 1.0}, PlanState(end_s))


def test_step_whose_packet_cannot_be_made_ahead_is_not_left_out() -> None:
    """It fails when it is its turn, so that nothing is passed over."""
    steps = [step(0), step(1, is_hole=True), step(2), step(3)]
    coming = Coming(iter(steps), CONFIG, Broken())
    first = coming.take()
    assert first is not None
    assert first[0] is steps[0]
    with pytest.raises(ValueError, match="no such hour"):
        coming.look_ahead()
    assert coming.take() == (steps[1], None)
    with pytest.raises(ValueError, match="no such hour"):
        coming.take()
