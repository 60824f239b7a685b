"""The README's example does what it says, and its commands are there."""

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from aiowattbridge.carbontrack import CarbonTrackClient
from aiowattbridge.simulators import CarbonTrackSimulator, WatticsSimulator
from aiowattbridge.wattics import WatticsClient

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# A second reading would be stamped while the test runs, if it begins just before a full interval.
READINGS_A_DAY = {287, 288, 289}


def example() -> dict[str, Any]:
    """Run the definitions of the README's one Python block."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own text
    return names


@pytest.mark.usefixtures("socket_enabled")
async def test_library_example_copies_a_day_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """A day of five-minute readings arrives, once and in order, and each is told of."""
    copy_solar = cast("Callable[[Any, Any], Awaitable[None]]", example()["copy_solar"])
    async with CarbonTrackSimulator() as source, WatticsSimulator() as sink, aiohttp.ClientSession() as session:
        await copy_solar(
            CarbonTrackClient(source.username, source.password, session=session, base_url=source.url),
            WatticsClient(sink.username, sink.password, session=session, base_url=sink.url),
        )
        report = sink.report()
    assert report["accepted"] in READINGS_A_DAY
    assert report["duplicates"] == 0
    assert report["out_of_order"] == 0
    told = capsys.readouterr().out.count("accepted ")
    assert told == report["accepted"]


def test_commands_of_the_readme_are_there_and_can_be_run() -> None:
    """The two commands a newcomer is given."""
    commands = re.findall(r"^(scripts/\w+)", README, re.MULTILINE)
    assert commands == ["scripts/demo", "scripts/test"]
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)


def test_pictures_and_pages_of_the_documentation_exist() -> None:
    """No link of the README or of the pages in docs leads nowhere."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_privacy_page_names_every_file_that_is_kept() -> None:
    """Whoever keeps something new of the user's has to say so."""
    page = (ROOT / "docs" / "privacy.md").read_text()
    sources = (ROOT / "custom_components" / "wattbridge").rglob("*.py")
    kept = {name for path in sources for name in re.findall(r'f"{DOMAIN}\.(\w+)\.{', path.read_text())}
    assert {"history", "voltaware"} <= kept
    assert {name for name in kept if f".{name}.*`" not in page} == set()
