"""What the demo does in Home Assistant, each through its public API: accounts, streams, energy preferences."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from .api import Api
from .configuration import TIME_ZONE
from .flows import Answers, add_entry, add_subentry, continue_subentry
from .recorder import SERIES, count_hours, meter_statistics, our_statistics
from .town import Town

DOMAIN = "wattbridge"
POLL_S = 0.5
TOTAL: Final = "total"
GROUPS: Final = ("energy", "active_power", "reactive_power", "apparent_power", "voltage", "current", "line_voltage")
"""The sections of the form that asks for the parameters of an electricity stream."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A data stream of the demo: which of our series (`usage`, `generation`, `export`) fills which parameter."""

    stream_id: str
    parameters: Mapping[str, str]


STREAMS: Final = (
    Stream("house-grid", {"pC_1": "usage"}),
    Stream("house-solar", {"pC_1": "generation"}),
    Stream("house-all", {"pC_1": "usage", "pC_2": "generation", "pC_3": "export"}),
)


class TooSlowError(Exception):
    """Something did not come about in time."""


async def wait_until(
    condition: Callable[[], Awaitable[bool]], what: str, timeout_s: float, *, poll_s: float = POLL_S
) -> None:
    """Look again and again until something is so; `what` names it if it does not come about in time."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                if await condition():
                    return
                await asyncio.sleep(poll_s)
    except TimeoutError as err:
        raise TooSlowError(f"Not within {timeout_s:g} s: {what}.") from err


def carbontrack_answers(town: Town, history_days: int, series: Sequence[str]) -> Answers:
    """Fill the flow of the carbonTRACK account."""
    cloud = town.carbontrack
    readings = {"grid_field": "power_usage_net", "power_unit": "wh", "history_days": history_days}
    return {
        "user": "carbontrack",
        "carbontrack": _login(cloud.username, cloud.password, cloud.url),
        "devices": {"devices": [town.device_id]},
        "readings": {**readings, "statistics": list(series)},
    }


def voltaware_answers(town: Town) -> Answers:
    """Fill the flow of the Voltaware account."""
    cloud = town.voltaware
    return {
        "user": "voltaware",
        "voltaware": _login(cloud.username, cloud.password, cloud.url),
        "meters": {"devices": [town.meter.device_id]},
    }


def wattics_answers(town: Town) -> Answers:
    """Fill the flow of the Wattics account."""
    cloud = town.wattics
    return {"user": "wattics", "wattics": _login(cloud.username, cloud.password, cloud.url)}


def wattcarbon_answers(town: Town) -> Answers:
    """Fill the flow of the WattCarbon account."""
    cloud = town.wattcarbon
    login = _login(cloud.username, cloud.password, cloud.url)
    return {"user": "wattcarbon", "wattcarbon": login | {"advanced": login["advanced"] | {"collection": "found_out"}}}


def roof_answers(town: Town, statistic_ids: Mapping[str, str]) -> Answers:
    """Fill the flow of the roof's series: all that the house has generated since the beginning."""
    return {
        "user": "link_asset",
        "assets": {"target_id": town.roof_id},
        "statistics": {"generation": [statistic_ids["generation"]], "send_revisions": True},
        "start": {"start": "beginning"},
        "preview": {},
    }


def stream_answers(stream: Stream, statistic_ids: Mapping[str, str], start: datetime | None) -> Answers:
    """Fill the flow of a stream; without a `start` (a local midnight) it is filled from the beginning."""
    chosen = {parameter: statistic_ids[series] for parameter, series in stream.parameters.items()}
    sections: dict[str, Mapping[str, str]] = {group: {} for group in GROUPS} | {"energy": chosen}
    begin = {"start": "beginning"} if start is None else {"start": "date", "start_date": start.date().isoformat()}
    return {
        "user": {"stream_id": stream.stream_id, "kind": "electricity"},
        "electricity": {"interval_min": "60", **sections},
        "start": begin,
        "preview": {},
        "preview_empty": {},
    }


def _login(username: str, password: str, url: str) -> dict[str, Any]:
    return {"username": username, "password": password, "advanced": {"base_url": url}}


