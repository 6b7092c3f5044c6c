"""Customers to plan for, with effects that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer, Winback
from models.uplift.effects import Effects
from serving.winback.plan import Situation
from serving.winback.store import PlanStore

AS_OF = datetime(2025, 3, 1)  # noqa: DTZ001
OFFERS = (
    Offer(name="five", channel="email", coupon_value=5, contact_cost=0.1),
    Offer(name="twenty", channel="post", coupon_value=20, contact_cost=1),
)
POLICY = Winback(offers=OFFERS)


@pytest.fixture(scope="session")
def policy() -> Winback:
    return POLICY


@pytest.fixture(scope="session")
def situation() -> Callable[..., Situation]:
    """So many customers, of whom half gain by an offer and a tenth are put off; `changes` to it."""

    def made(customers: int = 600, seed: int = 0, **changes: Any) -> Situation:
        dice = np.random.default_rng(seed)
        orders = dice.normal(0.05, 0.1, (customers, 1)) * [1.0, 1.6]
        redeemed = dice.uniform(0.0, 0.3, (customers, 1)) * [1.0, 1.1]
        profit = 60 * orders - redeemed * [5.0, 20.0]
        usual = pd.DataFrame(dice.gamma(1, 20, (customers, 3)), columns=["orders", "revenue", "profit"])
        ids = [f"C{number:05d}" for number in range(customers)]
        whole = Situation(
            AS_OF,
            pd.DataFrame({"customer_id": ids, "segment": dice.choice(np.array(["a", "b", None]), customers)}),
            Effects(orders, 2 * profit, profit, redeemed, "experiment"),
            usual,
            dice.gamma(1, 10, customers),
            pd.Series(None, index=range(customers), dtype=object),
            np.ones((customers, 2), dtype=bool),
        )
        return replace(whole, **changes)

    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    store = PlanStore.open(f"sqlite:///{tmp_path}/store.db")
    yield store
    store.close()
