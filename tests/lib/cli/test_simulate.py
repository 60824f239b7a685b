"""`simulate`: one command, an address, and a polite end."""

import asyncio
import json
import os
import shlex
import signal

import aiohttp
import pytest
from cli_bench import Child, Shell


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_runs_until_told_to_stop(number: signal.Signals, start: Child, session: aiohttp.ClientSession) -> None:
    """Print what another shell needs, serve, say how it went, and end with 0."""
    process = await start("simulate", "wattics", "--seed", "3", "--fault", "server_error=1")
    assert process.stdout is not None
    async with asyncio.timeout(30):
        lines = [shlex.split((await process.stdout.readline()).decode()) for _ in range(3)]
        told = dict(line[1].split("=", 1) for line in lines if line[0] == "export")
        assert sorted(told) == ["WATTBRIDGE_WATTICS_PASSWORD", "WATTBRIDGE_WATTICS_URL", "WATTBRIDGE_WATTICS_USERNAME"]
        async with session.get(told["WATTBRIDGE_WATTICS_URL"]) as answer:
            assert answer.status == 500
        process.send_signal(number)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert err.decode().splitlines()[-1] == "1 requests: 500 x 1; 0 violations"


async def test_introduces_itself_to_programs(start: Child, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of JSON with the way in, and one in the end with how it went; the data are of the time it is told."""
    process = await start(
        "simulate", "carbontrack", "--json", "--devices", "2", "--interval", "900", "--now", "2026-03-01"
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        told = json.loads(await process.stdout.readline())
    assert len(told["devices"]) == 2
    monkeypatch.setenv("WATTBRIDGE_CARBONTRACK_PASSWORD", told["password"])
    address = ("--url", told["url"], "--user", told["username"])
    times = ("--from", "2026-02-28T00:00", "--to", "2026-03-05")
    result = await shell("read", "carbontrack", told["devices"][1], *times, *address, "--json")
    assert result.code == 0
    assert [one["recorded_at"] for one in result.documents[:2]] == [
        "2026-02-28T00:15:00+00:00",
        "2026-02-28T00:30:00+00:00",
    ]
    assert result.documents[-1]["recorded_at"] == "2026-03-01T00:00:00+00:00"
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert json.loads(out) == {"requests": 2, "statuses": {"200": 2}, "violations": 0}


@pytest.mark.parametrize("wrong", ["html", "html=2", "nonsense=0.1", "duplicate_page=0.1"])
async def test_complains_of_wrong_faults(wrong: str, shell: Shell) -> None:
    """Explain what is wrong instead of failing with a trace."""
    result = await shell("simulate", "wattics", "--fault", wrong)
    assert result.code == 2
    assert result.error.startswith("--fault: ")


async def test_complains_of_an_interval_that_does_not_divide_a_day(shell: Shell) -> None:
    """The simulator's own words are good enough."""
    result = await shell("simulate", "carbontrack", "--interval", "7")
    assert result.code == 2
    assert "interval" in result.error


async def test_complains_of_a_port_that_is_taken(start: Child, shell: Shell) -> None:
    """By another process, for instance."""
    process = await start("simulate", "wattics", "--json")
    assert process.stdout is not None
    async with asyncio.timeout(30):
        told = json.loads(await process.stdout.readline())
    result = await shell("simulate", "wattics", "--port", told["url"].rpartition(":")[2])
    assert result.code == 2
    assert os.strerror(98) in result.error
