"""What is measured as of a day: whole months, nothing later, and nothing of what isn't there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from features.errors import HistoryError
from features.indicators.measure import Measured, book, measure, words
from features.indicators.rules import Rules
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

LATER: dict[str, list[dict[str, Any]]] = {
    "orders": [
        {"order_id": "z", "customer_id": "b", "ordered_at": "2025-01-01", "amount": 1e6, "channel": "web"}
    ],
    "tickets": [{"ticket_id": "z", "customer_id": "b", "opened_at": "2025-01-01", "kind": "complaint"}],
    "surveys": [
        {"response_id": "z", "customer_id": "b", "responded_at": "2025-01-31", "metric": "nps", "score": 0}
    ],
    "returns": [{"return_id": "z", "customer_id": "f", "returned_at": "2025-01-01", "amount": 9.0}],
    "engagement": [{"customer_id": "b", "occurred_at": "2025-01-01", "kind": "visit"}],
    "contacts": [
        {
            "contact_id": "z",
            "campaign_id": "z",
            "customer_id": "b",
            "sent_at": "2025-01-02",
            "arm": "treatment",
        }
    ],
    "costs": [{"occurred_at": "2025-01-01", "kind": "advertising", "amount": 1e6}],
    "subscriptions": [{"subscription_id": "z", "customer_id": "b", "started_at": "2025-01-02"}],
    "customers": [{"customer_id": "z", "signed_up_at": "2025-01-02", "segment": "old"}],
}


def same(found: Measured, expected: Measured) -> None:
    pd.testing.assert_frame_equal(found.months, expected.months)
    pd.testing.assert_frame_equal(found.period, expected.period)


def test_nothing_later_changes_anything(company: Measured) -> None:
    """Facts from New Year on, columns filled in by then, and a day in the middle of January."""
    rows = {name: [*some, *LATER.get(name, [])] for name, some in COMPANY.items()}
    rows["tickets"] = [
        row | {"resolved_at": "2025-01-05", "first_response_at": "2025-01-04"}
        if row["ticket_id"] == "1"
        else row
        for row in rows["tickets"]
    ]
    found = measure(source_from_rows(rows).tables, datetime.fromisoformat("2025-01-20"))
    assert found.day == AS_OF
    same(found, company)


def test_orders_alone_measure_what_they_can_and_nothing_is_zero() -> None:
    orders = [
        {k: row[k] for k in ("order_id", "customer_id", "ordered_at", "amount")} for row in COMPANY["orders"]
    ]
    found = measure(source_from_rows({"orders": orders}).tables, AS_OF)
    assert {i.name for i in found.measured} == {
        "active_customers", "new_customers", "retention_rate", "churn_rate", "repeat_rate", "lapsed_share",
        "winback_rate", "revenue", "order_count", "basket", "purchase_frequency", "order_rate",
        "revenue_per_customer",
    }  # fmt: skip
    assert set(found.period.breakdown) == {"all"}
    assert {i.name for i in found.missing} == {i.name for i in book()} - {i.name for i in found.measured}
    assert all(i.collect for i in found.missing)


def test_a_table_without_rows_yet_tells_nothing() -> None:
    rows = {"orders": COMPANY["orders"], "tickets": [COMPANY["tickets"][0] | {"opened_at": "2025-01-03"}]}
    found = measure(source_from_rows(rows).tables, AS_OF)
    complaints = found.months[found.months.indicator == "complaint_rate"]
    assert len(complaints) == 24
    assert complaints.figure.isna().all()


def test_rules_change_what_is_measured() -> None:
    """Active: an order in the last month, so only those of December; the words say so."""
    rules = Rules(active_months=1)
    found = measure(source_from_rows({"orders": COMPANY["orders"]}).tables, AS_OF, rules)
    active = found.period[found.period.indicator == "active_customers"].iloc[0]
    assert active.figure == 2
    assert "in the 1 months" in words(book()["active_customers"].definition, rules)


def test_the_largest_values_are_told_and_the_rest_is_one() -> None:
    orders = [
        {
            "order_id": f"{at} {month}",
            "customer_id": str(at),
            "ordered_at": f"2024-{month:02}-01",
            "amount": 1.0,
        }
        | {"channel": f"channel {at}"}
        for at in range(5)
        for month in range(1, 5 + at)
    ]
    found = measure(source_from_rows({"orders": orders}).tables, AS_OF, Rules(most_values=2))
    revenue = found.period[
        (found.period.indicator == "revenue") & (found.period.breakdown == "order_channel")
    ]
    assert dict(zip(revenue.value, revenue.figure, strict=True)) == {
        "channel 4": 8,
        "channel 3": 7,
        "all others": 4 + 5 + 6,
    }


def test_before_any_order_there_is_nothing_to_assess() -> None:
    tables = source_from_rows({"orders": COMPANY["orders"]}).tables
    with pytest.raises(HistoryError, match=r"nothing in orders before 2023-01-01.*Take a later day"):
        measure(tables, datetime.fromisoformat("2023-01-31"))
