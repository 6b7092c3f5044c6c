"""All dimensions in one row: what is there, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from features.build import KEYS, build, catalog
from features.catalog import DIMENSIONS
from features.reference import Reference
from features.snapshots import before, population
from features.sources import Source, source_from_rows
from features.tables import CONTRACT
from features.tickets import CHANNELS

AS_OF = datetime.fromisoformat("2024-07-01")
TYPICAL = Reference(30.0, 0.1)
Tables = Mapping[str, ibis.Table]
INSTEAD_OF_CATEGORIES = {"products_90d", "products_90_to_180d"}


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
    assert list(frame.columns) == [f.name for f in book if f.name not in INSTEAD_OF_CATEGORIES]
    assert tuple(dict.fromkeys(f.dimension for f in book)) == DIMENSIONS


def test_numbers_are_floats_and_categories_are_text(shop: Source, told: Reference) -> None:
    schema = build(shop.tables, population(shop.tables, [AS_OF], 365), told).schema()
    found = {(f.kind, str(schema[f.name])) for f in catalog(shop.tables) if f.kind != "fact"}
    assert found == {("number", "float64"), ("category", "string")}


def test_there_is_one_row_for_each_snapshot(shop: Source, frame: pd.DataFrame, days: Any) -> None:
    expected = population(shop.tables, days, None).to_pandas()
    assert sorted(frame.index) == sorted(zip(expected["customer_id"], expected["as_of"], strict=True))


def test_what_is_never_missing_is_never_null(shop: Source, frame: pd.DataFrame) -> None:
    promised = [f.name for f in catalog(shop.tables).available(shop.tables) if f.null == "never missing"]
    assert frame[promised].notna().all().all()


def test_every_number_lies_in_its_range(shop: Source, frame: pd.DataFrame) -> None:
    numbers = frame.select_dtypes("number")
    ranges = {f.name: f for f in catalog(shop.tables) if f.name in numbers}
    outside = [n for n, f in ranges.items() if not numbers[n].dropna().between(f.low, f.high).all()]
    assert outside == []
    assert np.isfinite(numbers.fillna(0.0).to_numpy(dtype="float64")).all()


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
        ("returns", {"product", "spend"}),
        ("order_lines", {"product"}),
        ("tickets", {"service"}),
        ("surveys", {"satisfaction"}),
        ("engagement", {"engagement"}),
        ("contacts", {"engagement"}),
        ("customers", {"profile", "satisfaction"}),
        ("subscriptions", {"rhythm", "spend", "product", "profile"}),
    ],
)
def test_a_table_that_is_missing_removes_its_features_alone(
    shop: Source, table: str, dimensions: set[str]
) -> None:
    book = catalog(shop.tables)
    rest = [name for name in shop.tables if name != table]
    there = book.available(shop.tables)
    gone = {f.name for f in there} - features_of(shop.tables, rest)
    assert gone == {f.name for f in there if table in book.tables(f)}
    assert {book[name].dimension for name in gone} == dimensions


@pytest.mark.parametrize(
    ("table", "column", "gone"),
    [
        (
            "orders",
            "discount",
            "discount_share_90d discount_share_before discount_change discounted_orders "
            "usual_discount_share discount_share_at_last_order discount_share_before_last_order "
            "discount_share_change_at_last_order usual_discounted_share",
        ),
        (
            "orders",
            "margin",
            "margin_total margin_90d margin_365d margin_slope margin_share_365d usual_margin_share "
            "margin_share_change_at_last_order",
        ),
        (
            "order_lines",
            "category",
            "categories categories_90d categories_365d categories_90_to_180d categories_per_order_365d "
            "categories_per_order_at_last_order categories_per_order_change_at_last_order "
            "new_category_share_365d favourite_share line_churn_365d",
        ),
        ("returns", "kind", "exchanges_365d exchange_rate_365d"),
        ("returns", "order_id", "returns_of_last_order"),
        (
            "tickets",
            "resolved_at",
            "complaints_open complaints_open_at_last_order complaint_open_days"
            " complaint_open_days_at_last_order oldest_open_at tickets_open resolved_share_180d"
            " resolution_hours_180d resolution_hours_before resolution_hours_change",
        ),
        (
            "tickets",
            "first_response_at",
            "unanswered_180d unanswered_at_last_order waiting_hours_longest_180d answered_share_180d"
            " response_hours_180d response_hours_before response_hours_change response_hours_at_last_order"
            " response_hours_change_at_last_order",
        ),
        ("tickets", "reopened_at", "reopened_180d reopened_share_180d"),
        ("tickets", "channel", " ".join(f"complaints_{channel}_180d" for channel in CHANNELS)),
        ("tickets", "topic", "complaint_topics_180d complaints_repeated_180d"),
        (
            "contacts",
            "redeemed_at",
            "redeemed_365d redeemed_share_365d contacts_without_response coupons_redeemed_365d "
            "redeemed_share_at_last_order redeemed_share_change_at_last_order",
        ),
        ("contacts", "cost", "contact_cost_365d"),
        ("contacts", "coupon_value", "coupons_redeemed_365d"),
        (
            "engagement",
            "channel",
            "activities_web_90d activities_app_90d activities_email_90d activities_social_90d "
            "activities_forum_90d activities_store_90d",
        ),
        ("customers", "birth_year", "age_years"),
        ("customers", "opted_out_at", "opted_out opted_out_at"),
        (
            "customers",
            "signed_up_at",
            "days_since_sign_up days_to_first_order bought_first_30d sign_up_quarter",
        ),
        (
            "customers",
            "acquisition_cost",
            "acquisition_cost acquisition_payback",
        ),
        ("subscriptions", "plan", "upgrades_365d downgrades_365d subscription_plan"),
        (
            "subscriptions",
            "price",
            "subscription_price subscription_price_change_365d price_rise_365d price_rises_365d "
            "days_since_price_change upgrades_365d downgrades_365d last_price_rise_at",
        ),
        (
            "subscriptions",
            "cancelled_at",
            "subscription_comebacks days_since_all_cancelled subscription_price_change_365d "
            "price_rise_365d price_rises_365d days_since_price_change upgrades_365d downgrades_365d "
            "last_price_rise_at subscriptions_365d_before subscriptions_change_365d",
        ),
    ],
)
def test_a_column_that_is_missing_removes_its_features_alone(
    shop: Source, told: Reference, table: str, column: str, gone: str
) -> None:
    less = {**shop.tables, table: shop.tables[table].drop(column)}
    there = features_of(shop.tables, list(shop.tables)) - set(gone.split())
    if column == "category":
        there |= INSTEAD_OF_CATEGORIES
    names = [f.name for f in catalog(shop.tables) if f.name in there]
    assert [f.name for f in catalog(less).available(less)] == names
    if column == "reopened_at":
        rows = build(less, population(less, [AS_OF], 60), told, only=["complaints_open"])
        assert rows.complaints_open.notnull().all().to_pyarrow().as_py()


def test_orders_alone_give_rhythm_and_spend() -> None:
    row = only_row(one_order())
    assert {catalog({})[name].dimension for name in row if name not in KEYS} == {"rhythm", "spend"}
    assert row["orders"] == 1


def test_an_empty_table_gives_zeros_for_counts_and_nulls_for_the_rest() -> None:
    tables = sorted(CONTRACT.keys() - {"orders", "costs", "benchmarks"})
    row = only_row(one_order(**{name: [] for name in tables}))
    book = catalog({})
    names = {f.name for f in book if "discount" not in f.name and "margin" not in f.name}
    assert set(row) == {*KEYS, *(names - INSTEAD_OF_CATEGORIES)}
    own = [f for f in book if f.name in row and "orders" not in book.tables(f)]
    counts = [f.name for f in own if f.null == "never missing"]
    assert {"returns", "categories", "complaints", "answers", "visits_30d", "contacts_180d"} <= set(counts)
    assert {name: row[name] for name in counts} == dict.fromkeys(counts, 0.0)
    others = [f.name for f in own if f.null != "never missing"]
    assert {name: row[name] for name in others} == dict.fromkeys(others)


def test_without_customers_to_score_there_are_columns_and_no_rows() -> None:
    tables = source_from_rows({"orders": []}).tables
    found = build(tables, population(tables, [AS_OF], 365), TYPICAL).to_pyarrow()
    assert found.num_rows == 0
    assert "overdue" in found.column_names
