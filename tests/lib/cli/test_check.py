"""`check`, and with it all that commands share: credentials, addresses, errors and exit codes."""

import sys
from pathlib import Path

import pytest
from cli_bench import SECRET, Shell

from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WatticsSimulator


async def test_says_what_was_reached(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """For people a sentence."""
    result = await shell("check", "carbontrack")
    assert result.code == 0
    assert f"carbonTRACK lets you in ({sun.url}, " in result.out
    assert result.err == ""


async def test_says_it_to_programs(collector: WatticsSimulator, shell: Shell) -> None:
    """For programs one document."""
    result = await shell("check", "wattics", "--json")
    assert result.code == 0
    latency_ms = result.json.pop("latency_ms")
    assert isinstance(latency_ms, int)
    assert result.json | {"latency_ms": 0} == {"vendor": "wattics", "url": collector.url, "latency_ms": 0}


async def test_refused_credentials_end_with_3(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """The user's half may be an option, the secret never."""
    result = await shell("check", "carbontrack", "--user", "nobody@sun.example")
    assert result.code == 3
    assert "refuses the credentials" in result.error


@pytest.mark.parametrize("vendor", ["carbontrack", "voltaware", "wattics", "wattcarbon"])
async def test_missing_credentials_end_with_2_and_name_the_variables(vendor: str, shell: Shell) -> None:
    """Nobody is at the terminal to be asked."""
    result = await shell("check", vendor)
    assert result.code == 2
    assert result.error.count(f"WATTBRIDGE_{vendor.upper()}_") == 2


async def test_url_of_another_host_must_be_safe(shell: Shell) -> None:
    """Credentials do not travel in the clear; and the error says where the address came from."""
    result = await shell("check", "wattics", "--url", "http://collector.example")
    assert result.code == 2
    assert result.error.startswith("--url: ")


async def test_url_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    """The variable's, not the option's."""
    monkeypatch.setenv("WATTBRIDGE_WATTICS_URL", "ftp://collector.example")
    result = await shell("check", "wattics")
    assert result.code == 2
    assert result.error.startswith("WATTBRIDGE_WATTICS_URL: ")


async def test_rate_limit_ends_with_4_and_says_how_long(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """A pause beyond the client's patience is left to the caller."""
    sun.faults.script("/oauth/token", [Fault("rate_limited", retry_after_s=3600)])
    result = await shell("check", "carbontrack")
    assert result.code == 4
    assert "Try again in 3600 s (1:00:00)" in result.error


async def test_unreachable_cloud_ends_with_4(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """Nobody listens."""
    await sun.stop()
    result = await shell("check", "carbontrack")
    assert result.code == 4
    assert "no connection" in result.error


async def test_unreadable_answer_ends_with_5(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """A page of something in between is no answer."""
    sun.faults.script("/oauth/token", ["html"])
    result = await shell("check", "carbontrack")
    assert result.code == 5
    assert "HTML" in result.error


async def test_unknown_cloud_ends_with_2(shell: Shell) -> None:
    """The choices are listed."""
    result = await shell("check", "sunshine")
    assert result.code == 2
    assert "wattcarbon" in result.err


async def test_verbose_shows_requests_and_no_secrets(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """The debug lines of the library, on stderr."""
    result = await shell("check", "carbontrack", "--verbose")
    assert "POST /oauth/token: 200" in result.err
    assert "/oauth/token" not in result.out


async def test_secret_is_asked_for_at_a_terminal(
    sun: CarbonTrackSimulator, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden, and only what the environment has not."""
    monkeypatch.delenv("WATTBRIDGE_CARBONTRACK_PASSWORD")
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return SECRET

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", answer)
    result = await shell("check", "carbontrack")
    assert result.code == 0
    assert questions == ["carbonTRACK password (not shown): "]


async def test_timeout_must_be_longer_than_nothing(shell: Shell, tmp_path: Path) -> None:
    """Bad options are named."""
    result = await shell("check", "wattics", "--timeout", "0")
    assert result.code == 2
    assert "--timeout" in result.err
