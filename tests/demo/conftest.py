"""One simulated retailer for all tests of the room: 12,000 customers over two years."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from demo.simulate import simulate

Views = Callable[[Path], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def views() -> Views:
    """Opens a folder: the tables by their names, those of the truth beside it as `true_…`."""

    def open_folder(folder: Path) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        for prefix, place in (("", folder), ("true_", folder.with_name(f"{folder.name}-truth"))):
            for path in place.glob("*.parquet"):
                connection.read_parquet(str(path)).create_view(prefix + path.stem)
        return connection

    return open_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "retailer"
    simulate(folder, customers=12_000, months=24)
    return folder


@pytest.fixture(scope="session")
def tables(folder: Path, views: Views) -> duckdb.DuckDBPyConnection:
    return views(folder)


@pytest.fixture(scope="session")
def number(tables: duckdb.DuckDBPyConnection) -> Callable[[str], float]:
    """The one number that a query gives."""

    def ask(query: str) -> float:
        row = tables.sql(query).fetchone()
        assert row is not None
        assert row[0] is not None
        return float(row[0])

    return ask
