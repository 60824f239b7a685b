"""Databases of a PostgreSQL server that `scripts/postgres` has started: an empty one for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import URL, create_engine, func, make_url, select, table, text
from sqlalchemy.pool import NullPool


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make a database, hand its address out as the recorder takes it, and drop it with all that is connected to it."""
    server = make_url(server_url)
    name = f"wattbridge_{uuid4().hex}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def row_count(url: str, name: str) -> int:
    """Count what a table of the recorder holds."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table(name))).scalar_one()


def _run(server: URL, statement: str) -> None:
    """Run a statement that takes no transaction."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))
