"""Subscriptions worked by hand, then all of a simulated shop's in plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

AS_OF = datetime.fromisoformat("2024-07-01")
OfOne = Callable[[Mapping[str, Sequence[Mapping[str, Any]]], datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def held(started: float, cancelled: float | None = None, plan: Any = "basic", price: Any = 10.0) -> Any:
    """A subscription; days before `AS_OF`, negative after it."""
    ended = None if cancelled is None else ago(cancelled)
    return {"started_at": ago(started), "cancelled_at": ended, "plan": plan, "price": price}


@pytest.fixture
def of(of_one: OfOne) -> Callable[..., dict[str, Any]]:
    return lambda *rows: of_one({"subscriptions": rows}, AS_OF)


def some(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_one_that_runs_has_tenure_price_plan_and_anniversary(of: Callable[..., Any]) -> None:
    row = of(held(400))
    assert row["subscription_days"] == 400
    assert row["days_to_anniversary"] == pytest.approx(2 * 365.25 - 400)
    assert some(row, "subscription_plan", "subscription_price", "subscriptions_running") == ("basic", 10.0, 1)
    assert some(row, "subscriptions_365d_before", "subscriptions_change_365d") == (1, 0)
    assert some(row, "subscription_comebacks", "days_since_all_cancelled") == (0, None)


def test_a_new_price_is_a_new_row_and_no_end_of_the_spell(of: Callable[..., Any]) -> None:
    row = of(held(400, 100, price=10.0), held(100, price=12.5))
    assert row["subscription_days"] == 400
    assert some(row, "subscriptions_running", "subscription_price", "subscription_comebacks") == (1, 12.5, 0)
    assert some(row, "price_rises_365d", "price_rise_365d", "subscription_price_change_365d") == (1, 2.5, 2.5)
    assert row["last_price_rise_at"] == ago(100)
    assert some(row, "days_since_price_change", "upgrades_365d", "downgrades_365d") == (100, 0, 0)


def test_a_price_that_rose_more_than_a_year_ago_is_only_long_ago(of: Callable[..., Any]) -> None:
    row = of(held(500, 366, price=10.0), held(366, price=12.5))
    assert some(row, "price_rises_365d", "price_rise_365d", "subscription_price_change_365d") == (0, 0, 0)
    assert row["days_since_price_change"] == 366


def test_another_plan_is_an_upgrade_or_a_downgrade_and_no_rise(of: Callable[..., Any]) -> None:
    up_and_down = (
        held(300, 200, "basic", 10.0),
        held(200, 50, "plus", 18.0),
        held(50, None, "basic", 11.0),
    )
    row = of(*up_and_down)
    assert some(row, "upgrades_365d", "downgrades_365d", "price_rises_365d") == (1, 1, 0)
    assert row["subscription_price_change_365d"] == 1.0
    assert some(row, "days_since_price_change", "subscription_plan") == (50, "basic")


def test_a_price_that_falls_is_a_change_and_no_rise(of: Callable[..., Any]) -> None:
    row = of(held(300, 200, price=10.0), held(200, price=8.0))
    assert some(row, "price_rises_365d", "price_rise_365d", "subscription_price_change_365d") == (0, 0, -2.0)
    assert some(row, "days_since_price_change", "last_price_rise_at") == (200, None)


def test_prices_of_several_that_rise_on_one_day_are_told_apart(of: Callable[..., Any]) -> None:
    row = of(
        held(300, 40, "premium", 30.0),
        held(290, 40, "basic", 10.0),
        held(40, None, "basic", 11.0),
        held(40, None, "premium", 33.0),
    )
    assert some(row, "price_rises_365d", "price_rise_365d", "upgrades_365d") == (2, 4.0, 0)
    assert some(row, "subscriptions_running", "subscription_price") == (2, 44.0)


@pytest.mark.parametrize(("gap", "comebacks", "days"), [(1.0, 0, 300), (1.1, 1, 98.9), (30, 1, 70)])
def test_more_than_a_day_without_any_is_leaving_and_coming_back(
    of: Callable[..., Any], gap: float, comebacks: int, days: float
) -> None:
    row = of(held(300, 100), held(100 - gap))
    assert some(row, "subscription_comebacks", "price_rises_365d") == (comebacks, 0)
    assert row["subscription_days"] == pytest.approx(days)
    assert row["days_since_all_cancelled"] == (100 if comebacks else None)


def test_who_cancels_one_of_two_has_not_left(of: Callable[..., Any]) -> None:
    row = of(held(800, None, price=10.0), held(700, 20, price=5.0))
    assert some(row, "subscriptions_running", "subscriptions_365d_before") == (1, 2)
    assert some(row, "subscriptions_change_365d", "subscription_price") == (-1, 10.0)
    assert some(row, "subscription_days", "subscription_comebacks") == (800, 0)


def test_what_is_cancelled_from_as_of_on_runs_on(of: Callable[..., Any]) -> None:
    now, later, never = of(held(50, 0)), of(held(50, -30)), of(held(50))
    assert now == later == never
    assert of(held(50, 1e-6))["subscriptions_running"] == 0


def test_a_successor_from_as_of_on_is_not_known(of: Callable[..., Any]) -> None:
    assert of(held(50, 0), held(0, None, "plus", 20.0)) == of(held(50))


def test_the_newest_plan_counts_and_of_a_day_the_last_by_name(of: Callable[..., Any]) -> None:
    assert of(held(50, None, "zebra"), held(20, None, "ant"))["subscription_plan"] == "ant"
    assert of(held(20, None, "zebra"), held(20, None, "ant"))["subscription_plan"] == "zebra"
    assert of(held(50, None, "kept"), held(20, 10, "gone"))["subscription_plan"] == "kept"


def test_a_price_or_a_plan_that_is_not_given_is_null(of: Callable[..., Any]) -> None:
    row = of(held(300, 100, None, None), held(100, None, None, None))
    assert some(row, "subscription_price", "subscription_plan") == (None, None)
    assert some(row, "price_rises_365d", "subscription_price_change_365d", "upgrades_365d") == (0, 0, 0)


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH known AS (
            SELECT snap.customer_id, as_of, started_at, plan, price, subscription_id,
                CASE WHEN cancelled_at < as_of THEN cancelled_at END AS ended
            FROM snap LEFT JOIN subscriptions AS s ON s.customer_id = snap.customer_id AND started_at < as_of
        ), new AS (
            SELECT *, row_number() OVER (
                PARTITION BY customer_id, as_of, started_at ORDER BY plan, price, subscription_id) AS nth
            FROM known
        ), old AS (
            SELECT *, row_number() OVER (
                PARTITION BY customer_id, as_of, ended ORDER BY plan, price, subscription_id) AS nth
            FROM known WHERE ended IS NOT NULL
        ), changes AS (
            SELECT customer_id, as_of, new.started_at, new.plan <> old.plan AS other,
                round(new.price - old.price, 2) AS step
            FROM new JOIN old USING (customer_id, as_of, nth) WHERE new.started_at = old.ended
        ), changed AS (
            SELECT customer_id, as_of,
                round(sum(step) FILTER (started_at >= as_of - INTERVAL 365 DAY), 2) AS change,
                count(*) FILTER (other AND step < 0 AND started_at >= as_of - INTERVAL 365 DAY) AS downs,
                count(*) FILTER (NOT other AND step > 0 AND started_at >= as_of - INTERVAL 365 DAY) AS rises,
                max(started_at) FILTER (NOT other AND step > 0) AS last_price_rise_at
            FROM changes GROUP BY customer_id, as_of
        )
        SELECT customer_id, as_of,
            count(subscription_id) FILTER (ended IS NULL) AS subscriptions_running,
            round(sum(price) FILTER (ended IS NULL), 2) AS subscription_price,
            count(*) FILTER (started_at < as_of - INTERVAL 365 DAY
                AND coalesce(ended >= as_of - INTERVAL 365 DAY, true)) AS subscriptions_365d_before,
            coalesce(any_value(change), 0) AS subscription_price_change_365d,
            coalesce(any_value(downs), 0) AS downgrades_365d,
            coalesce(any_value(rises), 0) AS price_rises_365d,
            any_value(last_price_rise_at) AS last_price_rise_at
        FROM known LEFT JOIN changed USING (customer_id, as_of) GROUP BY customer_id, as_of
    """)
