"""`last`: the newest packet of streams."""

from pathlib import Path

from cli_bench import Shell, write_rows

from aiowattbridge.simulators import WatticsSimulator


async def test_shows_the_newest_packet_of_each_stream(
    collector: WatticsSimulator, shell: Shell, tmp_path: Path
) -> None:
    """And a dash for a stream that the cloud says nothing of."""
    file = write_rows(tmp_path / "gas.csv", 5)
    await shell("push", file, "--stream", "gas", "--type", "other", "--zone", "UTC")
    shown = await shell("last", "gas", "water")
    assert shown.code == 0
    assert "2026-02-01 01:00:00+00:00" in shown.out
    assert "value=4.5" in shown.out
    result = await shell("last", "gas", "water", "--json")
    assert result.documents == [
        {"stream": "gas", "time": "2026-02-01T01:00:00+00:00", "values": {"value": 4.5}},
        {"stream": "water", "time": None, "values": {}},
    ]


async def test_what_could_move_the_cursor_does_not_reach_the_terminal(
    collector: WatticsSimulator, shell: Shell
) -> None:
    """Ids and texts come from clouds, files and other people's shells."""
    result = await shell("last", "gas\x1b[2J")
    assert "gas [2J" in result.out
    assert "\x1b" not in result.out
