"""Rows are converted to the cloud's units, a single value stays in the one it began with, and nothing else is sent."""

import asyncio
from typing import Any

import pytest
from forwarding_bench import Bench, async_store, hours_ago, mean_rows, metadata, stream_data, sum_rows, until
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant

UNKNOWN = "unknown"


def value_data(measure: str, unit: str | None) -> dict[str, Any]:
    """Make the data of a single value stream; of an older one, nobody noted the unit."""
    data = stream_data({"value": ("meter:thing", measure)}, kind="value")
    if unit != UNKNOWN:
        data["parameters"]["value"]["unit"] = unit
    return data


def described(unit: str | None, unit_class: str | None, *, with_sum: bool) -> StatisticMetaData:
    """Describe a statistic in any unit."""
    return {**metadata("meter:thing", with_sum=with_sum), "unit_of_measurement": unit, "unit_class": unit_class}


@pytest.mark.parametrize(
    ("unit", "unit_class", "wanted", "expected"),
    [
        pytest.param("°F", "temperature", "°C", [0, 100], id="of a class"),
        pytest.param("°F", "temperature", "°F", [32, 212], id="the same"),
        pytest.param("°F", "temperature", UNKNOWN, [32, 212], id="made before units were kept"),
        pytest.param(None, None, UNKNOWN, [32, 212], id="made before, of no unit"),
        pytest.param(None, None, None, [32, 212], id="no unit"),
        pytest.param(None, "unitless", None, [32, 212], id="no unit of a class"),
        pytest.param("", None, None, [32, 212], id="no unit in another way"),
        pytest.param("bananas", None, "bananas", [32, 212], id="without a class"),
    ],
)
async def test_single_value_stays_in_its_unit(
    hass: HomeAssistant,
    bench: Bench,
    unit: str | None,
    unit_class: str | None,
    wanted: str | None,
    expected: list[float],
) -> None:
    """Also when the statistic has another one by now."""
    rows = mean_rows(hours_ago(5), [32.0, 212.0, 0.0])
    await async_store(hass, described(unit, unit_class, with_sum=False), rows)
    bench.add(value_data("mean", wanted))
    await bench.run()
    assert [values["value"] for _, values in bench.sent()] == pytest.approx(expected)


async def test_change_of_a_single_value_is_converted_too(hass: HomeAssistant, bench: Bench) -> None:
    """Litres are a thousandth of a cubic metre."""
    await async_store(hass, described("m³", "volume", with_sum=True), sum_rows(hours_ago(5), [1.0, 0.5, 0.25, 0.0]))
    bench.add(value_data("change", "L"))
    await bench.run()
    assert [values["value"] for _, values in bench.sent()] == pytest.approx([1000, 500, 250])


@pytest.mark.parametrize(
    ("unit", "unit_class", "wanted"),
    [
        pytest.param("kWh", "energy", "m³", id="another class"),
        pytest.param("apples", None, "pears", id="no class"),
        pytest.param(None, None, "kWh", id="no unit any more"),
        pytest.param("kWh", "energy", None, id="a unit where there was none"),
        pytest.param("apples", None, "", id="one without a class where there was none"),
    ],
)
async def test_another_quantity_is_never_sent(
    hass: HomeAssistant, bench: Bench, unit: str | None, unit_class: str | None, wanted: str | None
) -> None:
    """The stream stands still and names the statistic, also when it is tried again."""
    await async_store(hass, described(unit, unit_class, with_sum=True), sum_rows(hours_ago(5), [1.0, 2.0, 3.0]))
    bench.add(value_data("change", wanted))
    engine = await bench.start()
    await until(lambda: engine.status.problem is not None)
    assert (engine.status.problem, engine.status.detail) == ("unit_changed", "meter:thing")
    assert bench.sent() == []
    engine.async_send_now()
    await asyncio.sleep(0.1)
    assert engine.status.problem == "unit_changed"
    assert bench.sent() == []


async def test_energy_that_became_volume_is_told_as_that(hass: HomeAssistant, bench: Bench) -> None:
    """And not as a statistic that is unfit."""
    await async_store(hass, described("m³", "volume", with_sum=True), sum_rows(hours_ago(5), [1.0, 2.0, 3.0]))
    bench.add(stream_data({"pC_1": ("meter:thing", "change")}))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "unit_changed")


async def test_energy_without_sums_is_unfit(hass: HomeAssistant, bench: Bench) -> None:
    """The unit is right, but there is nothing to count."""
    await async_store(hass, described("kWh", "energy", with_sum=False), mean_rows(hours_ago(5), [1.0, 2.0, 3.0]))
    bench.add(stream_data({"pC_1": ("meter:thing", "change")}))
    engine = await bench.start()
    await until(lambda: engine.status.problem == "source_unfit")
