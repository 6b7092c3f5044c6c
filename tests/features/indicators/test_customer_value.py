"""Comprehensive customer value, by hand and in plain SQL."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.indicators.customer_value import customer_value, tiers
from features.indicators.lifetime import figure_of
from features.indicators.measure import Measured
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame({"customer_id": ["a", "e"], "clv": [100.0, 200.0], "churn_probability": [0.5, 0.1]})


def test_by_hand(company: Measured) -> None:
    """a bought for 60, is expected to for 100, recommended once (a new customer costs 30), and was contacted
    for 0.5 + 1; the costs of the service bear no customer."""
    told = customer_value(before(source_from_rows(COMPANY).tables, AS_OF), company, SCORES)
    told = told.set_index("customer_id")
    a = told.loc["a"]
    assert (a["contribution"], a["expected"]) == pytest.approx((24, 40))
    assert (a["referrals"], a["referral_value"], a["cost_to_keep"]) == (1, 30, 1.5)
    assert a["value"] == pytest.approx(24 + 40 + 30 - 1.5)
    assert a["value_at_risk"] == pytest.approx(0.5 * 40)
    e = told.loc["e"]
    assert e["value"] == pytest.approx(0.4 * 170 + 0.4 * 200 - 18)
    assert told["cost_to_serve"].isna().all()
    assert told.loc["f", "expected"] == 0
    assert pd.isna(told.loc["f", "churn_probability"])
    assert list(told["place"]) == list(range(1, 8))
    assert told["value"].is_monotonic_decreasing


def test_tiers_by_hand() -> None:
    """Of ten customers the best one is the first tenth; the next tenth of them, up to the fifth, is one."""
    values = pd.DataFrame({"value": [50.0, 20, 10, 5, 5, 4, 3, 2, 1, 0]})
    told = tiers(values.assign(expected=1.0, value_at_risk=0.5))
    assert list(told["customers"]) == [1, 0, 1, 3, 5]  # the best of ten is also the best of a hundred
    assert list(told["value"]) == [50, 0, 20, 20, 10]
    assert list(told["share"]) == pytest.approx([0.5, 0, 0.2, 0.2, 0.1])
    assert told["expected"].sum() == 10


def test_in_sql(shop: Source, folder: Path, company: Measured) -> None:
    as_of = datetime.fromisoformat("2025-01-01")
    told = customer_value(before(shop.tables, as_of), company, None).set_index("customer_id").sort_index()
    tables = {
        name: f"(FROM '{folder}/{name}.parquet' WHERE {time} < '{as_of}')" for name, time in TIMES.items()
    }
    query = f"""
        SELECT customer_id, sum(margin) AS contribution,
            coalesce((SELECT count(*) FROM {tables["engagement"]} e
                WHERE e.customer_id = o.customer_id AND kind = 'referral'), 0) AS referrals,
            coalesce((SELECT sum(amount) FROM {tables["costs"]} c
                WHERE c.customer_id = o.customer_id AND kind IN ('service', 'maintenance')), 0) AS served,
            coalesce((SELECT sum(cost) FROM {tables["contacts"]} c
                WHERE c.customer_id = o.customer_id AND arm = 'treatment'), 0) AS kept,
            coalesce((SELECT any_value(acquisition_cost) FROM '{folder}/customers.parquet' c
                WHERE c.customer_id = o.customer_id), 0) AS acquired
        FROM {tables["orders"]} o GROUP BY 1 ORDER BY 1
    """
    expected = duckdb.sql(query).df().set_index("customer_id")
    price = figure_of(company, "cac")
    value = (
        expected.contribution
        + expected.referrals * price
        - expected.served
        - expected.kept
        - expected.acquired
    )
    assert list(told.index) == list(expected.index)
    assert list(told["value"]) == pytest.approx(list(value), rel=1e-9, abs=1e-9)
    assert told["cost_to_serve"].sum() > 0


TIMES = {
    "orders": "ordered_at",
    "engagement": "occurred_at",
    "costs": "occurred_at",
    "contacts": "sent_at",
}
