"""What happened in the horizon, by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd
import pytest

from features.build import KEYS
from features.labels import labels, outcomes
from features.snapshots import before, population
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
HORIZON = 90


def ahead(days: float) -> datetime:
    return AS_OF + timedelta(days=days)


def tables(
    orders: Mapping[datetime, float], returns: Mapping[datetime, float] | None = None
) -> Mapping[str, ibis.Table]:
    """The customer «c» with an order of 1 the day before as_of, and what is given."""
    ordered = {ahead(-1): 1.0, **orders}
    rows: dict[str, list[dict[str, Any]]] = {
        "orders": [
            {"order_id": str(number), "customer_id": "c", "ordered_at": time, "amount": amount}
            for number, (time, amount) in enumerate(ordered.items())
        ]
    }
    if returns is not None:
        rows["returns"] = [
            {"return_id": str(number), "customer_id": "c", "returned_at": time, "amount": amount}
            for number, (time, amount) in enumerate(returns.items())
        ]
    return source_from_rows(rows).tables


def label(tables: Mapping[str, ibis.Table], horizon: int = HORIZON) -> tuple[bool, float]:
    found = labels(tables, population(tables, [AS_OF], 365), horizon).to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["as_of"]) for row in found] == [("c", AS_OF)]
    return found[0]["churned"], found[0]["revenue"]


@pytest.mark.parametrize(
    ("time", "churned"),
    [
        (AS_OF - MICROSECOND, True),
        (AS_OF, False),
        (ahead(HORIZON) - MICROSECOND, False),
        (ahead(HORIZON), True),
    ],
)
def test_churned_is_who_does_not_order_in_the_horizon(time: datetime, churned: bool) -> None:
    assert label(tables({time: 20.0})) == (churned, 0.0 if churned else 20.0)


@pytest.mark.parametrize("horizon", [30, 365])
def test_the_horizon_may_have_any_length(horizon: int) -> None:
    assert label(tables({ahead(horizon): 5.0}), horizon) == (True, 0.0)
    assert label(tables({ahead(horizon) - MICROSECOND: 5.0}), horizon) == (False, 5.0)


@pytest.mark.parametrize(
    ("time", "returned"),
    [(AS_OF - MICROSECOND, 0), (AS_OF, 8), (ahead(HORIZON) - MICROSECOND, 8), (ahead(HORIZON), 0)],
)
def test_revenue_is_what_was_ordered_minus_what_was_returned(time: datetime, returned: float) -> None:
    assert label(tables({ahead(5): 20.5, ahead(6): 9.5}, {time: 8.0})) == (False, 30.0 - returned)


def test_revenue_may_be_negative_and_a_return_is_no_order() -> None:
    assert label(tables({}, {ahead(5): 8.0})) == (True, -8.0)


def test_an_order_for_nothing_is_an_order() -> None:
    assert label(tables({ahead(5): 0.0})) == (False, 0.0)


def test_small_amounts_add_up_exactly_in_any_order() -> None:
    times = {ahead(1 + day / 10): 0.1 for day in range(300)}
    assert label(tables(times)) == label(tables(dict(reversed(times.items())))) == (False, 30.0)


def test_a_table_cut_at_as_of_knows_no_outcome() -> None:
    assert label(before(tables({ahead(5): 20.0}, {ahead(6): 5.0}), AS_OF)) == (True, 0.0)


@pytest.fixture(scope="module")
def found(shop: Source, days: tuple[datetime, ...]) -> pd.DataFrame:
    rows = labels(shop.tables, population(shop.tables, days, None), HORIZON).to_pandas()
    return rows.set_index(list(KEYS)).sort_index()


def test_agrees_with_sql(found: pd.DataFrame, sql: Callable[[str], pd.DataFrame]) -> None:
    expected = sql("""
        WITH amounts AS (
            SELECT customer_id, ordered_at AS time, amount, true AS is_order FROM orders
            UNION ALL SELECT customer_id, returned_at, -amount, false FROM returns
        )
        SELECT customer_id, as_of, count(*) FILTER (is_order AND inside) = 0 AS churned,
            coalesce(sum(amount) FILTER (inside), 0) AS revenue
        FROM (
            SELECT *, time >= as_of AND time < as_of + INTERVAL 90 DAY AS inside
            FROM snap JOIN amounts USING (customer_id)
        ) GROUP BY customer_id, as_of
    """)
    assert expected["churned"].nunique() == 2
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9, atol=1e-9)


def test_the_order_of_rows_changes_no_bit(
    found: pd.DataFrame, shop: Source, days: tuple[datetime, ...]
) -> None:
    shuffled = {name: table.order_by(ibis.random()) for name, table in shop.tables.items()}
    rows = labels(shuffled, population(shuffled, days[::-1], None), HORIZON).to_pandas()
    pd.testing.assert_frame_equal(rows.set_index(list(KEYS)).sort_index(), found, check_exact=True)


def held(*spells: tuple[float, float | None, float]) -> Mapping[str, ibis.Table]:
    """Subscriptions of «c»: started and cancelled so many days after as_of, at a price a month."""
    rows = [
        {
            "subscription_id": str(number),
            "customer_id": "c",
            "started_at": ahead(started),
            "cancelled_at": None if cancelled is None else ahead(cancelled),
            "price": price,
        }
        for number, (started, cancelled, price) in enumerate(spells)
    ]
    return source_from_rows({"subscriptions": rows}).tables


def contractual(tables: Mapping[str, ibis.Table]) -> tuple[bool, float]:
    snapshots = population(tables, [AS_OF], 365, "contractual")
    (row,) = labels(tables, snapshots, HORIZON, "contractual").to_pyarrow().to_pylist()
    return row["churned"], row["revenue"]


@pytest.mark.parametrize(
    ("spells", "churned"),
    [
        ([(-10, None, 0)], False),
        ([(-10, 0, 0)], True),
        ([(-10, HORIZON - 1e-6, 0)], True),
        ([(-10, HORIZON, 0)], False),
        ([(-10, 30, 0), (-5, None, 0)], False),
        ([(-10, 30, 0), (-5, 60, 0)], True),
        ([(-10, 30, 0), (30, None, 0)], False),
        ([(-10, 30, 0), (80, None, 0)], False),
        ([(-10, 30, 0), (30, 89, 0)], True),
        ([(-10, 30, 0), (HORIZON, None, 0)], True),
    ],
    ids=[
        "runs on",
        "cancelled at as_of",
        "cancelled in the horizon",
        "cancelled after it",
        "one of two",
        "both",
        "another plan",
        "comes back",
        "another plan, cancelled too",
        "comes back too late",
    ],
)
def test_contractual_churn_is_that_none_is_left_running(
    spells: list[tuple[float, float | None, float]], *, churned: bool
) -> None:
    assert contractual(held(*spells)) == (churned, 0.0)


def test_contractual_revenue_is_the_price_of_the_time_that_ran() -> None:
    month = 365.25 / 12
    assert contractual(held((-100, None, 12.0)))[1] == pytest.approx(12 * HORIZON / month, abs=1e-4)
    assert contractual(held((-100, month, 12.0), (month, None, 24.0)))[1] == pytest.approx(
        12 + 24 * (HORIZON - month) / month, abs=1e-4
    )
    assert contractual(held((-100, month, 12.0), (-50, -20, 99.0)))[1] == pytest.approx(12.0, abs=1e-4)


def test_contractual_revenue_holds_orders_and_returns_too() -> None:
    rows = dict(held((-10, None, 0))) | dict(tables({ahead(5): 20.5}, {ahead(6): 8.0}))
    backend = ibis.duckdb.connect()
    together = {name: backend.create_table(name, table.to_pyarrow()) for name, table in rows.items()}
    assert contractual(together) == (False, 12.5)
    backend.disconnect()


def test_without_a_column_of_cancellations_nobody_has_churned() -> None:
    tables = held((-10, None, 12.0))
    subscriptions = tables["subscriptions"].drop("cancelled_at", "price")
    assert contractual({"subscriptions": subscriptions}) == (False, 0.0)


def test_contractual_agrees_with_sql(
    shop: Source, days: tuple[datetime, ...], sql: Callable[[str], pd.DataFrame]
) -> None:
    snapshots = population(shop.tables, days, 365, "contractual")
    rows = labels(shop.tables, snapshots, HORIZON, "contractual").to_pandas()
    found = rows.set_index(list(KEYS)).sort_index()[["churned"]]
    expected = sql("""
        SELECT customer_id, as_of,
            bool_and(coalesce(cancelled_at < as_of + INTERVAL 90 DAY, false)) AS churned
        FROM (SELECT DISTINCT as_of FROM snap), subscriptions AS s
        WHERE started_at < as_of + INTERVAL 90 DAY AND customer_id IN (
            SELECT customer_id FROM subscriptions
            WHERE started_at < as_of AND (cancelled_at IS NULL OR cancelled_at >= as_of))
        GROUP BY customer_id, as_of
    """)
    expected["churned"] = expected["churned"].astype(bool)
    assert expected["churned"].nunique() == 2
    pd.testing.assert_frame_equal(found, expected)


def test_outcomes_by_hand() -> None:
    """Two orders within the horizon, of which one bears no margin; half of the returned 8 was margin."""
    rows: dict[str, list[dict[str, Any]]] = {
        "orders": [
            {"order_id": "1", "customer_id": "c", "ordered_at": ahead(-1), "amount": 7.0, "margin": 3.0},
            {"order_id": "2", "customer_id": "c", "ordered_at": AS_OF, "amount": 20.0, "margin": 4.0},
            {"order_id": "3", "customer_id": "c", "ordered_at": ahead(89), "amount": 30.0, "margin": None},
            {"order_id": "4", "customer_id": "c", "ordered_at": ahead(90), "amount": 40.0, "margin": 9.0},
            {"order_id": "5", "customer_id": "d", "ordered_at": ahead(-1), "amount": 1.0, "margin": 1.0},
        ],
        "returns": [
            {"return_id": "1", "customer_id": "c", "returned_at": ahead(1), "amount": 8.0},
            {"return_id": "2", "customer_id": "c", "returned_at": ahead(-1), "amount": 5.0},
        ],
    }
    known = source_from_rows(rows).tables
    found = outcomes(known, population(known, [AS_OF], 365), HORIZON, 0.5).order_by("customer_id").to_pandas()
    assert found["orders"].tolist() == [2, 0]
    assert found["revenue"].tolist() == [42.0, 0.0]
    assert found["profit"].tolist() == [4.0 + 15.0 - 4.0, 0.0]


def test_outcomes_without_margins_and_returns() -> None:
    known = tables({AS_OF: 10.0})
    (row,) = outcomes(known, population(known, [AS_OF], 365), HORIZON, 0.3).to_pyarrow().to_pylist()
    assert (row["orders"], row["revenue"], row["profit"]) == (1, 10.0, pytest.approx(3.0))
