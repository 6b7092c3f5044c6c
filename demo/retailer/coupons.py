"""What a coupon does to each customer.

A *sure thing* buys anyway and cashes it in; a *persuadable* places an extra order because of it; a *lost
cause* is not moved; a *sleeping dog* is annoyed, skips orders and may leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from demo.retailer.customers import SEGMENTS, Customers
from demo.retailer.days import Bools, Floats, Ints

EFFECTS = ("sure_thing", "persuadable", "lost_cause", "sleeping_dog")
WINDOW_DAYS = 30.0  # how long a coupon is valid, and acts
REFERENCE_CENTS = 1000  # the coupon that a customer's own effect is stated for
REDEEMING = 0.75  # sure things that cash in on their next order
ANNOYED_LEAVE = 0.04  # sleeping dogs that leave at once

_LIKELIEST_EXTRA = 0.9
_SPREAD = 0.7  # of what can't be guessed about who is what


@dataclass(frozen=True)
class Coupons:
    """One entry a customer.

    `effect`: position in `EFFECTS`. `size`: for a persuadable the probability of an extra order within the
    window, given a coupon of `REFERENCE_CENTS`; for a sleeping dog the share of orders skipped; else 0.
    """

    effect: Ints
    size: Floats

    def are(self, effect: str, owner: Ints) -> Bools:
        """Whether it is the effect on these customers."""
        same: Bools = self.effect[owner] == EFFECTS.index(effect)
        return same

    def extra_order(self, owner: Ints, coupon_cents: Ints) -> Floats:
        """The probability of an extra order; it grows with the root of the coupon's value."""
        probability = self.size[owner] * np.sqrt(coupon_cents / REFERENCE_CENTS)
        return np.where(self.are("persuadable", owner), np.minimum(probability, _LIKELIEST_EXTRA), 0.0)

    def skipping(self, owner: Ints) -> Floats:
        """The share of orders that they skip out of annoyance."""
        return np.where(self.are("sleeping_dog", owner), self.size[owner], 0.0)


def draw(rng: np.random.Generator, customers: Customers) -> Coupons:
    """Who is what can be guessed from what is known of a customer, never with certainty."""
    leaning = _leaning(customers)
    effect = np.argmax(leaning + _SPREAD * rng.gumbel(size=leaning.shape), axis=0)
    persuadable, dog = 0.10 + 0.40 * rng.beta(2.0, 2.0, len(effect)), rng.uniform(0.3, 0.7, len(effect))
    kinds = [effect == EFFECTS.index(kind) for kind in ("persuadable", "sleeping_dog")]
    return Coupons(effect=effect, size=np.select(kinds, [persuadable, dog], 0.0))


def chances(customers: Customers) -> Floats:
    """How likely each customer is of each of `EFFECTS`, shape (effects, customers): more can't be guessed."""
    leaning: Floats = softmax(_leaning(customers) / _SPREAD, axis=0)
    return leaning


def _leaning(customers: Customers) -> Floats:
    busy = np.log(35.0 / customers.gap)
    business = customers.segment == SEGMENTS.index("business")
    senior = customers.segment == SEGMENTS.index("senior")
    return np.stack(
        [
            0.3 + 0.9 * busy,
            0.1 + 4.0 * (customers.discount_habit - 0.29) - 0.3 * busy,
            0.1 - 12.0 * (customers.visiting - 0.07),
            -0.8 + 1.6 * business + 1.1 * senior,
        ]
    )
