"""`amity forget`: one customer erased everywhere under the home, and known no more than by a hash."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from configs.loading import home
from features.errors import RequestError
from serving.database import shown, told
from serving.forgetting.rows import erase_from_store
from serving.forgetting.sweep import TELLING, names, sweep
from serving.forgetting.tombstones import Tombstones
from serving.schema import scorings

LONGEST = 200
SHORT = (
    "Free text: the id is too short to be told from other words and numbers, so only tables were searched."
)


@dataclass(frozen=True)
class Forgotten:
    """What was erased (or, of a dry run, would be), and what Amity can't reach.

    `store`: table → rows. `files`: file under the home → rows or mentions. `left`: files of the home that
    still name the customer. `elsewhere`: sentences on what lies outside.
    """

    store: dict[str, int]
    files: dict[str, int]
    left: list[str]
    elsewhere: list[str]

    @property
    def times(self) -> int:
        return sum(self.store.values()) + sum(self.files.values())


def forget(engine: Engine, customer_id: str, *, dry_run: bool = False) -> Forgotten:
    """Erases the customer from the store and all files of the home, and leaves a tombstone.

    The tombstone comes first: whatever fails afterwards, no later reading of a source brings them back, and
    the same call again goes on. Raises RequestError for what is no id, ConfigError where the store fails.
    """
    customer_id = customer_id.strip()
    if not 1 <= len(customer_id) <= LONGEST:
        raise RequestError(f"A customer's id has 1 to {LONGEST} characters; this one has {len(customer_id)}.")
    if not dry_run:
        Tombstones(engine).add(customer_id)
    rows = erase_from_store(engine, customer_id, dry_run=dry_run)
    swept = sweep(home(), customer_id, dry_run=dry_run, without=_file_of(engine))
    store = _file_of(engine)
    if not dry_run and store is not None and store not in swept.left and names(store, customer_id):
        swept.left.append(store)
    return Forgotten(
        rows,
        {str(file): times for file, times in swept.erased.items()},
        [str(file) for file in swept.left],
        _elsewhere(engine) + ([SHORT] if len(customer_id) < TELLING else []),
    )


def _file_of(engine: Engine) -> Path | None:
    database = engine.url.database
    return Path(database).absolute() if engine.dialect.name == "sqlite" and database else None


def _elsewhere(engine: Engine) -> list[str]:
    found = []
    for source in _sources(engine):
        if "://" in source or not Path(source).absolute().is_relative_to(home()):
            found.append(f"The source {source}: Amity only reads it; from now on it leaves the customer out.")
    if engine.dialect.name != "sqlite":
        found.append(
            f"The store {shown(engine.url)} is the server's: its log, its backups and what it hasn't yet "
            "overwritten may hold deleted rows for a while."
        )
    tracking = os.environ.get("MLFLOW_TRACKING_URI")
    if tracking:
        found.append(f"MLflow at {tracking}: each run's judged.parquet holds ids of the customers it judged.")
    found.append(f"Files written outside {home()}, such as those of `--out`, and every backup.")
    return found


def _sources(engine: Engine) -> list[str]:
    with told(engine.url), engine.connect() as connection:
        return list(connection.scalars(select(scorings.c.source).distinct().order_by(scorings.c.source)))
