"""A whole Home Assistant that is killed again and again while it forwards, and what the clouds have in the end.

The demo's Home Assistant and its clouds play this; the story of the kills in the tests is a short run of it.
"""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from aiowattbridge.simulators import Fault
from demo.check import compare, compare_asset
from demo.home import Home
from demo.play import (
    STREAMS,
    add_carbontrack,
    add_wattcarbon,
    add_wattics,
    is_roof_delivered,
    wait_for_history,
    wait_for_statistics,
    wait_until,
)
from demo.town import Town

from .kill_findings import FAULTS, Findings
from .report import Emit, judged, rounded, say

_SEED: Final = 20_262
_HISTORY_DAYS: Final = 500
_WATCH_S: Final = 0.01
# The packets of a month, with a fault in every tenth; and PostgreSQL takes rows in more slowly than SQLite.
_SLOWEST_S: Final = 600.0
_MOST_PACKETS: Final = 60
_PACKET_LATENCY_S: Final = 0.03
_KILLS_A_ROUND: Final = 25
_DAYS: Final = 40
_KILLS: Final = 100
_QUICK_KILLS: Final = 2
_QUICK_DAYS: Final = 5


async def wait_until_stored(folder: Path, entries: int, streams: int = 0) -> None:
    """Wait until the accounts are on disk: Home Assistant writes them a second after they were made."""
    path = folder / ".storage" / "core.config_entries"

    async def is_stored() -> bool:
        stored = json.loads(path.read_text())["data"]["entries"] if path.exists() else []
        ours = [entry for entry in stored if entry["domain"] == "wattbridge"]
        return len(ours) == entries and sum(len(entry["subentries"]) for entry in ours) == streams

    await wait_until(is_stored, "the accounts are on disk", 15)


async def _wait_for_packets(town: Town, more: int) -> None:
    """Wait until the collector has accepted so many more packets."""
    wanted = town.packets + more

    async def has_come() -> bool:
        return town.packets >= wanted

    await wait_until(has_come, f"{more} more packets arrive", 60, poll_s=_WATCH_S)


async def kill_while_forwarding(home: Home, town: Town, chance: Random, kills: int) -> None:
    """Kill and restart Home Assistant again and again, each time after a random number of packets."""
    in_all = len(STREAMS) * ((town.opened - town.begin) // timedelta(hours=1))
    for _ in range(kills):
        await _wait_for_packets(town, chance.randrange(1, _MOST_PACKETS))
        await asyncio.sleep(chance.random() * 0.06)
        if town.packets >= in_all:
            raise RuntimeError("this kill came too late to be one in the middle of forwarding")
        await home.kill()
        await home.start()


def _begin_bad_day(town: Town, chance: Random, kills: int) -> None:
    """Let the clouds that are sent to fail from now on: of WattCarbon's one file the answer is lost in every life."""
    town.wattics.faults.profile(chance.randrange(_SEED), FAULTS, path="/measurements/v2/unifiedjson/")
    town.wattcarbon.faults.script(f"/assets/{town.roof_id}/timeseries", [Fault("cut_after")] * kills)


async def _wait_until_all_is_there(home: Home, town: Town) -> None:
    """Wait until both clouds have everything, and until nobody sends any of it again."""

    async def is_settled() -> bool:
        # Home Assistant drops whoever does not listen for a minute.
        await home.api.command("get_config")
        delivered = all(town.newest(stream.stream_id) >= town.opened for stream in STREAMS)
        return delivered and is_roof_delivered(town) and not town.wattcarbon.faults.pending

    await wait_until(is_settled, "both clouds have everything", _SLOWEST_S)


async def forward_through_kills(home: Home, town: Town, chance: Random, kills: int) -> tuple[Findings, list[str]]:
    """Forward a history while Home Assistant is killed so often; returns what was found, and what is wrong in words."""
    await home.start()
    await add_carbontrack(home.api, town, _HISTORY_DAYS)
    statistic_ids = await wait_for_statistics(home.api)
    await wait_for_history(home.api, town, statistic_ids, _SLOWEST_S)
    await add_wattics(home.api, town, statistic_ids, start=None)
    _begin_bad_day(town, chance, kills)
    await add_wattcarbon(home.api, town, statistic_ids)
    await wait_until_stored(home.folder, entries=3, streams=len(STREAMS) + 1)
    await kill_while_forwarding(home, town, chance, kills)
    await _wait_until_all_is_there(home, town)

    seen = await compare(home.api, town, STREAMS, statistic_ids, town.begin)
    hours, wrong_hours, _ = await compare_asset(home.api, town, town.roof_id, statistic_ids["generation"])
    reasons = [*seen.reasons, *await home.logged("ERROR", "CRITICAL")]
    reasons += [f"{violation.kind} at WattCarbon" for violation in town.wattcarbon.log.violations]
    findings = Findings(
        kills=kills,
        kills_amid_uploads=kills,
        packets=seen.accepted,
        hours=hours,
        lost=seen.missing,
        wrong=seen.wrong + seen.invented,
        doubled=seen.duplicates,
        out_of_order=seen.out_of_order,
        hours_wrong=wrong_hours,
        violations=len(town.wattics.log.violations) + len(town.wattcarbon.log.violations),
        cookie_breaks=town.cookie_breaks,
    )
    return findings, reasons


async def run(emit: Emit, *, quick: bool, kills: int = 10 * _KILLS) -> None:
    """Kill the whole, a tenth as often as the engine alone; `quick` is for seeing that it works."""
    kills, days = (_QUICK_KILLS, _QUICK_DAYS) if quick else (max(1, kills // 10), _DAYS)
    chance, total = Random(_SEED + kills), Findings()  # noqa: S311 - a seeded moment is no secret
    reasons: list[str] = []
    started_s = time.perf_counter()
    while total.kills < kills:
        wanted = min(_KILLS_A_ROUND, kills - total.kills)
        with TemporaryDirectory() as folder:
            town = Town(days=days, packet_latency_s=_PACKET_LATENCY_S)
            async with town, Home(Path(folder) / "home") as home:
                findings, wrong = await forward_through_kills(home, town, chance, wanted)
        total += findings
        reasons += wrong
        say(f"  {total.kills} kills after {time.perf_counter() - started_s:.0f} s: {total.line()}")
    total.emit(emit, "home_assistant", elapsed_s=rounded(time.perf_counter() - started_s))
    for reason in reasons:
        say(f"  {reason}")
    emit(judged("kills_of_home_assistant_complaints", len(reasons), 0, "lower"))
