"""What devices an account that we read from has now, and what has to be known of one to take it up."""

from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from homeassistant.util import dt as dt_util

from .aiowattbridge.carbontrack import CarbonTrackClient, Device
from .aiowattbridge.errors import RejectedError
from .aiowattbridge.voltaware import VoltawareClient
from .const import LARGE_ACCOUNT
from .data import CarbonTrackRuntime, SourceRuntime, VoltawareRuntime
from .vendors.carbontrack import USUAL_INTERVAL_S, async_learn_interval_s
from .vendors.voltaware import meter_name
from .voltaware_archive import MeterRecord


@dataclass(frozen=True, slots=True)
class Listing:
    """The devices of an account.

    `present`: the ids of those that are there, of a large account only of those that are set up; `names`: what those
    that may be taken up are called, by their ids.
    """

    present: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict)
    is_large: bool = False


class AccountDevices(Protocol):
    """The devices that an account has."""

    async def async_list(self, known: Collection[str]) -> Listing:
        """List them; `known` are the ids of those that are set up."""

    async def async_settings(self, device_id: str, name: str) -> dict[str, Any]:
        """Return what a config entry keeps of a device."""


class CarbonTrackDevices:
    """The devices of a carbonTRACK account."""

    def __init__(self, client: CarbonTrackClient) -> None:
        """Prepare to ask."""
        self._client = client

    async def async_list(self, known: Collection[str]) -> Listing:
        """List them all, or, if they are too many, look up those that are set up."""
        devices: dict[str, Device] = {}
        async with aclosing(self._client.devices()) as listed:
            async for device in listed:
                devices[device.device_id] = device
                if len(devices) > LARGE_ACCOUNT:
                    present = frozenset([device_id for device_id in known if await self._has(device_id)])
                    return Listing(present, is_large=True)
        # One that is not registered sends nothing yet.
        names = {key: device.name or key for key, device in devices.items() if device.is_registered is not False}
        return Listing(frozenset(devices), names)

    async def async_settings(self, device_id: str, name: str) -> dict[str, Any]:
        """Learn the usual interval of a device."""
        interval_s = await async_learn_interval_s(self._client, device_id, dt_util.utcnow())
        return {"name": name, "interval_s": interval_s or USUAL_INTERVAL_S}

    async def _has(self, device_id: str) -> bool:
        try:
            async with aclosing(self._client.devices(device_id=device_id)) as found:
                return device_id in [device.device_id async for device in found]
        except RejectedError:
            # A device that is not there is refused like one of somebody else.
            return False


class VoltawareDevices:
    """The meters of a Voltaware account."""

    def __init__(self, client: VoltawareClient, records: Mapping[str, MeterRecord]) -> None:
        """Prepare to ask; `records` are what is known of the meters that are set up."""
        self._client = client
        self._records = records

    async def async_list(self, known: Collection[str]) -> Listing:
        """List them all: that is one request. Meters that have sent nothing yet are not listed, and are there."""
        listed = await self._client.device_ids()
        silent = [key for key in known if key in self._records and self._records[key].first_event is None]
        present = frozenset([*listed, *silent])
        if len(listed) > LARGE_ACCOUNT:
            return Listing(present, is_large=True)
        return Listing(present, {device_id: meter_name(device_id) for device_id in listed})

    async def async_settings(self, device_id: str, name: str) -> dict[str, Any]:
        """Return what is known: its name."""
        return {"name": name}


def account_devices(runtime: SourceRuntime) -> AccountDevices:
    """Return the devices of a loaded account."""
    match runtime:
        case CarbonTrackRuntime():
            return CarbonTrackDevices(runtime.client)
        case VoltawareRuntime():
            return VoltawareDevices(runtime.client, runtime.coordinator.records)
        case _:
            raise TypeError(f"not an account with devices: {type(runtime).__name__}")
