"""What service does to later churn: a published example, by hand, and in plain SQL."""

from __future__ import annotations

from datetime import datetime
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.indicators.aftermath import aftermath, risk_difference
from features.indicators.rules import Rules
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF


def strata(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customers", "churned"])


def test_one_stratum_is_the_plain_difference() -> None:
    """8 of 20 beside 3 of 30; the variance is that of two binomials."""
    difference, error = risk_difference(strata((20, 8)), strata((30, 3)))
    assert difference == pytest.approx(0.4 - 0.1)
    assert error == pytest.approx(sqrt(0.4 * 0.6 / 20 + 0.1 * 0.9 / 30))


def test_two_strata_by_hand() -> None:
    """Weights 10 × 10 / 20 = 5 and 20 × 5 / 25 = 4; differences 0.3 and 0.1."""
    difference, _ = risk_difference(strata((10, 5), (20, 6)), strata((10, 2), (5, 1)))
    assert difference == pytest.approx((5 * 0.3 + 4 * 0.1) / 9)


def test_a_stratum_with_one_side_tells_nothing() -> None:
    difference, error = risk_difference(strata((10, 5), (7, 0)), strata((10, 2), (0, 0)))
    assert difference == pytest.approx(0.3)
    assert error > 0
    assert pd.isna(risk_difference(strata((7, 0)), strata((0, 0)))[0])


def ticket(customer: str, day: str, answered: str | None, kind: str = "question") -> dict[str, Any]:
    return {
        "ticket_id": f"{customer}{day}",
        "customer_id": customer,
        "opened_at": day,
        "kind": kind,
        "first_response_at": answered,
    }


def order(customer: str, day: str) -> dict[str, Any]:
    return {"order_id": f"{customer}{day}", "customer_id": customer, "ordered_at": day, "amount": 1.0}


def test_by_hand() -> None:
    """Known by New Year 2025 is what came of tickets opened from September 2023 to August 2024: three months
    after their 21 days. a and b waited, of whom b stayed; c and d didn't, and d left; e hadn't bought."""
    tickets = [
        ticket("a", "2024-05-01", "2024-05-03", "complaint"),
        ticket("b", "2024-05-01", None),
        ticket("b", "2024-06-01", "2024-06-01"),  # the second doesn't count
        ticket("c", "2024-05-01", "2024-05-01 05:00"),
        ticket("d", "2024-05-01", "2024-05-01 05:00"),
        ticket("e", "2024-05-01", None),
        ticket("f", "2024-09-15", None),  # too late
    ]
    orders = [order(customer, "2024-04-01") for customer in "abcdf"]
    orders += [
        order("b", "2024-06-01"),
        order("c", "2024-08-01"),
        order("d", "2024-09-01"),
        order("e", "2024-06-01"),
    ]
    orders += [order("a", "2024-05-10")]  # before the time was up
    tables = source_from_rows({"tickets": tickets, "orders": orders}).tables
    told = aftermath(before(tables, AS_OF), AS_OF, Rules()).set_index("failure")
    assert list(told.index) == ["late_answer", "complaint"]
    late = told.loc["late_answer"]
    assert (late.customers, late.churned) == (2, 0.5)
    assert (late.customers_beside, late.churned_beside) == (2, 0.5)
    assert late.difference == 0
    assert (told.loc["complaint", "churned"], told.loc["complaint", "churned_beside"]) == (1, 1 / 3)


def test_nobody_had_a_ticket() -> None:
    tables = source_from_rows({"tickets": [], "orders": [order("a", "2024-04-01")]}).tables
    assert aftermath(before(tables, AS_OF), AS_OF, Rules()).empty


def test_in_sql(shop: Source, folder: Path) -> None:
    as_of = datetime.fromisoformat("2025-01-01")
    told = aftermath(before(shop.tables, as_of), as_of, Rules()).set_index("failure")
    query = f"""
        WITH first AS (
            SELECT customer_id, arg_min(ticket_id, (opened_at, ticket_id)) AS ticket_id
            FROM '{folder}/tickets.parquet'
            WHERE opened_at >= '2023-09-01' AND opened_at < '2024-09-01' GROUP BY 1
        ), known AS (
            SELECT t.*, coalesce(first_response_at, '9999-01-01') >= opened_at + INTERVAL 24 HOUR AS late,
                opened_at + INTERVAL 21 DAY AS up
            FROM first JOIN '{folder}/tickets.parquet' t USING (ticket_id)
        ), bought AS (
            SELECT k.customer_id, late,
                count(*) FILTER (ordered_at < opened_at AND ordered_at >= opened_at - INTERVAL 12 MONTH) AS n,
                count(*) FILTER (ordered_at >= up AND ordered_at < up + INTERVAL 3 MONTH) AS later
            FROM known k JOIN '{folder}/orders.parquet' o ON o.customer_id = k.customer_id GROUP BY ALL
        )
        SELECT late, count(*) AS customers, avg((later = 0)::INT) AS churned
        FROM bought WHERE n > 0 GROUP BY 1
    """
    expected = duckdb.sql(query).df().set_index("late")
    late = told.loc["late_answer"]
    assert late.customers == expected.loc[True, "customers"] > 10
    assert late.customers_beside == expected.loc[False, "customers"]
    assert late.churned == pytest.approx(expected.loc[True, "churned"])
    assert late.churned_beside == pytest.approx(expected.loc[False, "churned"])
    assert late.low < late.difference < late.high
