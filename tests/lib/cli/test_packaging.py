"""The command line is in the wheel's extra, and not in the release."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aiowattbridge import __main__ as front_door

ROOT = Path(__file__).parents[3]


def test_release_holds_neither_command_line_nor_simulators(tmp_path: Path) -> None:
    """Home Assistant needs none of them."""
    archive = tmp_path / "wattbridge.zip"
    packer = ROOT / "scripts" / "make_zip.py"
    component = ROOT / "custom_components" / "wattbridge"
    subprocess.run([sys.executable, packer, component, archive], check=True, timeout=60)  # noqa: S603 - our own script
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        sources = {name: opened.read(name) for name in names if name.endswith(".py")}
    assert "aiowattbridge/transport.py" in names
    assert not [name for name in names if "cli" in Path(name).parts or Path(name).name == "__main__.py"]
    assert not [name for name in names if "simulators" in Path(name).parts]
    assert not [name for name, source in sources.items() if b"import typer" in source or b"import rich" in source]


def test_command_line_without_its_toolkit_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and the code for a usage that cannot be."""
    monkeypatch.setattr(front_door, "find_spec", lambda name: None if name == "typer" else name)
    assert front_door.main() == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ['error: the command line needs its extra packages: pip install "aiowattbridge[cli]"']
