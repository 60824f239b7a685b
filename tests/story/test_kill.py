"""A Home Assistant that is killed again and again in the middle of its work, and what is there in the end."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.killing_home import forward_through_kills, kill_while_forwarding, wait_until_stored
from demo.check import compare, compare_history, compare_months
from demo.home import Home
from demo.play import (
    STREAMS,
    History,
    add_carbontrack,
    add_voltaware,
    add_wattics,
    meter_progress,
    wait_for_history,
    wait_for_months,
    wait_for_statistics,
    wait_until,
    wait_until_delivered,
)
from demo.town import Town

HISTORY_DAYS = 500
SEED = 20_261
WATCH_S = 0.01
# What a history may take to arrive: PostgreSQL takes in half as many rows a second as SQLite.
SLOWEST_S = 300.0


async def wait_for_share(home: Home, town: Town, statistic_ids: Mapping[str, str], wanted: float) -> None:
    """Wait until so much of both histories is there, and make sure that some of it is not."""
    history = History(home.api, statistic_ids, town.begin, town.opened)
    shares: list[float] = []

    async def has_come() -> bool:
        shares.append((await history.share() + await meter_progress(home.api, town)) / 2)
        return shares[-1] >= wanted

    await wait_until(has_come, f"{wanted:.0%} of the history arrives", SLOWEST_S, poll_s=WATCH_S)
    assert shares[-1] < 1, "this kill came too late to be one in the middle of the import"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kills", "days"), [pytest.param(5, 10, id="5"), pytest.param(25, 40, id="25", marks=pytest.mark.proof)]
)
async def test_forwarding_loses_doubles_and_disorders_nothing(
    tmp_path: Path, recorder_url: str, kills: int, days: int
) -> None:
    """Each kill comes after a random number of packets, anywhere between an acceptance and its answer.

    Meanwhile every tenth request to Wattics fails in one of six ways, and WattCarbon stores files without an answer.
    """
    chance = random.Random(SEED + kills)  # noqa: S311 - a seeded moment is no secret
    async with (
        Town(days=days, packet_latency_s=0.03) as town,
        Home(tmp_path / "home", recorder_url=recorder_url) as home,
    ):
        findings, reasons = await forward_through_kills(home, town, chance, kills)
        assert reasons == []
        assert (findings.lost, findings.doubled, findings.out_of_order) == (0, 0, 0)
        assert (findings.wrong, findings.hours_wrong) == (0, 0)
        assert findings.packets >= len(STREAMS) * days * 24
        assert findings.hours >= days * 24
        assert town.wattics.log.count(fault="cut_after") > 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kills", "days"), [pytest.param(3, 10, id="3"), pytest.param(25, 40, id="25", marks=pytest.mark.proof)]
)
async def test_cursor_alone_repeats_one_packet_at_most(
    tmp_path: Path, recorder_url: str, kills: int, days: int
) -> None:
    """A cloud that does not tell its last packet leaves nothing but the cursor on disk to go by."""
    chance = random.Random(SEED - kills)  # noqa: S311 - a seeded moment is no secret
    town = Town(days=days, packet_latency_s=0.03, get_shape="unknown")
    async with town, Home(tmp_path / "home", recorder_url=recorder_url) as home:
        await home.start()
        await add_carbontrack(home.api, town, HISTORY_DAYS)
        statistic_ids = await wait_for_statistics(home.api)
        await wait_for_history(home.api, town, statistic_ids)
        await add_wattics(home.api, town, statistic_ids, start=None)
        await wait_until_stored(home.folder, entries=2, streams=len(STREAMS))
        await kill_while_forwarding(home, town, chance, kills)
        await wait_until_delivered(town)

        findings = await compare(home.api, town, STREAMS, statistic_ids, town.begin)
        assert (findings.missing, findings.wrong, findings.invented, findings.out_of_order) == (0, 0, 0, 0)
        assert findings.duplicates <= kills * len(STREAMS)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kills", "days", "meter_days"),
    [pytest.param(5, 120, 75, id="5"), pytest.param(25, 366, 366, id="25", marks=pytest.mark.proof)],
)
async def test_history_becomes_whole_through_kills(
    tmp_path: Path, recorder_url: str, kills: int, days: int, meter_days: int
) -> None:
    """Putting older history in front takes two transactions, and a kill between them must not leave a step.

    Of both kinds of history: readings that become hours, and months that are spread over them, for ten appliances.
    """
    chance = random.Random(SEED * kills)  # noqa: S311 - a seeded moment is no secret
    async with (
        Town(days=days, meter_days=meter_days) as town,
        Home(tmp_path / "home", recorder_url=recorder_url) as home,
    ):
        await home.start()
        await add_carbontrack(home.api, town, HISTORY_DAYS)
        await add_voltaware(home.api, town)
        await wait_until_stored(home.folder, entries=2)
        statistic_ids = await wait_for_statistics(home.api)
        for share in sorted(chance.uniform(0.0, 0.8) for _ in range(kills)):
            await wait_for_share(home, town, statistic_ids, share)
            await asyncio.sleep(chance.random() * 0.06)
            await home.kill()
            await home.start()

        await wait_for_history(home.api, town, statistic_ids, SLOWEST_S)
        rows, reasons = await compare_history(home.api, town, statistic_ids)
        assert reasons == []
        assert rows >= 3 * days * 24
        meter_ids = await wait_for_months(home.api, town, SLOWEST_S)
        rows, reasons = await compare_months(home.api, town, meter_ids)
        assert reasons == []
        assert len(meter_ids) > 8
        assert rows >= 8 * 24 * 28 * (len(town.meter_months()) - 2)
        assert await home.logged("ERROR", "CRITICAL") == []
