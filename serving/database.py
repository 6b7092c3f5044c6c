"""The engine under the store: SQLite by default, PostgreSQL where an address says so."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from configs.loading import home
from features.errors import ConfigError
from serving.forgetting import schema as _forgetting  # noqa: F401 - its tables belong to METADATA
from serving.locks import schema as _locks  # noqa: F401 - as do these
from serving.versions import bring_up_to_date, is_up_to_date
from serving.winback import schema as _winback  # noqa: F401 - and these

BUSY_SECONDS = 30
LOG_MB = 64
CREATION_LOCK = 4_216_148_901
"""An advisory lock: in PostgreSQL two CREATE … IF NOT EXISTS at once still fail."""


def address(url: str | None) -> URL:
    """The store's address: `url`, else `AMITY_STORE_URL`, else <home>/store.db; raises ConfigError."""
    given = url or os.environ.get("AMITY_STORE_URL")
    if not given:
        return URL.create("sqlite", database=str(home() / "store.db"))
    try:
        parsed = make_url(given)
    except ArgumentError:
        raise ConfigError(
            "The store's address (AMITY_STORE_URL) is no URL; write it like sqlite:////folder/store.db or "
            "postgresql+psycopg://user@host/database."
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        parsed = parsed.set(database=str(Path(parsed.database).absolute()))
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def is_made(url: URL) -> bool:
    """False where a file's store was never made, so that to ask needs none; a server's counts as made."""
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def connect(url: URL) -> Engine:
    """An engine with all tables there; raises ConfigError where the store can't be reached."""
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(f"The store {shown(url)} is neither SQLite nor PostgreSQL. Use one of the two.")
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = _engine(url)
    except (OSError, NoSuchModuleError, ArgumentError, ImportError) as error:
        raise ConfigError(f"The store {shown(url)} can't be opened: {error}.") from None
    try:
        _make_ready(engine)
    except ConfigError:
        engine.dispose()
        raise
    return engine


def _make_ready(engine: Engine) -> None:
    with told(engine.url):
        with engine.connect() as connection:
            ready = is_up_to_date(connection)
        if not ready:
            with engine.begin() as connection:
                _create(connection)


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turns what a database says when it fails into a ConfigError of one sentence, without any values."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        first = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        raise ConfigError(
            f"The store {shown(url)} can't be used: {first.rstrip('.')}. "
            "Check that it is there and may be written."
        ) from None


def shown(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
        event.listen(engine, "connect", _tune)
        return engine
    return create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_SECONDS}, hide_parameters=True
    )


def _tune(connection: Any, _record: object) -> None:
    """Readers go on while one writes; a commit survives the process, and keys are enforced.

    The log of writes beside the file is cut to its usual size once a large load is in the file itself.
    """
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA journal_size_limit={LOG_MB * 2**20}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """SQLite doesn't wait for the lock that this switch needs; many may open a new file at once."""
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
        sleep(0.01)


def _create(connection: Connection) -> None:
    """One process at a time; SQLite's driver begins no transaction before it makes a table."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CREATION_LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    bring_up_to_date(connection)
