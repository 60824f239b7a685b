"""A cloud that is away for three days: what was missed follows in order, and nobody else notices."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from random import Random
from typing import override

import pytest
from bulk import async_add_bulk, async_store_bulk, energy_rows
from forwarding_bench import SHORT, hours_ago, metadata, register_sensor, stream_data
from homeassistant.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from moving import same_time
from sink_bench import async_load_sink, async_settle, engine_of

from accounts import wait_for
from aiowattbridge.simulators import SimulatorClock, WatticsSimulator
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.aiowattbridge.wattics import delivery
from custom_components.wattbridge.forwarding import StreamEngine, hours

OUTAGE = timedelta(days=3)
STEP = timedelta(hours=2)
ROWS_A_STEP = STEP // SHORT


class Highest(Random):
    """Draws the largest number it may."""

    @override
    def uniform(self, a: float, b: float) -> float:
        """Return the upper end."""
        return max(a, b)


@pytest.fixture
async def other_cloud() -> AsyncIterator[WatticsSimulator]:
    """A collector of somebody else's, which never fails."""
    async with WatticsSimulator() as cloud:
        yield cloud


class Meters:
    """Two meters whose rows of five minutes are compiled as the time goes on."""

    def __init__(self, hass: HomeAssistant, clock: SimulatorClock, start: datetime) -> None:
        """Begin at a time."""
        self.hass = hass
        self.clock = clock
        self.start = start
        self.rows = 0
        self.sensors: list[er.RegistryEntry] = [register_sensor(hass, name) for name in ("grid", "solar")]

    def energies(self, first: int, count: int) -> list[float | None]:
        """Make the energy (kWh) of rows, exact in binary."""
        return [(1 + 5 * row % 7) / 16 for row in range(first, first + count)]

    async def compile(self, count: int) -> datetime:
        """Let time pass until so many more rows are there; returns the time by then."""
        base = sum(energy or 0.0 for energy in self.energies(0, self.rows))
        rows = energy_rows(self.start + self.rows * SHORT, self.energies(self.rows, count), 300, base)
        for sensor in self.sensors:
            if self.rows:
                await async_add_bulk(self.hass, sensor.entity_id, rows, short=True)
            else:
                await async_store_bulk(self.hass, metadata(sensor.entity_id), rows, short=True)
        self.rows += count
        now = self.start + self.rows * SHORT
        self.clock.set(now + timedelta(seconds=10))
        self.hass.bus.async_fire(EVENT_RECORDER_5MIN_STATISTICS_GENERATED)
        return now

    def expected(self) -> dict[datetime, float]:
        """Work out what a cloud must have: the first row is only the base to count from."""
        energies = [0.0, *(energy or 0.0 for energy in self.energies(1, self.rows - 1))]
        totals = accumulate(1000 * energy for energy in energies)
        return {self.start + (row + 1) * SHORT: total for row, total in enumerate(totals) if row}


def sent(cloud: WatticsSimulator) -> dict[datetime, object]:
    """Return what a collector has of the one stream it has, in the order it came in."""
    (stored,) = cloud.accepted.values()
    return {each.instant: each.packet["pC_1"] for each in stored}


async def test_what_an_outage_of_days_held_up_follows_in_order(
    hass: HomeAssistant, cloud: WatticsSimulator, other_cloud: WatticsSimulator, impatient: None
) -> None:
    """The stream is back under two intervals when it has caught up; that of another account went on all the time."""
    start = hours_ago(24 * OUTAGE.days + 6)
    clock = SimulatorClock(start, frozen=True)
    with same_time(clock):
        meters = Meters(hass, clock, start)
        await meters.compile(12)
        engines: list[StreamEngine] = []
        entries = []
        for number, (sensor, collector) in enumerate(zip(meters.sensors, (cloud, other_cloud), strict=True)):
            data = stream_data({"pC_1": (sensor.id, "change")}, stream_id=f"plant-{number}", interval_min=5)
            entries.append(await async_load_sink(hass, collector, data))
            engines.append(engine_of(entries[-1]))
            await async_settle(hass, entries[-1])
        held, other = engines

        await cloud.stop()
        left_at = held.status.filled_until
        for _ in range(OUTAGE // STEP):
            now = await meters.compile(ROWS_A_STEP)
            await wait_for(lambda now=now: other.status.filled_until == now, 10)  # type: ignore[misc]
        assert held.status.filled_until == left_at
        assert held.status.lag_s(clock.now()) == pytest.approx(OUTAGE.total_seconds(), abs=60)

        await cloud.start()
        await wait_for(lambda: held.status.filled_until == now)
        assert (held.status.lag_s(clock.now()) or 0.0) < 2 * SHORT.total_seconds()
        last = await meters.compile(1)
        await wait_for(lambda: all(engine.status.filled_until == last for engine in engines))

        for collector in (cloud, other_cloud):
            assert sent(collector) == pytest.approx(meters.expected())
            assert all(earlier < later for earlier, later in pairwise(sent(collector)))
            report = collector.report()
            assert (report["duplicates"], report["out_of_order"], report["violations"]) == (0, 0, 0)
        assert (held.problem, held.status.rejected, held.status.holes) == (None, 0, 0)
        for entry in entries:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("policy", [delivery.PATIENCE, hours.PATIENCE], ids=["wattics", "wattcarbon"])
def test_cloud_is_tried_again_soon_and_never_forgotten(policy: RetryPolicy) -> None:
    """The first time within five seconds, and after however many failures within five minutes."""
    assert policy.backoff_s(1, Highest()) <= 5
    assert max(policy.backoff_s(attempt, Highest()) for attempt in range(1, 5000)) == 300
