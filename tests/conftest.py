"""Options that all test folders share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ours to pytest's options."""
    parser.addoption("--proof", action="store_true", help="also run the long proofs")
    parser.addoption(
        "--pictures", metavar="FOLDER", help="write the browser test's pictures for the documentation there"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the proofs out unless they are asked for."""
    if config.getoption("--proof"):
        return
    proofs = [item for item in items if item.get_closest_marker("proof")]
    if proofs:
        items[:] = [item for item in items if item not in proofs]
        config.hook.pytest_deselected(items=proofs)
