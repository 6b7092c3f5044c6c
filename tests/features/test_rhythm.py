"""Rhythm by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

import pytest

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def orders(*times: datetime) -> dict[str, Any]:
    return {"orders": [{"ordered_at": time, "amount": 10.0} for time in times]}


@pytest.mark.parametrize(
    ("time", "weeks"),
    [
        (ago(28), 2),
        (ago(28) - SECOND, 1),
        (AS_OF - SECOND, 1),
        (ago(14), 2),
        (ago(7) - SECOND, 2),
        (ago(7), 1),
    ],
)
def test_a_week_ends_where_the_next_begins(of_one: OfOne, time: datetime, weeks: int) -> None:
    first_week = ago(1)
    assert of_one(orders(time, first_week), AS_OF)["weeks_with_order_4"] == weeks


def test_by_hand(of_one: OfOne) -> None:
    # Order days 400, 300, 100 (twice), 80 and 10 days ago: the gaps are 100, 200, 20 and 70 days.
    found = of_one(orders(ago(399.5), ago(299.5), ago(99.75), ago(99.25), ago(79.5), ago(9.5)), AS_OF)
    mean = (100 + 200 + 20 + 70) / 4
    variance = (100**2 + 200**2 + 20**2 + 70**2) / 4 - mean**2
    usual = (390 + 2 * 30) / (4 + 2)  # two gaps of the reference's 30 days lean on the customer's four
    expected = {
        "orders": 6,
        "orders_14d": 1,
        "orders_30d": 1,
        "orders_60d": 1,
        "orders_90d": 2,
        "orders_180d": 4,
        "orders_365d": 5,
        "orders_90_to_180d": 2,
        "orders_180_to_365d": 1,
        "orders_season": 1,
        "order_days": 5,
        "days_since_order": 9.5,
        "days_since_first_order": 399.5,
        "recency_days": 390,
        "gap_mean": mean,
        "gap_median": (70 + 100) / 2,
        "gap_longest": 200,
        "gap_spread": sqrt(variance) / mean,
        "usual_gap": usual,
        "overdue": 9.5 / usual,
        "overdue_longest": 9.5 / 200,
        "orders_trend": 2 - 2,
        "orders_21d": 1,
        "orders_45d": 1,
        "orders_120d": 4,
        "weeks_with_order_4": 1,  # the weeks 1, 11, 14 (twice), 42 and 57 before as_of
        "weeks_with_order_8": 1,
        "weeks_with_order_13": 2,
        "weeks_with_order_26": 3,
        "weeks_with_order_52": 4,
        "fortnights_with_order_6": 2,  # the fortnights 0, 5, 7, 21 and 28 before as_of
        "fortnights_with_order_13": 3,
        "fortnights_with_order_26": 4,
        "months_with_order": 4,  # the months 0, 2, 3 and 9 before as_of
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_order_at"] == ago(9.5)
    assert found["first_order_at"] == ago(399.5)


def test_a_single_order_day_has_no_gap_and_leans_on_the_reference(of_one: OfOne) -> None:
    found = of_one(orders(ago(9.5), ago(9.25)), AS_OF)
    missing = ["gap_mean", "gap_median", "gap_longest", "gap_spread", "overdue_longest"]
    assert [found[name] for name in missing] == [None] * 5
    assert found["recency_days"] == 0
    assert found["order_days"] == 1
    assert found["usual_gap"] == (0 + 2 * 30) / (0 + 2)
    assert found["overdue"] == pytest.approx(9.25 / 30)


@pytest.mark.parametrize("days", [14, 30, 60, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    begin = ago(days)
    times = [begin - SECOND, begin - MICROSECOND, begin, begin + MICROSECOND, begin + SECOND]
    end = [AS_OF - MICROSECOND, AS_OF, AS_OF + MICROSECOND]
    found = of_one(orders(*times, *end), AS_OF)
    assert found[f"orders_{days}d"] == 3 + 1
    assert found["orders"] == 5 + 1


@pytest.mark.parametrize(
    ("name", "oldest", "newest"),
    [("orders_90_to_180d", 180, 90), ("orders_180_to_365d", 365, 180), ("orders_season", 365, 275)],
)
def test_the_windows_before_meet_without_a_gap(of_one: OfOne, name: str, oldest: int, newest: int) -> None:
    times = [ago(oldest) - MICROSECOND, ago(oldest), ago(newest) - MICROSECOND, ago(newest)]
    assert of_one(orders(*times), AS_OF)[name] == 2


@pytest.mark.parametrize(
    ("times", "months"),
    [
        ([ago(30)], 1),
        ([ago(30), ago(30) - MICROSECOND], 2),
        ([ago(360)], 1),
        ([ago(360) - MICROSECOND], 0),
        ([ago(30 * month) for month in range(1, 13)], 12),
        ([AS_OF - MICROSECOND, ago(30)], 1),
        ([AS_OF], 0),
    ],
)
def test_a_month_is_thirty_days_and_there_are_twelve(
    of_one: OfOne, times: list[datetime], months: int
) -> None:
    assert of_one(orders(*times), AS_OF)["months_with_order"] == months


def test_an_order_just_before_midnight_belongs_to_its_own_day(of_one: OfOne) -> None:
    night = ago(5) - MICROSECOND
    found = of_one(orders(night, night - timedelta(hours=23), ago(5)), AS_OF)
    assert found["order_days"] == 2
    assert found["gap_mean"] == 1


def test_whole_seconds_are_measured_from_a_time_within_a_second(of_one: OfOne) -> None:
    found = of_one(orders(ago(1) - timedelta(milliseconds=600), ago(1) + timedelta(milliseconds=400)), AS_OF)
    assert found["days_since_order"] == 1.0
    assert found["days_since_first_order"] == 1 + 1 / 86_400


def test_counts_and_days_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        SELECT customer_id, as_of, count(*) AS orders,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 30 DAY) AS orders_30d,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS orders_365d,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 180 DAY
                AND ordered_at < as_of - INTERVAL 90 DAY) AS orders_90_to_180d,
            count(DISTINCT ordered_at::DATE) AS order_days,
            max(ordered_at)::DATE - min(ordered_at)::DATE AS recency_days,
            date_diff('second', max(ordered_at), as_of) / 86400 AS days_since_order,
            max(ordered_at) AS last_order_at
        FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
    """)


def test_gaps_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH day AS (
            SELECT DISTINCT customer_id, as_of, ordered_at::DATE AS day
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        ), gap AS (
            SELECT *, day - lag(day) OVER (PARTITION BY customer_id, as_of ORDER BY day) AS gap FROM day
        )
        SELECT customer_id, as_of, avg(gap) AS gap_mean, median(gap) AS gap_median, max(gap) AS gap_longest,
            stddev_pop(gap) / avg(gap) AS gap_spread
        FROM gap GROUP BY customer_id, as_of
    """)
