"""A simulated cloud in a process of its own, so that its CPU is nobody's who is measured."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from aiowattbridge.simulators import CarbonTrackSimulator, House, VoltawareSimulator
from aiowattbridge.simulators.voltaware_results import month_period

_WITH_CHANNELS = ("PowerUsageNet", "Generating", "PowerExported", "Power1", "Power2", "Temperature1", "Voltage")


@dataclass(frozen=True, slots=True)
class Month:
    """The latest month that is published of a meter: its bounds (epoch seconds), and what it came to."""

    from_s: float
    to_s: float
    kwh: float


@dataclass(frozen=True, slots=True)
class Cloud:
    """A cloud at work, and what it needs to be told; `months` are those of Voltaware's meters."""

    url: str
    username: str
    password: str
    device_ids: list[str]
    months: list[Month] = field(default_factory=list)


async def _serve(vendor: str, devices: int, days: int) -> None:
    """Serve until the process is ended; how to reach it goes to stdout."""
    simulator: CarbonTrackSimulator | VoltawareSimulator
    if vendor == "carbontrack":
        house = House(seed=7, devices=devices, fields=_WITH_CHANNELS)
        simulator, device_ids = CarbonTrackSimulator(house=house), house.device_ids
    else:
        simulator = VoltawareSimulator(seed=7, devices=devices, first_event=datetime.now(UTC) - timedelta(days=days))
        device_ids = simulator.device_ids
    async with simulator:
        cloud = Cloud(simulator.url, simulator.username, simulator.password, list(device_ids))
        if isinstance(simulator, VoltawareSimulator):
            cloud.months.extend(_latest_month(simulator, device_id) for device_id in device_ids)
        print(json.dumps(asdict(cloud)), flush=True)
        await asyncio.Event().wait()


def _latest_month(simulator: VoltawareSimulator, device_id: str) -> Month:
    """Ask the simulator, not its answers, what there is to be seen."""
    found = simulator.last_published_month(device_id)
    if found is None:
        raise RuntimeError("no month is published yet")
    period = month_period(*found)
    begin, end = simulator.meters[device_id].bounds(*period)
    energies_wh = simulator.results[device_id].energies_wh(period, datetime.now(UTC))
    return Month(begin.timestamp(), end.timestamp(), sum(energies_wh.values()) / 1000)


@asynccontextmanager
async def cloud(vendor: str, *, devices: int = 1, days: int = 400) -> AsyncGenerator[Cloud]:
    """Run the cloud of a vendor; `days` ago the first of Voltaware's events was."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, vendor, str(devices), str(days), stdout=asyncio.subprocess.PIPE
    )
    try:
        told = await cast("asyncio.StreamReader", process.stdout).readline()
        served = json.loads(told)
        yield Cloud(**served | {"months": [Month(**month) for month in served["months"]]})
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    _parser = argparse.ArgumentParser(description=__doc__)
    _parser.add_argument("vendor", choices=("carbontrack", "voltaware"))
    _parser.add_argument("devices", type=int)
    _parser.add_argument("days", type=int)
    _arguments = _parser.parse_args()
    asyncio.run(_serve(_arguments.vendor, _arguments.devices, _arguments.days))
