"""What the demo's Home Assistant is connected to: two homes in, a collector and a roof with certificates out."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    House,
    Meter,
    Site,
    VoltawareSimulator,
    WattCarbonSimulator,
    WatticsSimulator,
)

from .configuration import LATITUDE_DEG, LONGITUDE_DEG, TIME_ZONE

SEED = 7
# Whatever the day of the month, four months of results are there by then, the first of them in part.
METER_DAYS = 130
# A kind of appliance that the vendor's page does not tell of.
UNKNOWN_KEY = "pool_pump"
# The house's panels as WattCarbon has them; whoever owns them is invented.
ROOF = {
    "kind": "solar_direct",
    "name": "Banksia Street roof",
    "customId": "banksia-street-roof",
    "location": {"latitude": LATITUDE_DEG, "longitude": LONGITUDE_DEG},
    "deviceOwner": {"name": "Matilda Nobody"},
    "nameplateCapacityKw": 6.6,
}


def whole_hour(moment: datetime) -> datetime:
    """Return the begin of the hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class Town:
    """All clouds on loopback; the house has readings from `begin` on, which is some days ago.

    `opened` is the last whole hour before all this was set up: up to there everything has to be everywhere in the end.
    Later hours follow when the cloud is asked again, minutes after they have ended.
    """

    def __init__(
        self,
        *,
        days: int,
        meter_days: int = METER_DAYS,
        packet_latency_s: float = 0.0,
        get_shape: Literal["object", "list", "unknown"] = "object",
    ) -> None:
        """Lay the town out; the home's meter began `meter_days` ago.

        `packet_latency_s` is how long the collector takes to answer for a packet that it has stored, `get_shape` how it
        shows the last one.
        """
        site = Site(latitude_deg=LATITUDE_DEG, longitude_deg=LONGITUDE_DEG)
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.begin = midnight - timedelta(days=days)
        self.opened = whole_hour(datetime.now(UTC))
        self.house = House(seed=SEED, site=site, start=self.begin)
        self.carbontrack = CarbonTrackSimulator(house=self.house)
        began = midnight - timedelta(days=meter_days)
        self.voltaware = VoltawareSimulator(seed=SEED, zones=(TIME_ZONE,), first_event=began)
        self.meter.extra_keys = (UNKNOWN_KEY,)
        self.wattics = WatticsSimulator(latency_s=packet_latency_s, get_shape=get_shape)
        self.wattcarbon = WattCarbonSimulator(seed=SEED)
        self.roof_id = self.wattcarbon.add_asset(ROOF)
        self._stack = AsyncExitStack()
        self._flows_cookie_breaks = 0

    async def __aenter__(self) -> Self:
        """Open all clouds."""
        await self._stack.enter_async_context(self.carbontrack)
        await self._stack.enter_async_context(self.voltaware)
        await self._stack.enter_async_context(self.wattics)
        await self._stack.enter_async_context(self.wattcarbon)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all clouds."""
        await self._stack.aclose()

    @property
    def device_id(self) -> str:
        """Name the house's one meter."""
        return self.house.device_ids[0]

    @property
    def meter(self) -> Meter:
        """Return the home's one meter at Voltaware."""
        return next(iter(self.voltaware.meters.values()))

    def meter_months(self) -> list[tuple[int, int]]:
        """List year and month of all results that the meter has by now, oldest first."""
        last = self.voltaware.last_published_month(self.meter.device_id)
        first = self.meter.first_day
        if last is None:
            return []
        numbers = range(12 * first.year + first.month - 1, 12 * last[0] + last[1])
        return [(number // 12, number % 12 + 1) for number in numbers]

    @property
    def packets(self) -> int:
        """Count the packets the collector has accepted."""
        return sum(len(stored) for stored in self.wattics.accepted.values())

    def newest(self, stream_id: str) -> datetime:
        """Tell of when the newest packet is that a stream has; long ago when it has none."""
        stored = self.wattics.accepted.get(stream_id)
        return stored[-1].instant if stored else datetime.min.replace(tzinfo=UTC)

    @property
    def roof_hours(self) -> dict[datetime, float]:
        """Show what WattCarbon has of the roof, in kWh by the hour's begin."""
        return self.wattcarbon.hours(self.roof_id)

    @property
    def cookie_breaks(self) -> int:
        """Count how often the sender came without the session's cookie."""
        return self.wattics.sessions.breaks - self._flows_cookie_breaks

    def leave_flows_out(self) -> None:
        """Count cookie breaks from now on.

        A flow is a client of its own without a cookie yet, but Home Assistant lends it a connection that the sender
        used before: to the collector that looks like a break.
        """
        self._flows_cookie_breaks = self.wattics.sessions.breaks
