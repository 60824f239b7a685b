"""The demo from beginning to end, and the figures it has to reach."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from .api import ApiError
from .check import compare, compare_asset, compare_history, compare_months
from .display import Display
from .flows import FlowError
from .home import Home
from .play import (
    DOMAIN,
    STREAMS,
    History,
    TooSlowError,
    add_carbontrack,
    add_voltaware,
    add_wattcarbon,
    add_wattics,
    is_roof_delivered,
    local_midnight,
    set_energy_preferences,
    wait_for_months,
    wait_for_statistics,
    wait_until,
)
from .recorder import CHANNELS, SERIES, count_hours
from .town import Town

HOUSE_SERIES: Final = (*SERIES, *CHANNELS)
# A year and a bit, so that there are 8,760 whole hours of each series whatever the time of day.
HOUSE_DAYS: Final = 366
HISTORY_DAYS: Final = 400
# Three streams of four weeks of hours: about two thousand packets.
STREAM_DAYS: Final = 28
# Longer than a check may take: whoever is late still learns whether all is right.
HISTORY_TIMEOUT_S: Final = 600.0
# To count thousands of hours is work for the recorder, which has enough to do meanwhile.
HISTORY_POLL_S: Final = 3.0
DELIVERY_TIMEOUT_S: Final = 120.0

LEAST_ENTITIES: Final = 12
LEAST_ROWS: Final = 8_760 * len(HOUSE_SERIES)
LEAST_PACKETS: Final = 1_000
LEAST_HOURS: Final = 8_760
LEAST_APPLIANCES: Final = 8
# An hour for each of three whole months.
LEAST_METER_ROWS: Final = 24 * 89 * LEAST_APPLIANCES


class StoryError(Exception):
    """The demo came to a halt; the text says at what, with the end of Home Assistant's log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checked run came to."""

    figures: dict[str, Any]
    reasons: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.reasons


