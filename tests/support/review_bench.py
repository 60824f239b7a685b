"""Streams whose past is changed after it was delivered: by people, by importers, by the clouds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from forwarding_bench import FOREIGN, Bench, async_store, metadata, sum_rows
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from accounts import make_entry
from aiowattbridge.simulators import WattCarbonSimulator
from custom_components.wattbridge.aiowattbridge.pause import Pause
from custom_components.wattbridge.const import SUBENTRY_SERIES
from custom_components.wattbridge.forwarding import Forwarder, StreamEngine
from custom_components.wattbridge.forwarding.model import StreamNews
from custom_components.wattbridge.vendors import connect_sink, entry_session


def series_data(
    asset_id: str,
    *statistics: tuple[str, str],
    target: str = "asset",
    send_revisions: bool = True,
    start_at: datetime | None = None,
) -> dict[str, Any]:
    """Make the data of a series' subentry: statistics with their roles; without a time it starts at the beginning."""
    chosen = statistics or ((FOREIGN, "metered" if target == "meter" else "generation"),)
    return {
        "target": target,
        "target_id": asset_id,
        "target_kind": None,
        "target_name": "Roof",
        "start": "beginning" if start_at is None else "date",
        "start_at": None if start_at is None else start_at.isoformat(),
        "statistics": [{"source": source, "role": role} for source, role in chosen],
        "send_revisions": send_revisions,
    }


@dataclass
class SeriesBench(Bench):
    """One WattCarbon account whose forwarder can be started, stopped and killed."""

    cloud: WattCarbonSimulator  # type: ignore[assignment] # the other cloud has other questions

    def __post_init__(self) -> None:
        """Make the account."""
        self.entry = make_entry("wattcarbon", self.cloud)
        self.entry.add_to_hass(self.hass)

    def add(self, data: dict[str, Any]) -> str:
        """Add a series; returns its subentry id."""
        subentry = ConfigSubentry(
            data=MappingProxyType(data),
            subentry_type=SUBENTRY_SERIES,
            title=data["target_name"],
            unique_id=data["target_id"],
        )
        self.hass.config_entries.async_add_subentry(self.entry, subentry)
        return subentry.subentry_id

    async def start(self) -> StreamEngine:
        """Start forwarding; returns the first series."""
        pause = Pause(now=dt_util.utcnow)
        client = connect_sink(entry_session(self.hass), self.entry.data, pause)
        self.forwarder = Forwarder(self.hass, self.entry, client, pause)
        await self.forwarder.async_start()
        return next(iter(self.forwarder.streams.values()))


def ledger_path(bench: Bench) -> Path:
    """Return where the ledgers of an account are."""
    return Path(bench.hass.config.path(".storage", f"wattbridge.ledger.{bench.entry.entry_id}"))


async def async_reviewed(bench: Bench) -> StreamEngine:
    """Start, wait until everything is delivered and was looked back at once, and return the first stream."""
    engine = await bench.run()
    await engine.review.async_look(everything=True)
    return engine


def listen(engine: StreamEngine) -> list[StreamNews]:
    """Collect what a stream tells."""
    news: list[StreamNews] = []
    engine.async_listen_news(news.append)
    return news


async def async_store_hours(
    hass: HomeAssistant, start: datetime, changes_kwh: Sequence[float | None], statistic_id: str = FOREIGN
) -> None:
    """Put an energy into the recorder, and a last row that makes all before it final."""
    await async_store(hass, metadata(statistic_id), sum_rows(start, [*changes_kwh, 0.0]))


async def async_adjust(hass: HomeAssistant, at: datetime, by_kwh: float, statistic_id: str = FOREIGN) -> None:
    """Do what "adjust sum" does in Home Assistant's own pages."""
    get_instance(hass).async_adjust_statistics(statistic_id, at, by_kwh, "kWh")
    await async_wait_recording_done(hass)


async def async_recorded(hass: HomeAssistant, statistic_id: str = FOREIGN) -> dict[datetime, float]:
    """Read the energy of all hours, as the Energy dashboard shows it, except that of the last."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime.fromtimestamp(0, UTC),
        None,
        {statistic_id},
        "hour",
        {"energy": "kWh"},
        {"change"},
    )
    rows = {datetime.fromtimestamp(row["start"], UTC): row["change"] or 0.0 for row in found[statistic_id]}
    del rows[max(rows)]
    return rows


def same(one: dict[datetime, float], other: dict[datetime, float]) -> bool:
    """Tell whether two series have the same hours, and the same energy in each but for the noise of floats."""
    return one.keys() == other.keys() and all(abs(one[hour] - other[hour]) < 1e-6 for hour in one)
