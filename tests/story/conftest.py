"""Where the recorder of the Home Assistant in a story keeps what it holds."""

from collections.abc import Iterator

import pytest
from postgres import fresh_database, row_count


@pytest.fixture
def recorder_url(postgres_server: str) -> Iterator[str]:
    """A database of the server that `--postgres` names, or nothing: then it is the file of every home."""
    if not postgres_server:
        yield ""
        return
    with fresh_database(postgres_server) as url:
        yield url
        assert row_count(url, "statistics") > 0, "this story was written somewhere else"
