"""Rows of the contract in, features out; and one simulated retailer that can be asked in plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pytest

from demo.simulate import simulate
from features.build import KEYS, build
from features.facts import Facts
from features.known import facts, moments
from features.reference import Reference, reference
from features.snapshots import population
from features.sources import Source, open_source, source_from_rows
from features.tables import CONTRACT

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Snapshot = tuple[str, datetime]

TYPICAL = Reference(typical_gap_days=30.0, return_share=0.1)
TYPES = {"id": "string", "text": "string", "time": "timestamp(6)", "money": "float64", "number": "float64"}
DAYS = tuple(datetime.fromisoformat(day) for day in ("2024-03-01", "2024-09-15"))


class Bench:
    """A DuckDB with every table of the contract, empty, and the query of all features, prepared once."""

    def __init__(self) -> None:
        self.backend = ibis.duckdb.connect(threads=1)
        # a plan prepared over empty tables would keep what it concluded from their emptiness
        self.backend.con.execute("SET disabled_optimizers = 'statistics_propagation'")
        self.tables = {
            name: self.backend.create_table(name, schema={c.name: TYPES[c.kind] for c in table.columns})
            for name, table in CONTRACT.items()
        }
        keys = {"customer_id": "string", "as_of": "timestamp(6)"}
        self.snapshots = self.backend.create_table("snapshots", schema=keys)
        self.features = self.prepare("features", build(self.tables, self.snapshots, TYPICAL))

    def prepare(self, name: str, table: ibis.Table) -> str:
        """A query that gives what the table holds by then."""
        self.backend.con.execute(f"PREPARE {name} AS {ibis.to_sql(table, dialect='duckdb')}")
        return f"EXECUTE {name}"

    def fill(self, rows: Rows, snapshots: Sequence[Snapshot]) -> None:
        keys = [dict(zip(KEYS, snapshot, strict=True)) for snapshot in snapshots]
        for name in (*self.tables, "snapshots"):
            self.backend.con.execute(f"DELETE FROM {name}")
            given = keys if name == "snapshots" else rows.get(name, ())
            if given:
                self.backend.con.register("given", _arrow(given))
                self.backend.con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM given")

    def ask(self, query: str) -> dict[Snapshot, dict[str, Any]]:
        """The rows of a query that gives customer_id, as_of and more, by their keys."""
        asked = self.backend.con.execute(query)
        names = [column[0] for column in asked.description]
        found = [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
        return {(row.pop("customer_id"), row.pop("as_of")): row for row in found}


def _arrow(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.backend.disconnect()


@pytest.fixture(scope="session")
def measure(bench: Bench) -> Callable[[Rows, Sequence[Snapshot]], dict[Snapshot, dict[str, Any]]]:
    """Rows by table and snapshots → the features of each; every table and column of the contract is there.

    The reference: 30 days between orders, 0.1 of the money returned.
    """

    def measure(rows: Rows, snapshots: Sequence[Snapshot]) -> dict[Snapshot, dict[str, Any]]:
        bench.fill(rows, snapshots)
        return bench.ask(bench.features)

    return measure


@pytest.fixture(scope="session")
def of_one(
    measure: Callable[[Rows, Sequence[Snapshot]], dict[Snapshot, dict[str, Any]]],
) -> Callable[[Rows, datetime], dict[str, Any]]:
    """Rows by table → the features of the one customer «c»; keys that aren't given are made up."""

    def of_one(rows: Rows, as_of: datetime) -> dict[str, Any]:
        owned = {
            name: [_made_up(name, number) | dict(row) for number, row in enumerate(given)]
            for name, given in rows.items()
        }
        return measure(owned, [("c", as_of)])["c", as_of]

    return of_one


def _made_up(name: str, number: int) -> dict[str, str]:
    contract = CONTRACT[name]
    key = {contract.key: f"{name} {number}"} if contract.key else {}
    return key | {column.name: "c" for column in contract.columns if column.name == "customer_id"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a simulated retailer of 300 customers over two years, 2023 and 2024."""
    folder = tmp_path_factory.mktemp("simulated") / "retailer"
    simulate(folder, customers=300, months=24, seed=3)
    return folder


@pytest.fixture(scope="session")
def shop(folder: Path) -> Iterator[Source]:
    source = open_source(folder)
    yield source
    source.backend.disconnect()


@pytest.fixture(scope="session")
def days() -> tuple[datetime, ...]:
    """The days of the snapshots of the simulated retailer."""
    return DAYS


@pytest.fixture(scope="session")
def told(shop: Source) -> Reference:
    return reference(shop.tables, DAYS[0])


@pytest.fixture(scope="session")
def frame(shop: Source, told: Reference) -> pd.DataFrame:
    """The features of everyone who has ordered, on two days, by customer_id and as_of."""
    features = build(shop.tables, population(shop.tables, DAYS, None), told).to_pandas()
    return features.set_index(list(KEYS)).sort_index()


@pytest.fixture(scope="session")
def sql(folder: Path) -> Iterator[Callable[[str], pd.DataFrame]]:
    """Asks the files in plain SQL; the view `snap` holds everyone who has ordered, on two days."""
    with duckdb.connect() as connection:
        for path in folder.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        days = ", ".join(f"(TIMESTAMP '{day}')" for day in DAYS)
        connection.execute(
            f"CREATE VIEW snap AS SELECT DISTINCT customer_id, as_of"
            f" FROM orders, (VALUES {days}) AS day(as_of) WHERE ordered_at < as_of"
        )

        def sql(query: str) -> pd.DataFrame:
            found = connection.sql(query).df().set_index(list(KEYS)).sort_index()
            numbers = found.select_dtypes("number").columns
            return found.astype(dict.fromkeys(numbers, "float64"))

        yield sql


@pytest.fixture(scope="session")
def agrees(frame: pd.DataFrame, sql: Callable[[str], pd.DataFrame]) -> Callable[[str], None]:
    """Asserts that features equal the columns of the same names in a query, row by row."""

    def agrees(query: str) -> None:
        expected = sql(query)
        assert len(expected) > 300
        assert expected.notna().any().all()
        found = frame[list(expected.columns)]
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9, atol=1e-9)

    return agrees


@pytest.fixture(scope="session")
def known() -> Callable[[str, Rows], Facts]:
    """Asks for the facts of a table for the snapshots of «a» and «b» at 2024-07-01."""
    as_of = datetime.fromisoformat("2024-07-01")

    def ask(name: str, rows: Rows) -> Facts:
        tables = source_from_rows({"orders": [], **rows}).tables
        snapshots = ibis.memtable(
            [("a", as_of), ("b", as_of)], schema={"customer_id": "string", "as_of": "timestamp(6)"}
        )
        return facts(name, tables, moments(snapshots, tables["orders"]))

    return ask
