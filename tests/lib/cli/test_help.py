"""The help: every command explains itself, and needs no wide terminal for it."""

import pytest
from cli_bench import Shell

COMMANDS = (
    (),
    ("check",),
    ("devices",),
    ("read",),
    ("read", "carbontrack"),
    ("push",),
    ("upload",),
    ("upload", "wattcarbon"),
    ("last",),
    ("voltaware",),
    ("voltaware", "disaggregation"),
    ("voltaware", "metadata"),
    ("voltaware", "metadata", "get"),
    ("voltaware", "metadata", "set"),
    ("simulate",),
    ("simulate", "carbontrack"),
    ("simulate", "voltaware"),
    ("simulate", "wattcarbon"),
    ("simulate", "wattics"),
)
GROUPS = {(), ("read",), ("upload",), ("voltaware",), ("voltaware", "metadata"), ("simulate",)}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_command_explains_itself_in_80_columns(command: tuple[str, ...], shell: Shell) -> None:
    """A sentence for every option, and no line that would be wrapped."""
    result = await shell(*command, "--help")
    assert result.code == 0
    lines = result.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line.count("--") == 1 and line.rstrip(" │").endswith("--") for line in lines)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in GROUPS], ids=" ".join)
async def test_command_shows_an_example_that_names_it(command: tuple[str, ...], shell: Shell) -> None:
    """And commands that talk to a cloud name the variables of its credentials."""
    result = await shell(*command, "--help")
    assert f"$ aiowattbridge {' '.join(command)} " in result.out
    assert ("WATTBRIDGE_" in result.out) is (command[0] != "simulate")
    assert "--json" in result.out


@pytest.mark.parametrize("command", sorted(GROUPS - {()}), ids=" ".join)
async def test_group_alone_lists_its_commands(command: tuple[str, ...], shell: Shell) -> None:
    """A newcomer who forgot the rest is told what there is."""
    result = await shell(*command)
    assert result.code == 2
    assert "Commands" in result.out + result.err


async def test_exit_codes_are_explained(shell: Shell) -> None:
    """All of them, in the first help that anybody reads."""
    result = await shell("--help")
    explained = result.out.partition("Exit codes")[2].split()
    assert {"0", "1", "2", "3", "4", "5", "130"} <= set(explained)


async def test_version_is_told(shell: Shell) -> None:
    """The library's."""
    result = await shell("--version")
    assert result.out.startswith("aiowattbridge 0.")
