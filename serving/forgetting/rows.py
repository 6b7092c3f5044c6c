"""One customer's rows in a database: found, erased, and gone from the file's freed pages too."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, select, text

from serving import ranking
from serving.database import BUSY_SECONDS, told
from serving.filters import storable
from serving.schema import METADATA, scores
from serving.winback.erasing import erase_from_plans
from serving.winback.schema import plans

COLUMN = "customer_id"


def erase_from_store(engine: Engine, customer_id: str, *, dry_run: bool = False) -> dict[str, int]:
    """Table → rows that name the customer; unless `dry_run` they are deleted, all in one transaction.

    A plan stays, and its document names them no more.

    In SQLite their bytes are overwritten, and the file is written anew without its freed pages; in PostgreSQL
    the tables are vacuumed. Raises ConfigError where the database fails or somebody holds it too long.
    """
    found: dict[str, int] = {}
    tables = [table for table in reversed(METADATA.sorted_tables) if COLUMN in table.c]
    with told(engine.url), engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA secure_delete=ON"))
        found[f"{plans.name}.document"] = erase_from_plans(connection, customer_id, dry_run=dry_run)
        for table in tables:
            these = table.c[COLUMN] == storable(customer_id)
            found[table.name] = int(connection.execute(select(func.count()).where(these)).scalar_one())
            if found[table.name] and not dry_run:
                _take_out(connection, table, these)
    if not dry_run:
        compact(engine)
    return {name: count for name, count in found.items() if count}


def _take_out(connection: Connection, table: Table, these: ColumnElement[bool]) -> None:
    """From the rankings of their scorings too, which bear no id."""
    if table is scores:
        for scoring_id, rank in connection.execute(
            select(scores.c.scoring_id, scores.c.rank).where(these)
        ).all():
            ranking.blank(connection, scoring_id, rank)
    connection.execute(delete(table).where(these))


def compact(engine: Engine) -> None:
    """Raises ConfigError where it can't be done now."""
    with told(engine.url), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name != "sqlite":
            for table in METADATA.sorted_tables:
                if COLUMN in table.c or table is plans:
                    connection.execute(text(f"VACUUM {table.name}"))
            return
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.execute(text("VACUUM"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def erase_from_sqlite(file: Path, customer_id: str, *, dry_run: bool) -> int:
    """Rows of any SQLite file whose `customer_id` it is; raises sqlite3.Error."""
    rows = 0
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            name = table.replace('"', '""')
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            if COLUMN not in columns:
                continue
            where = f'FROM "{name}" WHERE {COLUMN} = ?'
            rows += connection.execute(f"SELECT count(*) {where}", [customer_id]).fetchone()[0]
            if not dry_run:
                connection.execute(f"DELETE {where}", [customer_id])
        if rows and not dry_run:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return rows


def holds(file: Path, token: re.Pattern[bytes]) -> bool:
    """Whether any value of a table, or the log of writes beside the file, holds it; raises sqlite3.Error."""
    log = Path(f"{file}-wal")
    if log.exists() and token.search(log.read_bytes()):
        return True
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            name = table.decode().replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - a name of the file itself
                if any(isinstance(value, bytes) and token.search(value) for value in row):
                    return True
    return False
