"""All dimensions in one row: what is there, in which order, and the same on every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from features.build import KEYS, build, catalog
from features.catalog import DIMENSIONS
from features.labels import labels
from features.reference import Reference, reference
from features.snapshots import before, population
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
TYPICAL = Reference(30.0, 0.1)
Tables = Mapping[str, ibis.Table]


def indexed(table: ibis.Table) -> pd.DataFrame:
    return table.to_pandas().set_index(list(KEYS)).sort_index()


def features_of(tables: Tables, names: list[str]) -> set[str]:
    """The features that these of the tables give."""
    return {f.name for f in catalog(tables).available({name: tables[name] for name in names})}


def one_order(**rows: Any) -> Tables:
    ordered_at = AS_OF - timedelta(days=5)
    order = {"order_id": "o", "customer_id": "c", "ordered_at": ordered_at, "amount": 10.0}
    return source_from_rows({"orders": [order], **rows}).tables


def only_row(tables: Tables) -> dict[str, Any]:
    (row,) = build(tables, population(tables, [AS_OF], 365), TYPICAL).to_pyarrow().to_pylist()
    return dict(row)


def test_the_columns_are_the_keys_and_then_the_catalogue(shop: Source, frame: pd.DataFrame) -> None:
    book = catalog(shop.tables)
    assert list(frame.columns) == [f.name for f in book]
    assert tuple(dict.fromkeys(f.dimension for f in book)) == DIMENSIONS


def test_numbers_are_floats_and_categories_are_text(shop: Source, told: Reference) -> None:
    schema = build(shop.tables, population(shop.tables, [AS_OF], 365), told).schema()
    found = {(f.kind, str(schema[f.name])) for f in catalog(shop.tables) if f.kind != "fact"}
    assert found == {("number", "float64"), ("category", "string")}


def test_there_is_one_row_for_each_snapshot(shop: Source, frame: pd.DataFrame, days: Any) -> None:
    expected = population(shop.tables, days, None).to_pandas()
    assert sorted(frame.index) == sorted(zip(expected["customer_id"], expected["as_of"], strict=True))


def test_what_is_never_missing_is_never_null(shop: Source, frame: pd.DataFrame) -> None:
    promised = [f.name for f in catalog(shop.tables) if f.null == "never missing"]
    assert frame[promised].notna().all().all()


def test_no_feature_is_the_same_for_everyone(frame: pd.DataFrame) -> None:
    constant = [name for name in frame.columns if frame[name].nunique(dropna=False) == 1]
    assert constant == []


def test_only_the_features_asked_for_are_built_and_they_are_the_same(
    shop: Source, told: Reference, frame: pd.DataFrame, days: tuple[datetime, ...]
) -> None:
    names = ["overdue", "basket_mean", "return_rate_90d", "segment"]
    found = indexed(build(shop.tables, population(shop.tables, days, None), told, only=names[::-1]))
    pd.testing.assert_frame_equal(found, frame[names], check_exact=True)


def test_the_order_of_rows_changes_no_bit(
    shop: Source, told: Reference, frame: pd.DataFrame, days: tuple[datetime, ...]
) -> None:
    shuffled = {name: table.order_by(ibis.random()) for name, table in shop.tables.items()}
    found = indexed(build(shuffled, population(shuffled, days[::-1], None), told))
    pd.testing.assert_frame_equal(found, frame, check_exact=True)


def test_a_day_in_the_crowd_of_days_equals_the_day_alone_on_tables_cut_then(
    shop: Source, told: Reference, frame: pd.DataFrame, days: tuple[datetime, ...]
) -> None:
    known = before(shop.tables, days[0])
    found = indexed(build(known, population(known, days[:1], None), told))
    assert len(found) > 100
    pd.testing.assert_frame_equal(found, frame.loc[found.index], check_exact=True)


def test_a_customer_alone_equals_the_customer_in_the_crowd(
    shop: Source, told: Reference, frame: pd.DataFrame, days: tuple[datetime, ...]
) -> None:
    customer = frame["orders"].idxmax()[0]
    alone = {
        name: table.filter(table.customer_id == customer) if "customer_id" in table.columns else table
        for name, table in shop.tables.items()
    }
    found = indexed(build(alone, population(alone, days, None), told))
    pd.testing.assert_frame_equal(found, frame.loc[[customer]], check_exact=True)


@pytest.mark.parametrize(
    ("table", "dimensions"),
    [
        ("returns", {"product"}),
        ("order_lines", {"product"}),
        ("tickets", {"service"}),
        ("surveys", {"satisfaction"}),
        ("engagement", {"engagement"}),
        ("contacts", {"engagement"}),
        ("customers", {"profile"}),
    ],
)
def test_a_table_that_is_missing_removes_its_features_alone(
    shop: Source, table: str, dimensions: set[str]
) -> None:
    book = catalog(shop.tables)
    rest = [name for name in shop.tables if name != table]
    gone = {f.name for f in book} - features_of(shop.tables, rest)
    assert gone == {f.name for f in book if table in book.tables(f)}
    assert {book[name].dimension for name in gone} == dimensions


@pytest.mark.parametrize(
    ("table", "column", "gone"),
    [
        ("orders", "discount", "discount_share_90d discount_share_before discount_change"),
        ("orders", "margin", "margin_share_365d"),
        ("order_lines", "category", "categories categories_90d categories_90_to_180d"),
        ("tickets", "resolved_at", "complaints_open complaint_open_days oldest_open_at"),
        ("tickets", "first_response_at", "unanswered_180d response_hours_180d response_hours_before"),
        ("tickets", "reopened_at", "reopened_180d"),
        ("contacts", "redeemed_at", "redeemed_share_365d"),
        ("customers", "birth_year", "age_years"),
        ("customers", "opted_out_at", "opted_out"),
    ],
)
def test_a_column_that_is_missing_removes_its_features_alone(
    shop: Source, told: Reference, table: str, column: str, gone: str
) -> None:
    less = {**shop.tables, table: shop.tables[table].drop(column)}
    names = [f.name for f in catalog(shop.tables) if f.name not in gone.split()]
    assert [f.name for f in catalog(less).available(less)] == names
    if column == "reopened_at":
        rows = build(less, population(less, [AS_OF], 60), told, only=["complaints_open"])
        assert rows.complaints_open.notnull().all().to_pyarrow().as_py()


def test_orders_alone_give_rhythm_and_spend() -> None:
    row = only_row(one_order())
    assert {catalog({})[name].dimension for name in row if name not in KEYS} == {"rhythm", "spend"}
    assert row["orders"] == 1


def test_an_empty_table_gives_zeros_for_counts_and_nulls_for_the_rest() -> None:
    tables = ("order_lines", "returns", "tickets", "surveys", "engagement", "contacts", "customers")
    row = only_row(one_order(**{name: [] for name in tables}))
    book = catalog({})
    assert set(row) == {*KEYS, *(f.name for f in book if "discount" not in f.name and "margin" not in f.name)}
    counts = [f.name for f in book if f.null == "never missing" and "orders" not in book.tables(f)]
    assert {"returns", "categories", "complaints", "answers", "visits_30d", "contacts_180d"} <= set(counts)
    assert {name: row[name] for name in counts} == dict.fromkeys(counts, 0.0)
    others = [f.name for f in book if f.null != "never missing" and "orders" not in book.tables(f)]
    assert {name: row[name] for name in others} == dict.fromkeys(others)


def test_without_customers_to_score_there_are_columns_and_no_rows() -> None:
    tables = source_from_rows({"orders": []}).tables
    found = build(tables, population(tables, [AS_OF], 365), TYPICAL).to_pyarrow()
    assert found.num_rows == 0
    assert "overdue" in found.column_names


@pytest.fixture(scope="module")
def some(shop: Source) -> dict[str, pa.Table]:
    """The tables of forty customers, with times within seconds and an attribute that is true or false."""
    few = shop.tables["customers"].order_by("customer_id").limit(40)
    owned = {n: t.semi_join(few, "customer_id") for n, t in shop.tables.items() if "customer_id" in t.columns}
    owned["order_lines"] = shop.tables["order_lines"].semi_join(owned["orders"], "order_id")
    owned["customers"] = few.mutate(vip=few.birth_year % 2 == 0)
    for name, time in (("orders", "ordered_at"), ("surveys", "responded_at"), ("tickets", "opened_at")):
        table = owned[name]
        owned[name] = table.mutate(**{time: table[time] - ibis.interval(microseconds=1)})
    return {name: table.to_pyarrow() for name, table in owned.items()}


@pytest.fixture(scope="module")
def engines(
    some: dict[str, pa.Table], put: Callable[..., str], read: Callable[..., Source]
) -> tuple[Tables, Tables]:
    """The same tables in DuckDB and in PostgreSQL."""
    embedded, server = (read(put(form, some)).tables for form in ("parquet", "postgres"))
    return embedded, server


def test_postgresql_gives_the_features_of_duckdb(
    engines: tuple[Tables, Tables], days: tuple[datetime, ...]
) -> None:
    embedded, server = (indexed(build(t, population(t, days, None), TYPICAL)) for t in engines)
    assert len(embedded) > 40
    pd.testing.assert_frame_equal(server, embedded, check_dtype=False, rtol=1e-9)


def test_postgresql_gives_the_labels_of_duckdb(
    engines: tuple[Tables, Tables], days: tuple[datetime, ...]
) -> None:
    embedded, server = (indexed(labels(t, population(t, days, 365), 90)) for t in engines)
    assert embedded["churned"].nunique() == 2
    pd.testing.assert_frame_equal(server, embedded, check_dtype=False, rtol=1e-9)


def test_postgresql_gives_the_reference_of_duckdb(
    engines: tuple[Tables, Tables], days: tuple[datetime, ...]
) -> None:
    embedded, server = (reference(t, days[1]).to_dict() for t in engines)
    assert server == pytest.approx(embedded, rel=1e-9)