def local_midnight(days_ago: int) -> datetime:
    """Return when a day began in the demo's time zone."""
    today = datetime.now(ZoneInfo(TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


async def add_carbontrack(api: Api, town: Town, history_days: int, series: Sequence[str] = SERIES) -> str:
    """Add the carbonTRACK account and return its entry's id."""
    result = await add_entry(api, DOMAIN, carbontrack_answers(town, history_days, series))
    entry_id: str = result["result"]["entry_id"]
    return entry_id


async def add_voltaware(api: Api, town: Town) -> str:
    """Add the Voltaware account and return its entry's id."""
    result = await add_entry(api, DOMAIN, voltaware_answers(town))
    entry_id: str = result["result"]["entry_id"]
    return entry_id


async def add_wattics(api: Api, town: Town, statistic_ids: Mapping[str, str], start: datetime | None) -> str:
    """Add the Wattics account with the demo's streams and return its entry's id."""
    result = await add_entry(api, DOMAIN, wattics_answers(town))
    entry_id: str = result["result"]["entry_id"]
    first, *others = STREAMS
    await continue_subentry(api, result, stream_answers(first, statistic_ids, start))
    for stream in others:
        await add_subentry(api, entry_id, "stream", stream_answers(stream, statistic_ids, start))
    town.leave_flows_out()
    return entry_id


async def add_wattcarbon(api: Api, town: Town, statistic_ids: Mapping[str, str]) -> str:
    """Add the WattCarbon account with the roof that it has, and return its entry's id."""
    result = await add_entry(api, DOMAIN, wattcarbon_answers(town))
    entry_id: str = result["result"]["entry_id"]
    await continue_subentry(api, result, roof_answers(town, statistic_ids))
    return entry_id


async def wait_for_statistics(api: Api, series: Sequence[str] = SERIES, timeout_s: float = 60.0) -> dict[str, str]:
    """Wait until the house's series exist and return their ids by what they measure."""
    found: dict[str, str] = {}

    async def all_exist() -> bool:
        found.update(await our_statistics(api, series))
        return found.keys() == set(series)

    await wait_until(all_exist, "our statistics exist", timeout_s)
    return found


class History:
    """How much of the history has arrived, up to the last whole hour before the account was added.

    Later hours come when the cloud is asked again, minutes after they have ended: nobody waits for those.
    """

    def __init__(self, api: Api, statistic_ids: Mapping[str, str], begin: datetime, until: datetime) -> None:
        """Watch our series from one whole hour to another."""
        self._api = api
        self._ids = dict(statistic_ids)
        self._begin = begin
        self._until = until

    async def share(self) -> float:
        """Tell how much of one series is there, between 0 and 1."""
        hours = await count_hours(self._api, [self._ids["usage"]], self._begin, self._until)
        return sum(hours.values()) / ((self._until - self._begin) // timedelta(hours=1))

    async def is_whole(self) -> bool:
        """Tell whether each series has every hour."""
        wanted = (self._until - self._begin) // timedelta(hours=1)
        hours = await count_hours(self._api, list(self._ids.values()), self._begin, self._until)
        return all(hours.get(statistic_id) == wanted for statistic_id in self._ids.values())


async def wait_for_history(api: Api, town: Town, statistic_ids: Mapping[str, str], timeout_s: float = 120.0) -> None:
    """Wait until the whole history of the town's house is there."""
    history = History(api, statistic_ids, town.begin, town.opened)
    await wait_until(history.is_whole, "the history is whole", timeout_s)


async def wait_until_delivered(town: Town, timeout_s: float = 120.0) -> None:
    """Wait until every stream has got as far as it must."""

    async def is_delivered() -> bool:
        return all(town.newest(stream.stream_id) >= town.opened for stream in STREAMS)

    await wait_until(is_delivered, f"every stream is delivered up to {town.opened:%H:%M} UTC", timeout_s)


def is_roof_delivered(town: Town) -> bool:
    """Tell whether WattCarbon has the last hour before the town was opened."""
    return town.opened - timedelta(hours=1) in town.roof_hours


async def meter_progress(api: Api, town: Town) -> float:
    """Tell how much of the meter's history is there, between 0 and 1, as Home Assistant shows it."""
    unique_id = f"voltaware_{town.meter.device_id}_history_progress"
    listed = await api.command("config/entity_registry/list")
    entity_id = next((entity["entity_id"] for entity in listed if entity["unique_id"] == unique_id), None)
    if entity_id is None:
        return 0.0
    shown = (await api.get(f"/api/states/{entity_id}"))["state"]
    return 0.0 if shown in ("unavailable", "unknown") else float(shown) / 100


async def wait_for_months(api: Api, town: Town, timeout_s: float = 120.0) -> dict[str, str]:
    """Wait until all months of the town's meter are there; returns the ids of its statistics by the vendor's key."""

    async def are_there() -> bool:
        return await meter_progress(api, town) >= 1

    await wait_until(are_there, "the months of the meter are there", timeout_s)
    return await meter_statistics(api, town.meter.device_id)


async def set_energy_preferences(
    api: Api, statistic_ids: Mapping[str, str], meter_ids: Mapping[str, str] | None = None
) -> None:
    """Tell the Energy dashboard which series is the grid and which the sun, and what the meter's home consists of."""
    grid = {
        "type": "grid",
        "name": "Grid",
        "stat_energy_from": statistic_ids["usage"],
        "stat_energy_to": statistic_ids["export"],
        "stat_cost": None,
        "cost_adjustment_day": 0,
    }
    solar = {"type": "solar", "stat_energy_from": statistic_ids["generation"]}
    devices = individual_devices(meter_ids or {})
    await api.command("energy/save_prefs", energy_sources=[grid, solar], device_consumption=devices)


def individual_devices(meter_ids: Mapping[str, str]) -> list[dict[str, str]]:
    """List a meter's statistics for the Energy dashboard: its home, and in it the appliances."""
    appliances = [statistic_id for key, statistic_id in meter_ids.items() if key != TOTAL]
    if TOTAL not in meter_ids:
        return []
    home = {"stat_consumption": meter_ids[TOTAL]}
    return [home, *({"stat_consumption": one, "included_in_stat": meter_ids[TOTAL]} for one in appliances)]
