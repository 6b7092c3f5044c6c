"""What speaks for a weak point of a subscriber, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from models.evidence import Customer, evidence, sentence
from models.language import language

NOW = datetime(2024, 3, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("dimension", "row", "says"),
    [
        (
            "spend",
            {"price_rises_365d": 1, "price_rise_365d": 2.5, "last_price_rise_at": NOW},
            "The subscription rose by EUR 2.50 a month in the last 365 days, the last time on 1 March 2024.",
        ),
        ("spend", {"downgrades_365d": 2}, "2 changes to a cheaper plan in the last 365 days."),
        ("spend", {"price_rises_365d": 0, "downgrades_365d": 0}, None),
        (
            "product",
            {"subscriptions_running": 1, "subscriptions_365d_before": 2},
            "1 subscription running; a year ago, 2.",
        ),
        ("product", {"subscriptions_running": 2, "subscriptions_365d_before": 1}, None),
        (
            "rhythm",
            {"subscription_comebacks": 1, "days_since_all_cancelled": 88.2},
            "Cancelled all subscriptions once before, the last time 89 days ago.",
        ),
        ("rhythm", {"subscription_comebacks": 0}, None),
    ],
)
def test_sentences(dimension: str, row: dict[str, Any], says: str | None) -> None:
    assert sentence(evidence(dimension, Customer(row, {})), language()) == says
