"""CDNOW against the figures published with it (Fader and Hardie 2001) and against its own text file."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from demo import cdnow
from features.errors import SourceError


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("data") / "cdnow"
    cdnow.write(folder)
    connection = duckdb.connect()
    for path in folder.glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(path.stem)
    return connection


def _purchases() -> list[tuple[str, str, int, float]]:
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    rows = [line.split() for line in path.read_text().splitlines()[1:]]
    return [(customer, day, int(number), float(dollars)) for customer, day, number, dollars in rows]


def test_published_counts(tables: duckdb.DuckDBPyConnection) -> None:
    orders = tables.sql(
        "select count(*), count(distinct customer_id), round(sum(amount), 2), min(ordered_at)::date::varchar,"
        " max(ordered_at)::date::varchar from orders"
    ).fetchone()
    assert orders == (67_591, 23_570, 2_500_315.63, "1997-01-01", "1998-06-30")
    assert tables.sql("select count(*) from customers").fetchone() == (23_570,)
    assert len(_purchases()) == 69_659


def test_half_of_the_customers_buy_once(tables: duckdb.DuckDBPyConnection) -> None:
    row = tables.sql(
        "select avg((orders = 1)::int) from (select count(*) as orders from orders group by customer_id)"
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.51, abs=0.005)


def test_purchases_of_one_day_are_one_order(tables: duckdb.DuckDBPyConnection) -> None:
    dollars: Counter[str] = Counter()
    discs: Counter[str] = Counter()
    for customer, day, number, amount in _purchases():
        dollars[f"{customer}-{day}"] += round(100 * amount)
        discs[f"{customer}-{day}"] += number
    rows = tables.sql("select order_id, round(100 * amount)::int, quantity from orders").fetchall()
    assert {order: cents for order, cents, _ in rows} == dict(dollars)
    assert {order: number for order, _, number in rows} == dict(discs)


def test_customers_sign_up_with_their_first_order(tables: duckdb.DuckDBPyConnection) -> None:
    assert tables.sql(
        "select count(*) from customers join (select customer_id, min(ordered_at) as first from orders"
        " group by customer_id) using (customer_id) where signed_up_at = first"
    ).fetchone() == (23_570,)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow" / "mine.txt").write_text("mine")
    with pytest.raises(SourceError, match="is not an empty folder"):
        cdnow.write(tmp_path / "cdnow")
    assert [path.name for path in tmp_path.rglob("*")] == ["cdnow", "mine.txt"]


def test_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", Mock(return_value=None))
    with pytest.raises(SourceError, match=r"lifetimes .* pip install 'amity\[demo\]'"):
        cdnow.write(tmp_path / "cdnow")
    assert not list(tmp_path.iterdir())
