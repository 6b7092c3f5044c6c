"""Weak points in money, by hand.

a has service for 20 % of 1000 and rhythm for 5 % of it, b rhythm for 50 % of 200, f service for 10 % of 400.
"""

from __future__ import annotations

import pandas as pd

from features.sources import source_from_rows
from serving.report.losses import losses
from tests.features.indicators.conftest import COMPANY
from tests.serving.report.conftest import SCORES


def test_weak_points_add_up_in_money(lost: pd.DataFrame) -> None:
    whole = lost[lost.breakdown == "all"].set_index("weak_point")
    assert whole.money.to_dict() == {"service": 200 + 40, "rhythm": 50 + 100}
    assert list(whole.index) == ["service", "rhythm"]
    assert whole.customers.to_dict() == {"service": 2, "rhythm": 2}
    assert whole.clv.to_dict() == {"service": 1400, "rhythm": 1200}
    assert whole.customer_ids.to_dict() == {"service": ("a", "f"), "rhythm": ("b", "a")}


def test_by_segment(lost: pd.DataFrame) -> None:
    """a and b are old, f is young."""
    parts = lost[lost.breakdown == "segment"].set_index(["weak_point", "value"]).money
    assert parts.to_dict() == {("service", "old"): 200, ("rhythm", "old"): 150, ("service", "young"): 40}


def test_without_customers_nothing_is_broken_down() -> None:
    found = losses(SCORES, source_from_rows({"orders": COMPANY["orders"]}).tables)
    assert set(found.breakdown) == {"all"}
