"""What Home Assistant's recorder holds, read as any dashboard reads it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from .api import Api

SERIES: Final = ("usage", "generation", "export")
CHANNELS: Final = ("channel_1", "channel_2")
SOURCE = "wattbridge"


async def our_statistics(api: Api, wanted: Iterable[str] = SERIES) -> dict[str, str]:
    """Find external statistics of a house by what they measure; with several devices, the first one's."""
    listed = await api.command("recorder/list_statistic_ids", statistic_type="sum")
    ours = sorted(row["statistic_id"] for row in listed if row["source"] == SOURCE)
    return {
        series: next(statistic_id for statistic_id in ours if statistic_id.endswith(f"_{series}"))
        for series in wanted
        if any(statistic_id.endswith(f"_{series}") for statistic_id in ours)
    }


async def meter_statistics(api: Api, device_id: str) -> dict[str, str]:
    """Find the statistics of a Voltaware meter by the vendor's key, `total` for all of its home."""
    begin = f"{SOURCE}:voltaware_{device_id}_"
    listed = await api.command("recorder/list_statistic_ids", statistic_type="sum")
    ids = sorted(row["statistic_id"] for row in listed if row["statistic_id"].startswith(begin))
    return {statistic_id.removeprefix(begin): statistic_id for statistic_id in ids}


async def hourly_changes_kwh(
    api: Api, statistic_ids: Iterable[str], start: datetime, end: datetime
) -> dict[str, dict[datetime, float]]:
    """Read what each statistic grew by in every hour that begins in [start, end), by the hour's begin in UTC."""
    rows = await _read(api, statistic_ids, start, end, "change")
    return {
        statistic_id: {datetime.fromtimestamp(row["start"] / 1000, UTC): float(row["change"]) for row in hours}
        for statistic_id, hours in rows.items()
    }


async def count_hours(api: Api, statistic_ids: Iterable[str], start: datetime, end: datetime) -> dict[str, int]:
    """Count the rows of each statistic that begin in [start, end)."""
    rows = await _read(api, statistic_ids, start, end, "state")
    return {statistic_id: len(hours) for statistic_id, hours in rows.items()}


async def _read(
    api: Api, statistic_ids: Iterable[str], start: datetime, end: datetime, column: str
) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = await api.command(
        "recorder/statistics_during_period",
        start_time=start.isoformat(),
        end_time=end.isoformat(),
        statistic_ids=list(statistic_ids),
        period="hour",
        types=[column],
        units={"energy": "kWh"},
    )
    return rows
