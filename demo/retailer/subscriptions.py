"""Plans that some customers hold, change and pay more for, and mostly cancel once they have left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from demo.retailer.customers import Customers
from demo.retailer.days import NEVER, YEAR, Bools, Floats, Ints, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids, money

_PLANS = ("basic", "plus", "premium")
_PRICE_CENTS = np.array([499, 999, 1499])
_PRICE_RISE = 1.1  # of all plans, halfway through the period
_HOLDERS = 0.25
_SECOND = 0.15  # of holders, who hold another plan beside the first
_CHANGES_PER_YEAR = 0.3  # of plan
_COMES_BACK = 0.5  # of those who cancelled, and buy on
_COMES_BACK_WITHIN_DAYS = (20.0, 120.0)
_STARTS_WITHIN_DAYS = 200.0
_CANCELS_AS_WELL = 0.9  # of those who leave the shop
_CANCELS_WITHIN_DAYS = (-10.0, 45.0)  # of leaving
_CANCELLED_PER_YEAR = 0.08  # for any other reason


@dataclass(frozen=True)
class _Held:
    """Spells of a plan: whose (their places among the customers), from when to when, which plan."""

    owner: Ints
    started: Floats
    cancelled: Floats
    plan: Ints

    def of(self, rows: Bools) -> _Held:
        return _Held(self.owner[rows], self.started[rows], self.cancelled[rows], self.plan[rows])

    def __add__(self, other: _Held) -> _Held:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Held(*(np.concatenate(pair) for pair in pairs))

    def changed(self, moment: Floats, plan: Ints) -> _Held:
        """Whatever runs at its moment ends then, and goes on with another plan or at another price."""
        runs = (self.started + 1.0 < moment) & (moment + 1.0 < self.cancelled)
        ended = replace(self, cancelled=np.where(runs, moment, self.cancelled))
        return ended + replace(self, started=moment, plan=plan).of(runs)


def table(
    rng: np.random.Generator, customers: Customers, declines: Declines, first_number: int, period: Period
) -> dict[str, pa.Array]:
    """The table `subscriptions`: a row for each spell of one plan at one price."""
    held = _held(rng, customers, declines, period)
    held = held + _come_back(rng, held, declines)
    size = len(held.owner)
    when = held.started + rng.exponential(YEAR / _CHANGES_PER_YEAR, size)
    held = held.changed(when, (held.plan + rng.integers(1, len(_PLANS), size)) % len(_PLANS))
    rise = np.floor(period.days / 2)
    held = held.changed(np.full(len(held.owner), rise), held.plan)
    held = held.of(held.started < period.days)
    cents = _PRICE_CENTS[held.plan] * np.where(held.started >= rise, _PRICE_RISE, 1.0)
    return {
        "subscription_id": ids("S", first_number + np.arange(len(held.owner))),
        "customer_id": ids("C", customers.number[held.owner]),
        "started_at": period.timestamps(held.started),
        "cancelled_at": period.timestamps(held.cancelled),
        "plan": choice(_PLANS, held.plan),
        "price": money(np.round(cents).astype(np.int64)),
    }


def _held(rng: np.random.Generator, customers: Customers, declines: Declines, period: Period) -> _Held:
    """What holders take first, and the second plan that some hold beside it."""
    size = len(customers)
    started = customers.signed_up + rng.uniform(0.0, _STARTS_WITHIN_DAYS, size)
    after_leaving = declines.leaves + rng.uniform(*_CANCELS_WITHIN_DAYS, size)
    linked = np.where(rng.random(size) < _CANCELS_AS_WELL, after_leaving, NEVER)
    other = np.maximum(started, 0.0) + rng.exponential(YEAR / _CANCELLED_PER_YEAR, size)
    plan = rng.choice(len(_PLANS), size, p=(0.5, 0.35, 0.15))
    cancelled = np.maximum(np.minimum(linked, other), started + 1.0)
    holds = (rng.random(size) < _HOLDERS) & (started < np.minimum(declines.leaves, period.days))
    first = _Held(np.arange(size), started, cancelled, plan).of(holds)
    second = replace(first, started=first.started + rng.uniform(5.0, _STARTS_WITHIN_DAYS, len(first.owner)))
    chosen = (rng.random(len(first.owner)) < _SECOND) & (second.started + 1.0 < second.cancelled)
    return first + second.of(chosen)


def _come_back(rng: np.random.Generator, held: _Held, declines: Declines) -> _Held:
    """A new spell of the same plan, of customers who cancelled it and have not left the shop."""
    size = len(held.owner)
    again = held.cancelled + rng.uniform(*_COMES_BACK_WITHIN_DAYS, size)
    leaves = declines.leaves[held.owner]
    chosen = (rng.random(size) < _COMES_BACK) & (again + 1.0 < leaves)
    return replace(held, started=again, cancelled=leaves).of(chosen)
