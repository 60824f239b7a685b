"""A week of packets and a year of hours to clouds that fail in every tenth request: all there, once and in order."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from bulk import async_store_bulk, energy_rows, power_rows
from forwarding_bench import SHORT, hours_ago, metadata, register_sensor, stream_data
from homeassistant.core import HomeAssistant
from sink_bench import async_load_sink, forwarder_of, series_data

from accounts import wait_for
from aiowattbridge.simulators import Fault, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.aiowattbridge.wattics import window
from custom_components.wattbridge.forwarding import Problem, hours

STREAMS = 8
ASSETS = 4
FAULTS: Mapping[Fault, float] = {
    Fault("unavailable"): 0.05,
    Fault("cut_before"): 0.02,
    Fault("cut_after"): 0.02,
    Fault("rate_limited", retry_after_s=0.05): 0.01,
    Fault("truncated_json"): 0.01,
    Fault("html"): 0.01,
}
# In every series an hour is missing, in the middle of the first day.
HOLE_HOURS = range(10, 11)
STRANGER = "nobody-knows-it"


@pytest.fixture
def hasty(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody wait less: thousands of waits of seconds are tested one by one elsewhere."""
    monkeypatch.setattr(hours, "PATIENCE", RetryPolicy(base_s=0.02, cap_s=0.1))
    monkeypatch.setattr(window, "SPREAD_S", 0.02)


@pytest.fixture
async def wattcarbon_cloud() -> AsyncIterator[WattCarbonSimulator]:
    """A cloud with an asset for every series."""
    async with WattCarbonSimulator(assets=ASSETS) as cloud:
        yield cloud


