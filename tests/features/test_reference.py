"""What features know of other customers, by hand and by SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from features.reference import FALLBACK_GAP_DAYS, Reference, reference
from features.snapshots import before
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
Placed = tuple[str, datetime, float]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def tables(orders: list[Placed], returns: list[Placed] | None = None) -> dict[str, ibis.Table]:
    rows: dict[str, Any] = {
        "orders": [
            {"order_id": str(number), "customer_id": customer, "ordered_at": time, "amount": amount}
            for number, (customer, time, amount) in enumerate(orders)
        ]
    }
    if returns is not None:
        rows["returns"] = [
            {"return_id": str(number), "customer_id": customer, "returned_at": time, "amount": amount}
            for number, (customer, time, amount) in enumerate(returns)
        ]
    return source_from_rows(rows).tables


ORDERS: list[Placed] = [
    ("a", ago(100.5), 10.0),
    ("a", ago(60.5), 20.0),
    ("a", ago(60.25), 5.0),  # the same day: no gap
    ("a", ago(40.5), 5.0),
    ("b", ago(30.5), 30.0),
    ("b", ago(20.5), 30.0),
    ("c", ago(5.5), 100.0),
]


def test_by_hand() -> None:
    found = reference(tables(ORDERS, [("a", ago(3), 15.0), ("c", ago(2), 5.0)]), AS_OF)
    assert (found.typical_gap_days, found.return_share) == ((40 + 20 + 10) / 3, 20 / 200)


def test_nothing_at_or_after_as_of_counts() -> None:
    later: list[Placed] = [("c", AS_OF, 70.0), ("a", ago(-3), 9.0)]
    found = reference(tables(ORDERS + later, [("a", ago(3), 20.0), *later]), AS_OF)
    assert found == reference(tables(ORDERS, [("a", ago(3), 20.0)]), AS_OF)
    known: list[Placed] = [("c", AS_OF - MICROSECOND, 70.0)]
    assert reference(tables(ORDERS + known), AS_OF).typical_gap_days == (40 + 20 + 10 + 5) / 4


@pytest.mark.parametrize("orders", [[], ORDERS[-1:], [("a", ago(5.5), 1.0), ("a", ago(5.25), 1.0)]])
def test_without_a_second_order_day_the_gap_is_ninety_days(orders: list[Placed]) -> None:
    assert reference(tables(orders), AS_OF).typical_gap_days == FALLBACK_GAP_DAYS == 90


@pytest.mark.parametrize(
    ("orders", "returns", "share"),
    [
        (ORDERS, None, 0.0),
        (ORDERS, [], 0.0),
        (ORDERS, [("a", ago(3), 500.0)], 1.0),
        ([("a", ago(3), 0.0)], [("a", ago(3), 5.0)], 0.0),
        ([], [("a", ago(3), 5.0)], 0.0),
    ],
)
def test_the_share_of_returns_lies_between_none_and_all(
    orders: list[Placed], returns: list[Placed] | None, share: float
) -> None:
    assert reference(tables(orders, returns), AS_OF).return_share == share


def test_the_order_of_rows_changes_no_bit(shop: Source) -> None:
    shuffled = {name: table.order_by(ibis.random()) for name, table in shop.tables.items()}
    assert reference(shuffled, AS_OF) == reference(shop.tables, AS_OF)


def test_tables_cut_already_give_the_same(shop: Source) -> None:
    assert reference(before(shop.tables, AS_OF), AS_OF) == reference(shop.tables, AS_OF)


def test_agrees_with_sql(shop: Source, folder: Path) -> None:
    ask: Callable[[str], Any] = lambda query: duckdb.sql(query).fetchall()[0]  # noqa: E731
    orders = f"(FROM '{folder}/orders.parquet' WHERE ordered_at < '{AS_OF}')"
    returns = f"(FROM '{folder}/returns.parquet' WHERE returned_at < '{AS_OF}')"
    (gap,) = ask(f"""
        SELECT avg(gap) FROM (
            SELECT day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
            FROM (SELECT DISTINCT customer_id, ordered_at::DATE AS day FROM {orders})
        )
    """)
    (share,) = ask(f"SELECT (SELECT sum(amount) FROM {returns}) / (SELECT sum(amount) FROM {orders})")
    found = reference(shop.tables, AS_OF)
    assert (found.typical_gap_days, found.return_share) == pytest.approx((gap, share), rel=1e-9)


def test_goes_through_json_bit_for_bit(told: Reference) -> None:
    assert Reference.from_dict(json.loads(json.dumps(told.to_dict()))) == told


def test_the_revenue_of_the_company_is_that_of_a_year() -> None:
    edges = [
        ("a", ago(365) - MICROSECOND, 1000.0),
        ("a", ago(365), 20.0),
        ("b", AS_OF - MICROSECOND, 3.5),
        ("c", AS_OF, 500.0),
    ]
    assert reference(tables(edges), AS_OF).revenue_365d == 23.5
    assert reference(tables([]), AS_OF).revenue_365d == 0


def test_the_typical_basket_is_learnt_from_the_orders_before() -> None:
    later: Placed = ("c", AS_OF, 900.0)
    found = reference(tables([*ORDERS, later]), AS_OF).priors["basket"]
    assert found == reference(tables(ORDERS), AS_OF).priors["basket"]
    assert found.events / found.chances == pytest.approx(200 / 7)
