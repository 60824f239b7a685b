"""The wheel as somebody installs it from a file: nothing of the checkout, nothing of Home Assistant, one command."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HOUR_FILE = "datetime,value_kwh\n2026-01-01T00:00:00+00:00,0.25\n2026-01-01T01:00:00+00:00,-0.5\n"


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel in it, and a folder to work in."""

    folder: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of somebody who has nothing to do with this checkout."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WATTBRIDGE_", "PYTHON"))}
        return kept | {"HOME": str(self.home)}

    def program(self, name: str) -> str:
        """Name an installed program."""
        return str(self.folder / "bin" / name)

    def call(
        self, *arguments: str | Path, code: int = 0, credentials: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end and see that it ends as expected."""
        done = subprocess.run(  # noqa: S603 - our own program
            [self.program("aiowattbridge"), *map(str, arguments)],
            env=self.environment | dict(credentials or {}),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def python(self, code: str) -> str:
        """Run a line of Python in it."""
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [self.program("python"), "-c", code],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    @contextmanager
    def simulated(self, vendor: str, secret: str, user: str, *options: str) -> Iterator[tuple[dict[str, str], Any]]:
        """Run a simulated cloud; give what a command needs to reach it, and what it said of itself."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [self.program("aiowattbridge"), "simulate", vendor, "--json", *options],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            prefix = f"WATTBRIDGE_{vendor.upper()}"
            credentials = {
                f"{prefix}_URL": told["url"],
                f"{prefix}_{user}": told["username"],
                f"{prefix}_{secret}": told["password"],
            }
            yield credentials, told
            process.send_signal(signal.SIGINT)
            last = json.loads(process.communicate(timeout=30)[0].splitlines()[-1])
            assert last["violations"] == 0
            assert process.returncode == 0
        finally:
            process.kill()
            process.wait()


def install(folder: Path, extras: str) -> Installed:
    """Install the wheel and what it declares, in the locked versions, into an empty environment."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    uv = shutil.which("uv")
    assert uv is not None
    home = folder / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    python = os.environ.get("UV_PYTHON", "python3.14")
    interpreter = str(folder / "env" / "bin" / "python")
    lock = str(ROOT / "requirements.lock")
    for arguments in (
        ["venv", "--quiet", "--python", python, str(folder / "env")],
        ["pip", "install", "--quiet", "--python", interpreter, "--constraint", lock, f"{wheel}{extras}"],
    ):
        subprocess.run([uv, *arguments], env=environment, cwd=home, check=True, timeout=200)  # noqa: S603 - our own tool
    return Installed(folder / "env", home)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with the command line's extra."""
    return install(tmp_path_factory.mktemp("wheel"), "[cli]")


def test_nothing_else_is_there(installed: Installed) -> None:
    """Neither Home Assistant nor the checkout can be imported, and the types are announced."""
    find = "from importlib.util import find_spec; print(find_spec('homeassistant'), find_spec('pyarrow'))"
    assert installed.python(find) == "None None"
    where = Path(installed.python("import aiowattbridge; print(aiowattbridge.__file__)"))
    assert where.is_relative_to(installed.folder)
    assert (where.parent / "py.typed").is_file()


def test_without_the_extra_the_library_works_and_the_command_says_what_to_install(tmp_path: Path) -> None:
    """A library that is used by a program needs no toolkit for a shell."""
    bare = install(tmp_path, "")
    assert bare.python("import aiowattbridge.carbontrack, aiowattbridge.simulators; print('fine')") == "fine"
    assert 'pip install "aiowattbridge[cli]"' in bare.call("check", "carbontrack", code=2).stderr


def test_reads_carbontrack(installed: Installed) -> None:
    """Check, find a device, read a day of it; and Parquet names its extra."""
    with installed.simulated("carbontrack", "PASSWORD", "USERNAME", "--now", "2026-03-10") as (credentials, told):
        assert "lets you in" in installed.call("check", "carbontrack", credentials=credentials).stdout
        listed = installed.call("devices", "carbontrack", "--json", credentials=credentials).stdout
        assert json.loads(listed)["id"] == told["devices"][0]
        day = ("--from", "2026-03-08", "--to", "2026-03-09")
        installed.call("read", "carbontrack", told["devices"][0], *day, "-o", "day.csv", credentials=credentials)
        assert len((installed.home / "day.csv").read_text().splitlines()) == 289
        refused = installed.call(
            "read", "carbontrack", told["devices"][0], *day, "-o", "day.parquet", code=2, credentials=credentials
        )
        assert "aiowattbridge[parquet]" in refused.stderr


def test_fills_wattics(installed: Installed) -> None:
    """Push a file and see its last packet there."""
    rows = [f"2026-01-01 {hour:02}:00:00,{hour}.5\n" for hour in range(24)]
    (installed.home / "gas.csv").write_text("".join(rows))
    with installed.simulated("wattics", "PASSWORD", "USERNAME") as (credentials, _):
        push = ("push", "gas.csv", "--stream", "gas", "--type", "other", "--zone", "Europe/Berlin", "--json")
        assert json.loads(installed.call(*push, credentials=credentials).stdout)["accepted"] == 24
        assert json.loads(installed.call(*push, credentials=credentials).stdout)["accepted"] == 0
        last = json.loads(installed.call("last", "gas", "--json", credentials=credentials).stdout)
        assert last["values"] == {"value": 23.5}


def test_reads_voltaware(installed: Installed) -> None:
    """Find a device and see all its months; tell of the home, and read that back: a login for each is not too many."""
    with installed.simulated("voltaware", "CLIENT_SECRET", "CLIENT_ID", "--now", "2026-03-10") as (credentials, told):
        device = told["devices"][0]
        listed = installed.call("devices", "voltaware", "--json", credentials=credentials).stdout.splitlines()
        assert json.loads(listed[0])["id"] == device
        months = installed.call(
            "voltaware", "disaggregation", device, "--all", "--json", credentials=credentials
        ).stdout
        assert next(one["period"] for one in map(json.loads, months.splitlines()) if one["available"]) == "2026-02"
        (installed.home / "place.json").write_text('{"latitude": 52.5, "longitude": 13.4}')
        metadata = ("voltaware", "metadata")
        installed.call(*metadata, "set", device, "geolocation", "place.json", credentials=credentials)
        place = installed.call(*metadata, "get", device, "geolocation", credentials=credentials).stdout
        assert json.loads(place) == {"latitude": 52.5, "longitude": 13.4}


def test_fills_wattcarbon(installed: Installed) -> None:
    """Find an asset and upload its hours."""
    (installed.home / "roof.csv").write_text(HOUR_FILE)
    with installed.simulated("wattcarbon", "API_KEY", "EMAIL") as (credentials, _):
        asset = json.loads(installed.call("devices", "wattcarbon", "--json", credentials=credentials).stdout)["id"]
        uploaded = installed.call("upload", "wattcarbon", asset, "roof.csv", "--json", credentials=credentials).stdout
        assert json.loads(uploaded)["rows"] == 2
