"""A forwarding account on a bench: rows go into the real recorder, packets arrive at a simulated collector."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.components.recorder.db_schema import StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, async_import_statistics
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from aiowattbridge.simulators import WatticsSimulator
from custom_components.wattbridge.const import DOMAIN, SUBENTRY_STREAM
from custom_components.wattbridge.forwarding import Forwarder, StreamEngine
from custom_components.wattbridge.series import Published, async_series_book
from custom_components.wattbridge.vendors import WATTICS, entry_session

OWN = "wattbridge:carbontrack_roof_usage"
FOREIGN = "meter:energy"
HOUR = timedelta(hours=1)
SHORT = timedelta(minutes=5)


def hours_ago(hours: int) -> datetime:
    """Return the full hour that was so many hours before this one began."""
    return dt_util.utcnow().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)


def metadata(statistic_id: str, unit: str = "kWh", *, with_sum: bool = True) -> StatisticMetaData:
    """Describe a statistic of energy, or of means in another unit."""
    classes = {"kWh": "energy", "Wh": "energy", "kW": "power", "W": "power", "V": "voltage", "°C": "temperature"}
    return StatisticMetaData(
        has_sum=with_sum,
        mean_type=StatisticMeanType.NONE if with_sum else StatisticMeanType.ARITHMETIC,
        name=statistic_id,
        source=statistic_id.partition(":")[0] if ":" in statistic_id else "recorder",
        statistic_id=statistic_id,
        unit_class=classes.get(unit),
        unit_of_measurement=unit,
    )


def sum_rows(start: datetime, changes: Sequence[float | None], step: timedelta = HOUR, base: float = 0.0) -> list[Any]:
    """Make rows of a running sum; None leaves a hole."""
    total, rows = base, []
    for number, change in enumerate(changes):
        if change is not None:
            total += change
            rows.append(StatisticData(start=start + number * step, state=total, sum=total))
    return rows


def mean_rows(start: datetime, means: Sequence[float | None], step: timedelta = HOUR) -> list[Any]:
    """Make rows of means; None leaves a hole."""
    return [
        StatisticData(start=start + number * step, mean=mean, min=mean, max=mean)
        for number, mean in enumerate(means)
        if mean is not None
    ]


async def async_store(hass: HomeAssistant, description: StatisticMetaData, rows: list[Any]) -> None:
    """Put hourly rows into the recorder, and wait until they are there."""
    if description["source"] == "recorder":
        async_import_statistics(hass, description, rows)
    else:
        async_add_external_statistics(hass, description, rows)
    await async_wait_recording_done(hass)


async def async_store_short(hass: HomeAssistant, description: StatisticMetaData, rows: list[Any]) -> None:
    """Put rows of five minutes into the recorder, and wait until they are there."""
    get_instance(hass).async_import_statistics(description, rows, StatisticsShortTerm)
    await async_wait_recording_done(hass)


def publish(
    hass: HomeAssistant, watermark: datetime, *, since: datetime | None = None, statistic_id: str = OWN
) -> None:
    """Say up to where one of our own series is whole."""
    async_series_book(hass).async_publish(statistic_id, Published(since, watermark))


def register_sensor(hass: HomeAssistant, name: str) -> er.RegistryEntry:
    """Register an entity of somebody else's integration."""
    return er.async_get(hass).async_get_or_create("sensor", "meter", name, suggested_object_id=name)


def stream_data(
    parameters: Mapping[str, tuple[str, str]],
    *,
    stream_id: str = "meter-1",
    kind: str = "electricity",
    interval_min: int = 60,
    start_at: datetime | None = None,
) -> dict[str, Any]:
    """Make the data of a stream's subentry; without a time it starts at the beginning."""
    return {
        "stream_id": stream_id,
        "kind": kind,
        "interval_min": interval_min,
        "start": "beginning" if start_at is None else "date",
        "start_at": None if start_at is None else start_at.isoformat(),
        "parameters": {name: {"source": source, "measure": measure} for name, (source, measure) in parameters.items()},
    }


def add_stream_to(hass: HomeAssistant, entry: ConfigEntry, data: dict[str, Any]) -> str:
    """Add a stream to an account; returns its subentry id."""
    subentry = ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_STREAM,
        title=data["stream_id"],
        unique_id=data["stream_id"],
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry.subentry_id


@dataclass
class Bench:
    """One account whose forwarder can be started, stopped and killed."""

    hass: HomeAssistant
    cloud: WatticsSimulator
    entry: MockConfigEntry = field(init=False)
    forwarder: Forwarder | None = None

    def __post_init__(self) -> None:
        """Make the account."""
        data = {
            "vendor": "wattics",
            "base_url": self.cloud.url,
            "username": self.cloud.username,
            "password": self.cloud.password,
        }
        self.entry = MockConfigEntry(domain=DOMAIN, title="Wattics", data=data)
        self.entry.add_to_hass(self.hass)

    @property
    def path(self) -> Path:
        """Where the cursors are."""
        return Path(self.hass.config.path(".storage", f"wattbridge.cursor.{self.entry.entry_id}"))

    def add(self, data: dict[str, Any]) -> str:
        """Add a stream; returns its subentry id."""
        return add_stream_to(self.hass, self.entry, data)

    async def start(self) -> StreamEngine:
        """Start forwarding; returns the first stream."""
        client = WATTICS.connect(entry_session(self.hass), self.entry.data)
        self.forwarder = Forwarder(self.hass, self.entry, client)
        await self.forwarder.async_start()
        return next(iter(self.forwarder.streams.values()))

    async def stop(self) -> None:
        """Stop as an unload does."""
        if self.forwarder is not None:
            await self.forwarder.async_stop()
            self.forwarder = None

    async def kill(self, content: bytes | None) -> None:
        """Stop as kill -9 does: the file stays as it was at some moment before."""
        await self.stop()
        if content is None:
            self.path.unlink(missing_ok=True)
        else:
            self.path.write_bytes(content)

    async def run(self) -> StreamEngine:
        """Start, wait until nothing is left to send, and return the first stream."""
        engine = await self.start()
        await until(lambda: engine.status.caught_up)
        return engine

    def sent(self, stream_id: str = "meter-1") -> list[tuple[datetime, dict[str, float]]]:
        """Return what the cloud has of a stream: times and values."""
        return [
            (
                stored.instant.astimezone(UTC),
                {name: number for name, number in stored.packet.items() if isinstance(number, int | float)},
            )
            for stored in self.cloud.accepted.get(stream_id, [])
        ]

    def is_clean(self) -> bool:
        """Tell whether the cloud got everything once and in order."""
        report = self.cloud.report()
        return not (report["duplicates"] or report["out_of_order"] or report["malformed"] or report["violations"])


async def until(condition: Callable[[], Any], timeout_s: float = 30.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - a condition of anything, not only of what announces itself
            await asyncio.sleep(0.005)
