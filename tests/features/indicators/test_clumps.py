"""The design effect: independent cases have none, repeated ones are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.indicators.clumps import clumps, within
from features.indicators.measure import Measured
from features.snapshots import before
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF

QUARTERS = 12


def drawn(size: int, mean: float = 0.05) -> pd.DataFrame:
    """Bursts of so many events of customers in quarters, independent of each other."""
    bursts = np.random.default_rng(1).poisson(mean, (20_000, QUARTERS)) * float(size)
    customer, _ = np.nonzero(bursts)
    return pd.DataFrame({"customer_id": customer, "surplus": bursts[bursts > 0]})


@pytest.mark.parametrize("size", [1, 3])
def test_bursts_of_so_many_are_found(size: int) -> None:
    """The variance of independent bursts is their number times their size squared."""
    some = drawn(size)
    assert within(some, QUARTERS) / some.surplus.sum() == pytest.approx(size, rel=0.03)


def test_that_customers_differ_is_no_clump() -> None:
    """Half of the customers do ten times as much in every quarter."""
    level = np.where(np.arange(4_000) % 2, 2.0, 0.2)[:, None]
    counts = np.random.default_rng(2).poisson(level, (4_000, QUARTERS)).astype(float)
    customer, _ = np.nonzero(counts)
    some = pd.DataFrame({"customer_id": customer, "surplus": counts[counts > 0]})
    assert within(some, QUARTERS) / some.surplus.sum() == pytest.approx(1, rel=0.03)


def test_by_hand(company: Measured) -> None:
    """Of the complaints of three years (twelve quarters) a has three in one quarter and b one: squares 9 + 1
    less (9 + 1) / 12, times 12 / 11, over 4."""
    tickets: list[dict[str, Any]] = [
        {
            "ticket_id": str(number),
            "customer_id": customer,
            "opened_at": f"2024-0{month}-05",
            "kind": "complaint",
        }
        for number, (customer, month) in enumerate([("a", 1), ("a", 2), ("a", 3), ("b", 5)])
    ]
    orders = [{"order_id": "1", "customer_id": "a", "ordered_at": "2023-01-01", "amount": 1.0}]
    tables = before(source_from_rows({"orders": orders, "tickets": tickets}).tables, AS_OF)
    told = clumps(tables, company, ["complaint_rate", "churn_rate"])
    assert told == {"complaint_rate": pytest.approx((10 - 10 / 12) * 12 / 11 / 4)}
