"""The benchmark's lines, and that it still runs: a tiny run, whose figures mean nothing."""

import json
import logging

import aiohttp
import pytest

from benchmarks import filling, forwarding, importing, killing, neighbours, sending, standing
from benchmarks.collector import collector
from benchmarks.report import Result, judged, of_pairs

# The plugin has every SQL statement logged, which takes longer than most of them.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

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


async def test_quick_run_of_importing_tells_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our import beside Home Assistant's own; a second run writes nothing, however small the run is."""
    monkeypatch.setattr(importing, "_QUICK_HOURS", 48)
    monkeypatch.setattr(importing, "_QUICK_PAIRS", 1)
    results: list[Result] = []
    await importing.run(results.append, quick=True)
    lines = {line["name"]: line for line in (json.loads(result.line()) for result in results)}
    assert list(lines) == [
        "import_rows_per_busy_s_vs_home_assistants_own",
        "import_time_vs_home_assistants_own",
        "second_run_rows_per_s_vs_blind_import",
        "second_run_rows_written",
    ]
    assert all(line.keys() >= KEYS for name, line in lines.items() if name != "second_run_rows_written")
    assert lines["second_run_rows_written"] == {
        "name": "second_run_rows_written",
        "value": 0,
        "target": 0,
        "better": "lower",
        "ok": True,
        "unit": "rows",
    }
    assert lines["import_rows_per_busy_s_vs_home_assistants_own"]["rows_per_busy_s"] > 0


@pytest.mark.usefixtures("socket_enabled")
async def test_quick_run_of_filling_tells_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every account's history is read back, and somebody watched meanwhile."""
    for name, value in {"_QUICK_DAYS": 2, "_RECENT_DAYS": 1, "_QUICK_CONTROL_S": 0.2, "_QUICK_EVENT_DAYS": 36}.items():
        monkeypatch.setattr(filling, name, value)
    results: list[Result] = []
    await filling.run(results.append, quick=True)
    lines = {line["name"]: line for line in (json.loads(result.line()) for result in results)}
    noticed = ("recorder_stall_p99_ms", "longest_step_of_ours_ms", "loop_lag_p99_ms")
    assert list(lines) == [
        "carbontrack_30_days_of_5_series_visible_s",
        *(f"carbontrack_{name}" for name in noticed),
        "carbontrack_30_days_of_2_devices_visible_s",
        "carbontrack_days_of_one_device_before_30_of_both",
        "voltaware_latest_month_visible_s",
        *(f"voltaware_{name}" for name in noticed),
    ]
    assert lines["carbontrack_30_days_of_5_series_visible_s"]["rows"] >= 5 * 47
    assert lines["carbontrack_longest_step_of_ours_ms"]["steps"] > 10
    assert lines["voltaware_latest_month_visible_s"]["series"] > 3


@pytest.mark.usefixtures("socket_enabled")
async def test_quick_run_of_forwarding_tells_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine beside the bare sender, the loop, the memory, and the neighbours of an outage."""
    for name, value in {
        "_QUICK_STREAMS": 2,
        "_QUICK_ROWS": 20,
        "_QUICK_CONTROL_S": 0.1,
        "_QUICK_TRACED_S": 0.3,
    }.items():
        monkeypatch.setattr(standing, name, value)
    monkeypatch.setattr(forwarding, "_STREAMS", (1, 3))
    monkeypatch.setattr(forwarding, "_QUICK_ROWS", {1: (10, 3), 3: (4, 2)})
    results: list[Result] = []
    for module in (forwarding, standing, neighbours):
        await module.run(results.append, quick=True)
    lines = {line["name"]: line for line in (json.loads(result.line()) for result in results)}
    rates = [f"forward_rows_per_s_vs_bare_sender_{count}_streams_{ms}_ms" for ms in (0, 20) for count in (1, 3)]
    assert list(lines) == [
        *rates,
        "forward_longest_step_of_ours_ms",
        "forward_loop_lag_p99_ms",
        "forward_backlog_resident_growth_mb",
        "forward_backlog_held_by_us_mb",
        "forward_gap_p95_beside_an_outage_vs_alone",
    ]
    assert all(lines[name].keys() >= KEYS for name in rates)
    assert lines["forward_longest_step_of_ours_ms"]["steps"] > 10
    assert lines["forward_backlog_held_by_us_mb"]["value"] > 0


@pytest.mark.usefixtures("socket_enabled")
async def test_quick_run_of_kills_finds_nothing_wrong() -> None:
    """Five lives of the engine alone are ended by SIGKILL, three of them with a cloud that tells its last packet."""
    results: list[Result] = []
    await killing.run(results.append, quick=True)
    lines = {line["name"]: line for line in (json.loads(result.line()) for result in results)}
    for what in ("lost", "wrong", "doubled", "out_of_order", "wattcarbon_hours_wrong"):
        line = lines[f"kills_of_engine_{what}"]
        assert (line["value"], line["kills"], line["ok"]) == (0, 5, True)
        assert line["packets"] == 2 * 3 * 250
    assert lines["kills_of_engine_repeated_where_the_last_packet_cannot_be_read"]["ok"]


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
