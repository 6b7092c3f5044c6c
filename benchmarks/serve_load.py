"""Loading scores into the store, on SQLite and PostgreSQL, and twenty processes killed in the middle of it.

    python benchmarks/serve_load.py [--customers 1000000] [--kills 20] [--killed-customers 100000]

The peer is the driver alone: the same rows, made ready beforehand, by one `executemany` of sqlite3 into a
table without an index, or one COPY of psycopg. A kill comes at a random moment of a load; afterwards the
store must hold whole lists only, and the last one must be the one loaded last.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from postgres import server
from serve_home import DAY
from serve_scores import census, made
from sqlalchemy import create_engine, text

from configs.settings import Definitions
from serving.bulk import _csv, _for_sqlite
from serving.rows import OF_SCORING, frame
from serving.store import Store

LOAD = """
import sys
from datetime import timedelta
from serve_home import DAY
from serve_scores import made
from configs.settings import Definitions
from serving.store import Store
number = int(sys.argv[3])
scored = made(int(sys.argv[2]), DAY + timedelta(days=number), str(number))
store = Store.open(sys.argv[1])
print("loading", flush=True)
store.save(scored, source="made", definitions=Definitions())
print("loaded", flush=True)
"""


@contextmanager
def addresses() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder, server() as address:
        uri = address.replace("postgresql://", "postgresql+psycopg://", 1)
        yield {"SQLite": f"sqlite:///{folder}/store.db", "PostgreSQL": uri}


def load(name: str, url: str, customers: int) -> None:
    scored = made(customers, DAY)
    counted = census(scored, DAY)
    peer = _sqlite_alone(scored) if name == "SQLite" else _postgresql_alone(scored, url)
    store = Store.open(url)
    start, cpu = time.perf_counter(), time.process_time()
    store.save(scored, source="made", definitions=Definitions(), census=counted)
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu
    store.close()
    print(
        f"{name:<11} {customers:,} scores loaded in {spent:.1f} s, {cpu:.1f} s of this process's CPU; "
        f"the driver alone {peer:.1f} s: {spent / peer:.2f}",
        flush=True,
    )


def _rows(scored: Any) -> Any:
    return frame(scored).drop(columns=list(OF_SCORING)).assign(scoring_id=1)


def _sqlite_alone(scored: Any) -> float:
    rows = _rows(scored)
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/plain.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"CREATE TABLE plain ({', '.join(rows.columns)})")
        ready = list(zip(*(_for_sqlite(rows[name]) for name in rows.columns), strict=True))
        start = time.perf_counter()
        connection.execute("BEGIN")
        marks = ", ".join("?" * len(rows.columns))
        connection.executemany(f"INSERT INTO plain VALUES ({marks})", ready)
        connection.execute("COMMIT")
        spent = time.perf_counter() - start
        connection.close()
    return spent


def _postgresql_alone(scored: Any, url: str) -> float:
    rows = _rows(scored)
    lines = _csv(rows)
    Store.open(url).close()
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain AS SELECT * FROM scores WITH NO DATA")
        connection.commit()
        start = time.perf_counter()
        with cursor.copy(f"COPY plain ({', '.join(rows.columns)}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(lines)
        connection.commit()
        spent = time.perf_counter() - start
        cursor.execute("DROP TABLE plain")
    return spent


def kill(name: str, url: str, kills: int, customers: int) -> None:
    dice, early, late = np.random.default_rng(3), 0, 0
    store = Store.open(url)
    last = len(store.scorings())
    usual = 0.0
    for number in range(kills):
        said, spent = _killed(url, customers, last + 1, dice.uniform(0, usual) if number else None)
        usual = usual or spent
        there = _require_whole(store, url, last, said)
        early, late, last = early + (not there), late + there, last + there
    print(
        f"{name:<11} {kills} loads, {early} killed before their end, {late} done: whole lists only",
        flush=True,
    )
    store.close()


def _killed(url: str, customers: int, number: int, seconds: float | None) -> tuple[bool, float]:
    """Whether it said that it was done, and how long it loaded; killed after so many `seconds` of that."""
    words = [sys.executable, "-c", LOAD, url, str(customers), str(number)]
    given = os.environ | {"PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), *sys.path))}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=given) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        start = time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            process.kill()
        said = process.stdout.readline() == "loaded\n"
        return said, time.perf_counter() - start


def _require_whole(store: Store, url: str, last: int, said: bool) -> bool:
    """Whether the load after the `last` is there, as where its process `said` so; else the last is."""
    engine = create_engine(url)
    with engine.connect() as connection:
        counted = dict(connection.execute(text("SELECT scoring_id, count(*) FROM scores GROUP BY 1")).all())
    engine.dispose()
    heads = {scoring.id: scoring.customers for scoring in store.scorings()}
    assert counted == heads, f"a list is not whole: {counted} of {heads}"
    newest = store.current()
    there = newest.as_of == DAY + timedelta(days=last + 1)
    assert there or (not said and newest.as_of in (DAY, DAY + timedelta(days=last))), newest
    ranks = [row["rank"] for row in store.at_risk(top=1000).rows]
    assert ranks == list(range(1, len(ranks) + 1))
    return there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--killed-customers", type=int, default=100_000)
    asked = parser.parse_args()
    with addresses() as urls:
        for name, url in urls.items():
            load(name, url, asked.customers)
            kill(name, url, asked.kills, asked.killed_customers)


if __name__ == "__main__":
    main()
