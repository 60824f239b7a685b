"""Years of rows at once: Home Assistant's own import would take as long as the test may."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from homeassistant.components.recorder.db_schema import Statistics, StatisticsMeta, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import insert, select

type Row = dict[str, float]


def energy_rows(start: datetime, energies: Sequence[float | None], step_s: int, base: float = 0.0) -> list[Row]:
    """Make rows of a running sum; None leaves a hole."""
    totals = accumulate((energy or 0.0 for energy in energies[1:]), initial=base + (energies[0] or 0.0))
    return [
        {"start_ts": start.timestamp() + number * step_s, "state": total, "sum": total}
        for number, (energy, total) in enumerate(zip(energies, totals, strict=True))
        if energy is not None
    ]


def power_rows(start: datetime, means: Sequence[float | None], step_s: int) -> list[Row]:
    """Make rows of means; None leaves a hole."""
    return [
        {"start_ts": start.timestamp() + number * step_s, "mean": mean, "min": mean, "max": mean}
        for number, mean in enumerate(means)
        if mean is not None
    ]


async def async_store_bulk(
    hass: HomeAssistant, description: StatisticMetaData, rows: list[Row], *, short: bool
) -> None:
    """Put many rows of a statistic that has none yet into the recorder."""
    if description["source"] == "recorder":
        async_import_statistics(hass, description, [])
    else:
        async_add_external_statistics(hass, description, [])
    await async_wait_recording_done(hass)
    await async_add_bulk(hass, description["statistic_id"], rows, short=short)


async def async_add_bulk(hass: HomeAssistant, statistic_id: str, rows: list[Row], *, short: bool) -> None:
    """Put more rows of a statistic into the recorder."""
    table = StatisticsShortTerm if short else Statistics
    await get_instance(hass).async_add_executor_job(_insert, hass, statistic_id, rows, table)


def _insert(hass: HomeAssistant, statistic_id: str, rows: list[Row], table: Any) -> None:
    with session_scope(hass=hass) as session:
        known = select(StatisticsMeta.id).where(StatisticsMeta.statistic_id == statistic_id)
        metadata_id = session.execute(known).scalar_one()
        created_ts = rows[-1]["start_ts"]
        session.execute(insert(table), [{"created_ts": created_ts, "metadata_id": metadata_id, **row} for row in rows])
