"""Imports go one way: the house rules of the layout, held by reading every import of the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "lib" / "aiowattbridge"
COMPONENT = ROOT / "custom_components" / "wattbridge"
VENDORS = {"carbontrack", "voltaware", "wattcarbon", "wattics"}
PLATFORMS = ("sensor", "entity", "calendar", "event", "diagnostics", "repairs")
"""What the modules that show something are called, or what their names end with: `stream_sensor`."""

LONGEST_MODULE = 300


def modules(folder: Path) -> list[Path]:
    """List the Python files of a folder, not following the link to the library."""
    return sorted(path for path in folder.rglob("*.py") if "aiowattbridge" not in path.relative_to(folder).parts)


def imports(path: Path) -> Iterator[str]:
    """Name every module imported, the relative ones with as many leading dots as they are written with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            yield prefix if node.module else ""
            yield from (f"{prefix}{'.' if node.module else ''}{alias.name}" for alias in node.names)


LIBRARY_MODULES = modules(LIBRARY)
COMPONENT_MODULES = modules(COMPONENT)
# The one part of the library that may know all others, and that none of them may know.
COMMAND_LINE = {path for path in LIBRARY_MODULES if path.relative_to(LIBRARY).parts[0] in ("cli", "__main__.py")}


def name(path: Path) -> str:
    """Name a module in a test's id."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", LIBRARY_MODULES, ids=name)
def test_library_knows_neither_home_assistant_nor_its_own_name(path: Path) -> None:
    """Inside the integration it has another name, so it imports itself relatively."""
    for module in imports(path):
        assert not module.startswith(("homeassistant", "custom_components", "voluptuous", "aiowattbridge"))


@pytest.mark.parametrize("path", LIBRARY_MODULES, ids=name)
def test_vendor_knows_no_other_vendor_and_the_kernel_none(path: Path) -> None:
    """A vendor can be taken out by deleting its folder."""
    own = path.relative_to(LIBRARY).parts[0]
    if own == "simulators" or path == LIBRARY / "__init__.py" or path in COMMAND_LINE:
        return
    for module in imports(path):
        named = set(module.strip(".").split(".")) & VENDORS if module.startswith(".") else set()
        assert named <= ({own} if own in VENDORS else set()), module


@pytest.mark.parametrize("path", [p for p in LIBRARY_MODULES if "simulators" in p.parts], ids=name)
def test_simulator_shares_nothing_with_the_clients(path: Path) -> None:
    """A simulator made of the client's models would prove nothing."""
    assert not any(module.startswith("..") for module in imports(path))


@pytest.mark.parametrize(
    "path", [p for p in LIBRARY_MODULES if "simulators" not in p.parts and p not in COMMAND_LINE], ids=name
)
def test_client_knows_no_simulator(path: Path) -> None:
    """The release has no simulators in it."""
    assert not any("simulators" in module for module in imports(path))


@pytest.mark.parametrize("path", [p for p in [*LIBRARY_MODULES, *COMPONENT_MODULES] if p not in COMMAND_LINE], ids=name)
def test_nothing_knows_the_command_line_or_its_toolkit(path: Path) -> None:
    """The release has no command line in it, and a library asks for no toolkit."""
    for module in imports(path):
        first, *rest = module.lstrip(".").split(".")
        assert first not in ("typer", "rich", "click", "pyarrow"), module
        assert not module.startswith(".") or not {"cli", "__main__"} & {first, *rest}, module


@pytest.mark.parametrize("path", COMPONENT_MODULES, ids=name)
def test_integration_imports_relatively(path: Path) -> None:
    """There must be one import path of the library in a process."""
    assert not any(module.startswith(("aiowattbridge", "custom_components")) for module in imports(path))


@pytest.mark.parametrize("path", [p for p in COMPONENT_MODULES if p.stem.endswith(PLATFORMS)], ids=name)
def test_platform_knows_no_protocol(path: Path) -> None:
    """Entities show facts; how a cloud is asked is none of their business."""
    assert not any("aiowattbridge" in module for module in imports(path))


@pytest.mark.parametrize("path", [*LIBRARY_MODULES, *COMPONENT_MODULES], ids=name)
def test_module_is_short_enough_to_be_read_at_once(path: Path) -> None:
    """Tables may be longer; there is none yet that needs it."""
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE
