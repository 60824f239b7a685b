"""Rows of the future, as of a forecast or of a cloud whose clock is ahead: they are sent when they have been."""

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    OWN,
    Bench,
    async_store,
    hours_ago,
    metadata,
    publish,
    register_sensor,
    stream_data,
    sum_rows,
)
from homeassistant.core import HomeAssistant
from review_bench import SeriesBench, series_data

from aiowattbridge.simulators import WattCarbonSimulator

AHEAD = 15


async def test_forecast_is_sent_to_wattics_hour_by_hour(hass: HomeAssistant, bench: Bench) -> None:
    """A packet of tomorrow would keep everything out that really happens until then."""
    start = hours_ago(3)
    await async_store(hass, metadata(FOREIGN), sum_rows(start, [1.0] * (3 + AHEAD)))
    bench.add(stream_data({"pC_1": (FOREIGN, "change")}))
    engine = await bench.run()
    assert [time for time, _ in bench.sent()] == [start + hour * HOUR for hour in (1, 2, 3)]
    assert (engine.status.backlog, engine.status.problem) == (0, None)


@pytest.mark.parametrize("source", [FOREIGN, OWN])
async def test_forecast_is_sent_to_wattcarbon_hour_by_hour(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator, source: str
) -> None:
    """It refuses hours that are not over, and that must not stop the series; an own series is no exception."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    asset = next(iter(wattcarbon_cloud.assets))
    start = hours_ago(3)
    await async_store(hass, metadata(source), sum_rows(start, [1.0] * (3 + AHEAD)))
    if source == OWN:
        publish(hass, start + (3 + AHEAD) * HOUR)
    bench.add(series_data(asset, (source, "generation")))
    engine = await bench.run()
    await bench.stop()
    assert wattcarbon_cloud.hours(asset) == {start + hour * HOUR: 1.0 for hour in range(3)}
    assert engine.status.problem is None


async def test_hours_in_the_place_of_short_rows_are_over_too(hass: HomeAssistant, bench: Bench) -> None:
    """Somebody may import hours of the future for a sensor whose short rows are gone."""
    sensor = register_sensor(hass, "grid")
    start = hours_ago(3)
    await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [1.0] * (3 + AHEAD)))
    bench.add(stream_data({"pC_1": (sensor.id, "change")}, interval_min=5))
    await bench.run()
    assert [time for time, _ in bench.sent()] == [start + hour * HOUR for hour in (1, 2, 3)]
