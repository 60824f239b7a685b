"""One series and the real recorder: what is written is read back, and what does not fit is put right."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_list_statistic_ids,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant

from custom_components.wattbridge import statistics
from custom_components.wattbridge.rows import Plan, misfits
from custom_components.wattbridge.statistics import Pace, SeriesWriter, WriteLostError, Written

SERIES = "wattbridge:carbontrack_1_usage"
START_S = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def hours(first: int, values: list[float]) -> dict[int, float]:
    """Number hours from a start."""
    return {START_S + (first + n) * 3600: value for n, value in enumerate(values)}


async def read(hass: HomeAssistant) -> list[tuple[float, float]]:
    """Read states and sums back."""
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period,
        hass,
        datetime.fromtimestamp(0, UTC),
        None,
        {SERIES},
        "hour",
        {"energy": "kWh"},
        {"state", "sum"},
    )
    return [(row["state"] or 0.0, round(row["sum"] or 0.0, 6)) for row in found.get(SERIES, [])]


@pytest.fixture
def writer(hass: HomeAssistant) -> SeriesWriter:
    """A writer that does not rest."""
    return SeriesWriter(hass, SERIES, "Roof energy used", Pace())


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each import."""
    counts: list[int] = []

    def counting(hass: HomeAssistant, metadata: Any, rows: list[Any]) -> None:
        counts.append(len(rows))
        async_add_external_statistics(hass, metadata, rows)

    monkeypatch.setattr(statistics, "async_add_external_statistics", counting)
    return counts


async def test_appended_hours_continue_the_sum(hass: HomeAssistant, writer: SeriesWriter) -> None:
    """And the metadata is what the Energy dashboard asks for."""
    assert await writer.async_write(hours(0, [1, 2])) == Written(new=2, rows=2)
    assert await writer.async_write(hours(2, [3])) == Written(new=1, rows=1)
    assert await read(hass) == [(1, 1), (2, 3), (3, 6)]
    (listed,) = await async_list_statistic_ids(hass, {SERIES})
    assert listed["unit_class"] == "energy"
    assert listed["statistics_unit_of_measurement"] == "kWh"
    assert listed["has_sum"]
    assert listed["name"] == "Roof energy used"


async def test_older_hours_are_put_in_front_newest_first(
    hass: HomeAssistant, writer: SeriesWriter, imported: list[int]
) -> None:
    """In chunks, each followed by one shift of all later sums."""
    writer._pace.chunk_rows = 10
    await writer.async_write(hours(100, [1.0] * 5))
    await writer.async_write(hours(50, [2.0] * 25))
    rows = await read(hass)
    assert [state for state, _ in rows] == [2.0] * 25 + [1.0] * 5
    assert rows[-1][1] == 55
    assert imported[1] == 10
    assert sum(imported) == 30


async def test_unchanged_hours_write_nothing(hass: HomeAssistant, writer: SeriesWriter, imported: list[int]) -> None:
    """A second fetch of the same is compared and left."""
    await writer.async_write(hours(0, [1, 2, 3]))
    assert await writer.async_write(hours(0, [1, 2, 3])) == Written(same=3)
    assert imported == [3]


async def test_revision_writes_the_changed_hour_and_shifts_the_rest(
    hass: HomeAssistant, writer: SeriesWriter, imported: list[int]
) -> None:
    """One row, and later sums follow."""
    await writer.async_write(hours(0, [1, 2, 3, 4]))
    assert await writer.async_write(hours(0, [1, 5, 3, 4])) == Written(changed=1, same=3, rows=1)
    assert await read(hass) == [(1, 1), (5, 6), (3, 9), (4, 13)]
    assert imported == [4, 1]


async def test_hole_that_is_filled_later_lifts_what_follows(hass: HomeAssistant, writer: SeriesWriter) -> None:
    """Far apart, so that the neighbours have to be looked for."""
    await writer.async_write(hours(0, [1]))
    await writer.async_write(hours(500, [4]))
    await writer.async_write(hours(250, [2]))
    assert await read(hass) == [(1, 1), (2, 3), (4, 7)]


async def test_stop_between_import_and_shift_is_mended(
    hass: HomeAssistant, writer: SeriesWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shift was never made; the next start finds the step by reading back."""
    await writer.async_write(hours(10, [1, 1]))
    monkeypatch.setattr(writer, "_adjust", lambda *_: None)
    with pytest.raises(WriteLostError):
        await writer.async_write(hours(0, [5, 5]))
    assert await read(hass) == [(5, 5), (5, 10), (1, 1), (1, 2)]
    monkeypatch.undo()
    assert sorted(await writer.async_mend()) == sorted({**hours(0, [5, 5]), **hours(10, [1, 1])})
    assert await read(hass) == [(5, 5), (5, 10), (1, 11), (1, 12)]


async def test_adjusted_sum_is_put_right_and_said_once(
    hass: HomeAssistant, writer: SeriesWriter, caplog: pytest.LogCaptureFixture
) -> None:
    """Our series belong to the cloud, also when somebody adjusts one by hand."""
    await writer.async_write(hours(0, [1, 2, 3]))
    get_instance(hass).async_adjust_statistics(SERIES, datetime.fromtimestamp(START_S + 3600, UTC), 100.0, "kWh")
    await writer.async_mend()
    assert await read(hass) == [(1, 1), (2, 3), (3, 6)]
    await writer.async_mend()
    assert caplog.text.count("put right") == 1


async def test_write_that_the_recorder_drops_is_noticed(
    hass: HomeAssistant, writer: SeriesWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is down loses the job without a word; the next try goes through."""
    original = writer._import

    def lose(plan: Plan) -> None:
        monkeypatch.setattr(writer, "_import", original)

    monkeypatch.setattr(writer, "_import", lose)
    with pytest.raises(WriteLostError):
        await writer.async_write(hours(0, [1, 2]))
    assert await read(hass) == []
    await writer.async_write(hours(0, [1, 2]))
    assert await read(hass) == [(1, 1), (2, 3)]


async def test_jobs_grow_to_what_the_recorder_does_in_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast rows make large jobs, slow ones small jobs, within bounds."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pace = Pace()
    for _ in range(20):
        await pace.rest(pace.chunk_rows, pace.chunk_rows / 2000)
    assert pace.chunk_rows == pytest.approx(240, abs=2)
    for _ in range(20):
        await pace.rest(pace.chunk_rows, 5.0)
    assert pace.chunk_rows == statistics.SMALLEST_CHUNK_ROWS
    assert slept[-1] == 5.0
    assert not list(misfits({}))
