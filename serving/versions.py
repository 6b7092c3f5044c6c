"""The layout of the store by its version: an older one is brought up to date, a newer one refused."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Column, Connection, Integer, Table, inspect, select, text
from sqlalchemy.schema import CreateIndex, CreateTable

from features.errors import ConfigError
from serving.ranking import COLUMNS, keep
from serving.schema import METADATA, scores, scorings

VERSION = 4
"""1: no version was written; no confidence, repairs, contacts, or totals. 2: no facts of the sentences. 3: no
rankings, and the key of the scores began with the customer."""

store_version = Table(
    "store_version", METADATA, Column("version", Integer, primary_key=True, autoincrement=False)
)


def is_up_to_date(connection: Connection) -> bool:
    there = _there(connection)
    return set(METADATA.tables) <= there and _version(connection, there) == VERSION


def bring_up_to_date(connection: Connection) -> None:
    """Make what is missing; raises ConfigError where a newer Amity wrote the store.

    Within the connection's transaction: an older store is brought up to date whole or not at all.
    """
    found = _version(connection, _there(connection))
    if found > VERSION:
        raise ConfigError(
            f"The store was written by a newer Amity: its layout is {found}, and this one knows {VERSION}. "
            "Use the newer one, or point AMITY_STORE_URL at another store."
        )
    if 0 < found < VERSION:
        _rebuild(connection)
    if found == 1:
        _complete_heads(connection)
    for table in METADATA.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))
    if found != VERSION:
        _rank(connection)
        connection.execute(store_version.delete())
        connection.execute(store_version.insert(), {"version": VERSION})


def _there(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _version(connection: Connection, there: set[str]) -> int:
    """0 where nothing is there yet."""
    if store_version.name in there:
        return int(connection.scalar(store_version.select()) or 0)
    return 1 if scorings.name in there else 0


def _columns(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


def _rebuild(connection: Connection) -> None:
    """The scores under their present keys. What an older version doesn't tell is null."""
    connection.execute(text("ALTER TABLE scores RENAME TO old_scores"))
    connection.execute(CreateTable(scores))
    kept = ", ".join(_columns(connection, "old_scores"))
    inserted = f"INSERT INTO scores ({kept}) SELECT {kept} FROM old_scores ORDER BY scoring_id, rank"  # noqa: S608
    connection.execute(text(inserted))
    connection.execute(text("DROP TABLE old_scores"))


def _rank(connection: Connection) -> None:
    """The rankings of scorings that were loaded without."""
    for scoring_id in connection.scalars(select(scorings.c.id)).all():
        rows = select(*(scores.c[name] for name in COLUMNS)).where(scores.c.scoring_id == scoring_id)
        ranked = connection.execute(rows.order_by(scores.c.rank)).all()
        keep(connection, scoring_id, pd.DataFrame(ranked, columns=list(COLUMNS)))


def _complete_heads(connection: Connection) -> None:
    """What version 1 didn't know of a scoring is null, or added up."""
    for column, kind in (
        ("value_at_risk", "DOUBLE PRECISION NOT NULL DEFAULT 0"),
        ("knows_contacts", "BOOLEAN NOT NULL DEFAULT FALSE"),
        ("ever", "INTEGER"),
        ("active_then", "INTEGER"),
        ("churned_since", "INTEGER"),
    ):
        connection.execute(text(f"ALTER TABLE scorings ADD COLUMN {column} {kind}"))
    connection.execute(
        text(
            "UPDATE scorings SET value_at_risk = "
            "(SELECT coalesce(sum(s.value_at_risk), 0) FROM scores s WHERE s.scoring_id = scorings.id)"
        )
    )
