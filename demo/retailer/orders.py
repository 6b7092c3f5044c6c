"""When they buy: each customer's own rhythm on the company's clock of busy and idle days."""

from __future__ import annotations

import numpy as np

from demo.retailer.customers import Customers
from demo.retailer.days import Floats, Ints, Period
from demo.retailer.declines import Declines

_FIRST_ORDER_DAYS = 1.2  # mean wait after sign-up
_JUST_LOOKING = 0.03  # sign up and never buy


def draw(
    rng: np.random.Generator, customers: Customers, declines: Declines, period: Period
) -> tuple[Ints, Floats]:
    """The orders they would place if no campaign ever reached them.

    Returns the customers' positions and the moments, one pair an order, by customer and then by time.
    """
    start = _first_moments(rng, customers, period)
    begin = period.busy_days(np.minimum(start, period.days))
    length = period.busy_days(np.minimum(declines.leaves, period.days)) - begin
    expected = np.maximum(length, 0.0) / customers.gap
    bound = np.ceil(expected + 6 * np.sqrt(expected + 1) + 6).astype(np.int64)

    owner = np.repeat(np.arange(len(customers)), bound)
    shape = customers.regularity[owner]
    gaps = rng.gamma(shape, customers.gap[owner] / shape)
    first = np.cumsum(bound) - bound
    gaps[first] = 0.0
    total = np.cumsum(gaps)
    moment = period.from_busy_days(begin[owner] + total - total[first][owner])

    in_time = (moment < period.days) & ~declines.gone(owner, moment) & (start[owner] < period.days)
    bought = in_time & (rng.random(len(owner)) >= declines.weariness(owner, moment))
    return owner[bought], moment[bought]


def _first_moments(rng: np.random.Generator, customers: Customers, period: Period) -> Floats:
    """Right after sign-up; those who came before the period are in the middle of a gap."""
    size = len(customers)
    soon = customers.signed_up + rng.exponential(_FIRST_ORDER_DAYS, size)
    midway = rng.random(size) * customers.gap
    buys = rng.random(size) >= _JUST_LOOKING
    return np.where(buys, np.where(customers.signed_up < 0, midway, soon), period.days)
