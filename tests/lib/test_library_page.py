"""docs/library.md says what is so: its tables are those of the models, and its examples run."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fault_bench import CARBONTRACK, NOON, VOLTAWARE, WATTCARBON, WATTICS, Cloud
from field_tables import PAGE, refresh

from aiowattbridge.simulators import SimulatorClock
from aiowattbridge.wattcarbon import HourlyEnergy

TEXT = PAGE.read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def example(function: str) -> Any:
    """Return a function that one of the page's examples defines."""
    (code,) = [block for block in EXAMPLES if f"def {function}(" in block]
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, PAGE.name, "exec"), names)  # noqa: S102 - our own text
    return names[function]


def test_tables_of_fields_are_those_of_the_models() -> None:
    """`python tests/support/field_tables.py` brings them up to date."""
    assert refresh(TEXT) == TEXT


@pytest.mark.parametrize("cloud", [CARBONTRACK, VOLTAWARE, WATTICS, WATTCARBON], ids=lambda cloud: cloud.name)
def test_every_call_of_the_page_is_a_method_of_the_client(cloud: Cloud[Any, Any]) -> None:
    """And every method is on the page."""
    (section,) = re.findall(rf"\n## {cloud.name}\n(.*?)<!-- fields", TEXT, re.DOTALL)
    called = set(re.findall(r"`([a-z_]+)\(", section)) | set(re.findall(r", ([a-z_]+)\(", section))
    methods = {name for name, value in vars(cloud.client).items() if callable(value) and not name.startswith("_")}
    assert methods - called - {"ask_last_packet"} == set()


async def test_carbontrack_example_adds_up_a_day() -> None:
    """Solar energy was generated, and no more than a roof can."""
    async with CARBONTRACK.simulator(SimulatorClock(datetime.now(UTC))) as cloud, CARBONTRACK.connect(cloud) as client:
        (energy_wh,) = (await example("solar_of_last_day")(client)).values()
    assert 0 < energy_wh < 100_000


async def test_voltaware_example_finds_the_newest_month() -> None:
    """In kWh."""
    async with VOLTAWARE.simulator(SimulatorClock(NOON, frozen=True)) as cloud, VOLTAWARE.connect(cloud) as client:
        used_kwh = await example("newest_month")(client)
    assert 10 < used_kwh["fridge"] < 100


async def test_wattics_example_sends_in_order() -> None:
    """Cumulative watt-hours of a meter."""
    counts = [(NOON + timedelta(minutes=5 * number), 1000.0 + number) for number in range(5)]
    async with WATTICS.simulator(SimulatorClock(NOON, frozen=True)) as cloud, WATTICS.connect(cloud) as client:
        await example("send_meter")(client, "meter-1", counts)
        assert [stored.packet["pC_1"] for stored in cloud.accepted["meter-1"]] == [count for _, count in counts]


async def test_wattcarbon_example_uploads_to_one_asset_however_often_it_runs() -> None:
    """The second time the asset is there."""
    midnight = NOON.replace(hour=0, minute=0) - timedelta(days=1)
    hours = [HourlyEnergy(start=midnight + timedelta(hours=n), energy_kwh=Decimal("0.5")) for n in range(24)]
    async with (
        WATTCARBON.simulator(SimulatorClock(NOON, frozen=True)) as cloud,
        WATTCARBON.connect(cloud) as client,
    ):
        before = len(cloud.assets)
        assert await example("report_roof")(client, hours) == 24
        assert await example("report_roof")(client, hours) == 24
        assert len(cloud.assets) == before + 1
