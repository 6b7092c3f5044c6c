"""Plans that some customers hold, and mostly cancel once they have left."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.retailer.customers import Customers
from demo.retailer.days import NEVER, YEAR, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids, money

_PLANS = ("basic", "plus", "premium")
_PRICE_CENTS = np.array([499, 999, 1499])
_HOLDERS = 0.25
_STARTS_WITHIN_DAYS = 200.0
_CANCELS_AS_WELL = 0.9  # of those who leave the shop
_CANCELS_WITHIN_DAYS = (-10.0, 45.0)  # of leaving
_CANCELLED_PER_YEAR = 0.08  # for any other reason


def table(
    rng: np.random.Generator, customers: Customers, declines: Declines, first_number: int, period: Period
) -> dict[str, pa.Array]:
    """The table `subscriptions`: one plan a holder."""
    size = len(customers)
    started = customers.signed_up + rng.uniform(0.0, _STARTS_WITHIN_DAYS, size)
    after_leaving = declines.leaves + rng.uniform(*_CANCELS_WITHIN_DAYS, size)
    linked = np.where(rng.random(size) < _CANCELS_AS_WELL, after_leaving, NEVER)
    other = np.maximum(started, 0.0) + rng.exponential(YEAR / _CANCELLED_PER_YEAR, size)
    plan = rng.choice(len(_PLANS), size, p=(0.5, 0.35, 0.15))
    cancelled = np.maximum(np.minimum(linked, other), started + 1.0)
    holds = (rng.random(size) < _HOLDERS) & (started < np.minimum(declines.leaves, period.days))
    chosen = np.flatnonzero(holds)
    return {
        "subscription_id": ids("S", first_number + np.arange(len(chosen))),
        "customer_id": ids("C", customers.number[chosen]),
        "started_at": period.timestamps(started[chosen]),
        "cancelled_at": period.timestamps(cancelled[chosen]),
        "plan": choice(_PLANS, plan[chosen]),
        "price": money(_PRICE_CENTS[plan[chosen]]),
    }
