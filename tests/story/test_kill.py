"""A Home Assistant that is killed again and again in the middle of its work, and what is there in the end."""

import asyncio
import json
import random
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

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


async def wait_until_stored(folder: Path, entries: int, streams: int = 0) -> None:
    """Wait until the accounts are on disk: Home Assistant writes them a second after they were made."""
    path = folder / ".storage" / "core.config_entries"

    async def is_stored() -> bool:
        stored = json.loads(path.read_text())["data"]["entries"] if path.exists() else []
        ours = [entry for entry in stored if entry["domain"] == "wattbridge"]
        return len(ours) == entries and sum(len(entry["subentries"]) for entry in ours) == streams

    await wait_until(is_stored, "the accounts are on disk", 15)


async def wait_for_packets(town: Town, more: int) -> None:
    """Wait until the collector has accepted so many more packets."""
    wanted = town.packets + more

    async def has_come() -> bool:
        return town.packets >= wanted

    await wait_until(has_come, f"{more} more packets arrive", 60, poll_s=WATCH_S)


async def wait_for_share(home: Home, town: Town, statistic_ids: Mapping[str, str], wanted: float) -> None:
    """Wait until so much of both histories is there, and make sure that some of it is not."""
    history = History(home.api, statistic_ids, town.begin, town.opened)
    shares: list[float] = []

    async def has_come() -> bool:
        shares.append((await history.share() + await meter_progress(home.api, town)) / 2)
        return shares[-1] >= wanted

    await wait_until(has_come, f"{wanted:.0%} of the history arrives", 60, poll_s=WATCH_S)
    assert shares[-1] < 1, "this kill came too late to be one in the middle of the import"


async def kill_while_forwarding(home: Home, town: Town, chance: random.Random, kills: int) -> None:
    """Kill and restart Home Assistant again and again, each time after a random number of packets."""
    in_all = len(STREAMS) * ((town.opened - town.begin) // timedelta(hours=1))
    for _ in range(kills):
        await wait_for_packets(town, chance.randrange(1, 60))
        await asyncio.sleep(chance.random() * 0.06)
        assert town.packets < in_all, "this kill came too late to be one in the middle of forwarding"
        await home.kill()
        await home.start()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kills", "days"), [pytest.param(5, 15, id="5"), pytest.param(25, 40, id="25", marks=pytest.mark.proof)]
)
async def test_forwarding_loses_doubles_and_disorders_nothing(tmp_path: Path, kills: int, days: int) -> None:
    """Each kill comes after a random number of packets, anywhere between an acceptance and its answer."""
    chance = random.Random(SEED + kills)  # noqa: S311 - a seeded moment is no secret
    async with Town(days=days, packet_latency_s=0.03) as town, Home(tmp_path / "home") as home:
        await home.start()
        await add_carbontrack(home.api, town, HISTORY_DAYS)
        statistic_ids = await wait_for_statistics(home.api)
        await wait_for_history(home.api, town, statistic_ids)
        await add_wattics(home.api, town, statistic_ids, start=None)
        await wait_until_stored(home.folder, entries=2, streams=len(STREAMS))

        await kill_while_forwarding(home, town, chance, kills)
        await wait_until_delivered(town)
        findings = await compare(home.api, town, STREAMS, statistic_ids, town.begin)
        assert findings.reasons == []
        assert (findings.missing, findings.duplicates, findings.out_of_order) == (0, 0, 0)
        assert findings.accepted >= len(STREAMS) * days * 24
        assert await home.logged("ERROR", "CRITICAL") == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("kills", "days"), [pytest.param(3, 10, id="3"), pytest.param(25, 40, id="25", marks=pytest.mark.proof)]
)
async def test_cursor_alone_repeats_one_packet_at_most(tmp_path: Path, kills: int, days: int) -> None:
    """A cloud that does not tell its last packet leaves nothing but the cursor on disk to go by."""
    chance = random.Random(SEED - kills)  # noqa: S311 - a seeded moment is no secret
    town = Town(days=days, packet_latency_s=0.03, get_shape="unknown")
    async with town, Home(tmp_path / "home") as home:
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
async def test_history_becomes_whole_through_kills(tmp_path: Path, kills: int, days: int, meter_days: int) -> None:
    """Putting older history in front takes two transactions, and a kill between them must not leave a step.

    Of both kinds of history: readings that become hours, and months that are spread over them, for ten appliances.
    """
    chance = random.Random(SEED * kills)  # noqa: S311 - a seeded moment is no secret
    async with Town(days=days, meter_days=meter_days) as town, Home(tmp_path / "home") as home:
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

        await wait_for_history(home.api, town, statistic_ids)
        rows, reasons = await compare_history(home.api, town, statistic_ids)
        assert reasons == []
        assert rows >= 3 * days * 24
        meter_ids = await wait_for_months(home.api, town)
        rows, reasons = await compare_months(home.api, town, meter_ids)
        assert reasons == []
        assert len(meter_ids) > 8
        assert rows >= 8 * 24 * 28 * (len(town.meter_months()) - 2)
        assert await home.logged("ERROR", "CRITICAL") == []
