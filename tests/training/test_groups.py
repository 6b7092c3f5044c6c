"""Which group each customer is in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions
from training.groups import groups


def customers(**more: object) -> pd.DataFrame:
    """Gaps of ten days known without variation, so silence of 5, 15, 25 and 90 days is four statuses."""
    return pd.DataFrame(
        {
            "order_days": [1.0, 2.0, 4.0, 5.0],
            "days_since_order": [5.0, 15.0, 25.0, 90.0],
            "usual_gap": 10.0,
            "gap_spread": 0.0,
            **more,
        },
        index=[7, 3, 9, 1],
    )


def test_by_status_and_by_number_of_orders() -> None:
    found = groups(customers(), Definitions())
    assert list(found["status"]) == ["new", "slowing", "lapsed", "lost"]
    assert list(found["orders"]) == ["1", "2–4", "2–4", "5+"]
    assert list(found.index) == [0, 1, 2, 3]


def test_by_segment_where_there_is_one() -> None:
    segments = pd.Series(["gold", None, "silver", "gold"], index=[7, 3, 9, 1])
    found = groups(customers(segment=segments), Definitions())
    assert list(found.columns) == ["status", "orders", "segment"]
    assert found["segment"].isna().tolist() == [False, True, False, False]


def test_customers_without_orders_are_in_no_group_of_orders() -> None:
    found = groups(pd.DataFrame({"segment": ["a", "b"], "price": np.ones(2)}), Definitions())
    assert list(found.columns) == ["segment"]
    assert len(found) == 2
