"""One series and the real recorder: what is written is read back, and what does not fit is put right."""

import asyncio
from datetime import UTC, datetime
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_list_statistic_ids,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant

from custom_components.wattbridge import pace as pacing
from custom_components.wattbridge import statistics
from custom_components.wattbridge.pace import Pace
from custom_components.wattbridge.rows import Row
from custom_components.wattbridge.statistics import SeriesWriter, WriteLostError, Written, async_clear

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


@pytest.fixture
def adjusted(writer: SeriesWriter, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """By how much later sums were shifted (kWh)."""
    shifts: list[float] = []
    original = writer._adjust

    def counting(from_s: int, by_kwh: float) -> None:
        shifts.append(by_kwh)
        original(from_s, by_kwh)

    monkeypatch.setattr(writer, "_adjust", counting)
    return shifts


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
    hass: HomeAssistant, writer: SeriesWriter, imported: list[int], adjusted: list[float], monkeypatch: Any
) -> None:
    """Group by group, each in jobs of the pace's size and followed by one shift of all later sums."""
    monkeypatch.setattr(statistics, "GROUP_ROWS", 20)
    writer._pace.chunk_rows = 10
    await writer.async_write(hours(100, [1.0] * 5))
    await writer.async_write(hours(50, [2.0] * 20 + [3.0] * 5))
    rows = await read(hass)
    assert [state for state, _ in rows] == [2.0] * 20 + [3.0] * 5 + [1.0] * 5
    assert rows[-1][1] == 60
    assert imported[:3] == [5, 5, 10]
    assert sum(imported) == 30
    assert adjusted == [pytest.approx(15), pytest.approx(40)]


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


async def test_revisions_far_apart_are_not_written_through(
    hass: HomeAssistant, writer: SeriesWriter, imported: list[int]
) -> None:
    """Two rows and two shifts, whatever lies between; near ones are written in one job."""
    await writer.async_write(hours(0, [1.0] * 60))
    imported.clear()
    written = await writer.async_write({**hours(0, [1.0] * 60), **hours(10, [2.0]), **hours(50, [3.0])})
    assert written == Written(changed=2, same=58, rows=2)
    assert imported == [1, 1]
    rows = await read(hass)
    assert [rows[number][1] for number in (9, 10, 11, 49, 50, 59)] == [10, 12, 13, 51, 54, 63]
    assert (await writer.async_write({**hours(20, [4.0]), **hours(22, [4.0])})).rows == 3
    assert (await read(hass))[-1][1] == 69


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

    def lose(rows: dict[int, Row]) -> None:
        monkeypatch.setattr(writer, "_import", original)

    monkeypatch.setattr(writer, "_import", lose)
    with pytest.raises(WriteLostError):
        await writer.async_write(hours(0, [1, 2]))
    assert await read(hass) == []
    await writer.async_write(hours(0, [1, 2]))
    assert await read(hass) == [(1, 1), (2, 3)]


async def test_stop_between_two_jobs_leaves_sums_that_fit(
    hass: HomeAssistant, writer: SeriesWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the older hours are there, and what is newer follows from them."""
    writer._pace.chunk_rows = 10
    await writer.async_write(hours(100, [1.0] * 5))
    begun = asyncio.Event()

    async def rest(seconds: float) -> None:
        if writer._pace.chunk_rows != 10:
            begun.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(pacing, "asyncio", SimpleNamespace(sleep=rest))
    older = asyncio.create_task(writer.async_write(hours(0, [2.0] * 60)))
    await begun.wait()
    older.cancel()
    with pytest.raises(asyncio.CancelledError):
        await older
    rows = await read(hass)
    assert len(rows) == 15
    assert [total for _, total in rows] == [2.0 * n for n in range(1, 11)] + [20.0 + n for n in range(1, 6)]


async def test_series_gets_the_name_of_today(hass: HomeAssistant, writer: SeriesWriter) -> None:
    """The language was changed, and no row is news."""
    await writer.async_write(hours(0, [1]))
    renamed = SeriesWriter(hass, SERIES, "Dach, Verbrauch", Pace())
    await renamed.async_mend()
    (listed,) = await async_list_statistic_ids(hass, {SERIES})
    assert listed["name"] == "Dach, Verbrauch"
    assert await read(hass) == [(1, 1)]


async def test_cleared_series_is_gone_and_can_be_written_again(hass: HomeAssistant, writer: SeriesWriter) -> None:
    """With its rows and its metadata; the neighbour's stay."""
    other = SeriesWriter(hass, "wattbridge:carbontrack_2_usage", "Other", Pace())
    await writer.async_write(hours(0, [1, 2]))
    await other.async_write(hours(0, [3]))
    await async_clear(hass, [SERIES])
    assert [row["statistic_id"] for row in await async_list_statistic_ids(hass)] == [other.statistic_id]
    assert await read(hass) == []
    assert await writer.async_write(hours(1, [5])) == Written(new=1, rows=1)
    assert await read(hass) == [(5, 5)]


async def test_clearing_that_the_recorder_drops_is_noticed(
    hass: HomeAssistant, writer: SeriesWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is believed gone that is still there."""
    await writer.async_write(hours(0, [1]))
    monkeypatch.setattr(get_instance(hass), "async_clear_statistics", lambda _: None)
    with pytest.raises(WriteLostError, match=SERIES):
        await async_clear(hass, [SERIES])


async def test_jobs_grow_to_what_the_recorder_does_in_the_time_allowed() -> None:
    """Fast rows make large jobs by and by, slow ones small jobs at once, within bounds."""
    pace = Pace()
    for _ in range(20):
        pace.learn(pace.chunk_rows, pace.chunk_rows / 2000)
    assert pace.chunk_rows == pytest.approx(240, abs=4)
    pace.learn(100, 0.24)
    assert pace.chunk_rows == 50
    for _ in range(3):
        pace.learn(pace.chunk_rows, 5.0)
    assert pace.chunk_rows == pacing.SMALLEST_CHUNK_ROWS


async def test_recorder_rests_as_long_as_it_worked_whoever_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done meanwhile counts, and two who share a pace do not work at once."""
    pace, begun_s = Pace(), [monotonic()]
    pace.learn(1, 0.08)

    async def work() -> None:
        async with pace.turn():
            begun_s.append(monotonic())
            await asyncio.sleep(0.02)
            pace.learn(1, 0.02)

    await asyncio.sleep(0.04)
    await asyncio.gather(work(), work())
    first_s, second_s = begun_s[1] - begun_s[0], begun_s[2] - begun_s[1]
    assert first_s == pytest.approx(0.08, abs=0.02)
    assert second_s >= 0.04
