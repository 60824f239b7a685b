"""A cloud that refuses the credentials of an account is not asked again by each of its streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from forwarding_bench import HOUR, OWN, async_store, hours_ago, metadata, publish, sum_rows, until
from homeassistant.core import HomeAssistant
from review_bench import SeriesBench, series_data

from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.errors import CredentialsError
from custom_components.wattbridge.forwarding.turns import AT_A_TIME, Turns


@pytest.fixture
async def bench(hass: HomeAssistant, wattcarbon_cloud: WattCarbonSimulator) -> AsyncIterator[SeriesBench]:
    """An account without series; what a test leaves running is stopped."""
    bench = SeriesBench(hass, wattcarbon_cloud)
    yield bench
    await bench.stop()


async def test_one_refusal_stops_all_series_of_the_account(
    hass: HomeAssistant, bench: SeriesBench, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Some clouds lock an account after a few wrong passwords."""
    cloud = wattcarbon_cloud
    start = hours_ago(4)
    await async_store(hass, metadata(OWN), sum_rows(start, [1.0] * 4))
    publish(hass, start + 4 * HOUR)
    targets = [*((asset, "asset") for asset in list(cloud.assets)[:4]), (next(iter(cloud.meters)), "meter")]
    assert len(targets) == 5
    for target_id, target in targets:
        bench.add(series_data(target_id, (OWN, "metered" if target == "meter" else "generation"), target=target))
    cloud.password = "another key"
    await bench.start()
    assert bench.forwarder is not None
    engines = list(bench.forwarder.streams.values())
    await until(lambda: all(engine.status.problem == "credentials" for engine in engines))
    # What was under way at that moment is refused too.
    asked = cloud.log.count("/auth/token")
    assert asked <= AT_A_TIME
    meter = next(engine for engine in engines if engine.config.kind == "meter")
    with pytest.raises(CredentialsError):
        await meter.courier.async_read_back(int(start.timestamp()), int((start + HOUR).timestamp()))
    assert cloud.log.count("/auth/token") == asked


async def test_who_waits_for_a_turn_is_told_of_a_refusal() -> None:
    """Others than a refusal pass by: the next one has its turn."""
    turns = Turns(1)
    refusal = CredentialsError("wrong", vendor="A cloud", status=401)

    async def take(error: Exception | None) -> str:
        async with turns.turn(0):
            await asyncio.sleep(0)
            if error is not None:
                raise error
            return "had it"

    results = await asyncio.gather(*map(take, (ValueError(), None, refusal, None, None)), return_exceptions=True)
    assert results[1] == "had it"
    assert [type(result) for result in results] == [ValueError, str, *[CredentialsError] * 3]
    assert results[3] is not results[4]