def energies(number: int, count: int, an_hour: int) -> list[float | None]:
    """Make the energy (kWh) of so many rows, exact in binary; `an_hour` is how many of them an hour has."""
    return [None if row // an_hour in HOLE_HOURS else (1 + (7 * row + 3 * number) % 13) / 16 for row in range(count)]


async def async_store_week(hass: HomeAssistant, days: int) -> tuple[datetime, list[str], str]:
    """Store short rows of a meter for each stream, and of a power that all of them share; returns their ids."""
    start, count = hours_ago(24 * days), 24 * days * 12
    power = register_sensor(hass, "power")
    means: list[float | None] = [None if row // 12 in HOLE_HOURS else float(row % 97) for row in range(count)]
    description = metadata(power.entity_id, "W", with_sum=False)
    await async_store_bulk(hass, description, power_rows(start, means, 300), short=True)
    meters = [register_sensor(hass, f"meter_{number}") for number in range(STREAMS)]
    for number, meter in enumerate(meters):
        rows = energy_rows(start, energies(number, count, 12), 300)
        await async_store_bulk(hass, metadata(meter.entity_id), rows, short=True)
    return start, [meter.id for meter in meters], power.id


async def async_store_year(hass: HomeAssistant, days: int) -> datetime:
    """Store the hours of what every asset does, and of what the third one is charged with."""
    start = hours_ago(24 * days)
    for number in range(ASSETS + 1):
        rows = energy_rows(start, energies(number, 24 * days, 1), 3600)
        await async_store_bulk(hass, metadata(f"plant:energy_{number}"), rows, short=False)
    return start


def expected_packets(number: int, start: datetime, days: int) -> dict[datetime, tuple[float, float]]:
    """Work out what a stream must have: the first row of a meter is only the base to count from."""
    count = 24 * days * 12
    kwh = energies(number, count, 12)
    totals_wh = accumulate(1000 * (energy or 0.0) for energy in [0.0, *kwh[1:]])
    return {
        start + (row + 1) * SHORT: (total_wh, float(row % 97))
        for row, (energy, total_wh) in enumerate(zip(kwh, totals_wh, strict=True))
        if energy is not None and row
    }


def sent(cloud: WatticsSimulator, stream_id: str) -> dict[datetime, tuple[object, object]]:
    """Return what the collector has of a stream; of its first packet the power alone."""
    stored = cloud.accepted[stream_id]
    return {each.instant: (each.packet["pC_1"], each.packet["aP_1"]) for each in stored if "pC_1" in each.packet}


@pytest.mark.parametrize("days", [pytest.param(1, id="a day"), pytest.param(7, id="a week", marks=pytest.mark.proof)])
async def test_packets_arrive_once_and_in_order_whatever_the_cloud_does(
    hass: HomeAssistant, cloud: WatticsSimulator, hasty: None, days: int
) -> None:
    """A packet that is refused is passed, a stream that nobody knows is held, and neither costs the others anything."""
    start, meters, power = await async_store_week(hass, days)
    names = [f"plant-{number}" for number in range(STREAMS)]
    cloud.known_streams = names
    refused = start + 25 * SHORT
    cloud.reject(names[3], lambda packet: datetime.fromisoformat(str(packet["tsISO8601"])) == refused)
    cloud.faults.profile(20_260, FAULTS, path="/measurements/v2/unifiedjson/")
    streams = [
        stream_data({"pC_1": (meter, "change"), "aP_1": (power, "mean")}, stream_id=name, interval_min=5)
        for name, meter in zip([*names, STRANGER], [*meters, meters[0]], strict=True)
    ]
    entry = await async_load_sink(hass, cloud, *streams)
    engines = {engine.config.stream_id: engine for engine in forwarder_of(entry).streams.values()}
    stranger = engines.pop(STRANGER)
    await wait_for(lambda: all(engine.status.caught_up for engine in engines.values()), 240)

    for number, name in enumerate(names):
        expected = expected_packets(number, start, days)
        if number == 3:
            del expected[refused]
        assert sent(cloud, name) == pytest.approx(expected)
        # And the first one, which has a power and nothing to count energy from.
        assert len(cloud.accepted[name]) == len(expected) + 1
        assert engines[name].status.rejected == (number == 3)
        assert engines[name].status.holes == 12
    assert (stranger.problem, stranger.status.delivered, stranger.cursor is not None) == (Problem.REJECTED, 0, True)
    report = cloud.report()
    assert (report["duplicates"], report["out_of_order"], report["cookie_breaks"], report["malformed"]) == (0, 0, 0, 0)
    assert cloud.log.violations == []
    assert {entry.fault for entry in cloud.log.entries} >= {str(fault.kind) for fault in FAULTS}
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("days", [pytest.param(60, id="60"), pytest.param(365, id="a year", marks=pytest.mark.proof)])
async def test_hours_are_equal_whatever_the_cloud_does(
    hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator, hasty: None, days: int
) -> None:
    """Of every asset each hour that the recorder has, with the signs of what it is made of, and none that it lacks."""
    start = await async_store_year(hass, days)
    assets = list(wattcarbon_cloud.assets)
    wattcarbon_cloud.faults.profile(20_261, FAULTS)
    for asset in assets:
        # A year is few files: each asset has every fault at least once.
        wattcarbon_cloud.faults.script(f"/assets/{asset}/timeseries", FAULTS)
    sources: list[list[tuple[str, str]]] = [[(f"plant:energy_{number}", "generation")] for number in range(ASSETS)]
    sources[2] = [("plant:energy_2", "discharge"), (f"plant:energy_{ASSETS}", "charge")]
    series = [series_data(*chosen, target_id=asset) for asset, chosen in zip(assets, sources, strict=True)]
    entry = await async_load_sink(hass, wattcarbon_cloud, *series)
    engines = {engine.config.stream_id: engine for engine in forwarder_of(entry).streams.values()}
    await wait_for(lambda: all(engine.status.caught_up for engine in engines.values()), 120)

    charged = energies(ASSETS, 24 * days, 1)
    for number, asset in enumerate(assets):
        kwh = [
            energy if energy is None or number != 2 else energy - (charge or 0.0)
            for energy, charge in zip(energies(number, 24 * days, 1), charged, strict=True)
        ]
        # The newest hour of somebody else's series is final when two hours have not changed it.
        expected = {
            (start + timedelta(hours=hour)).astimezone(UTC): energy
            for hour, energy in enumerate(kwh[:-1])
            if energy is not None
        }
        assert wattcarbon_cloud.hours(asset) == pytest.approx(expected)
        assert engines[asset].status.holes == 1
    assert wattcarbon_cloud.log.violations == []
    for fault in FAULTS:
        assert wattcarbon_cloud.log.count(fault=str(fault.kind)) >= ASSETS
    await hass.config_entries.async_unload(entry.entry_id)
