"""Options that all test folders share."""

import signal

import pytest

RECORDER_FIXTURES = frozenset({"recorder_db_url", "recorder_url"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ours to pytest's options."""
    parser.addoption("--proof", action="store_true", help="also run the long proofs")
    parser.addoption(
        "--pictures", metavar="FOLDER", help="write the browser test's pictures for the documentation there"
    )
    parser.addoption(
        "--postgres",
        metavar="URL",
        default="",
        help="run the tests that have a recorder, with it on this server; scripts/postgres starts one",
    )


def pytest_configure() -> None:
    """Let what is started be interrupted, also where a shell in the background has all that it starts ignore that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what has a recorder, leave the proofs out unless they are asked for, and all else with PostgreSQL."""
    for item in items:
        if isinstance(item, pytest.Function) and RECORDER_FIXTURES.intersection(item.fixturenames):
            item.add_marker("postgres")
    left_out = [
        item
        for item in items
        if (item.get_closest_marker("proof") and not config.getoption("--proof"))
        or (config.getoption("--postgres") and not item.get_closest_marker("postgres"))
    ]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """Address of the server that `--postgres` names, or nothing."""
    return str(pytestconfig.getoption("--postgres"))
