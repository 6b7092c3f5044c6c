"""The return of campaigns: by hand, against SciPy's Welch, and what is called a correlation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from features.indicators.campaigns import campaigns
from features.indicators.rules import Rules
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF


def contact(number: int, customer: str, arm: str = "treatment", **more: Any) -> dict[str, Any]:
    told = {"cost": 2.0, "coupon_value": 5.0, "redeemed_at": None} if arm == "treatment" else {}
    return {
        "contact_id": str(number),
        "campaign_id": "spring",
        "customer_id": customer,
        "sent_at": "2024-05-01",
        "arm": arm,
        "cost": None,
        "coupon_value": None,
        "redeemed_at": None,
        **told,
        **more,
    }


def order(customer: str, day: str, amount: float) -> dict[str, Any]:
    return {"order_id": f"{customer}{day}", "customer_id": customer, "ordered_at": day, "amount": amount}


ORDERS = [
    order("a", "2024-05-10", 30.0),
    order("a", "2024-04-20", 10.0),
    order("b", "2024-05-30", 20.0),
    order("b", "2024-06-10", 99.0),  # too late
    order("c", "2024-04-30", 6.0),
    order("x", "2024-05-02", 10.0),
    order("y", "2024-03-01", 50.0),  # too early
]
TREATED = [
    contact(1, "a", redeemed_at="2024-05-10"),
    contact(2, "b", redeemed_at="2024-06-10"),
    contact(3, "c"),
    contact(4, "c", sent_at="2024-05-03"),  # the same campaign again: counts once
]


def told(contacts: list[dict[str, Any]]) -> dict[Any, Any]:
    tables = source_from_rows({"orders": ORDERS, "contacts": contacts}).tables
    frame = campaigns(before(tables, AS_OF), AS_OF, Rules())
    assert len(frame) == 1
    row: dict[Any, Any] = frame.iloc[0].to_dict()
    return row


def test_against_control_by_hand() -> None:
    """After it the contacted bought for 30, 20 and 0, those held back for 10 and 0."""
    row = told([*TREATED, contact(5, "x", "control"), contact(6, "y", "control")])
    assert (row["contacted"], row["held_back"], row["basis"]) == (3, 2, "control")
    assert row["brought"] == pytest.approx(3 * (50 / 3 - 5))
    assert row["cost"] == 6
    assert row["roi"] == pytest.approx((35 - 6) / 6)
    assert (row["coupons"], row["redeemed"]) == (3, 1)  # b's came after 30 days
    interval = stats.ttest_ind([30, 20, 0], [10, 0], equal_var=False).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((3 * interval.low, 3 * interval.high))


def test_without_control_it_is_a_correlation() -> None:
    """The contacted bought for 20, 20 and −6 more than in the thirty days before."""
    row = told(TREATED)
    assert row["basis"] == "correlation"
    assert row["brought"] == pytest.approx(34)
    interval = stats.ttest_1samp([20, 20, -6], 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((3 * interval.low, 3 * interval.high))


@pytest.mark.parametrize(("first", "known"), [("2024-04-01", True), ("2024-04-02", False)])
def test_what_lies_before_the_first_order_is_no_zero(first: str, known: bool) -> None:
    """Thirty days before the contacts of May 1st the orders must have begun."""
    orders = [order("z", first, 1.0), *ORDERS[:3]]
    tables = source_from_rows({"orders": orders, "contacts": TREATED}).tables
    row = campaigns(before(tables, AS_OF), AS_OF, Rules()).iloc[0]
    assert row[["brought", "low", "high", "roi"]].notna().to_list() == [known] * 4
    assert row["cost"] == 6


def test_one_held_back_is_no_control() -> None:
    assert told([*TREATED, contact(5, "x", "control")])["basis"] == "correlation"


def test_a_campaign_whose_time_is_not_up_is_left_out() -> None:
    tables = source_from_rows({"orders": ORDERS, "contacts": [contact(1, "a", sent_at="2024-12-15")]}).tables
    assert campaigns(before(tables, AS_OF), AS_OF, Rules()).empty


def test_without_costs_there_is_no_return() -> None:
    row = told([{**one, "cost": None} for one in TREATED])
    assert pd.isna(row["roi"])
    assert pd.isna(row["cost"])
    assert row["brought"] == pytest.approx(34)


def test_in_sql(shop: Source, folder: Path) -> None:
    as_of = datetime.fromisoformat("2025-01-01")
    frame = campaigns(before(shop.tables, as_of), as_of, Rules()).set_index("campaign").sort_index()
    query = f"""
        SELECT campaign_id, arm, c.customer_id, coalesce(sum(margin) FILTER (
            ordered_at >= sent_at AND ordered_at < sent_at + INTERVAL 30 DAY), 0) AS worth
        FROM '{folder}/contacts.parquet' c LEFT JOIN '{folder}/orders.parquet' o USING (customer_id)
        WHERE sent_at < TIMESTAMP '{as_of}' - INTERVAL 30 DAY GROUP BY ALL
    """
    each = duckdb.sql(query).df()
    assert set(frame.index) == set(each.campaign_id)
    for name, row in frame.iterrows():
        some = each[each.campaign_id == name]
        arms = [some.worth[some.arm == arm].to_numpy() for arm in ("treatment", "control")]
        assert row["brought"] == pytest.approx(len(arms[0]) * (np.mean(arms[0]) - np.mean(arms[1])), rel=1e-9)
        interval = stats.ttest_ind(*arms, equal_var=False).confidence_interval(0.95)
        assert row["low"] == pytest.approx(len(arms[0]) * interval.low, rel=1e-6)
