"""What goes wrong, from when on, and who leaves over it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demo.retailer.customers import DECOYS, Customers
from demo.retailer.days import NEVER, YEAR, Bools, Floats, Ints, Period

CAUSES = ("spend", "product", "service", "satisfaction", "engagement")
REASONS = ("decline", "chance", "campaign")

_ONSETS_PER_YEAR = 0.52
_CALM_DAYS = 45.0  # nothing goes wrong right after sign-up
_LAG_DAYS = (21.0, 56.0)  # from the first symptoms to the first who leave
_STAY_DAYS = 95.0  # mean stay after the lag
_PATIENCE_DAYS = 60.0  # nothing heals before that
_HEALING_DAYS = 320.0  # mean time after that until what was wrong is mended
_RAMP_DAYS = 28.0  # until the symptoms are at their worst
_CHANCE_PER_YEAR = 0.09  # leaving without a cause
_ONCE_ONLY = 0.03  # leave right after the first order
_SLOWING = 0.35  # share of orders they skip while the decline works on them

# The dimension where a decoy's habit would hide a decline; it gets another one.
_DECOY_DIMENSION = {
    "frequent_returner": "product",
    "small_baskets": "spend",
    "chatty": "service",
    "grumbler": "satisfaction",
    "quiet": "engagement",
}


@dataclass(frozen=True)
class Declines:
    """One entry a customer; moments are `NEVER` where it doesn't happen within the period.

    `cause`: position in `CAUSES`, -1 for none. `ends`: when what was wrong is mended. `acts`: from when on
    the decline makes them leave. `strength`: of the symptoms, 0–1. `reason`: position in `REASONS`, -1 for
    those who stay.
    """

    cause: Ints
    begins: Floats
    acts: Floats
    ends: Floats
    strength: Floats
    leaves: Floats
    reason: Ints

    def severity(self, cause: str, owner: Ints, moment: Floats) -> Floats:
        """How strongly the symptoms of `cause` show, 0–1, one entry an event."""
        suffers = self.cause[owner] == CAUSES.index(cause)
        return np.where(suffers, self._ramp(self.begins, owner, moment), 0.0)

    def weariness(self, owner: Ints, moment: Floats) -> Floats:
        """The share of their orders that the decline, whatever its cause, makes them skip."""
        return _SLOWING * self._ramp(self.acts, owner, moment)

    def gone(self, owner: Ints, moment: Floats) -> Bools:
        gone: Bools = moment >= self.leaves[owner]
        return gone

    def left(self, annoyed: Floats) -> Declines:
        """The same, where those whom a campaign annoyed leave at that moment."""
        sooner = annoyed < self.leaves
        return replace(
            self,
            leaves=np.where(sooner, annoyed, self.leaves),
            reason=np.where(sooner, REASONS.index("campaign"), self.reason),
        )

    def _ramp(self, since: Floats, owner: Ints, moment: Floats) -> Floats:
        ill = (moment >= since[owner]) & (moment < self.ends[owner])
        since_then = np.where(ill, moment, 0.0) - np.where(ill, since[owner], 0.0)
        return self.strength[owner] * np.clip(since_then / _RAMP_DAYS, 0.0, 1.0)


def draw(rng: np.random.Generator, customers: Customers, period: Period) -> Declines:
    """At most one decline a customer, then leaving by it or by chance, whichever comes first."""
    size, since = len(customers), customers.since
    begins = since + _CALM_DAYS + rng.exponential(YEAR / _ONSETS_PER_YEAR, size)
    acts = begins + rng.uniform(*_LAG_DAYS, size)
    strength = rng.uniform(0.6, 1.0, size)
    over_it = acts + rng.exponential(_STAY_DAYS / strength)
    mended = begins + _PATIENCE_DAYS + rng.exponential(_HEALING_DAYS, size)
    by_chance = _by_chance(rng, customers)
    cause = _causes(rng, customers)

    happens = begins < np.minimum(by_chance, period.days)
    stays = (mended < over_it) | ~happens
    leaves = np.minimum(np.where(stays, NEVER, over_it), by_chance)
    leaves = np.where(leaves < period.days, leaves, NEVER)
    reason = np.where(leaves == by_chance, REASONS.index("chance"), REASONS.index("decline"))
    return Declines(
        cause=np.where(happens, cause, -1),
        begins=np.where(happens, begins, NEVER),
        acts=np.where(happens, acts, NEVER),
        ends=np.where(happens & (mended < np.minimum(leaves, period.days)), mended, NEVER),
        strength=strength,
        leaves=leaves,
        reason=np.where(leaves < NEVER, reason, -1),
    )


def _by_chance(rng: np.random.Generator, customers: Customers) -> Floats:
    per_year = rng.gamma(1.2, _CHANCE_PER_YEAR / 1.2, len(customers))
    someday = customers.since + YEAR * rng.exponential(1.0, len(customers)) / np.maximum(per_year, 1e-9)
    once_only = (rng.random(len(customers)) < _ONCE_ONLY) & (customers.signed_up >= 0)
    return np.where(once_only, customers.since + 4.0, someday)


def _causes(rng: np.random.Generator, customers: Customers) -> Ints:
    cause = rng.integers(0, len(CAUSES), len(customers))
    other = rng.integers(1, len(CAUSES), len(customers))
    hidden = np.array([CAUSES.index(_DECOY_DIMENSION[kind]) if kind != "none" else -1 for kind in DECOYS])
    return np.where(cause == hidden[customers.decoy], (cause + other) % len(CAUSES), cause)
