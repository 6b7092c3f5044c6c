"""What a source tells of its customers beyond the scores, by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from configs.settings import Definitions
from features.sources import source_from_rows
from serving.census import CHURNED, INACTIVE, take

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
DEFINITIONS = Definitions(horizon_days=90, lookback_days=365)


def ago(days: float) -> datetime:
    return DAY - timedelta(days=days)


def order(customer: str, days: float) -> dict[str, Any]:
    return {"order_id": f"{customer}{days}", "customer_id": customer, "ordered_at": ago(days), "amount": 1.0}


def contact(customer: str, days: float, arm: str) -> dict[str, Any]:
    of = {"contact_id": f"{customer}{days}", "campaign_id": "1", "customer_id": customer}
    return of | {"sent_at": ago(days), "arm": arm}


ORDERS = [
    *(order("stays", days) for days in (500, 200, 30)),
    *(order("churned", days) for days in (400, 91)),
    *(order("long-gone", days) for days in (600, 500)),
    order("comes-later", -1),
    order("new", 10),
]
"""90 days before the day, `stays` and `churned` were active; of these `stays` came back in time."""


def test_who_ever_ordered_and_who_churned_in_the_horizon_that_is_over() -> None:
    found = take(source_from_rows({"orders": ORDERS}).tables, DAY, DEFINITIONS)
    assert (found.ever, found.active_then, found.churned_since) == (4, 2, 1)
    assert found.contacted is None
    told = found.examples.to_dict("records")
    assert told == [
        {"customer_id": "long-gone", "last_order_at": ago(500), "kind": INACTIVE},
        {"customer_id": "churned", "last_order_at": ago(91), "kind": CHURNED},
    ]


def test_the_last_contact_is_the_last_that_was_sent_before_the_day() -> None:
    contacts = [
        *(contact("stays", days, "treatment") for days in (50, 20, -5)),
        contact("stays", 3, "control"),
        contact("new", 2, "control"),
    ]
    found = take(source_from_rows({"orders": ORDERS, "contacts": contacts}).tables, DAY, DEFINITIONS)
    assert found.contacted is not None
    assert found.contacted.to_dict() == {"stays": ago(20)}


def test_contacts_without_a_row_are_known_to_be_none() -> None:
    found = take(source_from_rows({"orders": ORDERS, "contacts": []}).tables, DAY, DEFINITIONS)
    assert found.contacted is not None
    assert found.contacted.empty


def test_history_shorter_than_the_horizon_tells_nobody_who_churned() -> None:
    found = take(source_from_rows({"orders": [order("a", 89), order("b", 5)]}).tables, DAY, DEFINITIONS)
    assert (found.ever, found.active_then, found.churned_since) == (2, None, None)
    assert found.examples.empty


def test_facts_at_or_after_the_day_change_nothing() -> None:
    before = take(source_from_rows({"orders": ORDERS}).tables, DAY, DEFINITIONS)
    later = [*ORDERS, order("churned", 0), order("long-gone", -3)]
    after = take(source_from_rows({"orders": later}).tables, DAY, DEFINITIONS)
    assert (after.ever, after.active_then, after.churned_since) == (4, 2, 1)
    pd.testing.assert_frame_equal(after.examples, before.examples)


@pytest.mark.parametrize(("cancelled", "churned"), [(10, 1), (None, 0)])
def test_contractual_churn_is_the_end_of_subscriptions(cancelled: float | None, churned: int) -> None:
    rows = [
        {"subscription_id": "1", "customer_id": "a", "started_at": ago(300), "cancelled_at": None},
        {"subscription_id": "2", "customer_id": "b", "started_at": ago(300), "cancelled_at": None},
        {"subscription_id": "3", "customer_id": "c", "started_at": ago(400), "cancelled_at": ago(200)},
    ]
    rows[1]["cancelled_at"] = None if cancelled is None else ago(cancelled)
    definitions = DEFINITIONS.model_copy(update={"mode": "contractual"})
    found = take(source_from_rows({"subscriptions": rows}).tables, DAY, definitions)
    assert (found.ever, found.active_then, found.churned_since) == (3, 2, churned)
    inactive = found.examples[found.examples["kind"] == INACTIVE]
    assert inactive["customer_id"].tolist() == (["b", "c"] if cancelled else ["c"])
    assert inactive["last_order_at"].isna().all()