class Story:
    """All clouds, Home Assistant between them, and what happens."""

    def __init__(self, folder: Path, display: Display, *, port: int = 0) -> None:
        """Prepare; nothing runs before the context is entered."""
        self.town = Town(days=HOUSE_DAYS)
        self.home = Home(folder, port=port)
        self.rows = 0
        self._display = display
        self._statistic_ids: dict[str, str] = {}
        self._meter_ids: dict[str, str] = {}
        self._stream_start = local_midnight(STREAM_DAYS)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the clouds; Home Assistant is started by the story."""
        await self._stack.enter_async_context(self.town)
        await self._stack.enter_async_context(self.home)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End Home Assistant, then the clouds."""
        await self._stack.aclose()

    async def play(self) -> None:
        """Tell the story; ends when both accounts are there and the history is whole."""
        try:
            await self._play()
        except (ApiError, FlowError, TooSlowError) as err:
            raise StoryError(f"{err}\n\nThe end of Home Assistant's log:\n{self.home.log_tail()}") from err

    async def check(self) -> Outcome:
        """Wait until all is delivered, and compare."""
        try:
            return await self._check()
        except (ApiError, TooSlowError) as err:
            raise StoryError(f"{err}\n\nThe end of Home Assistant's log:\n{self.home.log_tail()}") from err

    async def _play(self) -> None:
        display = self._display
        async with display.step("starting Home Assistant"):
            await self.home.start()
        api = self.home.api
        async with display.step("adding the carbonTRACK account"):
            await add_carbontrack(api, self.town, HISTORY_DAYS, HOUSE_SERIES)
        async with display.step("adding the Voltaware account"):
            await add_voltaware(api, self.town)
        async with display.step("fetching a year of history into the recorder"):
            self._statistic_ids = await wait_for_statistics(api, HOUSE_SERIES)
            await self._wait_for_history()
        async with display.step("fetching four months of appliances"):
            self._meter_ids = await wait_for_months(api, self.town, HISTORY_TIMEOUT_S)
            display.detail = f"{len(self._meter_ids)} statistics"
        async with display.step(f"adding the Wattics account with {len(STREAMS)} data streams"):
            await add_wattics(api, self.town, self._statistic_ids, self._stream_start)
        async with display.step("adding the WattCarbon account with a roof"):
            await add_wattcarbon(api, self.town, self._statistic_ids)
        async with display.step("setting up the Energy dashboard"):
            await set_energy_preferences(api, self._statistic_ids, self._meter_ids)

    async def _wait_for_history(self) -> None:
        """Wait for the last hour, saying how far it is."""
        history = History(self.home.api, self._statistic_ids, self.town.begin, self.town.opened)

        async def is_whole() -> bool:
            share = await history.share()
            self._display.detail = f"{share:.0%}"
            return share >= 1 and await history.is_whole()

        await wait_until(is_whole, "the history is whole", HISTORY_TIMEOUT_S, poll_s=HISTORY_POLL_S)
        hours = await count_hours(self.home.api, self._statistic_ids.values(), self.town.begin, self.town.opened)
        self.rows = sum(hours.values())
        self._display.detail = f"{self.rows:,} rows"

    async def _wait_for_delivery(self) -> None:
        """Wait until every stream has got as far as it must, and the roof."""
        town = self.town

        async def is_delivered() -> bool:
            self._display.detail = f"{town.packets:,} packets, {len(town.roof_hours):,} hours"
            return is_roof_delivered(town) and all(town.newest(stream.stream_id) >= town.opened for stream in STREAMS)

        await wait_until(is_delivered, f"all is delivered up to {town.opened:%H:%M} UTC", DELIVERY_TIMEOUT_S)

    async def _check(self) -> Outcome:
        api = self.home.api
        async with self._display.step("waiting until Wattics and WattCarbon have every hour"):
            await self._wait_for_delivery()
        async with self._display.step("comparing what was accepted with what is recorded"):
            findings = await compare(api, self.town, STREAMS, self._statistic_ids, self._stream_start)
            rows, reasons = await compare_history(api, self.town, self._statistic_ids)
            meter_rows, meter_reasons = await compare_months(api, self.town, self._meter_ids)
            solar_id = self._statistic_ids["generation"]
            hours, faults, roof_reasons = await compare_asset(api, self.town, self.town.roof_id, solar_id)
            errors = await self.home.logged("ERROR", "CRITICAL")
            figures = {
                "home_assistant": (await api.command("get_config"))["version"],
                "entities": await self._count_entities(),
                "statistics_rows": rows,
                "appliances": len(self._meter_ids) - 1,
                "meter_rows": meter_rows,
                "packets_accepted": findings.accepted,
                "missing": findings.missing,
                "wrong": findings.wrong + findings.invented,
                "duplicates": findings.duplicates,
                "out_of_order": findings.out_of_order,
                "hours_uploaded": hours,
                "hours_missing_or_wrong": faults,
                "log_errors": len(errors),
                "log_warnings": len(await self.home.logged("WARNING")),
            }
        faults_found = [*findings.reasons, *reasons, *meter_reasons, *roof_reasons, *errors, *_too_few(figures)]
        return Outcome(figures, faults_found)

    async def _count_entities(self) -> int:
        registry = await self.home.api.command("config/entity_registry/list")
        return sum(entity["platform"] == DOMAIN and entity["disabled_by"] is None for entity in registry)


def _too_few(figures: dict[str, Any]) -> list[str]:
    """Say which figures do not reach what they have to."""
    least = {
        "entities": LEAST_ENTITIES,
        "statistics_rows": LEAST_ROWS,
        "appliances": LEAST_APPLIANCES,
        "meter_rows": LEAST_METER_ROWS,
        "packets_accepted": LEAST_PACKETS,
        "hours_uploaded": LEAST_HOURS,
    }
    return [
        f"{name}: {figures[name]} instead of at least {least[name]}" for name in least if figures[name] < least[name]
    ]
