"""The indicators of the simulated retailer against plain SQL that counts each month end by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.indicators.measure import Measured, measure
from features.sources import Source

AS_OF = datetime.fromisoformat("2025-01-01")
Ask = Callable[[str], pd.DataFrame]

AT_ENDS = """
    SELECT e - INTERVAL 1 MONTH AS month, avg(yes::INT) AS figure, count(*) AS cases
    FROM ({}) GROUP BY e
"""
LAST = "max(ordered_at) FILTER (ordered_at < e - INTERVAL 3 MONTH)"
SINCE = "bool_or(ordered_at >= e - INTERVAL 3 MONTH)"
SOLD = "FROM ends JOIN orders o ON ordered_at < e"
OF_EACH = "GROUP BY e, customer_id"
CHURN = f"SELECT e, NOT {SINCE} AS yes {SOLD} {OF_EACH} HAVING {LAST} >= e - INTERVAL 15 MONTH"

SHARES = {
    "churn_rate": CHURN,
    "retention_rate": CHURN.replace("NOT ", ""),
    "repeat_rate": f"SELECT e, count(*) >= 2 AS yes {SOLD} AND ordered_at >= e - INTERVAL 12 MONTH {OF_EACH}",
    "winback_rate": f"SELECT e, {SINCE} AS yes {SOLD} {OF_EACH} HAVING {LAST} < e - INTERVAL 15 MONTH",
    "lapsed_share": f"""
        WITH bought AS (
            SELECT e, min(ordered_at) AS first, max(ordered_at) AS last, count(*) AS orders {SOLD} {OF_EACH}
        )
        SELECT e, e > last + to_seconds(
            ceil(4.0 * (epoch(last) - epoch(first)) / (orders - 1))::BIGINT) AS yes
        FROM bought WHERE orders >= 2 AND last >= e - INTERVAL 12 MONTH
    """,
}


def mean(value: str, time: str, rows: str) -> str:
    return f"""
        SELECT date_trunc('month', {time}) AS month, avg({value}) AS figure, count(*) AS cases
        FROM {rows} GROUP BY 1
    """


def within(column: str, since: str, days: int, rows: str) -> str:
    due = f"{since} + INTERVAL {days} DAY"
    return mean(f"coalesce({column} < {due}, false)::INT", due, rows)


BY_MONTH = {
    "nps": mean(
        "CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END",
        "responded_at",
        "surveys WHERE metric = 'nps'",
    ),
    "csat": mean("(score >= 4)::INT", "responded_at", "surveys WHERE metric = 'csat'"),
    "csi_mean": mean("score", "responded_at", "surveys WHERE metric = 'csi'"),
    "ces_mean": mean("score", "responded_at", "surveys WHERE metric = 'ces'"),
    "basket": mean("amount", "ordered_at", "orders"),
    "first_response_hours": mean(
        "epoch(first_response_at - opened_at) / 3600", "first_response_at", "tickets"
    ),
    "typical_response_hours": mean(
        "ln(greatest(epoch(first_response_at - opened_at) / 3600, 1 / 60))", "first_response_at", "tickets"
    )
    .replace("avg(", "exp(avg(")
    .replace(") AS figure", ")) AS figure"),
    "resolved_in_time": within("resolved_at", "opened_at", 7, "tickets"),
    "reopened_share": within("reopened_at", "resolved_at", 14, "tickets"),
    "redemption_rate": within(
        "redeemed_at", "sent_at", 30, "contacts WHERE arm = 'treatment' AND coupon_value > 0"
    ),
    "complaint_rate": """
        SELECT month, 100.0 * coalesce(complaints, 0) / orders AS figure, orders AS cases
        FROM (SELECT date_trunc('month', ordered_at) AS month, count(*) AS orders FROM orders GROUP BY 1)
        LEFT JOIN (SELECT date_trunc('month', opened_at) AS month, count(*) AS complaints
              FROM tickets WHERE kind = 'complaint' GROUP BY 1) USING (month)
    """,
    "order_rate": """
        WITH active AS (
            SELECT e, count(DISTINCT customer_id) AS customers,
                count(*) FILTER (ordered_at >= e - INTERVAL 1 MONTH) AS orders
            FROM ends JOIN orders ON ordered_at < e AND ordered_at >= e - INTERVAL 12 MONTH GROUP BY e
        )
        SELECT e - INTERVAL 1 MONTH AS month, 100.0 * orders / customers AS figure, customers AS cases
        FROM active
    """,
    "line_return_rate": """
        WITH came_back AS (
            SELECT date_trunc('month', returned_at) AS month, count(DISTINCT (return_id, category)) AS n
            FROM returns JOIN order_lines USING (order_id) GROUP BY 1
        )
        SELECT month, 100.0 * coalesce(any_value(n), 0) / count(*) AS figure, count(*) AS cases
        FROM (SELECT date_trunc('month', ordered_at) AS month FROM orders JOIN order_lines USING (order_id))
        LEFT JOIN came_back USING (month) GROUP BY month
    """,
    "line_return_cost": """
        WITH pairs AS (
            SELECT DISTINCT date_trunc('month', returned_at) AS month, return_id, category, returns.amount
            FROM returns JOIN order_lines USING (order_id)
        ), came_back AS (SELECT month, sum(amount) AS money FROM pairs GROUP BY 1)
        SELECT month, coalesce(any_value(money), 0) / count(*) AS figure, count(*) AS cases
        FROM (SELECT date_trunc('month', ordered_at) AS month FROM orders JOIN order_lines USING (order_id))
        LEFT JOIN came_back USING (month) GROUP BY month
    """,
    "subscription_churn": """
        WITH held AS (SELECT *, coalesce(cancelled_at, TIMESTAMP '9999-01-01') AS until FROM subscriptions),
        ended AS (
            SELECT e, customer_id, max(until) FILTER (started_at < e) AS until FROM ends JOIN held ON true
            GROUP BY e, customer_id
            HAVING bool_or(started_at < e - INTERVAL 1 MONTH AND until >= e - INTERVAL 1 MONTH)
        )
        SELECT e - INTERVAL 1 MONTH AS month, avg((until < e)::INT) AS figure, count(*) AS cases
        FROM ended GROUP BY 1
    """,
    "cac": """
        WITH came AS (
            SELECT e, count(*) AS customers
            FROM ends JOIN customers ON signed_up_at >= e - INTERVAL 12 MONTH AND signed_up_at < e GROUP BY e
        )
        SELECT e - INTERVAL 1 MONTH AS month, sum(amount) / any_value(customers) AS figure,
            any_value(customers) AS cases
        FROM came JOIN costs
            ON kind = 'advertising' AND occurred_at >= e - INTERVAL 12 MONTH AND occurred_at < e GROUP BY e
    """,
}


@pytest.fixture(scope="module")
def found(shop: Source) -> Measured:
    return measure(shop.tables, AS_OF)


@pytest.fixture(scope="module")
def ask(folder: Path) -> Iterator[Ask]:
    """Asks the files; the view `ends` holds the ends of the last 24 months as `e`."""
    with duckdb.connect() as connection:
        for path in folder.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        ends = "range(TIMESTAMP '2023-02-01', TIMESTAMP '2025-01-02', INTERVAL 1 MONTH)"
        connection.execute(f"CREATE VIEW ends AS SELECT unnest({ends}) AS e")
        yield lambda query: connection.sql(query).df().set_index("month").sort_index()


def months(found: Measured, name: str, value: str = "all") -> pd.DataFrame:
    frame = found.months[(found.months.indicator == name) & (found.months.value == value)]
    return frame.set_index("month").sort_index()


def agree(ours: pd.DataFrame, expected: pd.DataFrame, at_least: int) -> None:
    known = ours[(ours.cases > 0) & ours.figure.notna()]
    assert len(known) >= at_least
    there = expected.loc[known.index]
    assert list(known.figure) == pytest.approx(list(there.figure.astype(float)), rel=1e-9, abs=1e-12)
    assert list(known.cases) == list(there.cases)


@pytest.mark.parametrize("name", SHARES)
def test_customers_at_each_months_end(found: Measured, ask: Ask, name: str) -> None:
    known = 1 if name == "lapsed_share" else 8
    agree(months(found, name), ask(AT_ENDS.format(SHARES[name])), known)


@pytest.mark.parametrize("name", BY_MONTH)
def test_by_month(found: Measured, ask: Ask, name: str) -> None:
    agree(months(found, name), ask(BY_MONTH[name]), 9)


def test_churn_of_a_segment(found: Measured, ask: Ask) -> None:
    students = "customer_id IN (SELECT customer_id FROM customers WHERE segment = 'student')"
    query = CHURN.replace(SOLD, f"{SOLD} AND {students}")
    agree(months(found, "churn_rate", "student"), ask(AT_ENDS.format(query)), 8)


@pytest.mark.parametrize("name", ["revenue", "order_count", "active_customers", "new_customers"])
def test_the_segments_add_up_to_the_company(found: Measured, name: str) -> None:
    period = found.period[found.period.indicator == name].set_index("breakdown")
    for column in ("figure", "cases"):
        assert period.loc["segment", column].sum() == pytest.approx(period.loc["all", column])
