"""The benchmark's lines, and that it still runs: a tiny run, whose figures mean nothing."""

import json

import aiohttp
import pytest

from benchmarks import sending
from benchmarks.collector import collector
from benchmarks.report import Result, judged, of_pairs

KEYS = {"name", "value", "target", "better", "ok", "unit", "pairs", "spread"}


@pytest.mark.usefixtures("socket_enabled")
async def test_quick_run_of_sending_tells_every_figure() -> None:
    """Every bar has its line with all that is needed to judge it."""
    results: list[Result] = []
    await sending.run(results.append, quick=True)
    lines = [json.loads(result.line()) for result in results]
    assert [line["name"] for line in lines] == [
        "sender_packets_per_s_vs_bare_aiohttp_1_streams",
        "sender_packets_per_s_vs_bare_aiohttp_8_streams",
        "sender_packets_per_s_vs_bare_aiohttp_64_streams",
        "sender_cpu_vs_plain_aiohttp_8_streams",
        "sender_cpu_vs_requests_8_streams",
        "sender_cpu_vs_plain_aiohttp_64_streams",
        "sender_cpu_vs_requests_64_streams",
    ]
    assert all(line.keys() >= KEYS for line in lines)
    assert all(0 < line["share_of_theory"] < 1 for line in lines if "packets_per_s" in line["name"])


@pytest.mark.parametrize(
    ("value", "better", "ok"),
    [(0.95, "higher", True), (0.94, "higher", False), (0.95, "lower", True), (1, "lower", False)],
)
def test_bar_is_met_by_the_same_value(value: float, better: str, *, ok: bool) -> None:
    """A value on the bar passes it, one on its wrong side does not."""
    assert judged("name", value, 0.95, better).ok is ok  # type: ignore[arg-type]  # one of the two


def test_pairs_are_judged_by_their_median() -> None:
    """One odd pair moves the spread, not the value."""
    line = json.loads(of_pairs("name", [0.5, 0.5, 9.0], 0.7, "lower", note="x").line())
    assert (line["value"], line["spread"], line["pairs"], line["ok"], line["note"]) == (0.5, 8.5, 3, True, "x")


@pytest.mark.usefixtures("socket_enabled")
async def test_collector_notices_what_is_lost_or_out_of_order() -> None:
    """A contestant that loses a packet or sends an older one is not measured but refused."""
    async with collector() as server, aiohttp.ClientSession() as session:
        for minute in (1, 3, 2):
            line = f'{{"id": "a", "tsISO8601": "2026-01-31T12:0{minute}:00.000+01:00", "value": 1}}'
            async with session.post(server.base_url + "/", data=line):
                pass
        with pytest.raises(RuntimeError, match="'packets': 3, 'out_of_order': 1"):
            await server.check(3)
        await server.check(0)
