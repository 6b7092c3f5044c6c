"""Product by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def bought(number: int, time: datetime, *lines: str) -> dict[str, Any]:
    """An order with its lines, each a product and a category, or a product alone."""
    pairs = [line.partition(" ") for line in lines]
    return {
        "order": {"order_id": f"o{number}", "ordered_at": time, "amount": 100.0},
        "lines": [
            {"order_id": f"o{number}", "product_id": product, "category": category or None}
            for product, _, category in pairs
        ],
    }


def tables(*purchases: dict[str, Any], returned: Any = ()) -> dict[str, Any]:
    return {
        "orders": [purchase["order"] for purchase in purchases],
        "order_lines": [line for purchase in purchases for line in purchase["lines"]],
        "returns": [{"returned_at": time, "amount": amount} for time, amount in returned],
    }


def test_by_hand(of_one: OfOne) -> None:
    purchases = [
        bought(1, ago(400), "p1 shoes", "p2 hats"),
        bought(2, ago(300), "p1 shoes"),
        bought(3, ago(120), "p3 coats", "p4 coats", "p5"),
        bought(4, ago(50), "p1 shoes", "p1 shoes", "p6"),
    ]
    returned = [(ago(390), 7.0), (ago(200), 30.0), (ago(100), 20.5), (ago(40), 10.0)]
    found = of_one(tables(*purchases, returned=returned), AS_OF)
    expected = {
        "returns": 4,
        "returns_90d": 1,
        "returns_180d": 2,
        "returns_365d": 3,
        "return_rate_365d": 3 / 3,
        "return_rate_90d": 1 / 1,
        "return_rate_before": 3 / 3,
        "returned_share_365d": (30 + 20.5 + 10) / 300,
        "returned_90d": 10,
        "returned_total": 67.5,
        "days_since_return": 40,
        "categories": 3,
        "categories_90d": 1,
        "categories_90_to_180d": 1,
        "products_90d": 2,
        "products_90_to_180d": 3,
        "lines_per_order_365d": (1 + 3 + 3) / 3,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_return_at"] == ago(40)


def test_who_returned_nothing_has_zeros_and_no_last_return(of_one: OfOne) -> None:
    found = of_one(tables(bought(1, ago(100), "p1 shoes")), AS_OF)
    zeros = ["returns", "returns_90d", "returned_total", "returned_90d", "returned_share_365d"]
    assert [found[name] for name in zeros] == [0.0] * 5
    assert found["return_rate_before"] == 0
    assert found["return_rate_90d"] is found["days_since_return"] is found["last_return_at"] is None


@pytest.mark.parametrize("days", [90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    returned = list(zip(times, (1, 20, 300, 4000), strict=True))
    found = of_one(tables(bought(1, ago(500), "p1 shoes"), returned=returned), AS_OF)
    assert found[f"returns_{days}d"] == 2
    assert found["returns"] == 3
    if days != 180:
        assert found["returned_total"] == 321
        assert found["returned_share_365d" if days == 365 else "returned_90d"] == (
            None if days == 365 else 320
        )


def test_lines_count_at_the_time_of_their_order(of_one: OfOne) -> None:
    purchases = [
        bought(1, ago(180) - MICROSECOND, "p1 a"),
        bought(2, ago(180), "p2 b"),
        bought(3, ago(90) - MICROSECOND, "p3 c"),
        bought(4, ago(90), "p4 d"),
        bought(5, AS_OF - MICROSECOND, "p5 e"),
        bought(6, AS_OF, "p6 f", "p7 g"),
    ]
    found = of_one(tables(*purchases), AS_OF)
    assert found["categories"] == 5
    assert found["categories_90_to_180d"] == found["products_90_to_180d"] == 2
    assert found["categories_90d"] == found["products_90d"] == 2
    assert found["lines_per_order_365d"] == 1


def test_returns_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH sold AS (
            SELECT customer_id, as_of, count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS orders,
                sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS spent
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ), back AS (
            SELECT customer_id, as_of, count(*) AS n, sum(amount) AS total, max(returned_at) AS latest,
                count(*) FILTER (returned_at >= as_of - INTERVAL 365 DAY) AS n_365d,
                sum(amount) FILTER (returned_at >= as_of - INTERVAL 365 DAY) AS total_365d
            FROM snap JOIN returns USING (customer_id) WHERE returned_at < as_of GROUP BY customer_id, as_of
        )
        SELECT customer_id, as_of, coalesce(n, 0) AS returns, coalesce(total, 0) AS returned_total,
            coalesce(n_365d, 0) AS returns_365d, latest AS last_return_at,
            date_diff('second', latest, as_of) / 86400 AS days_since_return,
            coalesce(n_365d, 0) / nullif(orders, 0) AS return_rate_365d,
            coalesce(total_365d, 0) / nullif(spent, 0) AS returned_share_365d
        FROM sold LEFT JOIN back USING (customer_id, as_of)
    """)


def test_lines_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH line AS (
            SELECT *, ordered_at >= as_of - INTERVAL 90 DAY AS recent,
                ordered_at >= as_of - INTERVAL 180 DAY AND NOT recent AS earlier
            FROM snap JOIN orders USING (customer_id) JOIN order_lines USING (order_id)
            WHERE ordered_at < as_of
        )
        SELECT customer_id, as_of, count(DISTINCT category) AS categories,
            count(DISTINCT category) FILTER (recent) AS categories_90d,
            count(DISTINCT category) FILTER (earlier) AS categories_90_to_180d,
            count(DISTINCT product_id) FILTER (recent) AS products_90d,
            count(DISTINCT product_id) FILTER (earlier) AS products_90_to_180d,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY)
                / nullif(count(DISTINCT order_id) FILTER (ordered_at >= as_of - INTERVAL 365 DAY), 0)
                AS lines_per_order_365d
        FROM line GROUP BY customer_id, as_of
    """)
