"""The sentences about one customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from configs.settings import Definitions
from serving.rows import COLUMNS
from serving.scoring import Scoring
from serving.summary import summary

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
SCORING = Scoring(
    id=1,
    as_of=DAY,
    model_version="7",
    source="shop",
    created_at=DAY,
    base_risk=0.21,
    customers=2345,
    definitions=Definitions(),
)
ROW: dict[str, Any] = dict.fromkeys(COLUMNS) | {
    "customer_id": "C1",
    "as_of": DAY,
    "rank": 17,
    "status": "slowing",
    "churn_probability": 0.43,
    "clv": 312.0,
    "clv_low": 200.0,
    "clv_high": 480.0,
    "value_at_risk": 134.16,
    "action": "Call them.",
}


def test_a_customer_with_weak_points_and_a_past() -> None:
    weak = {
        "weak_point_1": "service",
        "weak_point_1_points": 12.04,
        "weak_point_1_says": "2 complaints still open.",
    }
    known = {"segment": "gold", "country": "DE", "expected_next_order_at": datetime(2025, 6, 20)}  # noqa: DTZ001
    past = {"as_of": datetime(2025, 5, 1), "churn_probability": 0.3}  # noqa: DTZ001
    now = {"as_of": DAY, "churn_probability": 0.43}
    assert summary(ROW | weak | known, SCORING, [past, now]) == (
        "Customer C1 (segment gold, country DE) is slowing. As of 1 June 2025 the risk that no order comes "
        "within 90 days is 43 %; for the average active customer it is 21 %.\n\n"
        "They are expected to bring EUR 312 over the next 365 days (EUR 200 to EUR 480 in four cases of "
        "five), of which EUR 134 is at risk: rank 17 of 2,345. "
        "As likely as not, their next order comes by 20 June 2025.\n\n"
        "Weak points:\nService (+12.0 points): 2 complaints still open.\n\n"
        "What to do: Call them.\n\n"
        "Before: 30 % as of 1 May 2025."
    )


def test_a_customer_of_whom_little_is_known() -> None:
    told = summary(ROW | {"clv_low": None, "clv_high": None}, SCORING, [])
    assert told.startswith("Customer C1 is slowing.")
    assert "over the next 365 days, of which EUR 134 is at risk" in told
    assert "More likely than not, no order comes in the next 365 days." in told
    assert "No side of the relationship stands out as weak." in told
    assert told.endswith("What to do: Call them.")
