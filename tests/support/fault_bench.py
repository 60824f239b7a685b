"""The clouds as the fault tests see them: a simulator, a client, one question, and one long read of many requests."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
from wattics_bench import packet, values_of

from aiowattbridge.carbontrack import CarbonTrackClient
from aiowattbridge.retry import RetryPolicy
from aiowattbridge.session import CloudClient
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    FaultKind,
    House,
    SimulatedCloud,
    SimulatorClock,
    VoltawareSimulator,
    WattCarbonSimulator,
    WatticsSimulator,
)
from aiowattbridge.voltaware import Month, VoltawareClient
from aiowattbridge.wattcarbon import HourlyEnergy, WattCarbonClient
from aiowattbridge.wattics import Sender, WatticsClient

NOON = datetime(2026, 3, 14, 12, 2, tzinfo=UTC)
SECRET = "canary-Sécret/+7"
SHORT_S = 0.25
"""The timeout of clients that meet a slow cloud."""
LONG_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Cloud[S: SimulatedCloud, C: CloudClient]:
    """One vendor: `ask` is a question that may be repeated, `walk` a read or an upload of several requests.

    `path` is where `ask` goes, `walk_path` where `walk` goes if that is somewhere else. `token_path` is where tokens
    come from (None for Basic credentials), `refresh_path` where they are refreshed (empty where they cannot be).
    """

    name: str
    simulator: Callable[[SimulatorClock], S]
    client: type[C]
    ask: Callable[[C, S], Awaitable[object]]
    walk: Callable[[C, S], Awaitable[object]]
    path: str
    token_path: str | None
    walk_path: str = ""
    refresh_path: str = ""
    token_lifetime_s: float = 0.0
    # The way to ask that reports an unreadable answer, where `ask` calls it "unknown".
    spoiled: Callable[[C, S], Awaitable[object]] | None = None
    harmless: Collection[FaultKind] = ()

    def connect(
        self,
        simulator: SimulatedCloud,
        *,
        base_url: str | None = None,
        timeout_s: float = LONG_S,
        session: aiohttp.ClientSession | None = None,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    ) -> Any:
        """Return a client of the simulator (of another address where one is given) that shares its clock."""
        make: Any = self.client
        return make(
            simulator.username,
            simulator.password,
            session=session,
            base_url=base_url or simulator.url,
            clock=simulator.clock,
            timeout_s=timeout_s,
            policy=policy,
        )


def _house() -> House:
    """Make a house with a day of readings and more."""
    return House(7, start=NOON - timedelta(days=2))


async def _read_day(client: CarbonTrackClient, cloud: CarbonTrackSimulator) -> object:
    """Read a day of records, six pages."""
    device_id = cloud.house.device_ids[0]
    return [record async for record in client.measurements(device_id, NOON - timedelta(days=1), NOON)]


async def _read_hour(client: CarbonTrackClient, cloud: CarbonTrackSimulator) -> object:
    """Read an hour of records, one page."""
    device_id = cloud.house.device_ids[0]
    return [record async for record in client.measurements(device_id, NOON - timedelta(hours=1), NOON)]


async def _last(client: WatticsClient, cloud: WatticsSimulator) -> object:
    """Ask for a stream's last packet, which there is."""
    if not cloud.accepted:
        await client.send(packet(1))
    return await client.last_packet("meter")


async def _last_once(client: WatticsClient, cloud: WatticsSimulator) -> object:
    """Ask the same in the way that tells a spoiled answer from none."""
    if not cloud.accepted:
        await client.send(packet(1))
    return await client.ask_last_packet("meter")


async def _send(client: WatticsClient, cloud: WatticsSimulator) -> object:
    """Send six packets one after another, and show what the cloud has then."""
    async with Sender(client, clock=cloud.clock, random=Random(1)) as sender:  # noqa: S311 - the same every time
        for hour in range(6):
            await sender.submit(packet(hour))
    return values_of(cloud)


async def _read_year(client: VoltawareClient, cloud: VoltawareSimulator) -> object:
    """Read the results of all months, one request each."""
    return [result async for result in client.months(cloud.device_ids[0])]


async def _upload(client: WattCarbonClient, cloud: WattCarbonSimulator) -> object:
    """Upload a day of hours in six files, and show what the cloud has then."""
    midnight = NOON.replace(hour=0, minute=0) - timedelta(days=1)
    rows = [
        HourlyEnergy(start=midnight + timedelta(hours=hour), energy_kwh=Decimal(hour - 12) / 10) for hour in range(24)
    ]
    receipts = [receipt async for receipt in client.upload(ASSET, rows, batch_rows=4)]
    return [receipt.rows for receipt in receipts], cloud.hours(ASSET)


CARBONTRACK = Cloud(
    name="carbonTRACK",
    simulator=lambda clock: CarbonTrackSimulator(clock=clock, house=_house(), page_size=50),
    client=CarbonTrackClient,
    ask=_read_hour,
    walk=_read_day,
    path="/ctapi/Measurement",
    token_path="/oauth/token",
    refresh_path="/oauth/token",
    token_lifetime_s=3600,
)

WATTICS = Cloud(
    name="Wattics",
    simulator=lambda clock: WatticsSimulator(clock=clock),
    client=WatticsClient,
    ask=_last,
    spoiled=_last_once,
    walk=_send,
    path="/measurements/v2/unifiedjson/",
    token_path=None,
    # The shape of its answers is documented nowhere, so their type tells nothing.
    harmless=frozenset({FaultKind.WRONG_CONTENT_TYPE}),
)

VOLTAWARE = Cloud(
    name="Voltaware",
    simulator=lambda clock: VoltawareSimulator(clock=clock),
    client=VoltawareClient,
    ask=lambda client, cloud: client.month(cloud.device_ids[0], Month(2026, 1)),
    walk=_read_year,
    path="/sensors/7007001/sm/disag/month",
    token_path="/auth/token",
    refresh_path="/auth/token/refresh",
    token_lifetime_s=43_200,
)

ASSET = next(iter(WattCarbonSimulator(assets=1).assets))

WATTCARBON = Cloud(
    name="WattCarbon",
    simulator=lambda clock: WattCarbonSimulator(clock=clock, assets=1),
    client=WattCarbonClient,
    ask=lambda client, _: client.asset(ASSET),
    walk=_upload,
    path=f"/assets/{ASSET}",
    walk_path=f"/assets/{ASSET}/timeseries",
    token_path="/auth/token",
    token_lifetime_s=86_400,
)

CLOUDS: tuple[Cloud[Any, Any], ...] = (CARBONTRACK, VOLTAWARE, WATTCARBON, WATTICS)
