"""Spend by hand and by SQL."""

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


def order(
    days: float, amount: float, discount: float | None = None, margin: float | None = None
) -> dict[str, Any]:
    return {"ordered_at": ago(days), "amount": amount, "discount": discount, "margin": margin}


def test_by_hand(of_one: OfOne) -> None:
    orders = [
        order(400, 100, None, 40),
        order(200, 50, 10, 20),
        order(120, 30, None, 5),
        order(60, 20, 5, 8),
        order(10, 10.1, 0, 2),
    ]
    found = of_one({"orders": orders}, AS_OF)
    expected = {
        "amount_total": 100 + 50 + 30 + 20 + 10.1,
        "amount_365d": 50 + 30 + 20 + 10.1,
        "amount_30d": 10.1,
        "amount_90d": 20 + 10.1,
        "amount_180d": 30 + 20 + 10.1,
        "amount_90_to_180d": 30,
        "amount_180_to_365d": 50,
        "biggest_order": 100,
        "basket_mean": 210.1 / 5,
        "basket_90d": 30.1 / 2,
        "basket_before": 180 / 3,
        "basket_change": (30.1 / 2) / (180 / 3),
        "discount_share_90d": 5 / (5 + 30.1),
        "discount_share_before": 10 / (10 + 180),
        "discount_change": 5 / (5 + 30.1) - 10 / (10 + 180),
        "margin_share_365d": (20 + 5 + 8 + 2) / 110.1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    orders = [
        {"ordered_at": time, "amount": amount} for time, amount in zip(times, (1, 20, 300, 4000), strict=True)
    ]
    assert of_one({"orders": orders}, AS_OF)[f"amount_{days}d"] == 320


@pytest.mark.parametrize(("oldest", "newest"), [(180, 90), (365, 180)])
def test_the_windows_before_meet_without_a_gap(of_one: OfOne, oldest: int, newest: int) -> None:
    times = [ago(oldest) - MICROSECOND, ago(oldest), ago(newest) - MICROSECOND, ago(newest)]
    orders = [
        {"ordered_at": time, "amount": amount} for time, amount in zip(times, (1, 20, 300, 4000), strict=True)
    ]
    assert of_one({"orders": orders}, AS_OF)[f"amount_{newest}_to_{oldest}d"] == 320


def test_without_orders_on_one_side_there_is_nothing_to_compare(of_one: OfOne) -> None:
    recent = of_one({"orders": [order(10, 20, 5)]}, AS_OF)
    assert recent["basket_before"] is recent["basket_change"] is recent["discount_change"] is None
    assert recent["discount_share_90d"] == 5 / 25
    old = of_one({"orders": [order(100, 20, 5)]}, AS_OF)
    assert old["basket_90d"] is old["basket_change"] is old["discount_change"] is None
    assert old["discount_share_before"] == 5 / 25
    assert old["amount_90d"] == 0


def test_orders_for_nothing_divide_nothing(of_one: OfOne) -> None:
    found = of_one({"orders": [order(100, 0, 0, 0), order(10, 0, 0, 0)]}, AS_OF)
    assert found["basket_before"] == found["basket_90d"] == 0
    assert found["basket_change"] is found["discount_share_90d"] is found["margin_share_365d"] is None


def test_the_margin_is_compared_with_the_revenue_whose_margin_is_known(of_one: OfOne) -> None:
    orders = [order(10, 80, margin=20), order(20, 500, margin=None), order(400, 100, margin=90)]
    assert of_one({"orders": orders}, AS_OF)["margin_share_365d"] == 20 / 80
    assert of_one({"orders": [order(20, 500, margin=None)]}, AS_OF)["margin_share_365d"] is None


def test_many_small_amounts_add_up_exactly(of_one: OfOne) -> None:
    orders = [order(10 + day / 10, 0.1) for day in range(300)]
    assert of_one({"orders": orders}, AS_OF)["amount_total"] == 30.0


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH seen AS (
            SELECT *, ordered_at >= as_of - INTERVAL 90 DAY AS recent
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        )
        SELECT customer_id, as_of, sum(amount) AS amount_total,
            coalesce(sum(amount) FILTER (recent), 0) AS amount_90d,
            coalesce(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY), 0) AS amount_365d,
            coalesce(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY
                AND ordered_at < as_of - INTERVAL 180 DAY), 0) AS amount_180_to_365d,
            max(amount) AS biggest_order,
            avg(amount) AS basket_mean,
            avg(amount) FILTER (recent) AS basket_90d,
            avg(amount) FILTER (NOT recent) AS basket_before,
            sum(discount) FILTER (recent) / sum(amount + discount) FILTER (recent) AS discount_share_90d,
            sum(discount) FILTER (NOT recent) / sum(amount + discount) FILTER (NOT recent)
                AS discount_share_before,
            sum(margin) FILTER (ordered_at >= as_of - INTERVAL 365 DAY)
                / nullif(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY), 0) AS margin_share_365d
        FROM seen GROUP BY customer_id, as_of
    """)
