"""The preview in the form: what it says will be sent is what is sent then, to the letter."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    Bench,
    async_store,
    hours_ago,
    mean_rows,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
)
from homeassistant.core import HomeAssistant
from review_bench import SeriesBench, series_data

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.forwarding import walk
from custom_components.wattbridge.forwarding.model import Problem, SourceError, StreamConfig, utc
from custom_components.wattbridge.forwarding.plan import PlanState
from custom_components.wattbridge.forwarding.preview import StreamPreview, async_preview_stream, estimate_s


@pytest.fixture
async def series_bench(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """An account of the other cloud; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


async def preview_of(hass: HomeAssistant, data: dict[str, Any]) -> StreamPreview:
    """Look ahead from where a new stream begins."""
    config = StreamConfig.from_series_data(data) if "target" in data else StreamConfig.from_data(data)
    return await async_preview_stream(hass, config, PlanState(config.first_s))


@pytest.mark.parametrize("zone", ["Europe/Berlin", None])
async def test_packets_are_sent_as_previewed(hass: HomeAssistant, bench: Bench, zone: str | None) -> None:
    """Rows, times, holes and the first packet."""
    start = hours_ago(30)
    grid, power = register_sensor(hass, "grid"), register_sensor(hass, "power")
    changes = [0.5, None, None, 1.0, None, -0.25, *[0.125] * 10]
    await async_store(hass, metadata(grid.entity_id), sum_rows(start, changes))
    watts = metadata(power.entity_id, "kW", with_sum=False)
    await async_store(hass, watts, mean_rows(start, [1.5, None, 2.0, *[None] * 13]))
    data = stream_data({"pC_1": (grid.id, "change"), "aP_1": (power.id, "mean")}) | {"time_zone": zone}
    preview = await preview_of(hass, data)
    bench.add(data)
    engine = await bench.run()
    sent = bench.sent()
    assert (preview.rows, preview.first, preview.last) == (len(sent), sent[0][0], sent[-1][0])
    assert (preview.holes_count, preview.resets) == (engine.status.holes, engine.status.resets)
    assert preview.holes == ((start + HOUR, start + 2 * HOUR), (start + 4 * HOUR, start + 6 * HOUR))
    assert (preview.hourly_rows, preview.resets) == (0, 1)
    assert preview.changes == {"pC_1": pytest.approx(2750)}
    assert preview.first_packet == _line(bench.cloud.accepted["meter-1"][0].packet)


def _line(packet: Mapping[str, Any]) -> str:
    """Write what the collector read as it was on the wire."""
    values = ",".join(f'"{name}":{number}' for name, number in packet.items() if name not in ("id", "tsISO8601"))
    return f'{{"id":"{packet["id"]}","tsISO8601":"{packet["tsISO8601"]}",{values}}}'


async def test_hours_are_sent_as_previewed(hass: HomeAssistant, series_bench: SeriesBench) -> None:
    """Of a battery, with hours that one of its statistics lacks."""
    start = hours_ago(40)
    charge, discharge = register_sensor(hass, "charge"), register_sensor(hass, "discharge")
    await async_store(hass, metadata(charge.entity_id), sum_rows(start, [0.5, 0.5, None, None, *[0.25] * 20]))
    await async_store(hass, metadata(discharge.entity_id), sum_rows(start, [None, *[0.125] * 23]))
    asset = next(iter(series_bench.cloud.assets))
    data = series_data(asset, (charge.id, "charge"), (discharge.id, "discharge"))
    preview = await preview_of(hass, data)
    series_bench.add(data)
    engine = await series_bench.run()
    hours = series_bench.cloud.hours(asset)
    assert (preview.rows, preview.first, preview.last) == (len(hours), min(hours), max(hours))
    assert preview.holes == ((start + 2 * HOUR, start + 4 * HOUR),)
    assert preview.holes_count == engine.status.holes == 2
    assert preview.missing == {"charge 1": 2}
    assert preview.first_packet.splitlines() == [
        "datetime,value_kwh",
        *(f"{hour.isoformat()},{hours[hour]:g}" for hour in sorted(hours)[:3]),
    ]


async def test_preview_of_much_keeps_little(hass: HomeAssistant, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches without a value are listed up to a bound, and counted beyond it."""
    monkeypatch.setattr(walk, "MOST_HOLES", 3)
    await async_store(hass, metadata(FOREIGN), sum_rows(hours_ago(30), [0.5, None] * 8 + [0.5, 0.0]))
    preview = await preview_of(hass, stream_data({"pC_1": (FOREIGN, "change")}))
    assert (preview.rows, len(preview.holes), preview.holes_count) == (9, 3, 8)


async def test_preview_of_nothing_says_so(hass: HomeAssistant, bench: Bench) -> None:
    """A statistic that starts only now has nothing to send yet."""
    await async_store(hass, metadata(FOREIGN), sum_rows(hours_ago(3), [0.5, 1.0]))
    data = stream_data({"pC_1": (FOREIGN, "change")}, start_at=hours_ago(0))
    assert await preview_of(hass, data) == StreamPreview()


async def test_preview_of_a_statistic_that_is_not_there_fails(hass: HomeAssistant, bench: Bench) -> None:
    """The form says so instead of creating a stream that stands still at once."""
    with pytest.raises(SourceError) as error:
        await preview_of(hass, stream_data({"pC_1": ("meter:nothing", "change")}))
    assert error.value.problem is Problem.SOURCE_MISSING


def test_estimate_knows_how_each_cloud_is_fed() -> None:
    """Packets go one by one, hours in files."""
    packets = StreamConfig.from_data(stream_data({"pC_1": (FOREIGN, "change")}))
    hours = StreamConfig.from_series_data(series_data("roof"))
    preview = StreamPreview(rows=8760, first=utc(0), last=utc(8760 * 3600))
    assert estimate_s(preview, packets, 0.05) == pytest.approx(438)
    assert estimate_s(preview, hours, 0.05) == pytest.approx(0.9)
    assert estimate_s(StreamPreview(), hours, 0.05) == 0
