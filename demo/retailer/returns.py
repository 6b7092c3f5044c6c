"""What they send back: a habit of some, and the first symptom of a product that disappoints."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.retailer.baskets import Placed
from demo.retailer.customers import Customers
from demo.retailer.days import Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids, money

_AT_WORST = 0.5  # probability that an order comes back when the decline is at its worst
_DAYS = (3.0, 24.0)
_WHOLE_ORDER = 0.4
_EXCHANGES = 0.25


def table(
    rng: np.random.Generator,
    customers: Customers,
    declines: Declines,
    placed: Placed,
    first_number: int,
    period: Period,
) -> dict[str, pa.Array]:
    """The table `returns`; an order comes back once at most, in part or as a whole."""
    size, habit = len(placed.owner), customers.return_habit[placed.owner]
    severity = declines.severity("product", placed.owner, placed.moment)
    moment = placed.moment + rng.uniform(*_DAYS, size)
    whole = rng.random(size) < _WHOLE_ORDER
    cents = np.rint(placed.paid * np.where(whole, 1.0, rng.uniform(0.2, 0.8, size))).astype(np.int64)
    exchanged = rng.random(size) < _EXCHANGES
    returned = rng.random(size) < habit + np.maximum(_AT_WORST - habit, 0.0) * severity
    chosen = np.flatnonzero(returned & (moment < period.days) & (cents > 0))
    return {
        "return_id": ids("R", first_number + np.arange(len(chosen))),
        "order_id": ids("O", placed.number[chosen]),
        "customer_id": ids("C", customers.number[placed.owner[chosen]]),
        "returned_at": period.timestamps(moment[chosen]),
        "amount": money(cents[chosen]),
        "kind": choice(("return", "exchange"), exchanged[chosen].astype(np.int64)),
    }
