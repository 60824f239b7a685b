"""What is read out of the recorder is what its own function says, in the unit that the cloud expects."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from math import inf
from random import Random
from typing import Literal

import pytest
from forwarding_bench import HOUR, SHORT, async_store, async_store_short, hours_ago, mean_rows, metadata, sum_rows
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope

from custom_components.wattbridge.forwarding.model import HOUR_S, ROW_S, ParameterConfig
from custom_components.wattbridge.forwarding.plan import Series
from custom_components.wattbridge.forwarding.rows import Stretch, Wanted, read_series
from custom_components.wattbridge.forwarding.survey import survey
from custom_components.wattbridge.vendors.wattics import Measure

GRID, HEAT = "meter:grid", "meter:heat"


async def read(
    hass: HomeAssistant, wanted: Sequence[tuple[str, Measure, str]], start: datetime, hours: int, row_s: int = HOUR_S
) -> dict[str, Series]:
    """Read some hours of statistics, with the row before them."""
    start_s, recorder = int(start.timestamp()), get_instance(hass)
    found = await recorder.async_add_executor_job(
        survey, hass, frozenset(source for source, _, _ in wanted), row_s, start_s
    )
    parts = [
        Wanted(
            ParameterConfig(source, source, measure),
            found[source],
            unit,
            None if (before_s := found[source].previous_s) is None else (before_s, row_s),
            is_oldest=False,
        )
        for source, measure, unit in wanted
    ]
    stretch = Stretch(start_s, start_s + hours * HOUR_S, row_s)
    return await recorder.async_add_executor_job(partial(read_series, hass, parts, stretch, starts_at_zero=True))


async def told(
    hass: HomeAssistant,
    statistic_id: str,
    column: Literal["sum", "mean"],
    start: datetime,
    hours: int,
    units: dict[str, str],
) -> dict[float, float]:
    """Ask the recorder's own function: the value by when its row starts."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, start, start + hours * HOUR, {statistic_id}, "hour", units, {column}
    )
    return {row["start"]: row[column] or 0.0 for row in found[statistic_id]}


async def test_rows_are_those_of_the_recorder(hass: HomeAssistant) -> None:
    """Sums in Wh that were stored in kWh, temperatures in another unit, and holes that stay holes."""
    start = hours_ago(40)
    await async_store(hass, metadata(GRID), sum_rows(start, [1.25, None, 0.1 + 0.2, *[1 / 3] * 27]))
    await async_store(hass, metadata(HEAT, "°C", with_sum=False), mean_rows(start, [20.5, 21.0, None, *[19.9] * 27]))
    wanted = [(GRID, Measure.CHANGE, "Wh"), (HEAT, Measure.MEAN, "°F")]
    series = await read(hass, wanted, start + HOUR, 20)
    units = {"energy": "Wh", "temperature": "°F"}
    columns: dict[str, Literal["sum", "mean"]] = {GRID: "sum", HEAT: "mean"}
    for statistic_id, column in columns.items():
        one = series[statistic_id]
        expected = await told(hass, statistic_id, column, start + HOUR, 20, units)
        assert dict(zip(one.starts_s, one.values, strict=True)) == expected
        assert one.before == (await told(hass, statistic_id, column, start, 1, units))[start.timestamp()]


async def test_row_before_may_lie_far_back(hass: HomeAssistant) -> None:
    """It is read by itself, and is none of the rows."""
    start = hours_ago(40)
    await async_store(hass, metadata(GRID), sum_rows(start, [2.0, *[None] * 20, 5.0]))
    series = (await read(hass, [(GRID, Measure.CHANGE, "kWh")], start + 10 * HOUR, 20))[GRID]
    assert (series.before, series.before_end_s) == (2.0, int(start.timestamp()) + HOUR_S)
    assert list(series.values) == [7.0]


async def test_short_rows_come_from_their_own_table(hass: HomeAssistant) -> None:
    """An hour has twelve of them."""
    start = hours_ago(3)
    await async_store_short(hass, metadata("sensor.grid"), sum_rows(start, [0.5] * 24, step=SHORT))
    series = (await read(hass, [("sensor.grid", Measure.CHANGE, "Wh")], start + HOUR, 1, ROW_S))["sensor.grid"]
    first_s = int((start + HOUR).timestamp())
    assert list(series.starts_s) == list(range(first_s, first_s + HOUR_S, ROW_S))
    assert (series.before, series.values[-1]) == (6000.0, 12_000.0)


async def test_no_digit_is_lost_on_the_way_and_the_order_is_that_of_time(hass: HomeAssistant) -> None:
    """Whatever floats a meter's sums are, and in whatever order they were stored."""
    random = Random(5)  # noqa: S311 - seeded numbers are no secret
    start = hours_ago(600)
    odd = [0.0, 5e-324, 1e-7, 0.1 + 0.2, 2 / 3, 1e15 + 0.3, 123456789.12345679, 1.7976931348623157e308]
    sums = [*odd, *(random.uniform(-1, 1) * 10 ** random.randint(-12, 12) for _ in range(480))]
    rows = [StatisticData(start=start + hour * HOUR, sum=total) for hour, total in enumerate(sums)]
    random.shuffle(rows)
    await async_store(hass, metadata(GRID), rows)
    series = (await read(hass, [(GRID, Measure.CHANGE, "kWh")], start, len(sums)))[GRID]
    assert [value.hex() for value in series.values] == [total.hex() for total in sums]
    assert list(series.starts_s) == [int(start.timestamp()) + hour * HOUR_S for hour in range(len(sums))]


@pytest.mark.parametrize("value", [inf, -inf, None])
async def test_what_is_no_number_is_no_row(hass: HomeAssistant, value: float | None) -> None:
    """Neither as a row nor as the one before."""
    start = hours_ago(10)
    await async_store(hass, metadata(GRID), sum_rows(start, [1.0] * 6))

    def spoil() -> None:
        with session_scope(hass=hass) as session:
            for hour in (1, 3):
                start_ts = (start + hour * HOUR).timestamp()
                session.query(Statistics).filter(Statistics.start_ts == start_ts).update({"sum": value})

    await get_instance(hass).async_add_executor_job(spoil)
    series = (await read(hass, [(GRID, Measure.CHANGE, "kWh")], start + 2 * HOUR, 4))[GRID]
    assert list(series.values) == [3.0, 5.0, 6.0]
    assert series.before == (1.0 if value is None else None)
