"""Random streams: one for each concern of each chunk, so that no table's draws disturb another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.retailer.days import Floats, Ints

_CONCERNS = (
    "customers",
    "declines",
    "orders",
    "campaigns",
    "coupons",
    "baskets",
    "returns",
    "tickets",
    "surveys",
    "engagement",
    "subscriptions",
    "costs",
    "benchmarks",
    "assortment",
)


@dataclass(frozen=True)
class Streams:
    """The streams of one chunk; chunk 0 is the company itself, customers begin with chunk 1."""

    seed: int
    chunk: int

    def of(self, concern: str) -> np.random.Generator:
        key = (self.chunk, _CONCERNS.index(concern))
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


def happenings(
    rng: np.random.Generator, per_day: Floats, since: Floats, until: Floats
) -> tuple[Ints, Floats]:
    """A Poisson process per customer over `[since, until)`.

    Returns the customers' positions and the moments, one pair an event, by customer and then by time.
    """
    length = np.maximum(until - since, 0.0)
    owner = np.repeat(np.arange(len(per_day)), rng.poisson(per_day * length))
    moment = since[owner] + rng.random(len(owner)) * length[owner]
    order = np.lexsort((moment, owner))
    return owner, moment[order]
