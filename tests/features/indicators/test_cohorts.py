"""Cohorts by hand and in plain SQL."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.indicators.cohorts import cohorts
from features.indicators.rules import Rules
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY


def test_by_hand() -> None:
    """The orders begin in January 2023, so the first cohort is of January 2024: f, then b in March, e in
    December."""
    told = cohorts(source_from_rows({"orders": COMPANY["orders"]}).tables, AS_OF, Rules())
    first = told[told.months == 0].set_index("cohort")
    assert [f"{day:%Y-%m}" for day in first.index] == ["2024-01", "2024-03", "2024-12"]
    assert list(first.customers) == [1, 1, 1]
    assert list(first.revenue) == [100 + 110 + 120, 40, 80 + 90]
    of_f = told[told.cohort == "2024-01-01"]
    assert list(of_f.months) == list(range(12))
    assert list(of_f.active) == [1] + [0] * 11
    assert list(of_f.retention) == [1.0] + [0.0] * 11
    assert set(of_f.revenue_to_date) == {330.0}
    assert of_f.contribution_to_date.iloc[-1] == pytest.approx(0.4 * 330)


def test_without_margin_there_is_no_contribution() -> None:
    orders = [{k: v for k, v in row.items() if k != "margin"} for row in COMPANY["orders"]]
    told = cohorts(source_from_rows({"orders": orders}).tables, AS_OF, Rules())
    assert told.contribution.isna().all()
    assert told.revenue.notna().all()


def test_history_too_short_for_a_cohort_gives_none() -> None:
    orders = [row for row in COMPANY["orders"] if row["ordered_at"] >= "2024-06-01"]
    assert cohorts(source_from_rows({"orders": orders}).tables, AS_OF, Rules()).empty


def test_in_sql(shop: Source, folder: Path) -> None:
    as_of = datetime.fromisoformat("2025-01-01")
    told = cohorts(before(shop.tables, as_of), as_of, Rules())
    query = f"""
        WITH known AS (FROM '{folder}/orders.parquet' WHERE ordered_at < '{as_of}'),
        begun AS (SELECT customer_id, date_trunc('month', min(ordered_at)) AS cohort FROM known GROUP BY 1)
        SELECT cohort, datediff('month', cohort, ordered_at) AS months,
            count(DISTINCT customer_id) AS active, sum(amount) AS revenue, sum(margin) AS contribution
        FROM known JOIN begun USING (customer_id) GROUP BY 1, 2
    """
    expected = duckdb.sql(query).df().set_index(["cohort", "months"])
    ordered = told[told.active > 0].set_index(["cohort", "months"]).sort_index()
    assert len(ordered) > 40
    pd.testing.assert_frame_equal(
        ordered[["active", "revenue", "contribution"]],
        expected.loc[ordered.index],
        check_dtype=False,
        check_index_type=False,
        rtol=1e-9,
    )
    assert (told.retention == told.active / told.customers).all()
