"""The simulators run alone: one command, an address, and a polite end."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from aiowattbridge.simulators.__main__ import main

LIB = Path(__file__).parents[3] / "lib"


@pytest.mark.parametrize("vendor", ["carbontrack", "wattics"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_runs_until_told_to_stop(vendor: str, number: signal.Signals, http: aiohttp.ClientSession) -> None:
    """Print address, user name and password, serve, and end with 0."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "aiowattbridge.simulators", vendor, "--seed", "3", "--fault", "server_error=1"),
        env=os.environ | {"PYTHONPATH": str(LIB)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        told = dict([(await process.stdout.readline()).decode().split(maxsplit=1) for _ in range(3)])
        assert sorted(told) == ["password", "url", "username"]
        async with http.get(told["url"].strip()) as answer:
            assert answer.status == 500
        process.send_signal(number)
        rest = await process.stdout.read()
        assert await process.wait() == 0
    assert rest.decode() == "1 requests: 500 x 1; 0 violations\n"


@pytest.mark.parametrize("wrong", ["html", "html=2", "nonsense=0.1", "duplicate_page=0.1"])
def test_complains_of_wrong_faults(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Explain what is wrong instead of failing with a trace."""
    with pytest.raises(SystemExit):
        main(["wattics", "--fault", wrong])
    assert "error:" in capsys.readouterr().err
