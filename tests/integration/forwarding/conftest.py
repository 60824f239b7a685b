"""An account on a bench, with a sender that does not wait long."""

from collections.abc import AsyncIterator

import pytest
from forwarding_bench import Bench
from homeassistant.core import HomeAssistant

from aiowattbridge.simulators import WatticsSimulator
from custom_components.wattbridge.aiowattbridge.retry import RetryPolicy
from custom_components.wattbridge.aiowattbridge.wattics import delivery


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sender repeat quickly: its waits are tested with the library."""
    monkeypatch.setattr(delivery, "PATIENCE", RetryPolicy(base_s=0.02, cap_s=0.1))


@pytest.fixture
def cloud(wattics_cloud: WatticsSimulator) -> WatticsSimulator:
    """The collector, by the name it has in these tests."""
    return wattics_cloud


@pytest.fixture
async def bench(hass: HomeAssistant, cloud: WatticsSimulator, impatient: None) -> AsyncIterator[Bench]:
    """Set up an account without streams; what a test leaves running is stopped."""
    bench = Bench(hass, cloud)
    yield bench
    await bench.stop()
